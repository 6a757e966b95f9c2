/* Rays: values that are clean + sigma direction, for every scale. Directions have a row for each draw, values
 * for each draw at each of the program's scales. */
#include "core/engine/builder.h"
#include "core/engine/hot.h"

#include <math.h>
#include <string.h>

struct ray {
    int site;
    int64_t elements; /* of one row */
};

/* `rows` of n; floor: 0 for a ReLU, else minus infinity. NaN passes. */
struct stretch {
    int64_t rows, n;
    float sigma, floor;
};

HOT static void ahead(const struct stretch *s, const float *a, const float *direction, float *restrict y)
{
    const int64_t n = s->n;
    const float sigma = s->sigma, floor = s->floor;
    for (int64_t d = 0; d < s->rows; d++, direction += n, y += n)
        for (int64_t i = 0; i < n; i++) {
            float v = a[i] + sigma * direction[i];
            y[i] = v < floor ? floor : v;
        }
}

/* And other noise after the ReLU: factor xi. */
HOT static void ahead_noisy(const struct stretch *s, const float *a, const float *direction, float factor,
                            const float *xi, float *restrict y)
{
    const int64_t n = s->n;
    const float sigma = s->sigma, floor = s->floor;
    for (int64_t d = 0; d < s->rows; d++, direction += n, xi += n, y += n)
        for (int64_t i = 0; i < n; i++) {
            float v = a[i] + sigma * direction[i];
            y[i] = (v < floor ? floor : v) + factor * xi[i];
        }
}

/* At one of the pass's scales. */
static void run_at(const struct step *s, const struct pass *pass, int scale, const float **xi, float *y)
{
    const struct ray *r = s->state;
    struct stretch all = {s->in[0].shape.dim[0], r->elements, (float)noise_factor(pass, r->site, scale),
                          s->relu ? 0 : -INFINITY};
    float factor = 0;
    *xi = s->noise ? noise_tile(s->noise, pass, scale, &factor) : NULL;
    if (s->pool)
        ray_pool(&s->in[0], s->in[1].data, all.sigma, s->relu, *xi, factor, y);
    else if (*xi)
        ahead_noisy(&all, s->in[1].data, s->in[0].data, factor, *xi, y);
    else
        ahead(&all, s->in[1].data, s->in[0].data, y);
}

/* in[0]: the direction of all draws; in[1]: the clean tensor, one row. */
static void run_ray(const struct step *s, const struct pass *pass)
{
    const int64_t tile = apex_shape_count(&s->out.shape) / pass->scales;
    const float *xi = NULL;
    for (int g = 0; g < pass->scales; g++)
        run_at(s, pass, g, &xi, s->out.data + g * tile);
    if (s->noise && !xi) /* never where it pools: fuse.c asks for the noise */
        noise_add(s->noise, pass, &s->out);
}

int ray_start(struct builder *b, int value, int site, enum apex_noise_kind kind)
{
    b->ray_site = site;
    return builder_direction(b, value, site, kind, &b->ray[value]);
}

static int is_one_of(const char *op, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(op, names[i]) == 0)
            return 1;
    return 0;
}

/* Linear in all inputs together, constants aside; and linear in each input alone. Any operator left out is
 * merely computed once per scale. */
int ray_is_linear(const struct builder *b, const struct graph_node *n)
{
    static const char *const together[] = {"Add",       "AveragePool", "BatchNormalization",
                                           "Concat",    "Conv",        "Flatten",
                                           "Gather",    "Gemm",        "GlobalAveragePool",
                                           "Pad",       "ReduceMean",  "ReduceSum",
                                           "Reshape",   "Slice",       "Split",
                                           "Squeeze",   "Sub",         "Transpose",
                                           "Unsqueeze", "Expand"};
    static const char *const alone[] = {"Mul", "MatMul"};
    int rays = 0;
    for (int k = 0; k < n->inputs; k++) {
        int v = n->input[k];
        if (v < 0)
            continue;
        if (b->ray[v].buffer >= 0)
            rays++;
        else if (b->at[v].buffer >= 0)
            return 0;
    }
    if (is_one_of(n->op, together, sizeof together / sizeof *together))
        return rays > 0;
    return rays == 1 && is_one_of(n->op, alone, sizeof alone / sizeof *alone);
}

/* The homogeneous part, on the directions: the emitters leave out biases where the degree is 1. */
int ray_emit(struct builder *b, const struct graph_node *n)
{
    struct operand kept[n->inputs > 0 ? n->inputs : 1];
    int first = b->p->steps;
    for (int k = 0; k < n->inputs; k++) {
        if (n->input[k] < 0)
            continue;
        kept[k] = b->at[n->input[k]];
        b->at[n->input[k]] = b->ray[n->input[k]];
    }
    b->rows = b->p->draws;
    int result = builder_emit(b, n);
    b->rows = b->p->batch;
    for (int k = n->inputs - 1; k >= 0; k--)
        if (n->input[k] >= 0)
            b->at[n->input[k]] = kept[k];
    for (int k = 0; k < n->outputs; k++) {
        if (n->output[k] < 0)
            continue;
        b->ray[n->output[k]] = b->at[n->output[k]];
        b->at[n->output[k]].buffer = -1;
    }
    for (int i = first; i < b->p->steps; i++)
        b->p->step[i].once = 1;
    return result;
}

int ray_resolve(struct builder *b, int value)
{
    struct operand direction = b->ray[value], clean;
    if (direction.buffer < 0 || b->at[value].buffer >= 0)
        return 0;
    int first = b->p->steps;
    clean = builder_clean(b, value);
    if (clean.buffer < 0 || builder_convert(b, &direction, clean.layout) < 0)
        return -1;
    for (int i = first; i < b->p->steps; i++)
        b->p->step[i].once = 1;
    struct operand out = direction;
    out.degree = 0;
    out.shape.dim[0] *= b->p->scales;
    out.buffer = builder_buffer(b, apex_shape_count(&out.shape), NULL);
    struct step *s = out.buffer >= 0 ? builder_step(b, NULL, run_ray, sizeof(struct ray)) : NULL;
    if (!s)
        return -1;
    *(struct ray *)s->state = (struct ray){b->ray_site, apex_shape_count(&clean.shape)};
    s->kind = STEP_RAY;
    step_input(s, &direction);
    step_input(s, &clean);
    s->out = out;
    b->at[value] = out;
    return 0;
}
