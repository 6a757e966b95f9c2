/* Winograd's tiles in vectors of 16, for processors with AVX-512. Their 32 registers hold what lies between
 * the two halves of a transform if it is made for two lines at a time: nothing is stored on the way. Tiles at
 * the edge of an image whose side is no multiple of 4 take the loops of winograd_tile.h; the sums are the
 * same. */
#include "core/engine/hot.h"
#include "core/engine/winograd_layer.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include "core/engine/vec512.h"
#else
#include "core/engine/vec.h"
#endif

#include "core/engine/winograd_tile.h"

/* The rows of a pair; columns [left, right) lie in the image. */
KERNEL void tile_in_pair(const int pair, const struct source *s, const int left, const int right,
                         const int framed, ptrdiff_t channels, ptrdiff_t c, size_t matrix, float *to)
{
    static const int line[3][2] = {{1, 2}, {3, 4}, {0, 5}};
    const int inner = framed || pair < 2; /* without the first and the last line */
    vec half[2][IN], t[IN];
#pragma GCC unroll 6
    for (int j = 0; j < IN; j++) {
        vec d[IN] = {{0}};
        half[0][j] = half[1][j] = (vec){0};
        if (j < left || j >= right)
            continue;
#pragma GCC unroll 6
        for (int i = 0; i < IN; i++)
            if (!inner || (i > 0 && i < IN - 1))
                d[i] = *(const vec *)(s->line[i] + (j - left) * channels + c);
        pair_in(pair, d, framed, &half[0][j], &half[1][j]);
    }
#pragma GCC unroll 2
    for (int k = 0; k < 2; k++) {
        float *row = to + (size_t)(line[pair][k] * IN) * matrix + c;
        transform_in(half[k], framed, t);
#pragma GCC unroll 6
        for (int j = 0; j < IN; j++)
            *(vec *)(row + (size_t)j * matrix) = t[j];
    }
}

KERNEL void tile_in_pairs(int channels, const struct source *from, const int left, const int right,
                          const int framed, size_t matrix, float *to)
{
    const struct source own = *from, *s = &own; /* not to be read again after each store */
    for (ptrdiff_t c = 0; c < channels; c += WIDTH) {
        tile_in_pair(0, s, left, right, framed, channels, c, matrix, to);
        tile_in_pair(1, s, left, right, framed, channels, c, matrix, to);
        tile_in_pair(2, s, left, right, framed, channels, c, matrix, to);
    }
}

WIDE void winograd_tile_in512(int channels, const struct source *s, size_t matrix, float *to)
{
    if (s->framed)
        tile_in_pairs(channels, s, 1, IN - 1, 1, matrix, to);
    else if (s->left == 0 && s->right == IN)
        tile_in_pairs(channels, s, 0, IN, 0, matrix, to);
    else if (s->left == 1 && s->right == IN)
        tile_in_pairs(channels, s, 1, IN, 0, matrix, to);
    else if (s->left == 0 && s->right == IN - 1)
        tile_in_pairs(channels, s, 0, IN - 1, 0, matrix, to);
    else
        tile_in_some(channels, s, 0, matrix, to);
}

/* Rows `odd` and odd + 2 of a whole tile. */
KERNEL void tile_out_pair(const int odd, const struct target *t, int c, size_t matrix, const float *from,
                          vec y[OUT], vec z[OUT])
{
    vec half[2][IN];
#pragma GCC unroll 6
    for (int j = 0; j < IN; j++) {
        vec m[IN];
#pragma GCC unroll 6
        for (int i = odd; i < IN - 1 + odd; i++)
            m[i] = *(const vec *)(from + (size_t)(i * IN + j) * matrix + c);
        pair_out(odd, m, &half[0][j], &half[1][j]);
    }
    row_end(t, half[0], c, odd, OUT, y);
    row_end(t, half[1], c, odd + 2, OUT, z);
}

KERNEL void put_row(const struct target *t, int c, int i, const vec out[OUT])
{
#pragma GCC unroll 4
    for (int j = 0; j < OUT; j++)
        *(vec *)(t->y + (size_t)i * t->y_line + j * t->channels + c) = out[j];
}

/* plain: nothing is added, and the code does not ask. */
KERNEL void tile_out_pairs(const struct target *at, const int plain, const int pool, size_t matrix,
                           const float *from)
{
    struct target own = *at, *t = &own; /* not to be read again after each store */
    if (plain)
        own.add = own.xi = NULL;
    for (int c = 0; c < t->channels; c += WIDTH) {
        vec above[2][OUT], below[2][OUT];
#pragma GCC unroll 2
        for (int odd = 0; odd < 2; odd++) {
            tile_out_pair(odd, t, c, matrix, from, above[odd], below[odd]);
            if (pool)
                continue;
            put_row(t, c, odd, above[odd]);
            put_row(t, c, odd + 2, below[odd]);
        }
        if (pool) {
            rows_pool(t, above, OUT, t->y + c);
            rows_pool(t, below, OUT, t->y + t->y_line + c);
        }
    }
}

WIDE void winograd_tile_out512(const struct target *t, size_t matrix, const float *from)
{
    if (t->xi)
        ask_for_next(t, t->xi);
    if (t->rows < OUT || t->columns < OUT)
        tile_out_some(t, matrix, from, t->rows, t->columns, t->pool);
    else if (t->pool)
        tile_out_pairs(t, 0, 1, matrix, from);
    else if (t->add || t->xi)
        tile_out_pairs(t, 0, 0, matrix, from);
    else
        tile_out_pairs(t, 1, 0, matrix, from);
}
