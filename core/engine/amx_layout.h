/* Internal to the engine: how images lie for AMX, so that the pixels under a tap of the filter are a matrix
 * whose rows lie equally far apart, and nothing lies there twice. Channels go in blocks of AMX_DEPTH; images
 * that are narrower than a tile stand side by side. Other numbers of channels stay together, and the taps of
 * a filter's line are one run of numbers. */
#ifndef APEX_CORE_ENGINE_AMX_LAYOUT_H
#define APEX_CORE_ENGINE_AMX_LAYOUT_H

#include "core/engine/kernels.h"

#include <stddef.h>
#include <stdint.h>

struct amx_layout {
    struct conv_shape s; /* a layer without neighbours is one line of pixels */
    int flat;            /* it is: bands are parts of that line */
    int blocks, block;   /* of channels; numbers of a pixel in one, even */
    int beside;          /* images side by side */
    int images;          /* laid out at a time: a multiple of beside */
    int high, wide;      /* lines and pixels of output laid out at a time */
    int lines;           /* of input, with padding, for those */
    int phases, pixels;  /* a line of input is [phases][pixels], by what a pixel leaves of the stride */
    int lead;            /* numbers left free, so that the image begins with a vector in each line */
    int pitch;           /* numbers from an output pixel's row to the next */
    int pieces, run;     /* of an output pixel: as many runs of so many numbers, whatever the batch */
    int *line;           /* [lines]: input line, from the first output line's on */
    ptrdiff_t *piece;    /* [pieces]: in numbers, from an output pixel's place */
};

/* -1: no memory. */
int amx_layout_init(struct amx_layout *l, const struct conv_shape *s);
void amx_layout_free(struct amx_layout *l); /* what the struct owns */

/* amx_pack.c: the weight in float32, whose outputs lie out_step numbers apart, whose input channels in_step,
 * and whose taps [kernel_h][kernel_w] are dense -> rounded, in tiles [columns][pieces][run] with zeros beyond
 * run and columns; 64-byte aligned, freed with free(). NULL: no memory. */
uint16_t *amx_pack(const struct amx_layout *l, const float *weight, size_t out_step, size_t in_step);

/* Of what amx_layout_fill writes, with what a product may read beyond it. */
size_t amx_layout_bytes(const struct amx_layout *l);

/* Numbers from one line of output to the next, and from so many images side by side to the next. */
ptrdiff_t amx_layout_line(const struct amx_layout *l);
ptrdiff_t amx_layout_group(const struct amx_layout *l);

/* A part of a layer's output: images, lines and pixels. */
struct amx_band {
    int image, images, first, high, left, wide;
};

/* Lays out what the band needs. x: the layer's input, float or uint16_t with from_half. */
void amx_layout_fill(const struct amx_layout *l, const struct amx_band *b, const void *x, int from_half,
                     uint16_t *to);

#endif
