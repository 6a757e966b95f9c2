#include "core/engine/amx_product.h"

#include "core/engine/amx_vec.h"
#include "core/engine/program.h"

#include <string.h>

enum { TILE = AMX_ROWS * AMX_COLS, PACKED_TILE = AMX_DEPTH * AMX_COLS, WEIGHT_BYTES = 1024 * 1024 };

#ifdef CPU_BUILDS_AMX

/* The operand of LDTILECFG. */
struct tile_shapes {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* Tiles 0 to 3: sums; 4 and 6: x and w; 5 and 7: what is left of a run. */
AMX static void shape_tiles(int rest)
{
    struct tile_shapes s = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        s.row_bytes[t] = 64;
        s.rows[t] = 16;
    }
    if (rest) {
        s.row_bytes[5] = (uint16_t)(2 * rest);
        s.rows[7] = (uint8_t)(rest / 2);
    }
    __asm__ volatile("ldtilecfg %0" : : "m"(s)); /* compilers think that the intrinsic reads only 8 bytes */
}

/* The tile at *next, which goes on to the one after it: along the line, down the lines, then to the next
 * images. */
static struct amx_place take_tile(const struct amx_product *p, struct amx_place *next)
{
    struct amx_place at = *next;
    const int most = AMX_ROWS / p->beside;
    at.pixels = p->pixels - at.pixel < most ? p->pixels - at.pixel : most;
    at.x = p->x + at.group * p->x_group + at.line * p->x_line + at.pixel * p->beside * p->x_pitch;
    if ((next->pixel += most) < p->pixels)
        return at;
    next->pixel = 0;
    if (++next->line == p->lines) {
        next->line = 0;
        next->group++;
    }
    return at;
}

AMX static void start_sums(const float *bias)
{
    _tile_loadd(0, bias, 0);
    _tile_loadd(1, bias, 0);
    _tile_loadd(2, bias, 0);
    _tile_loadd(3, bias, 0);
}

AMX static void store_sums(float *to)
{
    _tile_stored(0, to, 64);
    _tile_stored(1, to + TILE, 64);
    _tile_stored(2, to + 2 * TILE, 64);
    _tile_stored(3, to + 3 * TILE, 64);
}

/* Some pieces of the sums of four tiles of y below each other. w: the weights of the first. */
AMX static void add_pieces(const struct amx_product *p, const struct amx_place *at, const uint16_t *w,
                           int from, int to)
{
    const size_t pitch = (size_t)p->x_pitch * sizeof(uint16_t);
    const int whole = p->run / AMX_DEPTH * AMX_DEPTH, rest = p->run % AMX_DEPTH;
    for (int i = from; i < to; i++) {
        const ptrdiff_t piece = p->piece[i];
        const uint16_t *a = at[0].x + piece, *b = at[1].x + piece, *c = at[2].x + piece, *d = at[3].x + piece;
        for (int k = 0; k < whole; k += AMX_DEPTH, w += PACKED_TILE) {
            _tile_loadd(6, w, 64);
            _tile_loadd(4, a + k, pitch);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(4, b + k, pitch);
            _tile_dpbf16ps(1, 4, 6);
            _tile_loadd(4, c + k, pitch);
            _tile_dpbf16ps(2, 4, 6);
            _tile_loadd(4, d + k, pitch);
            _tile_dpbf16ps(3, 4, 6);
        }
        if (!rest)
            continue;
        _tile_loadd(7, w, 64);
        _tile_loadd(5, a + whole, pitch);
        _tile_dpbf16ps(0, 5, 7);
        _tile_loadd(5, b + whole, pitch);
        _tile_dpbf16ps(1, 5, 7);
        _tile_loadd(5, c + whole, pitch);
        _tile_dpbf16ps(2, 5, 7);
        _tile_loadd(5, d + whole, pitch);
        _tile_dpbf16ps(3, 5, 7);
        w += PACKED_TILE;
    }
}

/* Four tiles of y below each other; those beyond the last have no pixels. */
struct block {
    struct amx_place at[4];
    int column;
};

