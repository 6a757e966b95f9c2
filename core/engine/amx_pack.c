/* Weights in the order in which tiles of them are read. */
#include "core/engine/amx_product.h"
#include "core/engine/bf16.h"

#include <stdlib.h>
#include <string.h>

size_t amx_packed_bytes(int pieces, int run, int n)
{
    return (size_t)pieces * amx_padded((size_t)run, AMX_DEPTH) * amx_padded((size_t)n, AMX_COLS) *
           sizeof(uint16_t);
}

/* In a tile of weights lie, for each pair of numbers of a run, the pairs of all columns. */
uint16_t *amx_pack(int pieces, int run, int n, const float *w)
{
    const size_t bytes = amx_padded(amx_packed_bytes(pieces, run, n) + 64, 64);
    const size_t tiles = amx_padded((size_t)run, AMX_DEPTH) / AMX_DEPTH;
    uint16_t *packed = aligned_alloc(64, bytes);
    if (!packed)
        return NULL;
    memset(packed, 0, bytes);
    for (size_t p = 0; p < (size_t)pieces; p++)
        for (size_t k = 0; k < (size_t)run; k++)
            for (size_t j = 0; j < (size_t)n; j++) {
                const size_t tile = (j / AMX_COLS * (size_t)pieces + p) * tiles + k / AMX_DEPTH;
                const size_t pair = k % AMX_DEPTH / 2 * AMX_COLS + j % AMX_COLS;
                packed[tile * AMX_DEPTH * AMX_COLS + 2 * pair + k % 2] =
                    bf16_of(w[(p * (size_t)run + k) * (size_t)n + j]);
            }
    return packed;
}
