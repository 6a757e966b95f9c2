/* Numbers on their way to where AMX reads them, rounded as they go. */
#include "core/engine/amx_product.h"
#include "core/engine/amx_vec.h"

#include <string.h>

#ifdef CPU_BUILDS_AMX

AMX_INLINE __m512i rounded_32(const float *x)
{
    return (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + 16), _mm512_loadu_ps(x));
}

AMX static void round_any(const float *x, size_t count, uint16_t *half)
{
    size_t i = 0;
    for (; i + 32 <= count; i += 32)
        _mm512_storeu_si512(half + i, rounded_32(x + i));
    for (; i < count; i += 16) {
        const __mmask16 some = count - i < 16 ? (__mmask16)((1u << (count - i)) - 1) : 0xffff;
        const __m512 v = _mm512_maskz_loadu_ps(some, x + i);
        _mm256_mask_storeu_epi16(half + i, some, (__m256i)_mm512_cvtneps_pbh(v));
    }
}

void amx_halves(const void *x, int from_half, size_t at, size_t count, uint16_t *half)
{
    if (from_half)
        memcpy(half, (const uint16_t *)x + at, count * sizeof *half);
    else
        round_any((const float *)x + at, count, half);
}

AMX void amx_spread(const struct amx_planes *planes, const void *x, int from_half, size_t at, size_t x_step,
                    size_t pixels, size_t step, uint16_t *to)
{
    const float *real = (const float *)x + at;
    const uint16_t *half = (const uint16_t *)x + at;
    for (size_t i = 0; i < pixels; i++)
        for (size_t b = 0; b < planes->count; b++) {
            const size_t from = i * x_step + b * AMX_DEPTH;
            _mm512_store_si512(to + b * planes->apart + i * step,
                               from_half ? _mm512_loadu_si512(half + from) : rounded_32(real + from));
        }
}

AMX void amx_spread_zeros(const struct amx_planes *planes, size_t pixels, size_t step, uint16_t *to)
{
    for (size_t b = 0; b < planes->count; b++)
        for (size_t i = 0; i < pixels; i++)
            _mm512_store_si512(to + b * planes->apart + i * step, _mm512_setzero_si512());
}

#else /* never reached */

void amx_halves(const void *x, int from_half, size_t at, size_t count, uint16_t *half)
{
    (void)x, (void)from_half, (void)at, (void)count, (void)half;
}

void amx_spread(const struct amx_planes *planes, const void *x, int from_half, size_t at, size_t x_step,
                size_t pixels, size_t step, uint16_t *to)
{
    (void)planes, (void)x, (void)from_half, (void)at, (void)x_step, (void)pixels, (void)step, (void)to;
}

void amx_spread_zeros(const struct amx_planes *planes, size_t pixels, size_t step, uint16_t *to)
{
    (void)planes, (void)pixels, (void)step, (void)to;
}
#endif
