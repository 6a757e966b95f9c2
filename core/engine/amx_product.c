#include "core/engine/amx_product.h"

#include "core/engine/bf16.h"
#include "core/engine/cpu.h"

#include <stdlib.h>
#include <string.h>

enum { TILE = AMX_ROWS * AMX_COLS, PACKED_TILE = AMX_DEPTH * AMX_COLS };

size_t amx_padded(size_t count, size_t to)
{
    return (count + to - 1) / to * to;
}

size_t amx_packed_bytes(int pieces, int length, int n)
{
    return (size_t)pieces * amx_padded((size_t)length, AMX_DEPTH) * amx_padded((size_t)n, AMX_COLS) *
           sizeof(uint16_t);
}

/* In a tile of weights lie, for each pair of taps, the pairs of all columns. */
uint16_t *amx_pack(int pieces, int length, int n, const float *w)
{
    const size_t bytes = amx_packed_bytes(pieces, length, n), depth = amx_padded((size_t)length, AMX_DEPTH);
    uint16_t *packed = aligned_alloc(64, bytes ? amx_padded(bytes, 64) : 64);
    if (!packed)
        return NULL;
    memset(packed, 0, bytes);
    for (size_t p = 0; p < (size_t)pieces; p++)
        for (size_t k = 0; k < (size_t)length; k++)
            for (size_t j = 0; j < (size_t)n; j++) {
                const size_t tile = (j / AMX_COLS * (size_t)pieces + p) * (depth / AMX_DEPTH) + k / AMX_DEPTH;
                const size_t pair = k % AMX_DEPTH / 2 * AMX_COLS + j % AMX_COLS;
                packed[tile * PACKED_TILE + 2 * pair + k % 2] =
                    bf16_of(w[(p * (size_t)length + k) * (size_t)n + j]);
            }
    return packed;
}

#ifdef CPU_BUILDS_AMX
#include <immintrin.h>

#define AMX __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16,amx-tile,amx-bf16")))
#define AMX_INLINE static inline __attribute__((always_inline)) AMX

