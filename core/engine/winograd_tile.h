/* Winograd's tiles, transformed and transformed back, written once over a vector type: the including file has
 * vec.h or vec512.h. */
#include "core/engine/winograd_layer.h"

#include <string.h>

/* Two of the six of B' d: 1 and 2, 3 and 4, 0 and 5. framed: the first and the last of d are zeros of the
 * padding. */
KERNEL void pair_in(const int pair, const vec d[IN], const int framed, vec *t, vec *u)
{
    vec a, b;
    if (pair == 0) {
        a = d[4] - 2 * d[2], b = (float)A * (d[3] - 2 * d[1]);
        *t = a + b, *u = a - b;
    } else if (pair == 1) {
        a = d[4] - 0.5f * d[2], b = (float)B * (d[3] - 0.5f * d[1]);
        *t = a + b, *u = a - b;
    } else {
        *t = framed ? d[4] - 2.5f * d[2] : d[0] - 2.5f * d[2] + d[4];
        *u = d[1] - 2.5f * d[3];
        if (!framed)
            *u += d[5];
    }
}

/* B' d: one column or row of six. */
KERNEL void transform_in(const vec d[IN], const int framed, vec t[IN])
{
    pair_in(0, d, framed, &t[1], &t[2]);
    pair_in(1, d, framed, &t[3], &t[4]);
    pair_in(2, d, framed, &t[0], &t[5]);
}

/* Two of the four of A' m: 0 and 2, 1 and 3. */
KERNEL void pair_out(const int odd, const vec m[IN], vec *y, vec *z)
{
    if (odd) {
        vec b = m[1] - m[2], d = m[3] - m[4];
        *y = (float)A * b + (float)B * d;
        *z = (float)(A * A * A) * b + (float)(B * B * B) * d + m[5];
    } else {
        vec a = m[1] + m[2], c = m[3] + m[4];
        *y = m[0] + a + c;
        *z = 0.5f * a + 2 * c;
    }
}

/* A' m. */
KERNEL void transform_out(const vec m[IN], vec y[OUT])
{
    pair_out(0, m, &y[0], &y[2]);
    pair_out(1, m, &y[1], &y[3]);
}

/* The loops over columns and rows are not unrolled: what lies between them does not fit the registers, and
 * neither do 36 addresses. framed: the tile is the whole image, all around is padding. */
KERNEL void tile_in_some(int channels, const struct source *from, const int framed, size_t matrix, float *to)
{
    const struct source own = *from, *s = &own; /* not to be read again after each store */
    const int first = framed ? 1 : 0, end = framed ? IN - 1 : IN;
    _Alignas(64) vec half[IN][IN]; /* [column][row] */
    for (int j = first; j < end; j++)
        if (j < s->left || j >= s->right)
            memset(half[j], 0, sizeof half[j]);
    for (int c = 0; c < channels; c += WIDTH) {
#pragma GCC unroll 1
        for (int j = s->left; j < s->right; j++) {
            vec d[IN];
#pragma GCC unroll 6
            for (int i = first; i < end; i++)
                d[i] = *(const vec *)(s->line[i] + (j - s->left) * channels + c);
            transform_in(d, framed, half[j]);
        }
        float *row = to + c;
#pragma GCC unroll 1
        for (int i = 0; i < IN; i++, row += IN * matrix) {
            vec d[IN], t[IN];
#pragma GCC unroll 6
            for (int j = first; j < end; j++)
                d[j] = half[j][i];
            transform_in(d, framed, t);
#pragma GCC unroll 6
            for (int j = 0; j < IN; j++)
                *(vec *)(row + (size_t)j * matrix) = t[j];
        }
    }
}

/* One tile goes to row `to` of the 36 matrices. */
KERNEL void tile_in(int channels, const struct source *s, size_t matrix, float *to)
{
    if (s->framed)
        tile_in_some(channels, s, 1, matrix, to);
    else
        tile_in_some(channels, s, 0, matrix, to);
}

