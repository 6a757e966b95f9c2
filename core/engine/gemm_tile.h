/* The tile of the GEMM, written once over a vector type. The including file defines VEC (the type),
 * LANES_OF_VEC, KERNEL (how a function is compiled) and the functions vec_load, vec_store, vec_set, vec_fma;
 * + - * are those of GCC's vectors. */

enum { VECS = GEMM_PANEL / LANES_OF_VEC };

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

/* The last columns of a matrix whose width is no multiple of a panel: the same operations on a copy. */
KERNEL void tile_store_part(const struct gemm_tile *t, int row, const VEC v[VECS])
{
    const struct gemm *g = t->g;
    float full[3][GEMM_PANEL] = {{0}};
    size_t size = (size_t)t->cols * sizeof(float);
    if (t->add)
        memcpy(full[1], t->add + row * g->add_pitch, size);
    if (t->xi)
        memcpy(full[2], t->xi + row * g->y_pitch, size);
#pragma GCC unroll 2
    for (int j = 0; j < VECS; j++) {
        VEC out = v[j];
        if (t->end)
            out = vec_end(g, out, t->add ? full[1] + j * LANES_OF_VEC : NULL,
                          t->xi ? full[2] + j * LANES_OF_VEC : NULL);
        vec_store(full[0] + j * LANES_OF_VEC, out);
    }
    memcpy(t->y + row * g->y_pitch, full[0], size);
}

KERNEL void tile_store(const struct gemm_tile *t, int row, const VEC v[VECS])
{
    const struct gemm *g = t->g;
#pragma GCC unroll 2
    for (int j = 0; j < VECS; j++) {
        VEC out = v[j];
        int at = j * LANES_OF_VEC;
        if (t->end)
            out = vec_end(g, out, t->add ? t->add + row * g->add_pitch + at : NULL,
                          t->xi ? t->xi + row * g->y_pitch + at : NULL);
        vec_store(t->y + row * g->y_pitch + at, out);
    }
}

KERNEL void tile_start(const struct gemm_tile *t, int row, VEC v[VECS])
{
    float part[GEMM_PANEL] = {0};
    const float *from = t->bias;
    if (!t->first) {
        from = t->y + row * t->g->y_pitch;
        if (t->cols < GEMM_PANEL)
            from = memcpy(part, from, (size_t)t->cols * sizeof *part);
    }
#pragma GCC unroll 2
    for (int j = 0; j < VECS; j++)
        v[j] = from ? vec_load(from + j * LANES_OF_VEC) : vec_set(0);
}

KERNEL void tile_of(const int rows, const struct gemm_tile *t)
{
    VEC acc[12][VECS];
    const float *x = t->x, *w = t->w;
    const ptrdiff_t pitch = t->g->x_pitch;
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
        tile_start(t, r, acc[r]);
    for (int k = 0; k < t->k; k++, w += GEMM_PANEL) {
        VEC wk[VECS];
#pragma GCC unroll 2
        for (int j = 0; j < VECS; j++)
            wk[j] = vec_load(w + j * LANES_OF_VEC);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            VEC xk = vec_set(x[r * pitch + k]);
#pragma GCC unroll 2
            for (int j = 0; j < VECS; j++)
                acc[r][j] = vec_fma(xk, wk[j], acc[r][j]);
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
        if (t->cols < GEMM_PANEL)
            tile_store_part(t, r, acc[r]);
        else
            tile_store(t, r, acc[r]);
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
