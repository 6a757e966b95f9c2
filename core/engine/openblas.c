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

static int is_pointwise(const struct conv_shape *s)
{
    return s->kernel_h == 1 && s->kernel_w == 1 && s->stride_h == 1 && s->stride_w == 1 && s->pad_top == 0 &&
           s->pad_left == 0 && s->in_h == s->out_h && s->in_w == s->out_w;
}

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
        c->method = conv_is_depthwise(s) ? DEPTHWISE : is_pointwise(s) ? POINTWISE : LOWERED;
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

/* One row of the lowered matrix: the taps of one output pixel in one group, zero where they are outside. */
static void lower_pixel(const struct conv_shape *s, const float *x, int oh, int ow, float *to)
{
    size_t width = (size_t)(s->in_c / s->groups);
    for (int kh = 0; kh < s->kernel_h; kh++) {
        int ih = oh * s->stride_h - s->pad_top + kh * s->dilation_h;
        int iw = ow * s->stride_w - s->pad_left;
        const float *row = x + ((ptrdiff_t)ih * s->in_w + iw) * s->in_c;
        int whole = s->groups == 1 && s->dilation_w == 1 && iw >= 0 && iw + s->kernel_w <= s->in_w;
        if (ih < 0 || ih >= s->in_h) {
            memset(to, 0, s->kernel_w * width * sizeof *to);
        } else if (whole) {
            memcpy(to, row, s->kernel_w * width * sizeof *to);
        } else {
            for (int kw = 0; kw < s->kernel_w; kw++) {
                int at = iw + kw * s->dilation_w;
                if (at < 0 || at >= s->in_w)
                    memset(to + kw * width, 0, width * sizeof *to);
                else
                    memcpy(to + kw * width, row + (ptrdiff_t)kw * s->dilation_w * s->in_c,
                           width * sizeof *to);
            }
        }
        to += s->kernel_w * width;
    }
}

static void lower(const struct blas_conv *c, const float *x, int images, float *to)
{
    const struct conv_shape *s = &c->s;
    for (int b = 0; b < images; b++) {
        for (int oh = 0; oh < s->out_h; oh++)
            for (int ow = 0; ow < s->out_w; ow++, to += c->taps)
                lower_pixel(s, x, oh, ow, to);
        x += (size_t)s->in_h * s->in_w * s->in_c;
    }
}

static void conv_run(void *state, const float *x, float *y, void *scratch)
{
    const struct blas_conv *c = state;
    const struct conv_shape *s = &c->s;
    int area = s->out_h * s->out_w, out = s->out_c / s->groups, width = s->in_c / s->groups;
    if (c->method == DEPTHWISE) {
        depthwise_run(s, c->weight, c->bias, x, y);
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
}

static const char *conv_algorithm(void *state)
{
    static const char *const names[] = {"direct:depthwise", "openblas:gemm", "openblas:im2col"};
    return names[((struct blas_conv *)state)->method];
}

const struct kernel_set kernel_set_openblas = {
    .name = "openblas",
    .conv_new = conv_new,
    .conv_run = conv_run,
    .conv_free = conv_free,
    .conv_algorithm = conv_algorithm,
    .linear_new = blas_linear_new,
    .linear_run = blas_linear_run,
    .linear_free = blas_linear_free,
    .matmul = blas_matmul,
};
