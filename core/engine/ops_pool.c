/* MaxPool and AveragePool over channels-last tensors. */
#include "core/engine/builder.h"
#include "core/engine/hot.h"
#include "core/engine/vec.h"

#include <math.h>
#include <string.h>

struct pool {
    int is_max, count_pad;
    int64_t batch, in_h, in_w, out_h, out_w, channels;
    int64_t kernel[2], stride[2], dilation[2], pad[4];
};

/* The taps of one window: `high` rows of `wide` pixels, the first at x. */
struct window {
    const float *x;
    int64_t high, wide, row_step, step; /* steps in floats */
};

static inline __attribute__((always_inline)) void join_wide(const int is_max, const struct window *w,
                                                            const float *from, const int64_t high,
                                                            const int64_t wide, float *y)
{
    vec v = is_max ? *(const vec *)from : (vec){0};
#pragma GCC unroll 3
    for (int64_t i = 0; i < high; i++)
#pragma GCC unroll 3
        for (int64_t j = 0; j < wide; j++) {
            vec x = *(const vec *)(from + i * w->row_step + j * w->step);
            if (is_max)
                vec_largest(&v, &x);
            else
                v += x;
        }
    *(vec *)y = v;
}

static inline __attribute__((always_inline)) float join_one(const int is_max, const struct window *w,
                                                            const float *from)
{
    float v = is_max ? *from : 0;
    for (int64_t i = 0; i < w->high; i++)
        for (int64_t j = 0; j < w->wide; j++) {
            float x = from[i * w->row_step + j * w->step];
            v = !is_max ? v + x : x > v || x != x ? x : v;
        }
    return v;
}

static inline __attribute__((always_inline)) void
join_row(const int is_max, const struct window *w, int64_t pixels, int64_t stride, int64_t channels, float *y)
{
    const float *x = w->x;
    const int two = w->high == 2 && w->wide == 2, three = w->high == 3 && w->wide == 3;
    for (int64_t p = 0; p < pixels; p++, x += stride, y += channels) {
        int64_t c = 0;
        if (two)
            for (; c + WIDTH <= channels; c += WIDTH)
                join_wide(is_max, w, x + c, 2, 2, y + c);
        else if (three)
            for (; c + WIDTH <= channels; c += WIDTH)
                join_wide(is_max, w, x + c, 3, 3, y + c);
        else
            for (; c + WIDTH <= channels; c += WIDTH)
                join_wide(is_max, w, x + c, w->high, w->wide, y + c);
        for (; c < channels; c++)
            y[c] = join_one(is_max, w, x + c);
    }
}

/* y[pixel][channel]: the largest, or the sum, over the taps of windows `stride` floats apart. */
HOT static void join_windows(int is_max, const struct window *w, int64_t pixels, int64_t stride,
                             int64_t channels, float *y)
{
    if (is_max)
        join_row(1, w, pixels, stride, channels, y);
    else
        join_row(0, w, pixels, stride, channels, y);
}

/* Taps of a window that starts at `at` and lie inside [0, size): returns their number; *at becomes the first.
 */
static int64_t clip_taps(int64_t *at, int64_t taps, int64_t dilation, int64_t size)
{
    int64_t skip = *at < 0 ? (-*at + dilation - 1) / dilation : 0;
    *at += skip * dilation;
    int64_t fit = *at < size ? (size - *at + dilation - 1) / dilation : 0;
    int64_t left = taps > skip ? taps - skip : 0;
    return left < fit ? left : fit;
}

/* Places of the window along one axis that lie inside [low, high). */
static int64_t inside(const struct pool *p, int axis, int64_t at, int64_t low, int64_t high)
{
    int64_t count = 0;
    for (int64_t k = 0; k < p->kernel[axis]; k++) {
        int64_t i = at * p->stride[axis] - p->pad[axis] + k * p->dilation[axis];
        count += i >= low && i < high;
    }
    return count;
}

/* Sums to means: with count_include_pad, places in the padding count, but none beyond it (ceil_mode). */
static void divide(const struct pool *p, int64_t oh, int64_t ow, float *y)
{
    int64_t h =
        p->count_pad ? inside(p, 0, oh, -p->pad[0], p->in_h + p->pad[2]) : inside(p, 0, oh, 0, p->in_h);
    int64_t w =
        p->count_pad ? inside(p, 1, ow, -p->pad[1], p->in_w + p->pad[3]) : inside(p, 1, ow, 0, p->in_w);
    float size = (float)(h * w > 0 ? h * w : 1);
    for (int64_t c = 0; c < p->channels; c++)
        y[c] /= size;
}

