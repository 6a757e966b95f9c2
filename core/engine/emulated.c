/* What bfloat16 hardware computes, on any machine: operands rounded to bfloat16 and kept in float32, where
 * the product of two of them is exact; sums in float32, one chain of multiply-adds over the taps in ascending
 * order. The same bits on every processor. */
#include "core/engine/bf16.h"
#include "core/engine/gemm.h"
#include "core/engine/sets.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 48 }; /* lowered at a time */

/* A layer is one product of matrices for each group: rows (pixels) by taps, times taps by outputs. */
struct emulated {
    struct conv_shape s; /* batch 0: a dense layer */
    int rows, taps, groups, outputs;
    size_t in, out;             /* floats of all of x and y */
    size_t row;                 /* floats of a row (an image) of y */
    float **packed, **bias;     /* [groups]; bias[g] NULL: none */
    float *weight, *plain_bias; /* depthwise: [taps][channels], [channels] */
    int borrowed;               /* packed and weight are another one's */
};

static void layer_free(void *state)
{
    struct emulated *l = state;
    if (!l)
        return;
    for (int g = 0; g < l->groups; g++) {
        free(l->packed && !l->borrowed ? l->packed[g] : NULL);
        free(l->bias ? l->bias[g] : NULL);
    }
    if (!l->borrowed) {
        free(l->packed);
        free(l->weight);
    }
    free(l->bias);
    free(l->plain_bias);
    free(l);
}

static float *rounded_copy(const float *x, size_t count)
{
    float *copy = malloc((count ? count : 1) * sizeof *copy);
    if (copy)
        bf16_round(x, count, copy);
    return copy;
}

static int pad_biases(struct emulated *l, const float *bias)
{
    l->bias = calloc((size_t)l->groups, sizeof *l->bias);
    for (int g = 0; l->bias && bias && g < l->groups; g++)
        if (!(l->bias[g] = gemm_pad_bias(l->outputs, bias + (size_t)g * l->outputs)))
            return -1;
    return l->bias ? 0 : -1;
}

/* Packs the groups' weights, taps x outputs each, one after the other, rows w_row and columns w_column apart.
 */
static int pack_groups(struct emulated *l, const float *weight, ptrdiff_t w_row, ptrdiff_t w_column,
                       const float *bias)
{
    l->packed = calloc((size_t)l->groups, sizeof *l->packed);
    for (int g = 0; l->packed && g < l->groups; g++) {
        l->packed[g] =
            gemm_pack(l->taps, l->outputs, weight + (size_t)g * l->taps * l->outputs, w_row, w_column);
        if (!l->packed[g])
            return -1;
    }
    return l->packed ? pad_biases(l, bias) : -1;
}

/* [out_c][in_c / groups][kernel] -> [out_c][kernel][in_c / groups], rounded. */
static float *taps_together(const struct conv_shape *s, const float *weight)
{
    int width = s->in_c / s->groups, area = s->kernel_h * s->kernel_w;
    float *w = rounded_copy(weight, (size_t)s->out_c * width * area);
    for (size_t oc = 0; w && oc < (size_t)s->out_c; oc++)
        for (int k = 0; k < area; k++)
            for (int ic = 0; ic < width; ic++)
                w[(oc * area + k) * width + ic] = bf16_value(bf16_of(weight[(oc * width + ic) * area + k]));
    return w;
}

static int copy_bias(struct emulated *l, const float *bias)
{
    size_t size = (size_t)l->s.out_c * sizeof *bias;
    l->plain_bias = bias ? malloc(size) : NULL;
    if (l->plain_bias)
        memcpy(l->plain_bias, bias, size);
    return l->plain_bias || !bias ? 0 : -1;
}

/* [channels][kernel] -> [kernel][channels], rounded. */
static int prepare_depthwise(struct emulated *l, const float *weight, const float *bias)
{
    size_t channels = (size_t)l->s.out_c, area = (size_t)l->taps;
    l->weight = malloc(channels * area * sizeof *l->weight);
    for (size_t i = 0; l->weight && i < channels * area; i++)
        l->weight[i] = bf16_value(bf16_of(weight[i % channels * area + i / channels]));
    return l->weight ? copy_bias(l, bias) : -1;
}

static int prepare_conv(struct emulated *l, const float *weight, const float *bias)
{
    if (conv_is_depthwise(&l->s))
        return prepare_depthwise(l, weight, bias);
    float *together = taps_together(&l->s, weight);
    int outcome = together ? pack_groups(l, together, 1, l->taps, bias) : -1;
    free(together);
    return outcome;
}

/* Rounded x, then a float32 y to be stored in half, then lowered pixels. */
static size_t scratch_of(const struct emulated *l)
{
    return (l->in + l->out + (l->s.batch ? (size_t)PIXELS * l->taps : 0)) * sizeof(float);
}

/* All but the bias from there. */
static int borrow(struct emulated *l, const struct emulated *like, const float *bias)
{
    l->borrowed = 1;
    l->packed = like->packed;
    l->weight = like->weight;
    return l->weight ? copy_bias(l, bias) : pad_biases(l, bias);
}

static void *conv_like(const void *like, const struct conv_shape *s, const float *weight, const float *bias,
                       size_t *scratch, struct apex_error *err)
{
    double taps = (double)s->kernel_h * s->kernel_w * (s->in_c / s->groups);
    double pixels = (double)s->batch * s->out_h * s->out_w;
    if (taps * gemm_padded(s->out_c) > INT_MAX / 8 || pixels > INT_MAX / 8) {
        apex_fail(err, "the convolution is too large");
        return NULL;
    }
    struct emulated *l = calloc(1, sizeof *l);
    if (l) {
        l->s = *s;
        l->rows = (int)pixels, l->taps = (int)taps;
        l->groups = s->groups, l->outputs = s->out_c / s->groups;
        l->in = (size_t)s->batch * s->in_h * s->in_w * s->in_c;
        l->row = (size_t)s->out_h * s->out_w * s->out_c;
        l->out = l->row * s->batch;
        *scratch = scratch_of(l);
    }
    if (l && (like ? borrow(l, like, bias) : prepare_conv(l, weight, bias)) == 0)
        return l;
    layer_free(l);
    apex_fail(err, "no memory");
    return NULL;
}

