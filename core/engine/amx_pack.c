/* Weights in the order in which tiles of them are read. */
#include "core/engine/amx_layout.h"
#include "core/engine/amx_product.h"
#include "core/engine/bf16.h"

#include <stdlib.h>
#include <string.h>

size_t amx_packed_bytes(int pieces, int run, int n)
{
    return (size_t)pieces * amx_padded((size_t)run, AMX_DEPTH) * amx_padded((size_t)n, AMX_COLS) *
           sizeof(uint16_t);
}

/* In a tile of weights lie, for each pair of numbers of a run, the pairs of all columns. number: of a pixel's
 * runs one after the other. */
static size_t place_of(const struct amx_layout *l, size_t number, size_t column)
{
    const size_t piece = number / (size_t)l->run, k = number % (size_t)l->run;
    const size_t tiles = amx_padded((size_t)l->run, AMX_DEPTH) / AMX_DEPTH;
    const size_t tile = (column / AMX_COLS * (size_t)l->pieces + piece) * tiles + k / AMX_DEPTH;
    const size_t pair = k % AMX_DEPTH / 2 * AMX_COLS + column % AMX_COLS;
    return tile * AMX_DEPTH * AMX_COLS + 2 * pair + k % 2;
}

uint16_t *amx_pack(const struct amx_layout *l, const float *weight, size_t out_step, size_t in_step)
{
    const size_t bytes = amx_padded(amx_packed_bytes(l->pieces, l->run, l->s.out_c) + 64, 64);
    const size_t area = (size_t)l->s.kernel_h * (size_t)l->s.kernel_w, block = (size_t)l->block;
    uint16_t *packed = aligned_alloc(64, bytes);
    if (!packed)
        return NULL;
    memset(packed, 0, bytes);
    for (size_t oc = 0; oc < (size_t)l->s.out_c; oc++)
        for (size_t ic = 0; ic < (size_t)l->s.in_c; ic++)
            for (size_t tap = 0; tap < area; tap++)
                packed[place_of(l, (ic / block * area + tap) * block + ic % block, oc)] =
                    bf16_of(weight[oc * out_step + ic * in_step + tap]);
    return packed;
}
