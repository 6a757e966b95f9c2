/* Inside Winograd's method only: what winograd.c prepares and winograd_run.c runs on. */
#ifndef APEX_CORE_ENGINE_WINOGRAD_LAYER_H
#define APEX_CORE_ENGINE_WINOGRAD_LAYER_H

#include "core/engine/winograd.h"

enum {
    OUT = 4,                 /* side of an output tile */
    IN = 6,                  /* side of the input tile that it needs */
    POINTS = 36,             /* IN * IN products */
    BLOCK = 256 * 1024,      /* bytes of transformed tiles at a time: they stay in the second-level cache */
    LEAST_TILES = 24,        /* at a time: products of few rows are slow */
    HEAVY = 4 * 1024 * 1024, /* bytes of a layer's weights that stay in no cache near the core */
    HEAVY_TILES = 64,        /* at a time, to pay for reading those */
    SKEW = 16 /* floats between the matrices, so that they do not fall on the same cache lines */
};

/* The points of evaluation: 0, A, -A, B, -B, infinity, with A B = 1: no coefficient is large. Largest error
 * measured against the naive reference: 3e-6 to 7e-6 of the output's root mean square (the direct product:
 * 2e-6 to 4e-6). */
#define A 0.70710678118654752440
#define B 1.41421356237309504880

/* The six lines of an input tile, from its column `left` on. Columns outside [left, right) are padding, a
 * line outside is zeros. */
struct source {
    const float *line[IN];
    int left, right;
    int framed; /* only the inner 4x4 pixels lie in the image */
};

/* Where the outputs of a tile go, and what is added to them: offsets of pixel (0, 0) from y, add and xi. */
struct target {
    float *y;
    const float *add, *xi, *bias;
    float sigma;
    int relu, rows, columns, channels; /* rows, columns: of the tile that lie inside the image */
    int pool;                          /* y gets the largest of 2x2 pixels */
    size_t line, y_line;               /* floats from one line of the image, of y to the next */
};

/* winograd_tile.h. One tile goes to row `to` of the 36 matrices, `matrix` floats apart; and comes back from
 * row `from` of such. channels: a multiple of 8, of those for AVX-512 a multiple of 16. */
typedef void winograd_in_fn(int channels, const struct source *s, size_t matrix, float *to);
typedef void winograd_out_fn(const struct target *t, size_t matrix, const float *from);
winograd_in_fn winograd_tile_in, winograd_tile_in512;
winograd_out_fn winograd_tile_out, winograd_tile_out512;

struct winograd {
    struct conv_shape s;
    int tiles_h, tiles_w, block; /* block: tiles at a time */
    int borrowed;                /* the weights are another one's */
    winograd_in_fn *tile_in;
    winograd_out_fn *tile_out;
    float *weight;       /* [POINTS], each packed [in_c][out_c] */
    float *bias, *zeros; /* zeros[IN][in_c]: a line of the padding */
};

/* Floats of one matrix of a block of transformed tiles. */
static inline size_t in_matrix(const struct winograd *w)
{
    return (size_t)w->block * w->s.in_c + SKEW;
}

static inline size_t out_matrix(const struct winograd *w)
{
    return (size_t)w->block * w->s.out_c + SKEW;
}

#endif
