/* Winograd's method on tiles: transformed, multiplied, transformed back with all that follows. */
#include "core/engine/winograd_layer.h"

#include "core/engine/gemm.h"
#include "core/engine/hot.h"
#include "core/engine/vec.h"

#include <stdlib.h>
#include <string.h>

/* B' d: one column or row of six. framed: the first and the last are zeros of the padding. */
static inline __attribute__((always_inline)) void transform_in(const vec d[IN], const int framed, vec t[IN])
{
    vec a = d[4] - 2 * d[2], b = (float)A * (d[3] - 2 * d[1]);
    vec c = d[4] - 0.5f * d[2], e = (float)B * (d[3] - 0.5f * d[1]);
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[0] = d[4] - 2.5f * d[2];
    t[5] = d[1] - 2.5f * d[3];
    if (!framed) {
        t[0] = d[0] - 2.5f * d[2] + d[4];
        t[5] += d[5];
    }
}

/* A' m. */
static inline __attribute__((always_inline)) void transform_out(const vec m[IN], vec y[OUT])
{
    vec a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
    y[0] = m[0] + a + c;
    y[1] = (float)A * b + (float)B * d;
    y[2] = 0.5f * a + 2 * c;
    y[3] = (float)(A * A * A) * b + (float)(B * B * B) * d + m[5];
}

/* The six lines of an input tile, from its column `left` on. Columns outside [left, right) are padding, a
 * line outside is zeros. */
struct source {
    const float *line[IN];
    int left, right;
    int framed; /* only the inner 4x4 pixels lie in the image */
};

/* The loops over columns and rows are not unrolled: what lies between them does not fit the registers, and
 * neither do 36 addresses. framed: the tile is the whole image, all around is padding. */
