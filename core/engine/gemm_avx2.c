/* The GEMM's tile for processors with AVX2 and FMA: 6 rows by 2 vectors of 8. */
#include "core/engine/gemm.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define KERNEL static inline __attribute__((always_inline, target("avx2,fma")))
#define VEC __m256
#define LANES_OF_VEC 8
#define PANELS 1

KERNEL VEC vec_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

KERNEL void vec_store(float *p, VEC v)
{
    _mm256_storeu_ps(p, v);
}

KERNEL VEC vec_set(float v)
{
    return _mm256_set1_ps(v);
}

KERNEL VEC vec_fma(VEC a, VEC b, VEC c)
{
    return _mm256_fmadd_ps(a, b, c);
}

KERNEL VEC vec_max(VEC a, VEC b)
{
    return _mm256_max_ps(a, b);
}

/* The sign bit is set where an element exists. */
KERNEL __m256i vec_mask(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

KERNEL VEC vec_load_part(const float *p, int n)
{
    return _mm256_maskload_ps(p, vec_mask(n));
}

/* Not by a mask: AMD's processors take 12 cycles for such a store. */
KERNEL void vec_store_part(float *p, VEC v, int n)
{
    if (n >= 8) {
        vec_store(p, v);
        return;
    }
    __m128 left = _mm256_castps256_ps128(v);
    if (n & 4) {
        _mm_storeu_ps(p, left);
        left = _mm256_extractf128_ps(v, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)p, left);
        left = _mm_movehl_ps(left, left);
        p += 2;
    }
    if (n & 1)
        _mm_store_ss(p, left);
}

#include "core/engine/gemm_tile.h"

__attribute__((target("avx2,fma"))) void gemm_tile_avx2(int rows, const struct gemm_tile *t)
{
    switch (rows) {
    case 6:
        tile_of(6, VECS, t);
        break;
    case 5:
        tile_of(5, VECS, t);
        break;
    case 4:
        tile_of(4, VECS, t);
        break;
    case 3:
        tile_of(3, VECS, t);
        break;
    case 2:
        tile_of(2, VECS, t);
        break;
    default:
        tile_of(1, VECS, t);
    }
}

KERNEL void plain_rows(int rows, const struct gemm *g, const float *x, const float *w, float *y)
{
    switch (rows) {
    case 6:
        plain_of(6, VECS, g, x, w, y);
        break;
    case 5:
        plain_of(5, VECS, g, x, w, y);
        break;
    case 4:
        plain_of(4, VECS, g, x, w, y);
        break;
    case 3:
        plain_of(3, VECS, g, x, w, y);
        break;
    case 2:
        plain_of(2, VECS, g, x, w, y);
        break;
    default:
        plain_of(1, VECS, g, x, w, y);
    }
}

KERNEL void plain_panel(const struct gemm *g, const float *x, const float *w, float *y)
{
    int tiles = (g->rows + 5) / 6;
    for (int left = g->rows, rows; tiles > 0; tiles--, left -= rows) {
        rows = (left + tiles - 1) / tiles;
        plain_rows(rows, g, x, w, y);
        x += rows * g->x_pitch;
        y += rows * g->y_pitch;
    }
}

__attribute__((target("avx2,fma"))) void gemm_plain_avx2(const struct gemm *g, int count,
                                                         const struct gemm_step *step)
{
    const struct gemm own = *g; /* not to be read again after each store */
    const float *x = g->x, *packed = g->packed;
    float *y = g->y;
    for (; count > 0; count--, x += step->x, packed += step->packed, y += step->y)
        for (int column = 0; column < own.n; column += GEMM_PANEL)
            plain_panel(&own, x, packed + (ptrdiff_t)column * own.k, y + column);
}

/* Four broadcast values, two lanes each. */
KERNEL VEC vec_pairs(VEC a, VEC b, VEC c, VEC d)
{
    return _mm256_blend_ps(_mm256_blend_ps(a, b, 0x0c), _mm256_blend_ps(c, d, 0xc0), 0xf0);
}

/* Lanes 2i and 2i + 1 of a vector in memory, the others 0. */
KERNEL VEC vec_pair(const float *pairs, int i)
{
    return _mm256_zextps128_ps256(_mm_castpd_ps(_mm_load_sd((const double *)(const void *)(pairs + 2 * i))));
}

/* Ten classes would waste six columns of sixteen. Here the two beyond the first eight share a vector with
 * those of three other rows. */
__attribute__((target("avx2,fma"))) void gemm_narrow_avx2(const struct gemm_tile *t)
{
    VEC acc[GEMM_NARROW_ROWS], rest[GEMM_NARROW_ROWS / 4], pair[VECS];
    float pairs[2 * GEMM_NARROW_ROWS];
    const float *x = t->x, *w = t->w;
    const ptrdiff_t pitch = t->g->x_pitch;
#pragma GCC unroll 8
    for (int r = 0; r < GEMM_NARROW_ROWS; r++) {
        tile_start(VECS, t, r, pair);
        acc[r] = pair[0];
        _mm_storel_pi((__m64 *)(void *)(pairs + 2 * r), _mm256_castps256_ps128(pair[1]));
    }
    rest[0] = vec_load(pairs);
    rest[1] = vec_load(pairs + 8);
    for (int k = 0; k < t->k; k++, w += GEMM_PANEL) {
        VEC first = vec_load(w),
            last = _mm256_castpd_ps(_mm256_broadcast_sd((const double *)(const void *)(w + 8)));
#pragma GCC unroll 2
        for (int r = 0; r < GEMM_NARROW_ROWS; r += 4) {
            VEC x0 = vec_set(x[r * pitch + k]), x1 = vec_set(x[(r + 1) * pitch + k]);
            VEC x2 = vec_set(x[(r + 2) * pitch + k]), x3 = vec_set(x[(r + 3) * pitch + k]);
            acc[r] = vec_fma(x0, first, acc[r]);
            acc[r + 1] = vec_fma(x1, first, acc[r + 1]);
            acc[r + 2] = vec_fma(x2, first, acc[r + 2]);
            acc[r + 3] = vec_fma(x3, first, acc[r + 3]);
            rest[r / 4] = vec_fma(vec_pairs(x0, x1, x2, x3), last, rest[r / 4]);
        }
    }
    vec_store(pairs, rest[0]);
    vec_store(pairs + 8, rest[1]);
#pragma GCC unroll 8
    for (int r = 0; r < GEMM_NARROW_ROWS; r++) {
        pair[0] = acc[r];
        pair[1] = vec_pair(pairs, r);
        tile_store_part(VECS, t, r, pair);
    }
}

__attribute__((target("avx2,fma"))) float gemm_peak_avx2(long rounds)
{
    return peak_of(rounds);
}
#endif
