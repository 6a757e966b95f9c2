/* Conv and dense layers. Each is made once per node, number of rows and use of the bias; the prepared weights
 * are those of the node's first one. */
#include "core/engine/builder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct layer *layer_find(const struct engine *e, const struct graph_node *n, int rows, int biased)
{
    for (int i = 0; i < e->layers; i++)
        if (e->layer[i]->node == n && e->layer[i]->rows == rows && e->layer[i]->biased == biased)
            return e->layer[i];
    return NULL;
}

/* Whose prepared weights another layer of the node may share: one that has its own. NULL: none is there. */
static const struct layer *layer_first(const struct engine *e, const struct graph_node *n)
{
    for (int i = 0; i < e->layers; i++)
        if (e->layer[i]->node == n && e->layer[i]->state)
            return e->layer[i];
    return NULL;
}

static struct layer *layer_add(struct builder *b, const struct graph_node *n, int rows, int biased)
{
    struct engine *e = b->e;
    struct layer *l = calloc(1, sizeof *l);
    if (e->layers == e->layer_room) {
        int room = e->layer_room ? 2 * e->layer_room : 32;
        struct layer **grown = realloc(e->layer, (size_t)room * sizeof *grown);
        if (grown) {
            e->layer = grown;
            e->layer_room = room;
        }
    }
    if (!l || e->layers == e->layer_room) {
        free(l);
        apex_fail(b->err, "no memory");
        return NULL;
    }
    l->node = n;
    l->rows = rows;
    l->biased = biased;
    l->half = e->kernels->bf16;
    e->layer[e->layers++] = l;
    return l;
}

/* State of a layer's step. */
struct layer_step {
    const struct kernel_set *kernels;
    float sigma[]; /* [scales]: factors of the noise that follows the layer */
};

/* What follows the layer in its own pass; NULL: nothing. */
static const struct epilogue *epilogue_of(const struct step *s, const struct pass *pass, struct epilogue *e)
{
    *e =
        (struct epilogue){.relu = s->relu, .pool = s->pool, .from_half = s->from_half, .to_half = s->to_half};
    if (s->inputs > 1) {
        e->add = s->in[1].data;
        e->add_row = s->in[1].shape.dim[0] == s->out.shape.dim[0]
                         ? (size_t)(apex_shape_count(&s->in[1].shape) / s->layer->rows)
                         : 0;
    }
    if (s->noise && (pass->scales == 1 || s->layer->scales))
        e->xi = noise_tile(s->noise, pass, 0, &e->sigma);
    if (e->xi && pass->scales > 1) {
        float *sigma = ((struct layer_step *)s->state)->sigma;
        for (int g = 0; g < pass->scales; g++)
            noise_tile(s->noise, pass, g, &sigma[g]);
        e->sigmas = sigma;
        e->draws = s->layer->rows / pass->scales;
    }
    return e->add || e->relu || e->xi || e->pool || e->from_half || e->to_half ? e : NULL;
}

static void run_layer(const struct step *s, const struct pass *pass)
{
    const struct kernel_set *kernels = ((const struct layer_step *)s->state)->kernels;
    struct epilogue e;
    const struct epilogue *end = epilogue_of(s, pass, &e);
    if (s->layer->is_conv)
        kernels->conv_run(s->layer->state, s->in[0].data, s->out.data, end, pass->scratch);
    else
        kernels->linear_run(s->layer->state, s->in[0].data, s->out.data, end, pass->scratch);
    if (s->noise && !e.xi)
        noise_add(s->noise, pass, &s->out);
}

static int add_layer_step(struct builder *b, const struct graph_node *n, const struct layer *l,
                          const struct operand *in, const struct operand *out)
{
    struct step *s =
        builder_step(b, n, run_layer, sizeof(struct layer_step) + (size_t)b->p->scales * sizeof(float));
    if (!s)
        return -1;
    ((struct layer_step *)s->state)->kernels = b->e->kernels;
    step_input(s, in);
    s->out = *out;
    s->layer = l;
    builder_scratch(b, l->scratch);
    return 0;
}

/* ints[k] of an attribute as an int >= least; fallback where the attribute is absent. */
static int attr_at(const struct graph_node *n, const char *name, size_t k, int least, int fallback, int *out)
{
    const struct graph_attr *a = graph_attr(n, name);
    if (!a || a->count == 0) {
        *out = fallback;
        return 0;
    }
    if (k >= a->count || a->ints[k] < least || a->ints[k] > INT_MAX / 4)
        return -1;
    *out = (int)a->ints[k];
    return 0;
}