/* Sums of one block, and in between what follows on the one before: while products wait for each other the
 * processor looks only some hundred instructions ahead. now, before: NULL: none. */
static void run_block(const struct amx_product *p, const struct block *now, float *sum,
                      const struct block *before, const float *done)
{
    const size_t depth = amx_padded((size_t)p->run, AMX_DEPTH) * AMX_COLS;
    const uint16_t *w = p->packed;
    if (now) {
        w += (size_t)(now->column / AMX_COLS) * (size_t)p->pieces * depth;
        start_sums(p->bias + now->column);
    }
    for (int k = 0; k < 4; k++) {
        const int from = p->pieces * k / 4, to = p->pieces * (k + 1) / 4;
        if (now)
            add_pieces(p, now->at, w + (size_t)from * depth, from, to);
        if (before && before->at[k].pixels)
            amx_finish(p, &before->at[k], before->column, done + k * TILE);
    }
    if (now)
        store_sums(sum);
}

/* The block whose sums wait to be finished, and the one after it. */
struct pipeline {
    const struct amx_product *p;
    float *sums; /* of two blocks */
    struct block block[2];
    int turn, blocks;
};

static void push(struct pipeline *l, const struct amx_place at[4], int column)
{
    struct block *now = &l->block[l->turn];
    memcpy(now->at, at, sizeof now->at);
    now->column = column;
    run_block(l->p, now, l->sums + l->turn * 4 * TILE, l->blocks++ ? &l->block[!l->turn] : NULL,
              l->sums + !l->turn * 4 * TILE);
    l->turn = !l->turn;
}

static void drain(struct pipeline *l)
{
    if (l->blocks)
        run_block(l->p, NULL, NULL, &l->block[!l->turn], l->sums + !l->turn * 4 * TILE);
}

/* The next four of `left` tiles; where there are fewer, the last again, for nothing. */
static void take_four(const struct amx_product *p, int left, struct amx_place *next, struct amx_place at[4])
{
    for (int k = 0; k < 4; k++) {
        at[k] = k < left ? take_tile(p, next) : at[k - 1];
        at[k].pixels = k < left ? at[k].pixels : 0;
    }
}

/* Weights that stay in a second-level cache are read again for each block of pixels, whose rows then are in
 * the first; more weights are read a few columns at a time, for all pixels. */
static void run_blocks(const struct amx_product *p, float *sums)
{
    const int in_line = (p->pixels * p->beside + AMX_ROWS - 1) / AMX_ROWS;
    const int tiles = in_line * p->lines * ((p->images + p->beside - 1) / p->beside);
    const int wide = amx_packed_bytes(p->pieces, p->run, p->n) > WEIGHT_BYTES ? AMX_COLS : p->n;
    struct pipeline l = {.p = p, .sums = sums};
    struct amx_place at[4];
    for (int from = 0; from < p->n; from += wide) {
        struct amx_place next = {0};
        for (int t = 0; t < tiles; t += 4) {
            take_four(p, tiles - t, &next, at);
            for (int column = from; column < p->n && column < from + wide; column += AMX_COLS)
                push(&l, at, column);
        }
    }
    drain(&l);
}

AMX void amx_product_run(const struct amx_product *p, float *sums)
{
    shape_tiles(p->run % AMX_DEPTH);
    run_blocks(p, sums);
    _tile_release(); /* what the system saves for this thread, and oneDNN's own shapes */
}

AMX static void spin_tiles(long rounds)
{
    shape_tiles(0);
    for (long i = 0; i < rounds; i++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_release();
}

double amx_peak(void)
{
    const double round = 4 * 2.0 * AMX_ROWS * AMX_COLS * AMX_DEPTH;
    double best = 0;
    spin_tiles(1000);
    for (int k = 0; k < 20; k++) {
        const long rounds = 100000;
        const double start = engine_clock();
        spin_tiles(rounds);
        const double rate = round * (double)rounds / (engine_clock() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

#else /* never reached: cpu_missing() says that the instructions are not there */

void amx_product_run(const struct amx_product *p, float *sums)
{
    (void)p, (void)sums;
}

double amx_peak(void)
{
    return 0;
}
#endif
