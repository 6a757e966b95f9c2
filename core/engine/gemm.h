/* Internal to the engine: a dense product with its epilogue, on kernels of our own. Every element of the
 * result is one chain of fused multiply-adds over k in ascending order, started from the bias, whatever the
 * row's position, the number of rows or the vector width: a row never depends on its neighbours, and AVX2,
 * AVX-512 and plain C give the same bits. */
#ifndef APEX_CORE_ENGINE_GEMM_H
#define APEX_CORE_ENGINE_GEMM_H

#include "core/engine/kernels.h"

#include <stddef.h>

enum {
    GEMM_PANEL = 16, /* columns of a packed panel */
    GEMM_NARROW_COLS = 10,
    GEMM_NARROW_ROWS = 8
};

/* y[lines][rows][n] = x[lines][rows][k] w + bias; then the epilogue, row r of the product being row r of y. A
 * row of x may be several pieces of k, so that the pixels under a filter are read where they lie. */
struct gemm {
    int rows, k, n;
    int lines, pieces; /* 0: one */
    const float *x;    /* in floats: rows x_pitch apart, lines x_line, pieces of k / pieces x_piece */
    ptrdiff_t x_pitch, x_line, x_piece;
    const float *packed; /* gemm_pack */
    const float *bias;   /* padded to gemm_padded(n), or NULL */
    float *y;            /* rows of n, y_pitch apart */
    ptrdiff_t y_pitch;
    const float *add; /* like y, add_pitch apart (0: one row for all); NULL: none */
    ptrdiff_t add_pitch;
    int relu;
    const float *xi; /* like y, with its pitch; NULL: none */
    float sigma;
};

int gemm_padded(int n); /* n rounded up to whole panels */

/* w [k][n] with its rows w_row and its columns w_column floats apart -> [panels][k][GEMM_PANEL], zeros beyond
 * n: k * gemm_padded(n) floats, 64-byte aligned. NULL: no memory. Freed with free(). */
float *gemm_pack(int k, int n, const float *w, ptrdiff_t w_row, ptrdiff_t w_column);
float *gemm_pad_bias(int n, const float *bias); /* zeros where bias is NULL; NULL: no memory */

void gemm_run(const struct gemm *g);

/* y[m][n] = a[m][k] b[k][n], all dense, with b packed in the scratch (bytes). */
size_t gemm_matmul_scratch(int m, int n, int k);
void gemm_matmul(int m, int n, int k, const float *a, const float *b, float *y, void *scratch);

/* Sets what follows, `at` floats into the layer's output and `add_at` into what is added; end may be NULL. */
void gemm_follow(struct gemm *g, const struct epilogue *end, size_t add_at, ptrdiff_t add_pitch, size_t at);

/* Floats from one product to the next of several of the same shape. */
struct gemm_step {
    ptrdiff_t x, packed, y;
};

/* `count` products; g is the first, with nothing but x, packed and y, and n in whole panels. */
void gemm_run_many(const struct gemm *g, int count, const struct gemm_step *step);

int gemm_is_fast(void); /* this processor has fused multiply-add in vectors */

/* It has AVX-512, which the environment does not forbid: other loops may use it too. */
int gemm_is_wide(void);

/* What the products run on: "avx512" (not with APEX_AVX512=0 in the environment), "avx2", "c". */
const char *gemm_isa(void);

/* Floating-point operations per second that one core reaches on registers alone, measured over about 50 ms.
 */
double gemm_peak(void);

/* Inside the GEMM only: up to 12 rows of one panel or two, over some pieces of the product's k. */
struct gemm_tile {
    int pieces, k;    /* k: of each piece */
    int panels, cols; /* cols: of all panels */
    int first, end;   /* first: start from the bias, else from y; end: an epilogue follows */
    const float *x, *w, *bias, *add, *xi;
    float *y;
    const struct gemm *g;
};
typedef void gemm_tile_fn(int rows, const struct gemm_tile *t);
gemm_tile_fn gemm_tile_any;
/* As gemm_run_many, with a k that is not cut. */
typedef void gemm_plain_fn(const struct gemm *g, int count, const struct gemm_step *step);
#if defined(__x86_64__) && defined(__GNUC__)
gemm_tile_fn gemm_tile_avx2, gemm_tile_avx512;
gemm_plain_fn gemm_plain_avx2, gemm_plain_avx512;
void gemm_narrow_avx2(const struct gemm_tile *t); /* GEMM_NARROW_ROWS rows of a panel of few columns */
float gemm_peak_avx2(long rounds), gemm_peak_avx512(long rounds);
#endif

#endif
