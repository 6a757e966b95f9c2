#include "core/engine/bf16.h"

#include "core/engine/hot.h"
#include "core/engine/sets.h"

#include <string.h>

enum { CHUNK = 2048 }; /* floats: stays in the first-level cache from one part of an epilogue to the next */

/* The bits of x, rounded; the lower half is of no meaning. */
static inline uint32_t rounded(uint32_t x)
{
    uint32_t near = x + 0x7fffu + (x >> 16 & 1);
    near = (x & 0x7fffffffu) > 0x7f800000u ? x | 0x00400000u : near; /* NaN: quiet */
    return (x & 0x7f800000u) == 0 ? x & 0x80000000u : near;
}

HOT static void store_halves(const float *x, size_t n, uint16_t *half)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        half[i] = (uint16_t)(rounded(bits) >> 16);
    }
}

HOT static void load_halves(const uint16_t *half, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)half[i] << 16;
        memcpy(y + i, &bits, sizeof bits);
    }
}

HOT static void round_halves(const float *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        bits = rounded(bits) & 0xffff0000u;
        memcpy(y + i, &bits, sizeof bits);
    }
}

void bf16_store(const float *x, size_t n, uint16_t *half)
{
    store_halves(x, n, half);
}

void bf16_load(const uint16_t *half, size_t n, float *y)
{
    load_halves(half, n, y);
}

void bf16_round(const float *x, size_t n, float *y)
{
    round_halves(x, n, y);
}

uint16_t bf16_of(float x)
{
    uint16_t half;
    bf16_store(&x, 1, &half);
    return half;
}

float bf16_value(uint16_t half)
{
    float x;
    bf16_load(&half, 1, &x);
    return x;
}

static void finish_chunk(const struct epilogue *end, size_t add, size_t at, size_t n, float *y,
                         uint16_t *half)
{
    struct epilogue part = *end;
    part.add = end->add ? end->add + add : NULL;
    part.xi = end->xi ? end->xi + at : NULL;
    epilogue_apply(&part, 1, n, y + at);
    if (end->to_half)
        bf16_store(y + at, n, half + at);
}

void bf16_finish(const struct epilogue *end, int rows, size_t row, float *y, uint16_t *half)
{
    for (size_t r = 0; end && r < (size_t)rows; r++)
        for (size_t at = 0; at < row; at += CHUNK)
            finish_chunk(end, r * end->add_row + at, r * row + at, row - at < CHUNK ? row - at : CHUNK, y,
                         half);
}