static void *conv_new(const struct conv_shape *s, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err)
{
    return conv_like(NULL, s, weight, bias, scratch, err);
}

static struct emulated *dense(int rows, int k, int n, size_t *scratch)
{
    struct emulated *l = calloc(1, sizeof *l);
    if (l) {
        l->rows = rows, l->taps = k, l->groups = 1, l->outputs = n;
        l->in = (size_t)rows * k;
        l->row = (size_t)n;
        l->out = l->row * rows;
        *scratch = scratch_of(l);
    }
    return l;
}

static void *linear_new(int rows, int k, int n, const float *weight, const float *bias, size_t *scratch,
                        struct apex_error *err)
{
    struct emulated *l = dense(rows, k, n, scratch);
    float *w = l ? rounded_copy(weight, (size_t)k * n) : NULL;
    int failed = !w || pack_groups(l, w, n, 1, bias) < 0;
    free(w);
    if (!failed)
        return l;
    layer_free(l);
    apex_fail(err, "no memory");
    return NULL;
}

static void *linear_like(const void *like, int rows, const float *bias, size_t *scratch,
                         struct apex_error *err)
{
    const struct emulated *first = like;
    struct emulated *l = dense(rows, first->taps, first->outputs, scratch);
    if (l && borrow(l, first, bias) == 0)
        return l;
    layer_free(l);
    apex_fail(err, "no memory");
    return NULL;
}

static size_t layer_bytes(const void *state)
{
    const struct emulated *l = state;
    size_t row = (size_t)(l->weight ? l->s.out_c : l->groups * gemm_padded(l->outputs)) * sizeof(float);
    int biased = l->weight ? l->plain_bias != NULL : l->bias[0] != NULL;
    return (l->borrowed ? 0 : (size_t)l->taps * row) + (biased ? row : 0);
}

/* Rows [first, first + count) of a group's left matrix. */
static const float *left_rows(const struct emulated *l, const float *x, int group, int first, int count,
                              float *to)
{
    const struct conv_shape *s = &l->s;
    if (!s->batch)
        return x + (size_t)first * l->taps;
    int area = s->out_h * s->out_w;
    size_t image = (size_t)s->in_h * s->in_w * s->in_c;
    for (int k = 0; k < count; k++) {
        int at = first + k, in_image = at % area;
        conv_lower_pixel(s, x + (size_t)(at / area) * image + (size_t)group * (s->in_c / s->groups),
                         in_image / s->out_w, in_image % s->out_w, to + (size_t)k * l->taps);
    }
    return to;
}

static void run_products(const struct emulated *l, const float *x, float *y, float *lowered)
{
    int pitch = l->groups * l->outputs;
    for (int first = 0; first < l->rows; first += PIXELS)
        for (int g = 0; g < l->groups; g++) {
            int count = l->rows - first < PIXELS ? l->rows - first : PIXELS;
            struct gemm product = {.rows = count, .k = l->taps, .n = l->outputs};
            product.x = left_rows(l, x, g, first, count, lowered), product.x_pitch = l->taps;
            product.packed = l->packed[g], product.bias = l->bias[g];
            product.y = y + (size_t)first * pitch + (size_t)g * l->outputs, product.y_pitch = pitch;
            gemm_run(&product);
        }
}

static void layer_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    const struct emulated *l = state;
    float *in = scratch, *out = end && end->to_half ? in + l->in : y, *lowered = in + l->in + l->out;
    if (end && end->from_half)
        bf16_load((const uint16_t *)(const void *)x, l->in, in);
    else
        bf16_round(x, l->in, in);
    if (l->weight)
        depthwise_run(&l->s, l->weight, l->plain_bias, in, out);
    else
        run_products(l, in, out, lowered);
    bf16_finish(end, (int)(l->out / l->row), l->row, out, (uint16_t *)(void *)y);
}

static const char *algorithm(void *state)
{
    const struct emulated *l = state;
    return l->weight ? "emulated:depthwise" : l->s.batch ? "emulated:im2col" : "emulated:gemm";
}

size_t emulated_matmul_scratch(int m, int n, int k)
{
    return ((size_t)m * k + (size_t)k * n) * sizeof(float) + gemm_matmul_scratch(m, n, k);
}

void emulated_matmul(int m, int n, int k, const float *a, const float *b, float *y, void *scratch)
{
    float *left = scratch, *right = left + (size_t)m * k;
    bf16_round(a, (size_t)m * k, left);
    bf16_round(b, (size_t)k * n, right);
    gemm_matmul(m, n, k, left, right, y, right + (size_t)k * n);
}

const struct kernel_set kernel_set_emulated = {
    .bf16 = 1,
    .name = "emulated",
    .conv_new = conv_new,
    .conv_run = layer_run,
    .conv_free = layer_free,
    .conv_algorithm = algorithm,
    .conv_like = conv_like,
    .conv_bytes = layer_bytes,
    .linear_new = linear_new,
    .linear_run = layer_run,
    .linear_free = layer_free,
    .linear_algorithm = algorithm,
    .linear_like = linear_like,
    .linear_bytes = layer_bytes,
    .matmul = emulated_matmul,
    .matmul_scratch = emulated_matmul_scratch,
};