/* One line of output pixels. Neighbours whose windows have the same taps are joined in one go. */
static void pool_line(const struct pool *p, const float *x, int64_t oh, float *y)
{
    int64_t top = oh * p->stride[0] - p->pad[0];
    struct window w = {.high = clip_taps(&top, p->kernel[0], p->dilation[0], p->in_h)};
    w.step = p->dilation[1] * p->channels;
    w.row_step = p->dilation[0] * p->in_w * p->channels;
    for (int64_t ow = 0, n; ow < p->out_w; ow += n, y += n * p->channels) {
        int64_t left = ow * p->stride[1] - p->pad[1], reach = (p->kernel[1] - 1) * p->dilation[1];
        n = left < 0 || left + reach >= p->in_w ? 1 : (p->in_w - 1 - reach - left) / p->stride[1] + 1;
        n = n < p->out_w - ow ? n : p->out_w - ow;
        w.wide = clip_taps(&left, p->kernel[1], p->dilation[1], p->in_w);
        if (w.high && w.wide) {
            w.x = x + (top * p->in_w + left) * p->channels;
            join_windows(p->is_max, &w, n, p->stride[1] * p->channels, p->channels, y);
        } else { /* only padding */
            for (int64_t c = 0; c < n * p->channels; c++)
                y[c] = p->is_max ? -INFINITY : 0;
        }
        for (int64_t k = 0; k < n && !p->is_max; k++)
            divide(p, oh, ow + k, y + k * p->channels);
    }
}

static void run_pool(const struct step *s, const struct pass *pass)
{
    const struct pool *p = s->state;
    const float *x = s->in[0].data;
    float *y = s->out.data;
    (void)pass;
    for (int64_t i = 0; i < p->batch; i++) {
        for (int64_t oh = 0; oh < p->out_h; oh++, y += p->out_w * p->channels)
            pool_line(p, x, oh, y);
        x += p->in_h * p->in_w * p->channels;
    }
}

static void ints_or(const struct graph_node *n, const char *name, int count, int64_t fallback, int64_t *out)
{
    const struct graph_attr *a = graph_attr(n, name);
    for (int i = 0; i < count; i++)
        out[i] = a && a->count == (size_t)count ? a->ints[i] : fallback;
}

/* The largest of 2x2 pixels, whole vectors of channels at a time: may be part of the step before. */
static int is_pairs(const struct pool *p)
{
    int plain = p->is_max && p->channels % WIDTH == 0;
    for (int k = 0; k < 2; k++)
        plain &= p->kernel[k] == 2 && p->stride[k] == 2 && p->dilation[k] == 1 && !p->pad[k];
    return plain && p->out_h == p->in_h / 2 && p->out_w == p->in_w / 2;
}

int emit_pool(struct builder *b, const struct graph_node *n)
{
    struct operand in, out;
    if (builder_input_as(b, n, 0, LAYOUT_NHWC, &in) < 0 || builder_output(b, n, 0, &out) < 0)
        return -1;
    if (in.shape.rank != 4 || (n->outputs > 1 && n->output[1] >= 0))
        return graph_fail(b->e->graph, n, b->err,
                          "only two-dimensional pooling with one output is supported");
    struct step *s = builder_step(b, n, run_pool, sizeof(struct pool));
    if (!s)
        return -1;
    struct pool *p = s->state;
    p->is_max = strcmp(n->op, "MaxPool") == 0;
    p->count_pad = graph_attr_int(n, "count_include_pad", 0) != 0;
    p->batch = out.shape.dim[0];
    p->channels = in.shape.dim[1];
    p->in_h = in.shape.dim[2], p->in_w = in.shape.dim[3];
    p->out_h = out.shape.dim[2], p->out_w = out.shape.dim[3];
    ints_or(n, "kernel_shape", 2, 0, p->kernel);
    ints_or(n, "strides", 2, 1, p->stride);
    ints_or(n, "dilations", 2, 1, p->dilation);
    ints_or(n, "pads", 4, 0, p->pad);
    for (int k = 0; k < 2; k++)
        if (p->kernel[k] < 1 || p->stride[k] < 1 || p->dilation[k] < 1 || p->pad[k] < 0 || p->pad[k + 2] < 0)
            return graph_fail(b->e->graph, n, b->err, "bad kernel, strides, dilations or pads");
    step_input(s, &in);
    s->out = out;
    s->kind = is_pairs(p) ? STEP_POOL : STEP_OTHER;
    return 0;
}
