#include "core/engine/winograd.h"

#include "core/engine/gemm.h"
#include "core/engine/hot.h"

#include <stdlib.h>
#include <string.h>

enum {
    OUT = 4,            /* side of an output tile */
    IN = 6,             /* side of the input tile that it needs */
    POINTS = 36,        /* IN * IN products */
    WIDTH = 8,          /* channels of a vector */
    BLOCK = 256 * 1024, /* bytes of transformed tiles at a time: they stay in the second-level cache */
    SKEW = 16           /* floats between the matrices, so that they do not fall on the same cache lines */
};

/* The points of evaluation: 0, A, -A, B, -B, infinity, with A B = 1: no coefficient is large. Largest error
 * measured against the naive reference: 3e-6 to 7e-6 of the output's root mean square (the direct product:
 * 2e-6 to 4e-6). */
#define A 0.70710678118654752440
#define B 1.41421356237309504880

typedef float vec __attribute__((vector_size(32), aligned(4), may_alias));

typedef int mask __attribute__((vector_size(32)));

struct winograd {
    struct conv_shape s;
    int tiles_h, tiles_w, block; /* block: tiles at a time */
    int borrowed;                /* the weights are another one's */
    float *weight[POINTS];       /* packed [in_c][out_c], one allocation each */
    float *bias, *zeros;         /* zeros[in_c]: a pixel of the padding */
};

int winograd_suits(const struct conv_shape *s)
{
    if (s->kernel_h != 3 || s->kernel_w != 3 || s->stride_h != 1 || s->stride_w != 1 || s->groups != 1 ||
        s->dilation_h != 1 || s->dilation_w != 1 || s->in_c % WIDTH != 0 || s->out_c % GEMM_PANEL != 0 ||
        s->in_c < 2 * WIDTH)
        return 0;
    double tiles = (double)((s->out_h + OUT - 1) / OUT) * ((s->out_w + OUT - 1) / OUT);
    double direct = 9.0 * s->out_h * s->out_w * s->in_c * s->out_c;
    double products = POINTS * tiles * s->in_c * s->out_c;
    double transforms = tiles * 300 * (s->in_c + s->out_c); /* as many multiply-adds take the time */
    return products + transforms < 0.85 * direct;
}

typedef double filters[GEMM_PANEL]; /* one number of each filter of a panel */

/* (G g G') of a panel's filters, in double. */
HOT static void transform_weights(filters g[9], filters u[POINTS])
{
    static const double G[IN][3] = {{1, 0, 0},
                                    {-1 / 1.5, -A / 1.5, -0.5 / 1.5},
                                    {-1 / 1.5, A / 1.5, -0.5 / 1.5},
                                    {1 / 6.0, B / 6, 2 / 6.0},
                                    {1 / 6.0, -B / 6, 2 / 6.0},
                                    {0, 0, 1}};
    filters half[IN][3];
    for (int i = 0; i < IN; i++)
        for (int j = 0; j < 3; j++)
            for (int f = 0; f < GEMM_PANEL; f++)
                half[i][j][f] = G[i][0] * g[j][f] + G[i][1] * g[3 + j][f] + G[i][2] * g[6 + j][f];
    for (int i = 0; i < IN; i++)
        for (int j = 0; j < IN; j++)
            for (int f = 0; f < GEMM_PANEL; f++)
                u[i * IN + j][f] =
                    half[i][0][f] * G[j][0] + half[i][1][f] * G[j][1] + half[i][2][f] * G[j][2];
}

/* Straight into the order of gemm_pack: [panel][in_c][GEMM_PANEL]. */
static void pack_weights(struct winograd *w, const float *weight)
{
    const size_t in_c = (size_t)w->s.in_c, rows = in_c * ((size_t)w->s.out_c / GEMM_PANEL);
    for (size_t row = 0; row < rows; row++) {
        const float *from = weight + (row / in_c * GEMM_PANEL * in_c + row % in_c) * 9;
        filters g[9], u[POINTS];
        for (size_t f = 0; f < GEMM_PANEL; f++)
            for (int k = 0; k < 9; k++)
                g[k][f] = from[f * in_c * 9 + k];
        transform_weights(g, u);
        for (int p = 0; p < POINTS; p++)
            for (int f = 0; f < GEMM_PANEL; f++)
                w->weight[p][row * GEMM_PANEL + f] = (float)u[p][f];
    }
}

