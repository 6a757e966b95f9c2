/* Internal to the engine: products of bfloat16 numbers on AMX, sums in float32, with all that follows a layer
 * in the same pass. A row's sums are taken in one order, whatever its position and its neighbours. Only where
 * cpu_missing("amx") is 0. */
#ifndef APEX_CORE_ENGINE_AMX_PRODUCT_H
#define APEX_CORE_ENGINE_AMX_PRODUCT_H

#include "core/engine/kernels.h"

#include <stddef.h>
#include <stdint.h>

enum {
    AMX_ROWS = 16,  /* of x and y in a tile */
    AMX_COLS = 16,  /* of y in a tile */
    AMX_DEPTH = 32, /* products that one instruction adds to each sum */
    AMX_BLOCK_BYTES = 2 * 4 * AMX_ROWS * AMX_COLS * 4
};

/* y[images][rows][n] = x[images][rows][pieces][depth] w + bias, then what follows. */
struct amx_product {
    int images, rows, n, pieces, depth; /* depth: a multiple of AMX_DEPTH */
    /* In numbers: rows x_pitch apart, images x_image, piece i of a row piece[i] from where the row begins. Up
     * to AMX_ROWS - 1 rows beyond an image's last are read, and must be memory that may be. */
    const uint16_t *x;
    ptrdiff_t x_pitch, x_image;
    const ptrdiff_t *piece;
    const uint16_t *packed; /* amx_pack */
    const float *bias;      /* [amx_padded(n, AMX_COLS)] */
    void *y;                /* float, or uint16_t with to_half */
    const float *add;       /* rows add_pitch apart, images add_image; NULL: none */
    size_t add_pitch, add_image;
    const float *xi; /* like y, for sigma; NULL: none */
    float sigma;
    const float *sigmas; /* or, not NULL: of image i, (i + first) % draws of xi, whose images lie xi_image
                            apart, for */
    int first, draws;    /* sigmas[(i + first) / draws] */
    size_t xi_image;
    int relu, to_half;
};

/* count rounded up to a multiple of `to`. */
size_t amx_padded(size_t count, size_t to);

/* w[pieces][length][n], in float32 -> tiles [columns][pieces][depth] with zeros beyond length and n, where
 * depth is length padded to AMX_DEPTH; 64-byte aligned, freed with free(). NULL: no memory. */
uint16_t *amx_pack(int pieces, int length, int n, const float *w);
size_t amx_packed_bytes(int pieces, int length, int n);

/* block: AMX_BLOCK_BYTES of work memory, 64-byte aligned. Between amx_begin and amx_end, of the same thread.
 */
void amx_product_run(const struct amx_product *p, float *block);
void amx_begin(void);
void amx_end(void);

/* n numbers rounded to bfloat16, as bf16_store does it. */
void amx_round(const float *x, size_t n, uint16_t *half);

/* `rows` runs of `length` numbers, `pitch` apart, each followed by zeros up to a multiple of AMX_DEPTH. */
void amx_gather(const uint16_t *from, size_t rows, size_t pitch, size_t length, uint16_t *to);

#endif
