/* The GEMM's tile for processors with AVX2 and FMA: 6 rows by 2 vectors of 8. */
#include "core/engine/gemm.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define KERNEL static inline __attribute__((always_inline, target("avx2,fma")))
#define VEC __m256
#define LANES_OF_VEC 8

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
        tile_of(6, t);
        break;
    case 5:
        tile_of(5, t);
        break;
    case 4:
        tile_of(4, t);
        break;
    case 3:
        tile_of(3, t);
        break;
    case 2:
        tile_of(2, t);
        break;
    default:
        tile_of(1, t);
    }
}

__attribute__((target("avx2,fma"))) float gemm_peak_avx2(long rounds)
{
    return peak_of(rounds);
}
#endif
