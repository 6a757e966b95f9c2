/* bfloat16, the upper half of a float32, as the operands of products (docs/precision.md). Rounded to nearest,
 * ties to even. As in the processors' own instructions a subnormal is a zero of its sign; what is beyond the
 * largest finite number becomes infinite; NaN stays NaN. */
#ifndef APEX_CORE_ENGINE_BF16_H
#define APEX_CORE_ENGINE_BF16_H

#include "core/engine/kernels.h"

#include <stddef.h>
#include <stdint.h>

uint16_t bf16_of(float x);
float bf16_value(uint16_t half);

/* n numbers. round: y[i] = bf16_value(bf16_of(x[i])), y may be x. */
void bf16_store(const float *x, size_t n, uint16_t *half);
void bf16_load(const uint16_t *half, size_t n, float *y);
void bf16_round(const float *x, size_t n, float *y);

/* A layer's epilogue on y[rows][row], as epilogue_apply. With end->to_half the result is stored in half
 * [rows][row], and y is work memory. */
void bf16_finish(const struct epilogue *end, int rows, size_t row, float *y, uint16_t *half);

#endif