/* Row i of a tile, m[] being that row of its columns, with all that follows but the pooling. */
KERNEL void row_end(const struct target *t, const vec m[IN], int c, int i, const int columns, vec out[OUT])
{
    vec bias = *(const vec *)(t->bias + c);
    transform_out(m, out);
#pragma GCC unroll 4
    for (int j = 0; j < columns; j++) {
        size_t at = (size_t)i * t->line + (size_t)(j * t->channels + c);
        vec v = out[j] + bias;
        if (t->add)
            v += *(const vec *)(t->add + at);
        if (t->relu)
            vec_relu(&v);
        if (t->xi)
            v += t->sigma * *(const vec *)(t->xi + at);
        out[j] = v;
    }
}

KERNEL void row_out(const struct target *t, const vec half[IN][OUT], int c, int i, const int columns,
                    vec out[OUT])
{
    vec m[IN];
#pragma GCC unroll 6
    for (int j = 0; j < IN; j++)
        m[j] = half[j][i];
    row_end(t, m, c, i, columns, out);
}

/* Of two rows y gets the largest of each 2x2 pixels. */
KERNEL void rows_pool(const struct target *t, const vec row[2][OUT], const int columns, float *y)
{
#pragma GCC unroll 2
    for (int j = 0; j + 1 < columns; j += 2) {
        vec v = row[0][j], others[3] = {row[0][j + 1], row[1][j], row[1][j + 1]};
        vec_largest_of_4(&v, others);
        *(vec *)(y + j / 2 * t->channels) = v;
    }
}

KERNEL void tile_out_some(const struct target *at, size_t matrix, const float *from, const int rows,
                          const int columns, const int pool)
{
    const struct target own = *at, *t = &own; /* not to be read again after each store */
    for (int c = 0; c < t->channels; c += WIDTH) {
        _Alignas(64) vec half[IN][OUT];
        vec out[2][OUT];
        const float *column = from + c;
#pragma GCC unroll 1
        for (int j = 0; j < IN; j++, column += matrix) {
            vec m[IN];
#pragma GCC unroll 6
            for (int i = 0; i < IN; i++)
                m[i] = *(const vec *)(column + (size_t)(i * IN) * matrix);
            transform_out(m, half[j]);
        }
        if (pool) {
#pragma GCC unroll 1
            for (int i = 0; i + 1 < rows; i += 2) {
                row_out(t, half, c, i, columns, out[0]);
                row_out(t, half, c, i + 1, columns, out[1]);
                rows_pool(t, out, columns, t->y + (size_t)(i / 2) * t->y_line + c);
            }
            continue;
        }
#pragma GCC unroll 1
        for (int i = 0; i < rows; i++) {
            row_out(t, half, c, i, columns, out[0]);
#pragma GCC unroll 4
            for (int j = 0; j < columns; j++)
                *(vec *)(t->y + (size_t)i * t->y_line + j * t->channels + c) = out[0][j];
        }
    }
}

/* The noise of all sites is larger than the caches near the core, and tiles are read in a pattern that the
 * processor does not see coming: what the tile to the right will read is asked for now. */
KERNEL void ask_for_next(const struct target *t, const float *at)
{
    const size_t tile = (size_t)OUT * (size_t)t->channels;
    for (int i = 0; i < t->rows; i++)
        for (size_t k = 0; k < tile; k += 16)
            __builtin_prefetch(at + (size_t)i * t->line + tile + k);
}

KERNEL void tile_out(const struct target *t, size_t matrix, const float *from)
{
    const int whole = t->rows == OUT && t->columns == OUT;
    struct target bare = *t; /* most have neither: their code does not ask */
    bare.add = bare.xi = NULL;
    if (t->xi)
        ask_for_next(t, t->xi);
    if (whole && t->pool)
        tile_out_some(t, matrix, from, OUT, OUT, 1);
    else if (whole && !t->add && !t->xi)
        tile_out_some(&bare, matrix, from, OUT, OUT, 0);
    else if (whole)
        tile_out_some(t, matrix, from, OUT, OUT, 0);
    else
        tile_out_some(t, matrix, from, t->rows, t->columns, t->pool);
}
