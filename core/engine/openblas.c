/* Convolution as GEMM on OpenBLAS: pixels x taps times taps x channels. Channels-last makes a tap one memcpy,
 * and 1x1 with stride 1 needs no copy at all. Images are lowered in groups that stay in cache. */
#include "core/engine/blas.h"
#include "core/engine/sets.h"

#include <cblas.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_BYTES = 256 * 1024 }; /* of lowered images at a time: a part of the second-level cache */

enum method { DEPTHWISE, POINTWISE, LOWERED };

struct blas_conv {
    struct conv_shape s;
    enum method method;
    int images;    /* lowered at a time */
    int taps;      /* kernel_h * kernel_w * in_c / groups */
    float *weight; /* depthwise: [kh][kw][c]; else [group][taps][out_c / groups] */
    float *bias;
};

static void conv_free(void *state)
{
    struct blas_conv *c = state;
    if (!c)
        return;
    free(c->weight);
    free(c->bias);
    free(c);
}

/* [out_c][in_c / groups][kh][kw] -> [group][kh][kw][in_c / groups][out_c / groups]; for depthwise, where both
 * widths are 1, the group goes last instead. */
static void reorder_weight(struct blas_conv *c, const float *weight)
{
    const struct conv_shape *s = &c->s;
    int width = s->in_c / s->groups, out = s->out_c / s->groups, area = s->kernel_h * s->kernel_w;
    for (int oc = 0; oc < s->out_c; oc++)
        for (int ic = 0; ic < width; ic++)
            for (int k = 0; k < area; k++) {
                size_t to = ((size_t)(oc / out) * c->taps + (size_t)k * width + ic) * out + oc % out;
                if (c->method == DEPTHWISE)
                    to = (size_t)k * s->out_c + oc;
                c->weight[to] = weight[((size_t)oc * width + ic) * area + k];
            }
}

static int columns_at_once(const struct conv_shape *s, int taps)
{
    size_t image = (size_t)s->out_h * s->out_w * taps * sizeof(float);
    size_t images = image ? COLUMN_BYTES / image : 1;
    images = images < 1 ? 1 : images;
    return images > (size_t)s->batch ? s->batch : (int)images;
}

static void *conv_new(const struct conv_shape *s, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err)
{
    struct blas_conv *c = calloc(1, sizeof *c);
    size_t taps = (size_t)s->kernel_h * s->kernel_w * (s->in_c / s->groups);
    size_t pixels = (size_t)s->batch * s->out_h * s->out_w;
    openblas_set_num_threads(1);
    if (taps > INT_MAX || pixels > INT_MAX) {
        free(c);
        apex_fail(err, "the convolution is too large");
        return NULL;
    }
    if (c) {
        c->s = *s;
        c->taps = (int)taps;
        c->method = conv_is_depthwise(s) ? DEPTHWISE : conv_is_pointwise(s) ? POINTWISE : LOWERED;
        c->images = c->method == LOWERED ? columns_at_once(s, c->taps) : s->batch;
        c->weight = malloc((size_t)s->out_c * taps * sizeof(float) + 1);
        c->bias = bias ? malloc((size_t)s->out_c * sizeof(float) + 1) : NULL;
    }
    if (!c || !c->weight || (bias && !c->bias)) {
        conv_free(c);
        apex_fail(err, "no memory");
        return NULL;
    }
    reorder_weight(c, weight);
    if (bias)
        memcpy(c->bias, bias, (size_t)s->out_c * sizeof *bias);
    *scratch = c->method == LOWERED ? (size_t)c->images * s->out_h * s->out_w * taps * sizeof(float) : 0;
    return c;
}

static void lower(const struct blas_conv *c, const float *x, int images, float *to)
{
    const struct conv_shape *s = &c->s;
    for (int b = 0; b < images; b++) {
        for (int oh = 0; oh < s->out_h; oh++)
            for (int ow = 0; ow < s->out_w; ow++, to += c->taps)
                conv_lower_pixel(s, x, oh, ow, to);
        x += (size_t)s->in_h * s->in_w * s->in_c;
    }
}

static void conv_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    const struct blas_conv *c = state;
    const struct conv_shape *s = &c->s;
    int area = s->out_h * s->out_w, out = s->out_c / s->groups, width = s->in_c / s->groups;
    float *all = y;
    if (c->method == DEPTHWISE) {
        depthwise_run(s, c->weight, c->bias, x, y);
        epilogue_apply(end, s->batch, (size_t)area * s->out_c, all);
        return;
    }
    for (int b = 0; b < s->batch; b += c->images) {
        int images = s->batch - b < c->images ? s->batch - b : c->images;
        int pixels = images * area;
        blas_put_bias(c->bias, pixels, s->out_c, y);
        for (int g = 0; g < s->groups; g++) {
            const float *from = x + (size_t)g * width;
            int pitch = s->in_c;
            if (c->method == LOWERED) {
                lower(c, from, images, scratch);
                from = scratch;
                pitch = c->taps;
            }
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, pixels, out, c->taps, 1, from, pitch,
                        c->weight + (size_t)g * c->taps * out, out, c->bias ? 1 : 0, y + (size_t)g * out,
                        s->out_c);
        }
        x += (size_t)images * s->in_h * s->in_w * s->in_c;
        y += (size_t)pixels * s->out_c;
    }
    epilogue_apply(end, s->batch, (size_t)area * s->out_c, all);
}

static const char *conv_algorithm(void *state)
{
    static const char *const names[] = {"direct:depthwise", "openblas:gemm", "openblas:im2col"};
    return names[((struct blas_conv *)state)->method];
}

static size_t conv_bytes(const void *state)
{
    const struct blas_conv *c = state;
    return ((size_t)c->taps + (c->bias != NULL)) * (size_t)c->s.out_c * sizeof(float);
}

const struct kernel_set kernel_set_openblas = {
    .name = "openblas",
    .conv_new = conv_new,
    .conv_run = conv_run,
    .conv_free = conv_free,
    .conv_algorithm = conv_algorithm,
    .conv_bytes = conv_bytes,
    .linear_new = blas_linear_new,
    .linear_run = blas_linear_run,
    .linear_free = blas_linear_free,
    .matmul = blas_matmul,
};