static inline __attribute__((always_inline)) void tile_in_some(int channels, const struct source *from,
                                                               const int framed, size_t matrix, float *to)
{
    const struct source own = *from, *s = &own; /* not to be read again after each store */
    const int first = framed ? 1 : 0, end = framed ? IN - 1 : IN;
    vec half[IN][IN]; /* [column][row] */
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
HOT static void tile_in(int channels, const struct source *s, size_t matrix, float *to)
{
    if (s->framed)
        tile_in_some(channels, s, 1, matrix, to);
    else
        tile_in_some(channels, s, 0, matrix, to);
}

struct place {
    int image, row, column; /* of a tile, in output pixels */
};

static struct place place_of(const struct winograd *w, int tile)
{
    int per_image = w->tiles_h * w->tiles_w, in_image = tile % per_image;
    return (struct place){tile / per_image, in_image / w->tiles_w * OUT, in_image % w->tiles_w * OUT};
}

static void gather(const struct winograd *w, const float *x, int tile, float *to)
{
    const struct conv_shape *s = &w->s;
    struct place at = place_of(w, tile);
    int top = at.row - s->pad_top, left = at.column - s->pad_left;
    struct source from = {.left = left < 0 ? -left : 0, .right = s->in_w - left < IN ? s->in_w - left : IN};
    x += ((size_t)at.image * s->in_h * s->in_w + left + from.left) * s->in_c;
    for (int i = 0; i < IN; i++) {
        int inside = top + i >= 0 && top + i < s->in_h;
        from.line[i] = inside ? x + (ptrdiff_t)(top + i) * s->in_w * s->in_c : w->zeros;
    }
    from.framed = top == -1 && left == -1 && s->in_h == OUT && s->in_w == OUT;
    tile_in(s->in_c, &from, in_matrix(w), to);
}

/* Where the outputs of a tile go, and what is added to them: offsets of pixel (0, 0) from y, add and xi. */
struct target {
    float *y;
    const float *add, *xi, *bias;
    float sigma;
    int relu, rows, columns, channels; /* rows, columns: of the tile that lie inside the image */
    int pool;                          /* y gets the largest of 2x2 pixels */
    size_t line, y_line;               /* floats from one line of the image, of y to the next */
};

/* Row i of a tile, from its columns, with all that follows but the pooling. */
static inline __attribute__((always_inline)) void row_out(const struct target *t, const vec half[IN][OUT],
                                                          int c, int i, const int columns, vec out[OUT])
{
    vec m[IN], bias = *(const vec *)(t->bias + c);
#pragma GCC unroll 6
    for (int j = 0; j < IN; j++)
        m[j] = half[j][i];
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

/* Two rows, of which y gets the largest of each 2x2 pixels. */
static inline __attribute__((always_inline)) void rows_pool(const struct target *t, const vec half[IN][OUT],
                                                            int c, int i, const int columns, float *y)
{
    vec row[2][OUT];
    row_out(t, half, c, i, columns, row[0]);
    row_out(t, half, c, i + 1, columns, row[1]);
#pragma GCC unroll 2
    for (int j = 0; j + 1 < columns; j += 2) {
        vec v = row[0][j];
#pragma GCC unroll 3
        for (int k = 1; k < 4; k++)
            vec_largest(&v, &row[k / 2][j + k % 2]);
        *(vec *)(y + j / 2 * t->channels) = v;
    }
}

static inline __attribute__((always_inline)) void tile_out_some(const struct target *at, size_t matrix,
                                                                const float *from, const int rows,
                                                                const int columns, const int pool)
{
    const struct target own = *at, *t = &own; /* not to be read again after each store */
    for (int c = 0; c < t->channels; c += WIDTH) {
        vec half[IN][OUT], out[OUT];
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
            for (int i = 0; i + 1 < rows; i += 2)
                rows_pool(t, half, c, i, columns, t->y + (size_t)(i / 2) * t->y_line + c);
            continue;
        }
#pragma GCC unroll 1
        for (int i = 0; i < rows; i++) {
            row_out(t, half, c, i, columns, out);
#pragma GCC unroll 4
            for (int j = 0; j < columns; j++)
                *(vec *)(t->y + (size_t)i * t->y_line + j * t->channels + c) = out[j];
        }
    }
}

/* The noise of all sites is larger than the caches near the core, and tiles are read in a pattern that the
 * processor does not see coming: what the tile to the right will read is asked for now. */
static inline __attribute__((always_inline)) void ask_for_next(const struct target *t, const float *at)
{
    const size_t tile = (size_t)OUT * (size_t)t->channels;
    for (int i = 0; i < t->rows; i++)
        for (size_t k = 0; k < tile; k += 16)
            __builtin_prefetch(at + (size_t)i * t->line + tile + k);
}

HOT static void tile_out(const struct target *t, size_t matrix, const float *from)
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

static void scatter(const struct winograd *w, const float *from, int tile, float *y,
                    const struct epilogue *end)
{
    const struct conv_shape *s = &w->s;
    struct place at = place_of(w, tile);
    size_t image = (size_t)s->out_h * s->out_w * s->out_c;
    size_t inside = ((size_t)at.row * s->out_w + at.column) * s->out_c, whole = at.image * image + inside;
    struct target t = {.y = y + whole, .bias = w->bias, .channels = s->out_c};
    t.line = t.y_line = (size_t)s->out_w * s->out_c;
    t.rows = s->out_h - at.row < OUT ? s->out_h - at.row : OUT;
    t.columns = s->out_w - at.column < OUT ? s->out_w - at.column : OUT;
    if (end) {
        t.add = end->add ? end->add + at.image * end->add_row + inside : NULL;
        t.relu = end->relu;
        t.xi = end->xi ? end->xi + whole : NULL;
        t.sigma = end->sigma;
        t.pool = end->pool;
    }
    if (t.pool) {
        int high = s->out_h / 2, wide = s->out_w / 2;
        size_t pixel = ((size_t)at.image * high + at.row / 2) * wide + at.column / 2;
        t.y = y + pixel * s->out_c;
        t.y_line = (size_t)wide * s->out_c;
    }
    tile_out(&t, out_matrix(w), from);
}

void winograd_run(const struct winograd *w, const float *x, float *y, const struct epilogue *end,
                  void *scratch)
{
    const struct conv_shape *s = &w->s;
    float *in = scratch, *out = in + POINTS * in_matrix(w);
    int tiles = s->batch * w->tiles_h * w->tiles_w;
    int blocks = (tiles + w->block - 1) / w->block; /* of like sizes: products of few rows are slow */
    for (int first = 0, n; blocks > 0; blocks--, first += n) {
        n = (tiles - first + blocks - 1) / blocks;
        for (int k = 0; k < n; k++)
            gather(w, x, first + k, in + (size_t)k * s->in_c);
        for (int p = 0; p < POINTS; p++) {
            struct gemm g = {.rows = n, .k = s->in_c, .n = s->out_c, .packed = w->weight[p]};
            g.x = in + p * in_matrix(w), g.x_pitch = s->in_c;
            g.y = out + p * out_matrix(w), g.y_pitch = s->out_c;
            gemm_run(&g);
        }
        for (int k = 0; k < n; k++)
            scatter(w, out + (size_t)k * s->out_c, first + k, y, end);
    }
}
