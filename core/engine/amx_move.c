/* Numbers on their way to where AMX reads them, rounded as they go. */
#include "core/engine/amx_product.h"
#include "core/engine/amx_vec.h"

#include <string.h>

#ifdef CPU_BUILDS_AMX

AMX_INLINE __m512i rounded_32(const float *x)
{
    return (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + 16), _mm512_loadu_ps(x));
}

AMX_INLINE __mmask16 first_of(size_t count)
{
    return count < 16 ? (__mmask16)((1u << count) - 1) : 0xffff;
}

AMX static void round_any(const float *x, size_t count, uint16_t *half)
{
    size_t i = 0;
    for (; i + 32 <= count; i += 32)
        _mm512_storeu_si512(half + i, rounded_32(x + i));
    for (; i < count; i += 16) {
        const __mmask16 some = first_of(count - i);
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

AMX void amx_even_pixels(const void *x, int from_half, size_t at, size_t channels, size_t pixels,
                         uint16_t *half)
{
    const float *real = (const float *)x + at;
    const uint16_t *same = (const uint16_t *)x + at;
    for (size_t i = 0; i < pixels; i++, real += channels, same += channels, half += channels + 1)
        for (size_t c = 0; c <= channels; c += 16) {
            const __mmask16 there = first_of(channels - c);
            const __m256i v = from_half ? _mm256_maskz_loadu_epi16(there, same + c)
                                        : (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(there, real + c));
            _mm256_mask_storeu_epi16(half + c, first_of(channels + 1 - c), v);
        }
}

AMX_INLINE uint16_t *zero_places(size_t count, size_t step, uint16_t *to)
{
    for (size_t i = 0; i < count; i++, to += step)
        _mm512_store_si512(to, _mm512_setzero_si512());
    return to;
}

AMX void amx_spread(const struct amx_spread *s, const void *x, size_t at, uint16_t *to)
{
    const float *real = (const float *)x + at;
    const uint16_t *half = (const uint16_t *)x + at;
    for (size_t p = 0; p < s->planes; p++, real += AMX_DEPTH, half += AMX_DEPTH) {
        uint16_t *place = zero_places(s->before, s->step, to + p * s->plane);
        for (size_t i = 0; s->from_half && i < s->inside; i++, place += s->step)
            _mm512_store_si512(place, _mm512_loadu_si512(half + i * s->x_step));
        for (size_t i = 0; !s->from_half && i < s->inside; i++, place += s->step)
            _mm512_store_si512(place, rounded_32(real + i * s->x_step));
        zero_places(s->after, s->step, place);
    }
}

#else /* never reached */

void amx_halves(const void *x, int from_half, size_t at, size_t count, uint16_t *half)
{
    (void)x, (void)from_half, (void)at, (void)count, (void)half;
}

void amx_even_pixels(const void *x, int from_half, size_t at, size_t channels, size_t pixels, uint16_t *half)
{
    (void)x, (void)from_half, (void)at, (void)channels, (void)pixels, (void)half;
}

void amx_spread(const struct amx_spread *s, const void *x, size_t at, uint16_t *to)
{
    (void)s, (void)x, (void)at, (void)to;
}
#endif
