/* The tile of the GEMM, written once over a vector type. The including file defines VEC (the type),
 * LANES_OF_VEC, PANELS (the most of a tile), KERNEL (how a function is compiled) and the functions vec_load,
 * vec_store, vec_set, vec_fma, vec_max and, for the first n elements only (the others read as 0),
 * vec_load_part and vec_store_part; + - * are those of GCC's vectors. `vecs` of each function: vectors side
 * by side, of one panel or of PANELS; constant where it is inlined, as `rows` is. */

enum { PANEL_VECS = GEMM_PANEL / LANES_OF_VEC, VECS = PANELS * PANEL_VECS };

KERNEL VEC vec_relu(VEC v)
{
    return vec_max(vec_set(0), v); /* NaN passes */
}

KERNEL VEC vec_end(const struct gemm *g, VEC v, const float *add, const float *xi)
{
    if (add)
        v += vec_load(add);
    if (g->relu)
        v = vec_relu(v);
    if (xi)
        v += vec_set(g->sigma) * vec_load(xi);
    return v;
}

/* Of the last panel, not all columns exist. */
KERNEL void tile_store_part(const int vecs, const struct gemm_tile *t, int row, const VEC v[VECS])
{
    const struct gemm *g = t->g;
#pragma GCC unroll 2
    for (int j = 0; j < vecs; j++) {
        VEC out = v[j];
        int at = j * LANES_OF_VEC, cols = t->cols - at;
        if (cols <= 0)
            return;
        if (t->end && t->add)
            out += vec_load_part(t->add + row * g->add_pitch + at, cols);
        if (t->end && g->relu)
            out = vec_relu(out);
        if (t->end && t->xi)
            out += vec_set(g->sigma) * vec_load_part(t->xi + row * g->y_pitch + at, cols);
        vec_store_part(t->y + row * g->y_pitch + at, out, cols);
    }
}

KERNEL void tile_store(const int vecs, const struct gemm_tile *t, int row, const VEC v[VECS])
{
    const struct gemm *g = t->g;
#pragma GCC unroll 2
    for (int j = 0; j < vecs; j++) {
        VEC out = v[j];
        int at = j * LANES_OF_VEC;
        if (t->end)
            out = vec_end(g, out, t->add ? t->add + row * g->add_pitch + at : NULL,
                          t->xi ? t->xi + row * g->y_pitch + at : NULL);
        vec_store(t->y + row * g->y_pitch + at, out);
    }
}

KERNEL void tile_start(const int vecs, const struct gemm_tile *t, int row, VEC v[VECS])
{
    const float *y = t->first ? NULL : t->y + row * t->g->y_pitch;
#pragma GCC unroll 2
    for (int j = 0; j < vecs; j++) {
        int at = j * LANES_OF_VEC, cols = t->cols - at;
        if (!y)
            v[j] = t->bias ? vec_load(t->bias + at) : vec_set(0);
        else
            v[j] = cols >= LANES_OF_VEC ? vec_load(y + at)
                   : cols > 0           ? vec_load_part(y + at, cols)
                                        : vec_set(0);
    }
}

/* acc += x w over k, each element one chain. panel: floats from a panel of w to the next. */
KERNEL void tile_sum(const int rows, const int vecs, int k, const float *x, ptrdiff_t pitch, const float *w,
                     ptrdiff_t panel, VEC acc[12][VECS])
{
    for (const float *end = x + k; x < end; x++, w += GEMM_PANEL) {
        VEC wk[VECS];
#pragma GCC unroll 2
        for (int j = 0; j < vecs; j += PANEL_VECS)
            if (vecs == VECS) /* one of two panels is all of the product, and near */
                __builtin_prefetch(w + j / PANEL_VECS * panel + 48 * GEMM_PANEL);
#pragma GCC unroll 2
        for (int j = 0; j < vecs; j++)
            wk[j] = vec_load(w + j / PANEL_VECS * panel + j % PANEL_VECS * LANES_OF_VEC);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            VEC xk = vec_set(x[r * pitch]);
#pragma GCC unroll 2
            for (int j = 0; j < vecs; j++)
                acc[r][j] = vec_fma(xk, wk[j], acc[r][j]);
        }
    }
}

KERNEL void tile_of(const int rows, const int vecs, const struct gemm_tile *t)
{
    VEC acc[12][VECS];
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
        tile_start(vecs, t, r, acc[r]);
    const float *x = t->x, *w = t->w;
    for (int piece = t->pieces; piece > 0; piece--, x += t->g->x_piece, w += (ptrdiff_t)t->k * GEMM_PANEL)
        tile_sum(rows, vecs, t->k, x, t->g->x_pitch, w, (ptrdiff_t)t->g->k * GEMM_PANEL, acc);
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
        if (t->cols < vecs * LANES_OF_VEC)
            tile_store_part(vecs, t, r, acc[r]);
        else
            tile_store(vecs, t, r, acc[r]);
}

/* Rows of a product with nothing before or after it. Winograd's method makes so many small ones that what
 * tile_of asks about takes a twentieth of a small network's time. */
KERNEL void plain_of(const int rows, const int vecs, const struct gemm *g, const float *x, const float *w,
                     float *y)
{
    VEC acc[12][VECS];
    const ptrdiff_t x_pitch = g->x_pitch, y_pitch = g->y_pitch;
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int j = 0; j < vecs; j++)
            acc[r][j] = vec_set(0);
    tile_sum(rows, vecs, g->k, x, x_pitch, w, (ptrdiff_t)g->k * GEMM_PANEL, acc);
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int j = 0; j < vecs; j++)
            vec_store(y + r * y_pitch + j * LANES_OF_VEC, acc[r][j]);
}

/* Twelve independent chains in registers: nothing is faster. */
KERNEL float peak_of(long rounds)
{
    VEC acc[12], x = vec_set(1e-9f), sum = vec_set(0);
    float out[LANES_OF_VEC];
#pragma GCC unroll 12
    for (int k = 0; k < 12; k++)
        acc[k] = vec_set((float)k);
    for (long i = 0; i < rounds; i++)
#pragma GCC unroll 12
        for (int k = 0; k < 12; k++)
            acc[k] = vec_fma(acc[k], x, x);
#pragma GCC unroll 12
    for (int k = 0; k < 12; k++)
        sum += acc[k];
    vec_store(out, sum);
    return out[0];
}
