/* Philox on AVX-512. */
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#include <stdint.h>

#define KERNEL static inline __attribute__((always_inline, target("avx512f")))
#define VEC __m512i
#define BLOCKS 8

KERNEL VEC set32(uint32_t v)
{
    return _mm512_set1_epi32((int)v);
}

KERNEL VEC set64(uint64_t v)
{
    return _mm512_set1_epi64((long long)v);
}

KERNEL VEC mul32(VEC a, VEC b)
{
    return _mm512_mul_epu32(a, b);
}

KERNEL VEC xor (VEC a, VEC b) { return _mm512_xor_si512(a, b); }

    KERNEL VEC xor3(VEC a, VEC b, VEC c)
{
    return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

KERNEL VEC high(VEC v)
{
    return _mm512_srli_epi64(v, 32);
}

KERNEL VEC load(const uint32_t *from)
{
    return _mm512_loadu_si512(from);
}

KERNEL void store(VEC even, VEC odd, uint32_t *to)
{
    _mm512_storeu_si512(to, _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32)));
}

#include "core/philox_vec.h"

__attribute__((target("avx512f"))) void philox_lanes_avx512(const uint32_t key[2], const uint32_t tail[3],
                                                            uint32_t x[4][LANES], int lanes)
{
    lanes_of(key, tail, x, lanes);
}
#endif
