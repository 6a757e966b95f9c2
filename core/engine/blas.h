/* Internal to the engine: dense products on OpenBLAS, shared by the openblas and onednn sets. */
#ifndef APEX_CORE_ENGINE_BLAS_H
#define APEX_CORE_ENGINE_BLAS_H

#include "core/engine/kernels.h"

#include <stddef.h>

/* As in struct kernel_set. */
void *blas_linear_new(int rows, int k, int n, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err);
void blas_linear_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch);
void blas_linear_free(void *state);
void blas_matmul(int m, int n, int k, const float *a, const float *b, float *y, void *scratch);

/* Puts bias [n] into every one of the rows of y; nothing for NULL. */
void blas_put_bias(const float *bias, int rows, int n, float *y);

#endif
