/* Internal to the engine: the kernel sets, and the parts that they share. */
#ifndef APEX_CORE_ENGINE_SETS_H
#define APEX_CORE_ENGINE_SETS_H

#include "core/engine/kernels.h"

extern const struct kernel_set kernel_set_naive, kernel_set_openblas, kernel_set_native, kernel_set_emulated,
    kernel_set_amx;
#ifdef APEX_HAVE_ONEDNN
extern const struct kernel_set kernel_set_onednn, kernel_set_avx512_bf16;

/* Whether oneDNN will use AMX, or everything but AMX, here; -1: it will not. */
int onednn_allow(int no_amx);
#endif

/* As in struct kernel_set: operands rounded to bfloat16, sums in float32. */
void emulated_matmul(int m, int n, int k, const float *a, const float *b, float *y, void *scratch);
size_t emulated_matmul_scratch(int m, int n, int k);

/* 1 where every channel has its own filter: groups == in_c == out_c. */
int conv_is_depthwise(const struct conv_shape *s);

/* 1x1 with stride 1: a product of pixels and weights as they lie. */
int conv_is_pointwise(const struct conv_shape *s);

/* One row of the lowered matrix: the taps [kernel_h][kernel_w][in_c / groups] of output pixel (oh, ow) of the
 * image x (at the group's first channel), zero where they are outside. */
void conv_lower_pixel(const struct conv_shape *s, const float *x, int oh, int ow, float *to);

/* The epilogue on y[rows][row], in passes of its own; end may be NULL. */
void epilogue_apply(const struct epilogue *end, int rows, size_t row, float *y);

/* Depthwise convolution: weight [kernel_h][kernel_w][channels], bias [channels] or NULL. */
void depthwise_run(const struct conv_shape *s, const float *weight, const float *bias, const float *x,
                   float *y);

/* A dense layer's own copies, for the sets that keep nothing else: weight and bias are taken over (freed here
 * if one that is needed is missing). biased: there is one. NULL with err. */
struct linear {
    int rows, k, n;
    int borrowed; /* the weight is another one's */
    float *weight, *bias;
};
void *linear_keep(struct linear l, int biased, struct apex_error *err);
void linear_free(void *state); /* accepts NULL */

#endif
