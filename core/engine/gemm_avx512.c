/* The GEMM's tile for processors with AVX-512: 12 rows by one vector of 16. */
#include "core/engine/gemm.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define KERNEL static inline __attribute__((always_inline, target("avx512f")))
#define VEC __m512
#define LANES_OF_VEC 16

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

__attribute__((target("avx512f"))) void gemm_tile_avx512(int rows, const struct gemm_tile *t)
{
    switch (rows) {
    case 12:
        tile_of(12, t);
        break;
    case 11:
        tile_of(11, t);
        break;
    case 10:
        tile_of(10, t);
        break;
    case 9:
        tile_of(9, t);
        break;
    case 8:
        tile_of(8, t);
        break;
    case 7:
        tile_of(7, t);
        break;
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

__attribute__((target("avx512f"))) float gemm_peak_avx512(long rounds)
{
    return peak_of(rounds);
}
#endif
