/* Softmax, LogSoftmax, LayerNormalization, BatchNormalization, LRN. */
#include "core/engine/builder.h"
#include "core/engine/hot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct softmax {
    int log;
    int64_t outer, length, inner;
};

static void softmax_line(const struct softmax *p, const float *x, float *y)
{
    float most = -INFINITY;
    double sum = 0;
    for (int64_t i = 0; i < p->length; i++)
        most = x[i * p->inner] > most ? x[i * p->inner] : most;
    for (int64_t i = 0; i < p->length; i++) {
        float v = x[i * p->inner] - most;
        float e = expf(v);
        sum += e;
        y[i * p->inner] = p->log ? v : e;
    }
    float shift = (float)log(sum), factor = (float)(1 / sum);
    for (int64_t i = 0; i < p->length; i++)
        y[i * p->inner] = p->log ? y[i * p->inner] - shift : y[i * p->inner] * factor;
}

static void run_softmax(const struct step *s, const struct pass *pass)
{
    const struct softmax *p = s->state;
    (void)pass;
    for (int64_t o = 0; o < p->outer; o++)
        for (int64_t i = 0; i < p->inner; i++) {
            int64_t at = o * p->length * p->inner + i;
            softmax_line(p, s->in[0].data + at, s->out.data + at);
        }
}

int emit_softmax(struct builder *b, const struct graph_node *n)
{
    int64_t axis = graph_attr_int(n, "axis", -1);
    struct operand in, out;
    if (builder_input(b, n, 0, &in) < 0 || builder_output(b, n, 0, &out) < 0 ||
        builder_convert(b, &in, out.layout) < 0)
        return -1;
    axis = axis < 0 ? axis + in.shape.rank : axis;
    if (axis < 1 || axis >= in.shape.rank)
        return graph_fail(b->e->graph, n, b->err, "bad axis %lld", (long long)axis);
    struct step *s = builder_step(b, n, run_softmax, sizeof(struct softmax));
    if (!s)
        return -1;
    struct softmax *p = s->state;
    p->log = strcmp(n->op, "LogSoftmax") == 0;
    layout_split(&in, (int)axis, &p->outer, &p->length, &p->inner);
    step_input(s, &in);
    s->in_place = 1;
    s->out = out;
    return 0;
}

struct layer_norm {
    int64_t rows, length;
    double epsilon;
    const float *scale, *bias; /* the graph's own */
};

static void run_layer_norm(const struct step *s, const struct pass *pass)
{
    const struct layer_norm *p = s->state;
    (void)pass;
    for (int64_t r = 0; r < p->rows; r++) {
        const float *x = s->in[0].data + r * p->length;
        float *y = s->out.data + r * p->length;
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < p->length; i++)
            sum += x[i];
        double mean = sum / (double)p->length;
        for (int64_t i = 0; i < p->length; i++)
            squares += (x[i] - mean) * (x[i] - mean);
        double deviation = sqrt(squares / (double)p->length + p->epsilon);
        double factor = deviation > 0 ? 1 / deviation : 0;
        for (int64_t i = 0; i < p->length; i++) {
            float v = (float)((x[i] - mean) * factor);
            v = p->scale ? v * p->scale[i] : v;
            y[i] = p->bias ? v + p->bias[i] : v;
        }
    }
}

/* Input k as a constant of `count` numbers; NULL where it is left out. */
static int vector_of(struct builder *b, const struct graph_node *n, int k, int64_t count, const float **out)
{
    const struct apex_tensor *t = graph_constant(b->e->graph, n, k);
    *out = NULL;
    if (!graph_input(b->e->graph, n, k))
        return 0;
    if (!t || t->type != APEX_F32 || apex_shape_count(&t->shape) != count)
        return graph_fail(b->e->graph, n, b->err, "input %d must be a constant of %lld numbers", k,
                          (long long)count);
    *out = t->data;
    return 0;
}

int emit_layer_norm(struct builder *b, const struct graph_node *n)
{
    int64_t axis = graph_attr_int(n, "axis", -1), length = 1;
    struct operand in, out;
    if (builder_input_as(b, n, 0, LAYOUT_ROW, &in) < 0 || builder_output(b, n, 0, &out) < 0)
        return -1;
    axis = axis < 0 ? axis + in.shape.rank : axis;
    if (axis < 1 || axis >= in.shape.rank)
        return graph_fail(b->e->graph, n, b->err, "bad axis %lld", (long long)axis);
    for (int i = (int)axis; i < in.shape.rank; i++)
        length *= in.shape.dim[i];
    struct step *s = builder_step(b, n, run_layer_norm, sizeof(struct layer_norm));
    struct layer_norm *p = s ? s->state : NULL;
    if (!s || vector_of(b, n, 1, length, &p->scale) < 0 || vector_of(b, n, 2, length, &p->bias) < 0)
        return -1;
    p->length = length;
    p->rows = length ? apex_shape_count(&in.shape) / length : 0;
    p->epsilon = in.degree > 0 ? 0 : graph_attr_float(n, "epsilon", 1e-5f);
    step_input(s, &in);
    s->in_place = 1;
    s->out = out;
    return 0;
}

