/* MaxPool and AveragePool over channels-last tensors. */
#include "core/engine/builder.h"
#include "core/engine/hot.h"

#include <math.h>
#include <string.h>

struct pool {
    int is_max, count_pad;
    int64_t batch, in_h, in_w, out_h, out_w, channels;
    int64_t kernel[2], stride[2], dilation[2], pad[4];
};

/* Channels are walked in groups, whose running value stays in registers over the window. */
enum { GROUP = 32 };

static inline __attribute__((always_inline)) void join_tap(int is_max, const float *x, int64_t n, float *v)
{
    for (int64_t i = 0; i < n; i++)
        v[i] = !is_max ? v[i] + x[i] : x[i] > v[i] || x[i] != x[i] ? x[i] : v[i]; /* NaN passes */
}

/* y[c]: the largest, or the sum, over the taps of one output pixel; x at the window's first channel c. */
HOT static void join_window(const struct pool *p, const float *x, int64_t top, int64_t left, int64_t n,
                            float *y)
{
    float v[GROUP];
    for (int64_t i = 0; i < GROUP; i++)
        v[i] = p->is_max ? -INFINITY : 0;
    for (int64_t kh = 0; kh < p->kernel[0]; kh++) {
        int64_t ih = top + kh * p->dilation[0];
        for (int64_t kw = 0; kw < p->kernel[1] && ih >= 0 && ih < p->in_h; kw++) {
            int64_t iw = left + kw * p->dilation[1];
            if (iw < 0 || iw >= p->in_w)
                continue;
            const float *from = x + (ih * p->in_w + iw) * p->channels;
            if (n == GROUP && p->is_max)
                join_tap(1, from, GROUP, v);
            else if (n == GROUP)
                join_tap(0, from, GROUP, v);
            else
                join_tap(p->is_max, from, n, v);
        }
    }
    for (int64_t i = 0; i < n; i++)
        y[i] = v[i];
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

static void pool_pixel(const struct pool *p, const float *x, int64_t oh, int64_t ow, float *y)
{
    int64_t top = oh * p->stride[0] - p->pad[0], left = ow * p->stride[1] - p->pad[1];
    for (int64_t c = 0; c < p->channels; c += GROUP)
        join_window(p, x + c, top, left, p->channels - c < GROUP ? p->channels - c : GROUP, y + c);
    if (p->is_max)
        return;
    /* with count_include_pad, places in the padding count, but none beyond it (ceil_mode) */
    int64_t h =
        p->count_pad ? inside(p, 0, oh, -p->pad[0], p->in_h + p->pad[2]) : inside(p, 0, oh, 0, p->in_h);
    int64_t w =
        p->count_pad ? inside(p, 1, ow, -p->pad[1], p->in_w + p->pad[3]) : inside(p, 1, ow, 0, p->in_w);
    float size = (float)(h * w > 0 ? h * w : 1);
    for (int64_t c = 0; c < p->channels; c++)
        y[c] /= size;
}

static void run_pool(const struct step *s, const struct pass *pass)
{
    const struct pool *p = s->state;
    const float *x = s->in[0].data;
    float *y = s->out.data;
    (void)pass;
    for (int64_t i = 0; i < p->batch; i++) {
        for (int64_t oh = 0; oh < p->out_h; oh++)
            for (int64_t ow = 0; ow < p->out_w; ow++, y += p->channels)
                pool_pixel(p, x, oh, ow, y);
        x += p->in_h * p->in_w * p->channels;
    }
}

static void ints_or(const struct graph_node *n, const char *name, int count, int64_t fallback, int64_t *out)
{
    const struct graph_attr *a = graph_attr(n, name);
    for (int i = 0; i < count; i++)
        out[i] = a && a->count == (size_t)count ? a->ints[i] : fallback;
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
    return 0;
}
