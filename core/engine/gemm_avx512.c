/* The GEMM's tile for processors with AVX-512: 12 rows by one or two vectors of 16. */
#include "core/engine/gemm.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define KERNEL static inline __attribute__((always_inline, target("avx512f")))
#define VEC __m512
#define LANES_OF_VEC 16
#define PANELS 2

KERNEL VEC vec_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

KERNEL void vec_store(float *p, VEC v)
{
    _mm512_storeu_ps(p, v);
}

KERNEL VEC vec_set(float v)
{
    return _mm512_set1_ps(v);
}

KERNEL VEC vec_fma(VEC a, VEC b, VEC c)
{
    return _mm512_fmadd_ps(a, b, c);
}

KERNEL VEC vec_max(VEC a, VEC b)
{
    return _mm512_max_ps(a, b);
}

KERNEL __mmask16 vec_mask(int n)
{
    return (__mmask16)(n >= 16 ? 0xffffu : (1u << n) - 1);
}

KERNEL VEC vec_load_part(const float *p, int n)
{
    return _mm512_maskz_loadu_ps(vec_mask(n), p);
}

KERNEL void vec_store_part(float *p, VEC v, int n)
{
    _mm512_mask_storeu_ps(p, vec_mask(n), v);
}

#include "core/engine/gemm_tile.h"

KERNEL void tile_rows(int rows, const int vecs, const struct gemm_tile *t)
{
    switch (rows) {
    case 12:
        tile_of(12, vecs, t);
        break;
    case 11:
        tile_of(11, vecs, t);
        break;
    case 10:
        tile_of(10, vecs, t);
        break;
    case 9:
        tile_of(9, vecs, t);
        break;
    case 8:
        tile_of(8, vecs, t);
        break;
    case 7:
        tile_of(7, vecs, t);
        break;
    case 6:
        tile_of(6, vecs, t);
        break;
    case 5:
        tile_of(5, vecs, t);
        break;
    case 4:
        tile_of(4, vecs, t);
        break;
    case 3:
        tile_of(3, vecs, t);
        break;
    case 2:
        tile_of(2, vecs, t);
        break;
    default:
        tile_of(1, vecs, t);
    }
}

__attribute__((target("avx512f"))) void gemm_tile_avx512(int rows, const struct gemm_tile *t)
{
    if (t->panels == 2)
        tile_rows(rows, 2, t);
    else
        tile_rows(rows, 1, t);
}

KERNEL void plain_rows(int rows, const int vecs, const struct gemm *g, const float *x, const float *w,
                       float *y)
{
    switch (rows) {
    case 12:
        plain_of(12, vecs, g, x, w, y);
        break;
    case 11:
        plain_of(11, vecs, g, x, w, y);
        break;
    case 10:
        plain_of(10, vecs, g, x, w, y);
        break;
    case 9:
        plain_of(9, vecs, g, x, w, y);
        break;
    case 8:
        plain_of(8, vecs, g, x, w, y);
        break;
    case 7:
        plain_of(7, vecs, g, x, w, y);
        break;
    case 6:
        plain_of(6, vecs, g, x, w, y);
        break;
    case 5:
        plain_of(5, vecs, g, x, w, y);
        break;
    case 4:
        plain_of(4, vecs, g, x, w, y);
        break;
    case 3:
        plain_of(3, vecs, g, x, w, y);
        break;
    case 2:
        plain_of(2, vecs, g, x, w, y);
        break;
    default:
        plain_of(1, vecs, g, x, w, y);
    }
}

KERNEL void plain_panels(const int vecs, const struct gemm *g, const float *x, const float *w, float *y)
{
    int tiles = (g->rows + 11) / 12;
    for (int left = g->rows, rows; tiles > 0; tiles--, left -= rows) {
        rows = (left + tiles - 1) / tiles;
        plain_rows(rows, vecs, g, x, w, y);
        x += rows * g->x_pitch;
        y += rows * g->y_pitch;
    }
}

__attribute__((target("avx512f"))) void gemm_plain_avx512(const struct gemm *g, int count,
                                                          const struct gemm_step *step)
{
    const struct gemm own = *g; /* not to be read again after each store */
    const float *x = g->x, *packed = g->packed;
    float *y = g->y;
    for (; count > 0; count--, x += step->x, packed += step->packed, y += step->y) {
        int column = 0;
        for (; column + 2 * GEMM_PANEL <= own.n; column += 2 * GEMM_PANEL)
            plain_panels(2, &own, x, packed + (ptrdiff_t)column * own.k, y + column);
        if (column < own.n)
            plain_panels(1, &own, x, packed + (ptrdiff_t)column * own.k, y + column);
    }
}

__attribute__((target("avx512f"))) float gemm_peak_avx512(long rounds)
{
    return peak_of(rounds);
}
#endif
