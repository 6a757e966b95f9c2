/* How many draws are computed together. */
#include "core/runner.h"

enum {
    TILE_BYTES = 256 * 1024, /* of the largest activation: two of them stay in a second-level cache */
    TILE_MOST_BYTES = 16 * 1024 * 1024, /* a network of many weights reads them once per tile: larger tiles */
    TILE_MOST = 64,
    TILE_LEAST = 4
};

static int64_t largest_activation(const struct graph *g)
{
    int64_t most = 1;
    for (int v = 0; v < g->values; v++) {
        int64_t count = g->value[v].constant ? 0 : apex_shape_count(&g->value[v].shape);
        most = count > most ? count : most;
    }
    return most;
}

int apex_tile_rows(const struct apex_model *m, uint32_t draws)
{
    int64_t row = largest_activation(m->graph) * (int64_t)sizeof(float);
    int64_t most = m->parameters; /* a quarter of the weights' bytes */
    most = most < TILE_BYTES ? TILE_BYTES : most > TILE_MOST_BYTES ? TILE_MOST_BYTES : most;
    uint32_t rows = 1;
    while (rows < draws && rows < TILE_MOST)
        rows *= 2;
    while (rows > TILE_LEAST && (int64_t)rows * row > most)
        rows /= 2;
    return (int)rows;
}
