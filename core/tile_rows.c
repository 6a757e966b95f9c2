/* How many draws are computed together, and at how many scales. */
#include "core/runner.h"

enum {
    TILE_BYTES = 256 * 1024, /* of the largest activation: two of them stay in a second-level cache */
    TILE_MOST_BYTES = 16 * 1024 * 1024, /* a network of many weights reads them once per tile: larger tiles */
    WEIGHTS_BYTES = 4 * 1024 * 1024,    /* fewer are in a second-level cache, or nearly */
    ALL_BYTES = 1024 * 1024,            /* of the largest activation, at `all` */
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

/* In tiles of so many bytes; runs of like sizes, because what the last one lacks is padding. */
static int scales_within(const struct apex_model *m, int64_t bytes, int tile_rows, int sigmas)
{
    int64_t most = bytes / row_bytes(m);
    most = (most < TILE_MOST ? most : TILE_MOST) / (tile_rows > 0 ? tile_rows : 1);
    if (sigmas < 2 || most < 2)
        return 1;
    const int runs = (sigmas + (int)most - 1) / (int)most;
    return (sigmas + runs - 1) / runs;
}

/* By measurement: weights that stay in a second-level cache are worth no larger tiles, others are, up to half
 * of their bytes; the noise of all sites does not stay there, not even that of ResNet-20. */
struct apex_scales apex_tile_scales(const struct apex_model *m, int tile_rows, int sigmas)
{
    const int64_t weights = m->parameters * (int64_t)sizeof(float);
    const int64_t single = tile_bytes(weights < WEIGHTS_BYTES ? 0 : weights / 2);
    const int64_t all = single < ALL_BYTES ? ALL_BYTES : single;
    return (struct apex_scales){scales_within(m, single, tile_rows, sigmas),
                                scales_within(m, all, tile_rows, sigmas)};
}
