#include "core/engine/gemm.h"

#include "core/engine/pages.h"
#include "core/engine/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps of k times panels: 32 KiB, which stay in the first-level cache over the rows. */
enum { W_BLOCK = 512 };

int gemm_padded(int n)
{
    return (n + GEMM_PANEL - 1) / GEMM_PANEL * GEMM_PANEL;
}

static float *aligned_zeros(size_t count)
{
    size_t size = (count * sizeof(float) + 64) / 64 * 64;
    float *p = pages_alloc(size);
    return p ? memset(p, 0, size) : NULL;
}

/* Panel by panel, with zeros beyond n. */
static void pack_to(int k, int n, const float *w, ptrdiff_t w_row, ptrdiff_t w_column, float *to)
{
    for (int first = 0; first < n; first += GEMM_PANEL) {
        const int cols = n - first < GEMM_PANEL ? n - first : GEMM_PANEL;
        for (int i = 0; i < k; i++, to += GEMM_PANEL) {
            const float *from = w + i * w_row + first * w_column;
            if (w_column == 1)
                memcpy(to, from, (size_t)cols * sizeof *to);
            for (int c = 0; c < cols && w_column != 1; c++)
                to[c] = from[c * w_column];
            memset(to + cols, 0, (size_t)(GEMM_PANEL - cols) * sizeof *to);
        }
    }
}

float *gemm_pack(int k, int n, const float *w, ptrdiff_t w_row, ptrdiff_t w_column)
{
    float *packed = aligned_zeros((size_t)k * (size_t)gemm_padded(n));
    if (packed)
        pack_to(k, n, w, w_row, w_column, packed);
    return packed;
}

size_t gemm_matmul_scratch(int m, int n, int k)
{
    (void)m;
    return (size_t)k * (size_t)gemm_padded(n) * sizeof(float);
}

void gemm_matmul(int m, int n, int k, const float *a, const float *b, float *y, void *scratch)
{
    pack_to(k, n, b, n, 1, scratch);
    struct gemm g = {
        .rows = m, .k = k, .n = n, .x = a, .x_pitch = k, .packed = scratch, .y = y, .y_pitch = n};
    gemm_run(&g);
}

float *gemm_pad_bias(int n, const float *bias)
{
    float *padded = aligned_zeros((size_t)gemm_padded(n));
    if (padded && bias)
        memcpy(padded, bias, (size_t)n * sizeof *bias);
    return padded;
}

static float sum_any(const struct gemm_tile *t, float v, const float *x, const float *w)
{
    for (int piece = 0; piece < t->pieces; piece++, x += t->g->x_piece)
        for (int k = 0; k < t->k; k++, w += GEMM_PANEL)
            v = fmaf(x[k], *w, v);
    return v;
}

/* One element at a time, in the order of the fast kernels. */
void gemm_tile_any(int rows, const struct gemm_tile *t)
{
    const struct gemm *g = t->g;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < t->cols; c++) {
            float *y = t->y + r * g->y_pitch + c;
            float v = !t->first ? *y : t->bias ? t->bias[c] : 0;
            const float *panel = t->w + (ptrdiff_t)(c / GEMM_PANEL) * g->k * GEMM_PANEL;
            v = sum_any(t, v, t->x + r * g->x_pitch, panel + c % GEMM_PANEL);
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
    gemm_plain_fn *plain;                      /* NULL: none */
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

/* Of a product: what one pass over all rows takes of each row. */
struct block {
    int pieces, k;
    ptrdiff_t x, w; /* floats from the start of a row, rows of a panel of w */
    int first, end;
};

/* Row `row` of line `line`, and what goes with it. */
static void tile_at(struct gemm_tile *t, const struct block *b, int line, int row, int column)
{
    const struct gemm *g = t->g;
    ptrdiff_t y_row = (ptrdiff_t)line * g->rows + row, at = y_row * g->y_pitch + column;
    t->x = g->x + line * g->x_line + row * g->x_pitch + b->x;
    t->y = g->y + at;
    t->xi = g->xi ? g->xi + at : NULL;
    t->add = g->add ? g->add + y_row * g->add_pitch + column : NULL;
}

static void run_line(struct gemm_tile *t, const struct block *b, int line, int column)
{
    int row = 0, all = t->g->rows;
    if (isa.narrow && t->cols <= GEMM_NARROW_COLS && t->pieces == 1)
        for (; row + GEMM_NARROW_ROWS <= all; row += GEMM_NARROW_ROWS) {
            tile_at(t, b, line, row, column);
            isa.narrow(t);
        }
    int tiles =
        (all - row + isa.rows - 1) / isa.rows; /* of like sizes: a small one would wait on its chain */
    for (int rows; tiles > 0; tiles--, row += rows) {
        rows = (all - row + tiles - 1) / tiles;
        tile_at(t, b, line, row, column);
        isa.tile(rows, t);
    }
}

static void run_block(const struct gemm *g, const struct block *b)
{
    const int lines = g->lines ? g->lines : 1;
    struct gemm_tile t = {.pieces = b->pieces, .k = b->k, .first = b->first, .g = g};
    t.end = b->end && (g->add || g->relu || g->xi);
    for (int column = 0; column < g->n; column += t.panels * GEMM_PANEL) {
        int left = g->n - column;
        t.panels = left > GEMM_PANEL ? isa.panels : 1;
        t.cols = left < t.panels * GEMM_PANEL ? left : t.panels * GEMM_PANEL;
        t.w = g->packed + ((ptrdiff_t)column * g->k + b->w * GEMM_PANEL);
        t.bias = g->bias ? g->bias + column : NULL;
        for (int line = 0; line < lines; line++)
            run_line(&t, b, line, column);
    }
}

void gemm_follow(struct gemm *g, const struct epilogue *end, size_t add_at, ptrdiff_t add_pitch, size_t at)
{
    if (!end)
        return;
    g->add = end->add ? end->add + add_at : NULL;
    g->add_pitch = add_pitch;
    g->relu = end->relu;
    g->xi = end->xi ? end->xi + at : NULL;
    g->sigma = end->sigma;
}

void gemm_run(const struct gemm *g)
{
    const int most = g->n > GEMM_PANEL ? W_BLOCK / isa.panels : W_BLOCK;
    const int pieces = g->pieces ? g->pieces : 1, k = g->k / pieces;
    const int fit = k ? most / k : pieces, together = fit < 1 ? 1 : fit < pieces ? fit : pieces;
    for (int p = 0; p < pieces; p += together) {
        const int last = p + together >= pieces;
        int parts = k > most ? (k + most - 1) / most : 1; /* of a piece, of like sizes */
        for (int k0 = 0, part; parts > 0; parts--, k0 += part) {
            part = (k - k0 + parts - 1) / parts;
            struct block b = {.pieces = last ? pieces - p : together, .k = part};
            b.x = p * g->x_piece + k0, b.w = (ptrdiff_t)p * k + k0;
            b.first = !p && !k0, b.end = last && parts == 1;
            run_block(g, &b);
        }
    }
}

void gemm_run_many(const struct gemm *g, int count, const struct gemm_step *step)
{
    if (isa.plain && g->k <= W_BLOCK / isa.panels) {
        isa.plain(g, count, step);
        return;
    }
    struct gemm one = *g;
    for (; count > 0; count--, one.x += step->x, one.packed += step->packed, one.y += step->y)
        gemm_run(&one);
}