void winograd_free(struct winograd *w)
{
    if (!w)
        return;
    for (int p = 0; p < POINTS && !w->borrowed; p++)
        free(w->weight[p]);
    free(w->bias);
    free(w->zeros);
    free(w);
}

static size_t in_matrix(const struct winograd *w)
{
    return (size_t)w->block * w->s.in_c + SKEW;
}

static size_t out_matrix(const struct winograd *w)
{
    return (size_t)w->block * w->s.out_c + SKEW;
}

/* All but the weights. NULL: no memory. */
static struct winograd *new_layer(const struct conv_shape *s, const float *bias, size_t *scratch)
{
    struct winograd *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->s = *s;
    w->tiles_h = (s->out_h + OUT - 1) / OUT;
    w->tiles_w = (s->out_w + OUT - 1) / OUT;
    int fit = BLOCK / (POINTS * (int)sizeof(float) * (s->in_c + s->out_c)) / 12 * 12;
    w->block = fit < 24 ? 24 : fit;
    w->zeros = calloc((size_t)s->in_c, sizeof *w->zeros);
    w->bias = bias ? gemm_pad_bias(s->out_c, bias) : calloc((size_t)s->out_c, sizeof *w->bias);
    *scratch = POINTS * (in_matrix(w) + out_matrix(w)) * sizeof(float);
    if (w->zeros && w->bias)
        return w;
    winograd_free(w);
    return NULL;
}

/* Of the weights of one point. */
static size_t matrix_bytes(const struct winograd *w)
{
    return (size_t)w->s.in_c * w->s.out_c * sizeof(float);
}

struct winograd *winograd_new(const struct conv_shape *s, const float *weight, const float *bias,
                              size_t *scratch)
{
    struct winograd *w = new_layer(s, bias, scratch);
    int failed = !w;
    for (int p = 0; p < POINTS && !failed; p++)
        failed = !(w->weight[p] = aligned_alloc(64, matrix_bytes(w))); /* whole panels: of 64 bytes */
    if (failed) {
        winograd_free(w);
        return NULL;
    }
    pack_weights(w, weight);
    return w;
}

struct winograd *winograd_like(const struct winograd *like, const struct conv_shape *s, const float *bias,
                               size_t *scratch)
{
    struct winograd *w = new_layer(s, bias, scratch);
    if (!w)
        return NULL;
    w->borrowed = 1;
    memcpy(w->weight, like->weight, sizeof w->weight);
    return w;
}

size_t winograd_bytes(const struct winograd *w)
{
    size_t own = (size_t)(w->s.in_c + w->s.out_c) * sizeof(float);
    return w->borrowed ? own : own + POINTS * matrix_bytes(w);
}