/* The operand of LDTILECFG. */
struct tile_shapes {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* All eight the same. A constant, because the compiler may think that only its first bytes are read. */
static const struct tile_shapes shapes = {
    .palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

AMX void amx_begin(void)
{
    _tile_loadconfig(&shapes);
}

AMX void amx_end(void)
{
    _tile_release();
}

/* A tile of y: where its rows of x are, and what it is. */
struct place {
    const uint16_t *x;
    int image, row, rows; /* rows: that y has */
};

static struct place place_of(const struct amx_product *p, int tile, int per_image)
{
    struct place at = {.image = tile / per_image, .row = tile % per_image * AMX_ROWS};
    at.rows = p->rows - at.row < AMX_ROWS ? p->rows - at.row : AMX_ROWS;
    at.x = p->x + at.image * p->x_image + at.row * p->x_pitch;
    return at;
}

/* Two tiles of rows by two of columns: four sums go on at a time, each operand is loaded for two of them. */
AMX static void sum_2x2(const struct amx_product *p, const struct place *at, const uint16_t *w,
                        const float *bias, float *to)
{
    const size_t pitch = (size_t)p->x_pitch * sizeof(uint16_t);
    const ptrdiff_t next = (ptrdiff_t)p->pieces * p->depth * AMX_COLS;
    _tile_loadd(0, bias, 0);
    _tile_loadd(1, bias + AMX_COLS, 0);
    _tile_loadd(2, bias, 0);
    _tile_loadd(3, bias + AMX_COLS, 0);
    for (int i = 0; i < p->pieces; i++) {
        const uint16_t *a = at[0].x + p->piece[i], *b = at[1].x + p->piece[i];
        for (int k = 0; k < p->depth; k += AMX_DEPTH, w += PACKED_TILE) {
            _tile_loadd(4, a + k, pitch);
            _tile_loadd(6, w, 64);
            _tile_loadd(7, w + next, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, b + k, pitch);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
    _tile_stored(0, to, 64);
    _tile_stored(1, to + TILE, 64);
    _tile_stored(2, to + 2 * TILE, 64);
    _tile_stored(3, to + 3 * TILE, 64);
}

/* Four tiles of rows by one of columns. */
AMX static void sum_4x1(const struct amx_product *p, const struct place *at, const uint16_t *w,
                        const float *bias, float *to)
{
    const size_t pitch = (size_t)p->x_pitch * sizeof(uint16_t);
    _tile_loadd(0, bias, 0);
    _tile_loadd(1, bias, 0);
    _tile_loadd(2, bias, 0);
    _tile_loadd(3, bias, 0);
    for (int i = 0; i < p->pieces; i++)
        for (int k = 0; k < p->depth; k += AMX_DEPTH, w += PACKED_TILE) {
            const ptrdiff_t tap = p->piece[i] + k;
            _tile_loadd(6, w, 64);
            _tile_loadd(4, at[0].x + tap, pitch);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(5, at[1].x + tap, pitch);
            _tile_dpbf16ps(1, 5, 6);
            _tile_loadd(4, at[2].x + tap, pitch);
            _tile_dpbf16ps(2, 4, 6);
            _tile_loadd(5, at[3].x + tap, pitch);
            _tile_dpbf16ps(3, 5, 6);
        }
    _tile_stored(0, to, 64);
    _tile_stored(1, to + TILE, 64);
    _tile_stored(2, to + 2 * TILE, 64);
    _tile_stored(3, to + 3 * TILE, 64);
}

AMX_INLINE void finish_row(const struct amx_product *p, __m512 v, const float *add, const float *xi,
                           __m512 sigma, size_t at, __mmask16 cols)
{
    if (add)
        v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(cols, add));
    if (p->relu)
        v = _mm512_max_ps(_mm512_setzero_ps(), v); /* NaN passes */
    if (xi)
        v = _mm512_add_ps(v, _mm512_mul_ps(sigma, _mm512_maskz_loadu_ps(cols, xi)));
    if (p->to_half)
        _mm256_mask_storeu_epi16((uint16_t *)p->y + at, cols, (__m256i)_mm512_cvtneps_pbh(v));
    else
        _mm512_mask_storeu_ps((float *)p->y + at, cols, v);
}

/* What follows, on one tile of sums. */
AMX static void finish(const struct amx_product *p, const struct place *at, int column, const float *sum)
{
    const size_t n = (size_t)p->n, row = (size_t)at->row, image = (size_t)p->rows * n;
    const int width = p->n - column < AMX_COLS ? p->n - column : AMX_COLS, whole = p->first + at->image;
    const __mmask16 cols = (__mmask16)((1u << width) - 1);
    const size_t to = (size_t)at->image * image + row * n + (size_t)column;
    const float *add =
        p->add ? p->add + (size_t)at->image * p->add_image + row * p->add_pitch + column : NULL;
    const float *xi = !p->xi      ? NULL
                      : p->sigmas ? p->xi + (size_t)(whole % p->draws) * p->xi_image + row * n + column
                                  : p->xi + to;
    const __m512 sigma = _mm512_set1_ps(p->xi && p->sigmas ? p->sigmas[whole / p->draws] : p->sigma);
    for (size_t r = 0; r < (size_t)at->rows; r++)
        finish_row(p, _mm512_load_ps(sum + r * AMX_COLS), add ? add + r * p->add_pitch : NULL,
                   xi ? xi + r * n : NULL, sigma, to + r * n, cols);
}

/* Blocks of `high` by `wide` tiles down all rows: one is finished while the next one's sums are on their way.
 */
static void columns(const struct amx_product *p, int column, int high, int wide, float *block)
{
    const int per_image = (p->rows + AMX_ROWS - 1) / AMX_ROWS, tiles = per_image * p->images;
    const uint16_t *w = p->packed + (size_t)(column / AMX_COLS) * p->pieces * p->depth * AMX_COLS;
    struct place at[2][4];
    for (int t = 0, turn = 0; t < tiles + high; t += high, turn = !turn) {
        float *sum = block + turn * 4 * TILE, *done = block + !turn * 4 * TILE;
        for (int k = 0; k < high && t < tiles; k++)
            at[turn][k] = place_of(p, t + k < tiles ? t + k : tiles - 1, per_image);
        if (t < tiles)
            (wide == 2 ? sum_2x2 : sum_4x1)(p, at[turn], w, p->bias + column, sum);
        for (int k = 0; t && k < high * wide && t - high + k / wide < tiles; k++)
            finish(p, &at[!turn][k / wide], column + k % wide * AMX_COLS, done + k * TILE);
    }
}

void amx_product_run(const struct amx_product *p, float *block)
{
    const int tiles = (p->n + AMX_COLS - 1) / AMX_COLS;
    for (int t = 0; t + 1 < tiles; t += 2)
        columns(p, t * AMX_COLS, 2, 2, block);
    if (tiles % 2)
        columns(p, (tiles - 1) * AMX_COLS, 4, 1, block);
}

AMX void amx_round(const float *x, size_t n, uint16_t *half)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32)
        _mm512_storeu_si512(
            half + i, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i)));
    for (; i < n; i += 16) {
        const __mmask16 some = n - i < 16 ? (__mmask16)((1u << (n - i)) - 1) : 0xffff;
        _mm256_mask_storeu_epi16(half + i, some,
                                 (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(some, x + i)));
    }
}

AMX void amx_gather(const uint16_t *from, size_t rows, size_t pitch, size_t length, uint16_t *to)
{
    const size_t whole = length / AMX_DEPTH;
    const __mmask32 rest = (__mmask32)((1ull << length % AMX_DEPTH) - 1);
    for (size_t r = 0; r < rows; r++, from += pitch) {
        for (size_t k = 0; k < whole; k++, to += AMX_DEPTH)
            _mm512_store_si512(to, _mm512_loadu_si512(from + k * AMX_DEPTH));
        if (rest) {
            _mm512_store_si512(to, _mm512_maskz_loadu_epi16(rest, from + whole * AMX_DEPTH));
            to += AMX_DEPTH;
        }
    }
}

#else /* never reached: cpu_missing() says that the instructions are not there */

void amx_begin(void)
{
}
void amx_end(void)
{
}

void amx_product_run(const struct amx_product *p, float *block)
{
    (void)p, (void)block;
}

void amx_round(const float *x, size_t n, uint16_t *half)
{
    bf16_store(x, n, half);
}

void amx_gather(const uint16_t *from, size_t rows, size_t pitch, size_t length, uint16_t *to)
{
    (void)from, (void)rows, (void)pitch, (void)length, (void)to;
}
#endif
