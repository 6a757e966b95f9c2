#include "core/engine/gemm.h"

#include "core/engine/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    W_BLOCK = 512
}; /* steps of k times panels: 32 KiB, which stay in the first-level cache over the rows */

int gemm_padded(int n)
{
    return (n + GEMM_PANEL - 1) / GEMM_PANEL * GEMM_PANEL;
}

static float *aligned_zeros(size_t count)
{
    size_t size = (count * sizeof(float) + 64) / 64 * 64;
    float *p = aligned_alloc(64, size);
    return p ? memset(p, 0, size) : NULL;
}

float *gemm_pack(int k, int n, const float *w, ptrdiff_t w_row, ptrdiff_t w_column)
{
    float *packed = aligned_zeros((size_t)k * (size_t)gemm_padded(n));
    for (int j = 0; packed && j < n; j++)
        for (int i = 0; i < k; i++)
            packed[((size_t)(j / GEMM_PANEL) * k + i) * GEMM_PANEL + j % GEMM_PANEL] =
                w[i * w_row + j * w_column];
    return packed;
}

float *gemm_pad_bias(int n, const float *bias)
{
    float *padded = aligned_zeros((size_t)gemm_padded(n));
    if (padded)
        memcpy(padded, bias, (size_t)n * sizeof *bias);
    return padded;
}

/* One element at a time, in the order of the fast kernels. */
void gemm_tile_any(int rows, const struct gemm_tile *t)
{
    const struct gemm *g = t->g;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < t->cols; c++) {
            float *y = t->y + r * g->y_pitch + c;
            float v = !t->first ? *y : t->bias ? t->bias[c] : 0;
            for (int k = 0; k < t->k; k++)
                v = fmaf(t->x[r * g->x_pitch + k], t->w[k * GEMM_PANEL + c], v);
            if (t->end && t->add)
                v += t->add[r * g->add_pitch + c];
            if (t->end && g->relu)
                v = v < 0 ? 0 : v;
            if (t->end && t->xi)
                v += g->sigma * t->xi[r * g->y_pitch + c];
            *y = v;
        }
}

struct isa {
    const char *name;
    int rows, panels; /* of a tile */
    gemm_tile_fn *tile;
    void (*narrow)(const struct gemm_tile *t); /* NULL: none */
    void (*plain)(const struct gemm *g);       /* NULL: none */
};

/* Written once, before main, as the clones of hot.h are chosen. */
static struct isa isa = {"c", 4, 1, gemm_tile_any, NULL, NULL};

#if defined(__x86_64__) && defined(__GNUC__)
/* avx512f is all that the wide tile uses; the operating system's consent is part of the question. */
static int avx512_is_wanted(void)
{
    const char *wish = getenv("APEX_AVX512");
    return __builtin_cpu_supports("avx512f") && !(wish && strcmp(wish, "0") == 0);
}

__attribute__((constructor)) static void find_isa(void)
{
    __builtin_cpu_init();
    if (avx512_is_wanted())
        isa = (struct isa){"avx512", 12, 2, gemm_tile_avx512, NULL, gemm_plain_avx512};
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        isa = (struct isa){"avx2", 6, 1, gemm_tile_avx2, gemm_narrow_avx2, gemm_plain_avx2};
}
#endif

int gemm_is_fast(void)
{
    return isa.tile != gemm_tile_any;
}

int gemm_is_wide(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    return isa.tile == gemm_tile_avx512;
#else
    return 0;
#endif
}

const char *gemm_isa(void)
{
    return isa.name;
}

static float peak_any(long rounds)
{
    float a[12] = {0};
    for (long i = 0; i < rounds; i++)
        for (int k = 0; k < 12; k++)
            a[k] = a[k] * 1e-9f + 1e-9f;
    return a[0] + a[11];
}

double gemm_peak(void)
{
    float (*spin)(long) = peak_any;
    int lanes = 1;
#if defined(__x86_64__) && defined(__GNUC__)
    if (isa.tile != gemm_tile_any) {
        spin = isa.tile == gemm_tile_avx512 ? gemm_peak_avx512 : gemm_peak_avx2;
        lanes = isa.tile == gemm_tile_avx512 ? 16 : 8;
    }
#endif
    volatile float sink = spin(1000);
    double best = 0;
    for (int k = 0; k < 10; k++) {
        const long rounds = 1000000;
        double start = engine_clock();
        sink = spin(rounds);
        double rate = 24.0 * lanes * (double)rounds / (engine_clock() - start);
        best = rate > best ? rate : best;
    }
    (void)sink;
    return best;
}

/* Row `row` of a panel's product and what goes with it. */
static void tile_at(struct gemm_tile *t, int row, int k0, int column)
{
    const struct gemm *g = t->g;
    ptrdiff_t at = row * g->y_pitch + column;
    t->x = g->x + row * g->x_pitch + k0;
    t->y = g->y + at;
    t->xi = g->xi ? g->xi + at : NULL;
    t->add = g->add ? g->add + row * g->add_pitch + column : NULL;
}

static void run_rows(struct gemm_tile *t, int k0, int column)
{
    int row = 0, all = t->g->rows;
    if (isa.narrow && t->cols <= GEMM_NARROW_COLS)
        for (; row + GEMM_NARROW_ROWS <= all; row += GEMM_NARROW_ROWS) {
            tile_at(t, row, k0, column);
            isa.narrow(t);
        }
    int tiles =
        (all - row + isa.rows - 1) / isa.rows; /* of like sizes: a small one would wait on its chain */
    for (int rows; tiles > 0; tiles--, row += rows) {
        rows = (all - row + tiles - 1) / tiles;
        tile_at(t, row, k0, column);
        isa.tile(rows, t);
    }
}

/* The panels from `column` on, over one block of k. Returns the next column. */
static int run_panels(struct gemm_tile *t, int k0, int column)
{
    const struct gemm *g = t->g;
    int left = g->n - column;
    t->panels = left > GEMM_PANEL ? isa.panels : 1;
    t->cols = left < t->panels * GEMM_PANEL ? left : t->panels * GEMM_PANEL;
    t->w = g->packed + (size_t)column * g->k + (size_t)k0 * GEMM_PANEL;
    t->bias = g->bias ? g->bias + column : NULL;
    run_rows(t, k0, column);
    return column + t->panels * GEMM_PANEL;
}

void gemm_run(const struct gemm *g)
{
    const int most = W_BLOCK / isa.panels;
    if (isa.plain && !g->bias && !g->add && !g->relu && !g->xi && g->k <= most && g->n % GEMM_PANEL == 0) {
        isa.plain(g);
        return;
    }
    int blocks = g->k > most ? (g->k + most - 1) / most : 1; /* of like sizes */
    for (int k0 = 0, k; blocks > 0; blocks--, k0 += k) {
        k = (g->k - k0 + blocks - 1) / blocks;
        struct gemm_tile t = {.k = k, .first = k0 == 0, .g = g};
        t.end = blocks == 1 && (g->add || g->relu || g->xi);
        for (int column = 0; column < g->n;)
            column = run_panels(&t, k0, column);
    }
}
