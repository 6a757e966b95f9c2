/* Internal to the engine: convolution as products of filters and pixels that are read where they lie, without
 * the copy of every pixel for each tap that lowering makes. Sums go over the taps in the order of lowering:
 * the bits are the same. */
#ifndef APEX_CORE_ENGINE_DIRECT_H
#define APEX_CORE_ENGINE_DIRECT_H

#include "core/engine/kernels.h"

/* 1 where it applies: one group, taps of a row side by side, lines of at least a few pixels; not where the
 * image is one product as it lies. */
int direct_suits(const struct conv_shape *s);

/* Bytes of work memory of a run: a band of the image with its padding; 0 without padding. */
size_t direct_scratch(const struct conv_shape *s);

/* As conv_run of struct kernel_set. packed: gemm_pack of [kh][kw][in_c][out_c]; bias: gemm_pad_bias, or NULL.
 */
void direct_run(const struct conv_shape *s, const float *packed, const float *bias, const float *x, float *y,
                const struct epilogue *end, void *scratch);

#endif
