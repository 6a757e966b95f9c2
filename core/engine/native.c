/* The set of our own kernels: Winograd for 3x3, else pixels times weights, with bias, residual, ReLU and
 * noise in the same pass. A row's result depends on nothing but that row. Which method a layer gets is a rule
 * of its shape. Grouped convolutions, which are rare, go to oneDNN or OpenBLAS. */
#include "core/engine/direct.h"
#include "core/engine/gemm.h"
#include "core/engine/sets.h"
#include "core/engine/winograd.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#ifdef APEX_HAVE_ONEDNN
static const struct kernel_set *const other_set = &kernel_set_onednn;
#else
static const struct kernel_set *const other_set = &kernel_set_openblas;
#endif

enum { LOWERED_BYTES = 96 * 1024 }; /* of pixels lowered at a time: they stay in cache over all panels */

struct native_conv {
    struct conv_shape s;
    struct winograd *winograd; /* or */
    void *other;               /* a state of other_set; or */
    float *weight, *bias;      /* packed [taps][out_c] */
    int taps, pixels;          /* pixels: at a time */
    int borrowed;              /* the weight is another one's */
};

static void conv_free(void *state)
{
    struct native_conv *c = state;
    if (!c)
        return;
    winograd_free(c->winograd);
    if (c->other)
        other_set->conv_free(c->other);
    if (!c->borrowed)
        free(c->weight);
    free(c->bias);
    free(c);
}

/* [out_c][in_c][kh][kw] -> packed [kh][kw][in_c][out_c]. */
static float *pack_taps(const struct conv_shape *s, int taps, const float *weight)
{
    int area = s->kernel_h * s->kernel_w;
    if (area == 1)
        return gemm_pack(taps, s->out_c, weight, 1, taps);
    float *w = malloc((size_t)taps * s->out_c * sizeof *w); /* [out_c][kh][kw][in_c] */
    for (int oc = 0; w && oc < s->out_c; oc++)
        for (int ic = 0; ic < s->in_c; ic++)
            for (int k = 0; k < area; k++)
                w[(size_t)oc * taps + (size_t)k * s->in_c + ic] =
                    weight[((size_t)oc * s->in_c + ic) * area + k];
    float *packed = w ? gemm_pack(taps, s->out_c, w, 1, taps) : NULL;
    free(w);
    return packed;
}

/* like: whose weight is shared, or NULL. */
static int prepare_product(struct native_conv *c, const struct native_conv *like, const float *weight,
                           const float *bias, size_t *scratch)
{
    const struct conv_shape *s = &c->s;
    c->taps = s->kernel_h * s->kernel_w * s->in_c;
    int fit = LOWERED_BYTES / (int)sizeof(float) / c->taps / 12 * 12;
    c->pixels = fit < 24 ? 24 : fit > 192 ? 192 : fit;
    c->borrowed = like != NULL;
    c->weight = like ? like->weight : pack_taps(s, c->taps, weight);
    c->bias = bias ? gemm_pad_bias(s->out_c, bias) : NULL;
    if (conv_is_pointwise(s))
        *scratch = 0;
    else if (direct_suits(s))
        *scratch = direct_scratch(s);
    else
        *scratch = (size_t)c->pixels * c->taps * sizeof(float);
    return c->weight && (c->bias || !bias) ? 0 : -1;
}

static void *prepare_other(struct native_conv *c, const struct conv_shape *s, const float *weight,
                           const float *bias, size_t *scratch, struct apex_error *err)
{
    c->other = other_set->conv_new(s, weight, bias, scratch, err);
    if (c->other)
        return c;
    free(c);
    return NULL;
}

static void *conv_like(const void *like, const struct conv_shape *s, const float *weight, const float *bias,
                       size_t *scratch, struct apex_error *err)
{
    const struct native_conv *first = like;
    struct native_conv *c = calloc(1, sizeof *c);
    double taps = (double)s->kernel_h * s->kernel_w * s->in_c;
    double pixels = (double)s->batch * s->out_h * s->out_w;
    int failed = !c;
    *scratch = 0;
    if (c && (taps * gemm_padded(s->out_c) > INT_MAX / 8 || pixels > INT_MAX / 8)) {
        free(c);
        apex_fail(err, "the convolution is too large");
        return NULL;
    }
    if (c)
        c->s = *s;
    if (c && s->groups > 1)
        return prepare_other(c, s, weight, bias, scratch, err);
    if (c && winograd_suits(s))
        failed = !(c->winograd = first ? winograd_like(first->winograd, s, bias, scratch)
                                       : winograd_new(s, weight, bias, scratch));
    else if (c)
        failed = prepare_product(c, first, weight, bias, scratch) < 0;
    if (!failed)
        return c;
    conv_free(c);
    apex_fail(err, "no memory");
    return NULL;
}

static void *conv_new(const struct conv_shape *s, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err)
{
    return conv_like(NULL, s, weight, bias, scratch, err);
}

