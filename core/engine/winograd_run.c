/* Winograd's method on tiles: transformed, multiplied, transformed back with all that follows. */
#include "core/engine/winograd_layer.h"

#include "core/engine/gemm.h"

struct place {
    int image, row, column; /* of a tile, in output pixels */
};

static struct place place_of(const struct winograd *w, int tile)
{
    int per_image = w->tiles_h * w->tiles_w, in_image = tile % per_image;
    return (struct place){tile / per_image, in_image / w->tiles_w * OUT, in_image % w->tiles_w * OUT};
}

static void go_on(const struct winograd *w, struct place *at)
{
    if ((at->column += OUT) < w->s.out_w)
        return;
    at->column = 0;
    if ((at->row += OUT) < w->s.out_h)
        return;
    at->row = 0;
    at->image++;
}

static void gather(const struct winograd *w, const float *x, struct place at, float *to)
{
    const struct conv_shape *s = &w->s;
    int top = at.row - s->pad_top, left = at.column - s->pad_left;
    struct source from = {.left = left < 0 ? -left : 0, .right = s->in_w - left < IN ? s->in_w - left : IN};
    x += ((size_t)at.image * s->in_h * s->in_w + left + from.left) * s->in_c;
    for (int i = 0; i < IN; i++) {
        int inside = top + i >= 0 && top + i < s->in_h;
        from.line[i] = inside ? x + (ptrdiff_t)(top + i) * s->in_w * s->in_c : w->zeros;
    }
    from.framed = top == -1 && left == -1 && s->in_h == OUT && s->in_w == OUT;
    w->tile_in(s->in_c, &from, in_matrix(w), to);
}

static void scatter(const struct winograd *w, const float *from, struct place at, float *y,
                    const struct epilogue *end)
{
    const struct conv_shape *s = &w->s;
    size_t image = (size_t)s->out_h * s->out_w * s->out_c;
    size_t inside = ((size_t)at.row * s->out_w + at.column) * s->out_c, whole = at.image * image + inside;
    struct target t = {.y = y + whole, .bias = w->bias, .channels = s->out_c};
    t.line = t.y_line = (size_t)s->out_w * s->out_c;
    t.rows = s->out_h - at.row < OUT ? s->out_h - at.row : OUT;
    t.columns = s->out_w - at.column < OUT ? s->out_w - at.column : OUT;
    if (end) {
        t.add = end->add ? end->add + at.image * end->add_row + inside : NULL;
        t.relu = end->relu;
        t.xi = end->xi ? end->xi + whole : NULL;
        t.sigma = end->sigma;
        t.pool = end->pool;
    }
    if (t.pool) {
        int high = s->out_h / 2, wide = s->out_w / 2;
        size_t pixel = ((size_t)at.image * high + at.row / 2) * wide + at.column / 2;
        t.y = y + pixel * s->out_c;
        t.y_line = (size_t)wide * s->out_c;
    }
    w->tile_out(&t, out_matrix(w), from);
}

void winograd_run(const struct winograd *w, const float *x, float *y, const struct epilogue *end,
                  void *scratch)
{
    const struct conv_shape *s = &w->s;
    float *in = scratch, *out = in + POINTS * in_matrix(w);
    struct gemm g = {.k = s->in_c, .n = s->out_c, .x = in, .packed = w->weight, .y = out};
    g.x_pitch = s->in_c, g.y_pitch = s->out_c;
    const struct gemm_step step = {(ptrdiff_t)in_matrix(w), (ptrdiff_t)s->in_c * s->out_c,
                                   (ptrdiff_t)out_matrix(w)};
    int tiles = s->batch * w->tiles_h * w->tiles_w;
    int blocks = (tiles + w->block - 1) / w->block; /* of like sizes: products of few rows are slow */
    for (int first = 0, n; blocks > 0; blocks--, first += n) {
        n = (tiles - first + blocks - 1) / blocks;
        struct place at = place_of(w, first), start = at;
        for (int k = 0; k < n; k++, go_on(w, &at))
            gather(w, x, at, in + (size_t)k * s->in_c);
        g.rows = n;
        gemm_run_many(&g, POINTS, &step);
        at = start;
        for (int k = 0; k < n; k++, go_on(w, &at))
            scatter(w, out + (size_t)k * s->out_c, at, y, end);
    }
}
