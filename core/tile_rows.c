/* How many draws are computed together, and at how many scales. */
#include "core/runner.h"

enum {
    TILE_BYTES = 256 * 1024, /* of the largest activation: two of them stay in a second-level cache */
    TILE_MOST_BYTES = 16 * 1024 * 1024, /* a network of many weights reads them once per tile: larger tiles */
    TILE_MOST = 64,                     /* rows */
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

static int64_t row_bytes(const struct apex_model *m)
{
    return largest_activation(m->graph) * (int64_t)sizeof(float);
}

static int64_t tile_bytes(int64_t wish)
{
    return wish < TILE_BYTES ? TILE_BYTES : wish > TILE_MOST_BYTES ? TILE_MOST_BYTES : wish;
}

int apex_tile_rows(const struct apex_model *m, uint32_t draws)
{
    const int64_t row = row_bytes(m), most = tile_bytes(m->parameters); /* a quarter of the weights' bytes */
    uint32_t rows = 1;
    while (rows < draws && rows < TILE_MOST)
        rows *= 2;
    while (rows > TILE_LEAST && (int64_t)rows * row > most)
        rows /= 2;
    return (int)rows;
}

/* Up to half of the weights' bytes, by measurement: ResNet-18 gains up to 64 rows, smaller networks stay in
 * the cache. */
int apex_tile_scales(const struct apex_model *m, int tile_rows, int sigmas)
{
    int64_t most = tile_bytes(2 * m->parameters) / row_bytes(m);
    most = (most < TILE_MOST ? most : TILE_MOST) / (tile_rows > 0 ? tile_rows : 1);
    if (sigmas < 2 || most < 2)
        return 1;
    const int runs = (sigmas + (int)most - 1) / (int)most; /* of like sizes: what the last lacks is padding */
    return (sigmas + runs - 1) / runs;
}
