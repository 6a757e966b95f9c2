/* Internal to the engine: products of bfloat16 numbers on AMX, sums in float32, with all that follows a layer
 * in the same pass. The sums of an output are taken in one order, whatever its place and its neighbours. Only
 * where cpu_missing("amx") is 0. */
#ifndef APEX_CORE_ENGINE_AMX_PRODUCT_H
#define APEX_CORE_ENGINE_AMX_PRODUCT_H

#include "core/engine/kernels.h"

#include <stddef.h>
#include <stdint.h>

enum {
    AMX_ROWS = 16,  /* of x and y in a tile */
    AMX_COLS = 16,  /* of y in a tile */
    AMX_DEPTH = 32, /* products that one instruction adds to each sum */
    AMX_SUMS_BYTES = 2 * 4 * AMX_ROWS * AMX_COLS * 4
};

/* y[images][lines][pixels][n] = bias + the sum over runs of x w, then what follows. Images stand in groups of
 * `beside`, a power of two up to AMX_ROWS, pixel by pixel. */
struct amx_product {
    int images, beside, lines, pixels, n;
    int pieces, run; /* of a pixel of x: as many runs of so many numbers, an even one */
    /* In numbers: pixels (or images beside each other) x_pitch apart, lines x_line, groups x_group; piece i
     * of a pixel piece[i] from its place. Up to AMX_ROWS pixels beyond a line's last are read: memory that
     * may be. */
    const uint16_t *x;
    ptrdiff_t x_pitch, x_line, x_group;
    const ptrdiff_t *piece;
    const uint16_t *packed; /* amx_pack (amx_layout.h) */
    const float *bias;      /* [amx_padded(n, AMX_COLS)] */
    void *y;                /* float, or uint16_t with to_half; images y_image apart, all else dense */
    size_t y_image;
    const float *add; /* images add_image apart, pixels add_pitch; NULL: none */
    size_t add_image, add_pitch;
    const float *xi; /* like y, for sigma; NULL: none */
    float sigma;
    /* Or, not NULL: image i has the xi of draw (i + first) % draws, for sigmas[(i + first) / draws]. */
    const float *sigmas;
    int first, draws;
    int relu, to_half;
};

/* count rounded up to a multiple of `to`. */
static inline size_t amx_padded(size_t count, size_t to)
{
    return (count + to - 1) / to * to;
}

/* Of amx_pack's weights. */
size_t amx_packed_bytes(int pieces, int run, int n);

/* sums: AMX_SUMS_BYTES of work memory, 64-byte aligned. */
void amx_product_run(const struct amx_product *p, float *sums);

/* Inside amx_product.c and amx_finish.c: a tile of y, where its pixels are in x, and which they are. */
struct amx_place {
    const uint16_t *x;
    int group, line, pixel, pixels; /* images side by side have these pixels each */
};
/* Writes the tile's part of y, from its sums [AMX_ROWS][AMX_COLS] for the columns from `column` on. */
void amx_finish(const struct amx_product *p, const struct amx_place *at, int column, const float *sum);

/* Floating-point operations per second that one core reaches on tiles alone, measured over about 50 ms. */
double amx_peak(void);

/* `count` numbers of x from `at` on, rounded as bf16_store does it, or as they are with from_half. */
void amx_halves(const void *x, int from_half, size_t at, size_t count, uint16_t *half);

/* Pixels of an odd number of channels, each followed by a zero that makes it even. */
void amx_even_pixels(const void *x, int from_half, size_t at, size_t channels, size_t pixels, uint16_t *half);

/* A line of pixels whose channels go to several planes, AMX_DEPTH to each: zeros, pixels of x, zeros. All in
 * numbers but for the pixels. */
struct amx_spread {
    size_t planes, plane, step; /* planes `plane` apart, places of pixels `step` apart in each */
    size_t x_step;              /* pixels of x apart */
    size_t before, inside, after;
    int from_half;
};
void amx_spread(const struct amx_spread *s, const void *x, size_t at, uint16_t *to);

#endif
