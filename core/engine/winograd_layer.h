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

struct winograd {
    struct conv_shape s;
    int tiles_h, tiles_w, block; /* block: tiles at a time */
    int borrowed;                /* the weights are another one's */
    float *weight[POINTS];       /* packed [in_c][out_c], one allocation each */
    float *bias, *zeros;         /* zeros[IN][in_c]: a line of the padding */
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
