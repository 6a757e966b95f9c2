/* Sixteen floats at a time, under the names of vec.h: what includes this instead is for AVX-512 alone. */
#ifndef APEX_CORE_ENGINE_VEC_H
#define APEX_CORE_ENGINE_VEC_H

#include <immintrin.h>

#define KERNEL static inline __attribute__((always_inline, target("avx512f")))

enum { WIDTH = 16 }; /* floats of a vec */

typedef float vec __attribute__((vector_size(64), aligned(4), may_alias));

/* NaN passes in both, as in vec.h. */
KERNEL void vec_relu(vec *v)
{
    *v = (vec)_mm512_max_ps(_mm512_setzero_ps(), (__m512)*v);
}

/* The larger of two by the instruction, which loses a NaN; where there was one it is put back. */
KERNEL void vec_largest_of_4(vec *v, const vec x[3])
{
    __m512 a = (__m512)*v, b = (__m512)x[0], c = (__m512)x[1], d = (__m512)x[2];
    __mmask16 nan = _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) | _mm512_cmp_ps_mask(c, d, _CMP_UNORD_Q);
    __m512 most = _mm512_max_ps(d, _mm512_max_ps(c, _mm512_max_ps(b, a))); /* the first of equal ones */
    if (__builtin_expect(nan, 0))
        most = _mm512_mask_mov_ps(most, nan, _mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
    *v = (vec)most;
}

#endif