static int conv_shape_of(struct builder *b, const struct graph_node *n, const struct operand *in,
                         const struct operand *out, const struct apex_tensor *w, struct conv_shape *s)
{
    const struct graph *g = b->e->graph;
    if (in->shape.rank != 4 || w->shape.rank != 4)
        return graph_fail(g, n, b->err, "only two-dimensional convolution is supported");
    const int64_t *wd = w->shape.dim;
    int64_t groups = graph_attr_int(n, "group", 1);
    for (int i = 1; i < 4; i++)
        if (in->shape.dim[i] > INT_MAX / 4 || out->shape.dim[i] > INT_MAX / 4 || wd[i] > INT_MAX / 4)
            return graph_fail(g, n, b->err, "a dimension is too large");
    if (groups < 1 || wd[1] * groups != in->shape.dim[1] || wd[0] != out->shape.dim[1] || wd[0] % groups != 0)
        return graph_fail(g, n, b->err, "weights do not fit the channels and %lld groups", (long long)groups);
    *s = (struct conv_shape){.batch = (int)out->shape.dim[0], .groups = (int)groups};
    s->in_c = (int)in->shape.dim[1], s->in_h = (int)in->shape.dim[2], s->in_w = (int)in->shape.dim[3];
    s->out_c = (int)wd[0], s->out_h = (int)out->shape.dim[2], s->out_w = (int)out->shape.dim[3];
    s->kernel_h = (int)wd[2], s->kernel_w = (int)wd[3];
    if (attr_at(n, "strides", 0, 1, 1, &s->stride_h) < 0 ||
        attr_at(n, "strides", 1, 1, 1, &s->stride_w) < 0 ||
        attr_at(n, "dilations", 0, 1, 1, &s->dilation_h) < 0 ||
        attr_at(n, "dilations", 1, 1, 1, &s->dilation_w) < 0 ||
        attr_at(n, "pads", 0, 0, 0, &s->pad_top) < 0 || attr_at(n, "pads", 1, 0, 0, &s->pad_left) < 0 ||
        attr_at(n, "pads", 2, 0, 0, &s->pad_bottom) < 0 || attr_at(n, "pads", 3, 0, 0, &s->pad_right) < 0)
        return graph_fail(g, n, b->err, "bad strides, dilations or pads");
    return 0;
}

/* A bias is a constant of `count` numbers; it does not count in the limit sigma = infinity. */
static int bias_of(struct builder *b, const struct graph_node *n, int64_t count, const float **bias)
{
    const struct apex_tensor *t = graph_constant(b->e->graph, n, 2);
    *bias = NULL;
    if (!graph_input(b->e->graph, n, 2) || b->degree > 0)
        return 0;
    if (!t || t->type != APEX_F32 || apex_shape_count(&t->shape) != count)
        return graph_fail(b->e->graph, n, b->err, "the bias must be a constant of %lld numbers",
                          (long long)count);
    *bias = t->data;
    return 0;
}

static int no_weights(struct builder *b, const struct graph_node *n)
{
    return graph_fail(b->e->graph, n, b->err, "weights that are not constant are not supported");
}

/* What has been prepared, or how it failed. */
static struct layer *layer_done(struct builder *b, struct layer *l, int64_t given)
{
    const struct kernel_set *set = b->e->kernels;
    size_t (*bytes)(const void *) = l->is_conv ? set->conv_bytes : set->linear_bytes;
    if (!l->state) {
        graph_fail(b->e->graph, l->node, b->err, "the kernel could not be prepared (%d rows)", l->rows);
        return NULL;
    }
    b->e->bytes += bytes ? bytes(l->state) : (size_t)given * sizeof(float);
    return l;
}

static struct layer *add_conv(struct builder *b, const struct graph_node *n, const struct conv_shape *s,
                              const struct apex_tensor *w, const float *bias)
{
    const struct kernel_set *set = b->e->kernels;
    const struct layer *first = set->conv_like ? layer_first(b->e, n) : NULL;
    struct layer *l = layer_add(b, n, s->batch, bias != NULL);
    int64_t weights = apex_shape_count(&w->shape);
    if (!l)
        return NULL;
    l->is_conv = 1;
    l->fuses = set->fuses && s->groups == 1;
    l->scales = set->conv_scales && s->groups == 1;
    l->pools = set->conv_pools && set->conv_pools(s);
    l->flops = 2 * weights * s->out_h * s->out_w;
    l->state = first ? set->conv_like(first->state, s, w->data, bias, &l->scratch, b->err)
                     : set->conv_new(s, w->data, bias, &l->scratch, b->err);
    return layer_done(b, l, weights + (bias ? s->out_c : 0));
}

