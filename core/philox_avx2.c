/* Philox on AVX2. */
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#include <stdint.h>

#define KERNEL static inline __attribute__((always_inline, target("avx2")))
#define VEC __m256i
#define BLOCKS 4

KERNEL VEC set32(uint32_t v)
{
    return _mm256_set1_epi32((int)v);
}

KERNEL VEC set64(uint64_t v)
{
    return _mm256_set1_epi64x((long long)v);
}

KERNEL VEC mul32(VEC a, VEC b)
{
    return _mm256_mul_epu32(a, b);
}

KERNEL VEC xor (VEC a, VEC b) { return _mm256_xor_si256(a, b); }

    KERNEL VEC xor3(VEC a, VEC b, VEC c)
{
    return xor(a, xor(b, c));
}

KERNEL VEC high(VEC v)
{
    return _mm256_srli_epi64(v, 32);
}

KERNEL VEC load(const uint32_t *from)
{
    return _mm256_loadu_si256((const VEC *)(const void *)from);
}

KERNEL void store(VEC even, VEC odd, uint32_t *to)
{
    _mm256_storeu_si256((VEC *)(void *)to, _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa));
}

#include "core/philox_vec.h"

__attribute__((target("avx2"))) void philox_lanes_avx2(const uint32_t key[2], const uint32_t tail[3],
                                                       uint32_t x[4][LANES], int lanes)
{
    lanes_of(key, tail, x, lanes);
}
#endif