/* B' d: one column or row of six. */
static inline __attribute__((always_inline)) void transform_in(const vec d[IN], vec t[IN])
{
    vec a = d[4] - 2 * d[2], b = (float)A * (d[3] - 2 * d[1]);
    vec c = d[4] - 0.5f * d[2], e = (float)B * (d[3] - 0.5f * d[1]);
    t[0] = d[0] - 2.5f * d[2] + d[4];
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[5] = d[1] - 2.5f * d[3] + d[5];
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

/* One tile: pixel[i][j] are its in_c channels; goes to row `to` of the 36 matrices. */
HOT static void tile_in(int channels, const float *const pixel[IN][IN], size_t matrix, float *to)
{
    for (int c = 0; c < channels; c += WIDTH) {
        vec half[IN][IN]; /* [column][row] */
#pragma GCC unroll 6
        for (int j = 0; j < IN; j++) {
            vec d[IN];
#pragma GCC unroll 6
            for (int i = 0; i < IN; i++)
                d[i] = *(const vec *)(pixel[i][j] + c);
            transform_in(d, half[j]);
        }
#pragma GCC unroll 6
        for (int i = 0; i < IN; i++) {
            vec d[IN], t[IN];
#pragma GCC unroll 6
            for (int j = 0; j < IN; j++)
                d[j] = half[j][i];
            transform_in(d, t);
#pragma GCC unroll 6
            for (int j = 0; j < IN; j++)
                *(vec *)(to + (size_t)(i * IN + j) * matrix + c) = t[j];
        }
    }
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
    const float *pixel[IN][IN];
    struct place at = place_of(w, tile);
    x += (size_t)at.image * s->in_h * s->in_w * s->in_c;
    for (int i = 0; i < IN; i++) {
        int h = at.row - s->pad_top + i, left = at.column - s->pad_left;
        const float *line = h >= 0 && h < s->in_h ? x + (size_t)h * s->in_w * s->in_c : NULL;
        for (int j = 0; j < IN; j++) {
            int inside = line && left + j >= 0 && left + j < s->in_w;
            pixel[i][j] = inside ? line + (ptrdiff_t)(left + j) * s->in_c : w->zeros;
        }
    }
    tile_in(s->in_c, pixel, in_matrix(w), to);
}

/* Where the outputs of a tile go, and what is added to them: offsets of pixel (0, 0) from y, add and xi. */
struct target {
    float *y;
    const float *add, *xi, *bias;
    float sigma;
    int relu, rows, columns, channels; /* rows, columns: of the tile that lie inside the image */
    size_t line;                       /* floats from one line of the image to the next */
};

static inline __attribute__((always_inline)) void
tile_out_some(const struct target *t, size_t matrix, const float *from, const int rows, const int columns)
{
    for (int c = 0; c < t->channels; c += WIDTH) {
        vec half[IN][OUT], bias = *(const vec *)(t->bias + c), zero = bias - bias;
#pragma GCC unroll 6
        for (int j = 0; j < IN; j++) {
            vec m[IN];
#pragma GCC unroll 6
            for (int i = 0; i < IN; i++)
                m[i] = *(const vec *)(from + (size_t)(i * IN + j) * matrix + c);
            transform_out(m, half[j]);
        }

#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) {
            vec m[IN], out[OUT];
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
                    v = (vec)((mask)v & ~(v < zero)); /* NaN passes */
                if (t->xi)
                    v += t->sigma * *(const vec *)(t->xi + at);
                *(vec *)(t->y + at) = v;
            }
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
    if (t->xi)
        ask_for_next(t, t->xi);
    if (t->rows == OUT && t->columns == OUT)
        tile_out_some(t, matrix, from, OUT, OUT);
    else
        tile_out_some(t, matrix, from, t->rows, t->columns);
}

static void scatter(const struct winograd *w, const float *from, int tile, float *y,
                    const struct epilogue *end)
{
    const struct conv_shape *s = &w->s;
    struct place at = place_of(w, tile);
    size_t image = (size_t)s->out_h * s->out_w * s->out_c;
    size_t inside = ((size_t)at.row * s->out_w + at.column) * s->out_c, whole = at.image * image + inside;
    struct target t = {.y = y + whole, .bias = w->bias, .channels = s->out_c};
    t.line = (size_t)s->out_w * s->out_c;
    t.rows = s->out_h - at.row < OUT ? s->out_h - at.row : OUT;
    t.columns = s->out_w - at.column < OUT ? s->out_w - at.column : OUT;
    if (end) {
        t.add = end->add ? end->add + at.image * end->add_row + inside : NULL;
        t.relu = end->relu;
        t.xi = end->xi ? end->xi + whole : NULL;
        t.sigma = end->sigma;
    }
    tile_out(&t, out_matrix(w), from);
}

void winograd_run(const struct winograd *w, const float *x, float *y, const struct epilogue *end,
                  void *scratch)
{
    const struct conv_shape *s = &w->s;
    float *in = scratch, *out = in + POINTS * in_matrix(w);
    int tiles = s->batch * w->tiles_h * w->tiles_w;
    for (int first = 0; first < tiles; first += w->block) {
        int n = tiles - first < w->block ? tiles - first : w->block;
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