static size_t conv_bytes(const void *state)
{
    const struct native_conv *c = state;
    if (c->winograd)
        return winograd_bytes(c->winograd);
    if (c->other)
        return other_set->conv_bytes(c->other);
    size_t row = (size_t)gemm_padded(c->s.out_c) * sizeof(float);
    return (c->borrowed ? 0 : c->taps * row) + (c->bias ? row : 0);
}

/* Output pixels [first, first + count) of the batch, x being the batch's first image. */
static const float *lowered(const struct native_conv *c, const float *x, int first, int count, float *to)
{
    const struct conv_shape *s = &c->s;
    if (conv_is_pointwise(s))
        return x + (size_t)first * s->in_c;
    int area = s->out_h * s->out_w;
    size_t image = (size_t)s->in_h * s->in_w * s->in_c;
    for (int k = 0; k < count; k++) {
        int at = first + k, in_image = at % area;
        conv_lower_pixel(s, x + (size_t)(at / area) * image, in_image / s->out_w, in_image % s->out_w,
                         to + (size_t)k * c->taps);
    }
    return to;
}

static void run_product(const struct native_conv *c, const float *x, float *y, const struct epilogue *end,
                        float *scratch)
{
    const struct conv_shape *s = &c->s;
    int area = s->out_h * s->out_w, shared = end && end->add && end->add_row == 0;
    int all = s->batch * area;
    for (int first = 0, count; first < all; first += count) {
        int most = shared ? area - first % area : all - first; /* one add for all: not across images */
        count = most < c->pixels ? most : c->pixels;
        size_t at = (size_t)first * s->out_c;
        struct gemm g = {.rows = count, .k = c->taps, .n = s->out_c, .packed = c->weight, .bias = c->bias};
        g.x = lowered(c, x, first, count, scratch), g.x_pitch = c->taps;
        g.y = y + at, g.y_pitch = s->out_c;
        gemm_follow(&g, end, shared ? (size_t)(first % area) * s->out_c : at, s->out_c, at);
        gemm_run(&g);
    }
}

static void conv_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    const struct native_conv *c = state;
    if (c->other)
        other_set->conv_run(c->other, x, y, end, scratch);
    else if (c->winograd)
        winograd_run(c->winograd, x, y, end, scratch);
    else if (direct_suits(&c->s))
        direct_run(&c->s, c->weight, c->bias, x, y, end, scratch);
    else
        run_product(c, x, y, end, scratch);
}

static const char *conv_algorithm(void *state)
{
    const struct native_conv *c = state;
    if (c->other)
        return other_set->conv_algorithm(c->other);
    if (c->winograd)
        return "native:winograd4x3";
    return conv_is_pointwise(&c->s) ? "native:gemm" : direct_suits(&c->s) ? "native:direct" : "native:im2col";
}

static void *linear_new(int rows, int k, int n, const float *weight, const float *bias, size_t *scratch,
                        struct apex_error *err)
{
    struct linear l = {.rows = rows, .k = k, .n = n, .weight = gemm_pack(k, n, weight, n, 1)};
    l.bias = bias ? gemm_pad_bias(n, bias) : NULL;
    *scratch = 0;
    return linear_keep(l, bias != NULL, err);
}

static void *linear_like(const void *like, int rows, const float *bias, size_t *scratch,
                         struct apex_error *err)
{
    struct linear l = *(const struct linear *)like;
    l.rows = rows;
    l.borrowed = 1;
    l.bias = bias ? gemm_pad_bias(l.n, bias) : NULL;
    *scratch = 0;
    return linear_keep(l, bias != NULL, err);
}

static size_t linear_bytes(const void *state)
{
    const struct linear *l = state;
    size_t row = (size_t)gemm_padded(l->n) * sizeof(float);
    return (l->borrowed ? 0 : l->k * row) + (l->bias ? row : 0);
}

static void linear_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    const struct linear *l = state;
    struct gemm g = {.rows = l->rows, .k = l->k, .n = l->n, .packed = l->weight, .bias = l->bias};
    (void)scratch;
    g.x = x, g.x_pitch = l->k;
    g.y = y, g.y_pitch = l->n;
    gemm_follow(&g, end, 0, end ? (ptrdiff_t)end->add_row : 0, 0);
    gemm_run(&g);
}

const struct kernel_set kernel_set_native = {
    .fuses = 1,
    .rows_alone = 1,
    .name = "native",
    .conv_new = conv_new,
    .conv_run = conv_run,
    .conv_free = conv_free,
    .conv_pools = winograd_suits,
    .conv_algorithm = conv_algorithm,
    .conv_like = conv_like,
    .conv_bytes = conv_bytes,
    .linear_new = linear_new,
    .linear_run = linear_run,
    .linear_free = linear_free,
    .linear_like = linear_like,
    .linear_bytes = linear_bytes,
    .matmul = gemm_matmul,
    .matmul_scratch = gemm_matmul_scratch,
};
