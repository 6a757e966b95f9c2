/* Where Winograd's method applies, and its transformed weights. */
#include "core/engine/winograd_layer.h"

#include "core/engine/gemm.h"
#include "core/engine/hot.h"
#include "core/engine/pages.h"
#include "core/engine/vec.h"

#include <stdlib.h>
#include <string.h>

int winograd_suits(const struct conv_shape *s)
{
    if (s->kernel_h != 3 || s->kernel_w != 3 || s->stride_h != 1 || s->stride_w != 1 || s->groups != 1 ||
        s->dilation_h != 1 || s->dilation_w != 1 || s->in_c % WIDTH != 0 || s->out_c % GEMM_PANEL != 0 ||
        s->in_c < 2 * WIDTH)
        return 0;
    double tiles = (double)((s->out_h + OUT - 1) / OUT) * ((s->out_w + OUT - 1) / OUT);
    double direct = 9.0 * s->out_h * s->out_w * s->in_c * s->out_c;
    double products = POINTS * tiles * s->in_c * s->out_c;
    double transforms = tiles * 300 * (s->in_c + s->out_c); /* as many multiply-adds take the time */
    return products + transforms < 0.85 * direct;
}

typedef double filters[GEMM_PANEL]; /* one number of each filter of a panel */

/* (G g G') of a panel's filters, in double. */
HOT static void transform_weights(filters g[9], filters u[POINTS])
{
    static const double G[IN][3] = {{1, 0, 0},
                                    {-1 / 1.5, -A / 1.5, -0.5 / 1.5},
                                    {-1 / 1.5, A / 1.5, -0.5 / 1.5},
                                    {1 / 6.0, B / 6, 2 / 6.0},
                                    {1 / 6.0, -B / 6, 2 / 6.0},
                                    {0, 0, 1}};
    filters half[IN][3];
    for (int i = 0; i < IN; i++)
        for (int j = 0; j < 3; j++)
            for (int f = 0; f < GEMM_PANEL; f++)
                half[i][j][f] = G[i][0] * g[j][f] + G[i][1] * g[3 + j][f] + G[i][2] * g[6 + j][f];
    for (int i = 0; i < IN; i++)
        for (int j = 0; j < IN; j++)
            for (int f = 0; f < GEMM_PANEL; f++)
                u[i * IN + j][f] =
                    half[i][0][f] * G[j][0] + half[i][1][f] * G[j][1] + half[i][2][f] * G[j][2];
}

/* Straight into the order of gemm_pack: [panel][in_c][GEMM_PANEL]. */
static void pack_weights(struct winograd *w, const float *weight)
{
    const size_t in_c = (size_t)w->s.in_c, rows = in_c * ((size_t)w->s.out_c / GEMM_PANEL);
    const size_t matrix = rows * GEMM_PANEL;
    for (size_t row = 0; row < rows; row++) {
        const float *from = weight + (row / in_c * GEMM_PANEL * in_c + row % in_c) * 9;
        filters g[9], u[POINTS];
        for (size_t f = 0; f < GEMM_PANEL; f++)
            for (int k = 0; k < 9; k++)
                g[k][f] = from[f * in_c * 9 + k];
        transform_weights(g, u);
        for (int p = 0; p < POINTS; p++)
            for (int f = 0; f < GEMM_PANEL; f++)
                w->weight[(size_t)p * matrix + row * GEMM_PANEL + f] = (float)u[p][f];
    }
}

void winograd_free(struct winograd *w)
{
    if (!w)
        return;
    if (!w->borrowed)
        free(w->weight);
    free(w->bias);
    free(w->zeros);
    free(w);
}

/* Of the weights of one point. */
static size_t matrix_bytes(const struct winograd *w)
{
    return (size_t)w->s.in_c * w->s.out_c * sizeof(float);
}

/* Tiles at a time. Weights that no cache near the core holds are read again for each block: those layers take
 * more tiles than fit it, where there are as many. */
static int block_of(const struct winograd *w)
{
    const int all = w->s.batch * w->tiles_h * w->tiles_w;
    const int fit = BLOCK / (POINTS * (int)sizeof(float) * (w->s.in_c + w->s.out_c)) / 12 * 12;
    int least = LEAST_TILES;
    if (POINTS * matrix_bytes(w) > HEAVY && all > least)
        least = all < HEAVY_TILES ? all : HEAVY_TILES;
    return fit < least ? least : fit;
}

/* All but the weights. NULL: no memory. */
static struct winograd *new_layer(const struct conv_shape *s, const float *bias, size_t *scratch)
{
    struct winograd *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->s = *s;
    w->tiles_h = (s->out_h + OUT - 1) / OUT;
    w->tiles_w = (s->out_w + OUT - 1) / OUT;
    w->block = block_of(w);
    const int wide = gemm_is_wide() && s->in_c % 16 == 0;
    w->tile_in = wide ? winograd_tile_in512 : winograd_tile_in;
    w->tile_out = wide ? winograd_tile_out512 : winograd_tile_out;
    w->zeros = calloc((size_t)IN * (size_t)s->in_c, sizeof *w->zeros);
    w->bias = bias ? gemm_pad_bias(s->out_c, bias) : calloc((size_t)s->out_c, sizeof *w->bias);
    *scratch = POINTS * (in_matrix(w) + out_matrix(w)) * sizeof(float);
    if (w->zeros && w->bias)
        return w;
    winograd_free(w);
    return NULL;
}

struct winograd *winograd_new(const struct conv_shape *s, const float *weight, const float *bias,
                              size_t *scratch)
{
    struct winograd *w = new_layer(s, bias, scratch);
    if (!w || !(w->weight = pages_alloc(POINTS * matrix_bytes(w)))) { /* whole panels: of 64 bytes */
        winograd_free(w);
        return NULL;
    }
    pack_weights(w, weight);
    return w;
}

struct winograd *winograd_like(const struct winograd *like, const struct conv_shape *s, const float *bias,
                               size_t *scratch)
{
    struct winograd *w = new_layer(s, bias, scratch);
    if (!w)
        return NULL;
    w->borrowed = 1;
    w->weight = like->weight;
    return w;
}

size_t winograd_bytes(const struct winograd *w)
{
    size_t own = (size_t)(IN * w->s.in_c + w->s.out_c) * sizeof(float);
    return w->borrowed ? own : own + POINTS * matrix_bytes(w);
}
