#include "core/engine/blas.h"
#include "core/engine/sets.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

struct blas_linear {
    int rows, k, n;
    float *weight, *bias;
};

void blas_linear_free(void *state)
{
    struct blas_linear *l = state;
    if (!l)
        return;
    free(l->weight);
    free(l->bias);
    free(l);
}

void *blas_linear_new(int rows, int k, int n, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err)
{
    struct blas_linear *l = calloc(1, sizeof *l);
    size_t size = (size_t)k * (size_t)n * sizeof *weight;
    *scratch = 0;
    openblas_set_num_threads(1);
    if (l) {
        l->rows = rows, l->k = k, l->n = n;
        l->weight = malloc(size + 1);
        l->bias = bias ? malloc((size_t)n * sizeof *bias + 1) : NULL;
    }
    if (!l || !l->weight || (bias && !l->bias)) {
        blas_linear_free(l);
        apex_fail(err, "no memory");
        return NULL;
    }
    memcpy(l->weight, weight, size);
    if (bias)
        memcpy(l->bias, bias, (size_t)n * sizeof *bias);
    return l;
}

void blas_put_bias(const float *bias, int rows, int n, float *y)
{
    for (int r = 0; bias && r < rows; r++)
        memcpy(y + (size_t)r * n, bias, (size_t)n * sizeof *y);
}

void blas_linear_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    const struct blas_linear *l = state;
    (void)scratch;
    blas_put_bias(l->bias, l->rows, l->n, y);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, l->rows, l->n, l->k, 1, x, l->k, l->weight, l->n,
                l->bias ? 1 : 0, y, l->n);
    epilogue_apply(end, l->rows, (size_t)l->n, y);
}

void blas_matmul(int m, int n, int k, const float *a, const float *b, float *y, void *scratch)
{
    (void)scratch;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, y, n);
}