/* w may be turned (emit_gemm), but is so for every layer of the node. */
static struct layer *add_linear(struct builder *b, const struct graph_node *n, int rows,
                                const struct apex_tensor *w, const float *bias)
{
    const struct kernel_set *set = b->e->kernels;
    const struct layer *first = set->linear_like ? layer_first(b->e, n) : NULL;
    struct layer *l = layer_add(b, n, rows, bias != NULL);
    int64_t k = w->shape.dim[0], width = w->shape.dim[1];
    if (!l)
        return NULL;
    l->fuses = set->fuses;
    l->flops = 2 * k * width * (rows / b->rows);
    l->state = first ? set->linear_like(first->state, rows, bias, &l->scratch, b->err)
                     : set->linear_new(rows, (int)k, (int)width, w->data, bias, &l->scratch, b->err);
    return layer_done(b, l, k * width + (bias ? width : 0));
}

int emit_conv(struct builder *b, const struct graph_node *n)
{
    const struct apex_tensor *w = graph_constant(b->e->graph, n, 1);
    struct operand in, out;
    struct conv_shape shape;
    const float *bias;
    if (!w || w->type != APEX_F32)
        return no_weights(b, n);
    if (builder_input_as(b, n, 0, LAYOUT_NHWC, &in) < 0 || builder_output(b, n, 0, &out) < 0 ||
        conv_shape_of(b, n, &in, &out, w, &shape) < 0 || bias_of(b, n, shape.out_c, &bias) < 0)
        return -1;
    if (shape.groups > 1 && builder_one_scale(b, n) < 0)
        return -1;
    struct layer *l = layer_find(b->e, n, shape.batch, bias != NULL);
    if (!l && !(l = add_conv(b, n, &shape, w, bias)))
        return -1;
    return add_layer_step(b, n, l, &in, &out);
}

int emit_linear(struct builder *b, const struct graph_node *n, const struct apex_tensor *w, const float *bias)
{
    struct operand in, out;
    int64_t k = w->shape.dim[0], width = w->shape.dim[1];
    if (builder_input_as(b, n, 0, LAYOUT_ROW, &in) < 0 || builder_output(b, n, 0, &out) < 0)
        return -1;
    int64_t rows = k > 0 ? apex_shape_count(&in.shape) / k : 0;
    if (in.shape.rank < 2 || in.shape.dim[in.shape.rank - 1] != k || k > INT_MAX || width > INT_MAX ||
        rows > INT_MAX || rows * width != apex_shape_count(&out.shape))
        return graph_fail(b->e->graph, n, b->err, "weights [%lld,%lld] do not fit the input", (long long)k,
                          (long long)width);
    struct layer *l = layer_find(b->e, n, (int)rows, bias != NULL);
    if (!l && !(l = add_linear(b, n, (int)rows, w, bias)))
        return -1;
    return add_layer_step(b, n, l, &in, &out);
}

/* Weights [k][n] for an input that lies channels-last (layout_flat_channels). Released with free(). */
static float *turn_weights(const struct apex_tensor *w, int64_t channels, struct apex_error *err)
{
    const float *from = w->data;
    int64_t pixels = w->shape.dim[0] / channels, width = w->shape.dim[1];
    float *to = engine_alloc(apex_shape_count(&w->shape), err);
    for (int64_t c = 0; to && c < channels; c++)
        for (int64_t p = 0; p < pixels; p++, from += width)
            memcpy(to + (p * channels + c) * width, from, (size_t)width * sizeof *to);
    return to;
}

static int emit_biased(struct builder *b, const struct graph_node *n, const struct apex_tensor *w)
{
    const float *bias;
    const struct apex_tensor *c = graph_constant(b->e->graph, n, 2);
    int64_t width = w->shape.dim[1];
    if (b->degree > 0 || !c || c->type != APEX_F32 || apex_shape_count(&c->shape) != 1)
        return bias_of(b, n, width, &bias) < 0 ? -1 : emit_linear(b, n, w, bias);
    float *repeated = engine_alloc(width, b->err); /* one number for all */
    for (int64_t i = 0; repeated && i < width; i++)
        repeated[i] = *(const float *)c->data;
    int result = repeated ? emit_linear(b, n, w, repeated) : -1;
    free(repeated);
    return result;
}

int emit_gemm(struct builder *b, const struct graph_node *n)
{
    const struct apex_tensor *w = graph_constant(b->e->graph, n, 1);
    if (!w || w->type != APEX_F32 || w->shape.rank != 2)
        return no_weights(b, n);
    int64_t channels = layout_flat_channels(b->e, n->input[0]);
    if (!channels || w->shape.dim[0] % channels)
        return emit_biased(b, n, w);
    struct apex_tensor turned = *w;
    turned.data = turn_weights(w, channels, b->err);
    int result = turned.data ? emit_biased(b, n, &turned) : -1;
    free(turned.data);
    return result;
}