struct batch_norm {
    int64_t outer, channels, inner;
    float factor_shift[]; /* [channels] factors, then [channels] shifts */
};

HOT static void scale_shift(const float *x, const float *factor, const float *shift, int64_t n, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * factor[i] + shift[i];
}

static void run_batch_norm(const struct step *s, const struct pass *pass)
{
    const struct batch_norm *p = s->state;
    const float *factor = p->factor_shift, *shift = factor + p->channels, *x = s->in[0].data;
    float *y = s->out.data;
    (void)pass;
    for (int64_t o = 0; o < p->outer; o++) {
        if (p->inner == 1)
            scale_shift(x, factor, shift, p->channels, y);
        for (int64_t c = 0; c < p->channels && p->inner > 1; c++)
            for (int64_t i = 0; i < p->inner; i++)
                y[c * p->inner + i] = x[c * p->inner + i] * factor[c] + shift[c];
        x += p->channels * p->inner;
        y += p->channels * p->inner;
    }
}

int emit_batch_norm(struct builder *b, const struct graph_node *n)
{
    const float *v[5] = {0};
    struct operand in, out;
    if (builder_input(b, n, 0, &in) < 0 || builder_output(b, n, 0, &out) < 0 ||
        builder_convert(b, &in, out.layout) < 0)
        return -1;
    int64_t channels = in.shape.rank > 1 ? in.shape.dim[1] : 1;
    for (int k = 1; k < 5; k++)
        if (vector_of(b, n, k, channels, &v[k]) < 0)
            return -1;
    if (!v[1] || !v[2] || !v[3] || !v[4] || in.shape.rank < 2)
        return graph_fail(b->e->graph, n, b->err, "scale, bias, mean and variance must be constants");
    struct step *s =
        builder_step(b, n, run_batch_norm, sizeof(struct batch_norm) + 2 * (size_t)channels * sizeof(float));
    if (!s)
        return -1;
    struct batch_norm *p = s->state;
    double epsilon = graph_attr_float(n, "epsilon", 1e-5f);
    layout_split(&in, 1, &p->outer, &p->channels, &p->inner);
    for (int64_t c = 0; c < channels; c++) {
        double factor = v[1][c] / sqrt(v[4][c] + epsilon);
        p->factor_shift[c] = (float)factor;
        p->factor_shift[channels + c] = b->degree > 0 ? 0 : (float)(v[2][c] - v[3][c] * factor);
    }
    step_input(s, &in);
    s->in_place = 1;
    s->out = out;
    return 0;
}

struct lrn {
    int64_t pixels, channels, size;
    float alpha, beta, bias;
};

static void run_lrn(const struct step *s, const struct pass *pass)
{
    const struct lrn *p = s->state;
    (void)pass;
    for (int64_t k = 0; k < p->pixels; k++) {
        const float *x = s->in[0].data + k * p->channels;
        float *y = s->out.data + k * p->channels;
        for (int64_t c = 0; c < p->channels; c++) {
            int64_t low = c - (p->size - 1) / 2, high = c + p->size / 2;
            double sum = 0;
            for (int64_t i = low < 0 ? 0 : low; i <= high && i < p->channels; i++)
                sum += (double)x[i] * x[i];
            y[c] = x[c] / powf(p->bias + p->alpha / (float)p->size * (float)sum, p->beta);
        }
    }
}

int emit_lrn(struct builder *b, const struct graph_node *n)
{
    struct operand in, out;
    if (builder_input_as(b, n, 0, LAYOUT_NHWC, &in) < 0 || builder_output(b, n, 0, &out) < 0)
        return -1;
    int64_t size = graph_attr_int(n, "size", 0);
    if (in.shape.rank != 4 || size < 1)
        return graph_fail(b->e->graph, n, b->err, "bad size or rank");
    struct step *s = builder_step(b, n, run_lrn, sizeof(struct lrn));
    if (!s)
        return -1;
    *(struct lrn *)s->state = (struct lrn){.channels = in.shape.dim[1],
                                           .pixels = apex_shape_count(&in.shape) / in.shape.dim[1],
                                           .size = size,
                                           .alpha = graph_attr_float(n, "alpha", 1e-4f),
                                           .beta = graph_attr_float(n, "beta", 0.75f),
                                           .bias = graph_attr_float(n, "bias", 1)};
    step_input(s, &in);
    s->out = out;
    return 0;
}
