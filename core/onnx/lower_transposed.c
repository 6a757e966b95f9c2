/* ConvTranspose: what carries a gradient back through a Conv. As a Conv: strides - 1 zeros between the
 * entries of the input, the weights turned over with their channels exchanged, and of the padding what a
 * Conv's leaves. */
#include "core/onnx/lower.h"

#include <string.h>

enum { SPATIAL = 3 };

struct transposed {
    int dims; /* spatial ones */
    int64_t group, kernel[SPATIAL], stride[SPATIAL], dilation[SPATIAL], more[SPATIAL], pad[2 * SPATIAL];
};

static int64_t extent(const struct transposed *t, int d)
{
    return (t->kernel[d] - 1) * t->dilation[d] + 1;
}

/* The padding that gives an output of the size that is asked for; what cannot be divided by two goes to the
 * front, with SAME_UPPER to the end. */
static void pad_to(struct transposed *t, const struct apex_shape *x, const int64_t *want, int is_upper)
{
    for (int d = 0; d < t->dims; d++) {
        int64_t total = t->stride[d] * (x->dim[d + 2] - 1) + t->more[d] + extent(t, d) - want[d];
        if (total < 0) { /* nothing to cut: the output grows at its end */
            t->more[d] -= total;
            total = 0;
        }
        t->pad[d] = is_upper ? total / 2 : total - total / 2;
        t->pad[d + t->dims] = total - t->pad[d];
    }
}

static int read_attributes(struct infer *in, const struct graph_node *n, const struct apex_shape *x,
                           struct transposed *t)
{
    const char *how = graph_attr_string(n, "auto_pad", "NOTSET");
    int is_same = strncmp(how, "SAME_", 5) == 0;
    int64_t want[SPATIAL];
    if (lower_extents(in, n, "strides", 1, t->dims, 1, t->stride) < 0 ||
        lower_extents(in, n, "dilations", 1, t->dims, 1, t->dilation) < 0 ||
        lower_extents(in, n, "output_padding", 0, t->dims, 0, t->more) < 0 ||
        lower_extents(in, n, "pads", 0, 2 * t->dims, 0, t->pad) < 0)
        return -1;
    int sized = lower_extents(in, n, "output_shape", 1, t->dims, 1, want);
    if (sized < 0)
        return -1;
    for (int d = 0; d < t->dims && is_same && !sized; d++)
        want[d] = x->dim[d + 2] * t->stride[d];
    if (is_same || sized)
        pad_to(t, x, want, is_same && how[5] == 'U');
    return 0;
}

/* w[C][M/group][k...] as [M][C/group][k...], each kernel turned over. */
static int turned_weights(struct infer *in, const struct graph_node *n, const struct transposed *t)
{
    const struct apex_tensor *w = graph_constant(in->g, n, 1);
    struct apex_shape shape = w->shape;
    const int64_t inputs = w->shape.dim[0] / t->group, outputs = w->shape.dim[1];
    shape.dim[0] = outputs * t->group;
    shape.dim[1] = inputs;
    struct apex_tensor *made = infer_make_tensor(in, n, APEX_F32, &shape);
    const int64_t size = made ? apex_shape_count(&shape) / (shape.dim[0] * inputs) : 0;
    for (int64_t m = 0; made && m < shape.dim[0]; m++)
        for (int64_t c = 0; c < inputs; c++) {
            const float *from =
                (const float *)w->data + ((m / outputs * inputs + c) * outputs + m % outputs) * size;
            float *to = (float *)made->data + (m * inputs + c) * size;
            for (int64_t i = 0; i < size; i++)
                to[i] = from[size - 1 - i];
        }
    return lower_tensor(in, n, made);
}

/* [N, C, H, W] to [N, C, H sH, W sW]: each entry with the zeros behind it. */
static int apart(struct infer *in, const struct graph_node *n, int a, const struct apex_shape *x,
                 const struct transposed *t)
{
    int64_t split[2 + 2 * SPATIAL] = {0, x->dim[1]}, joined[2 + SPATIAL] = {0, x->dim[1]};
    int64_t pads[4 + 4 * SPATIAL] = {0};
    const int rank = 2 + 2 * t->dims;
    int strides = 0;
    for (int d = 0; d < t->dims; d++) {
        split[2 + 2 * d] = x->dim[2 + d];
        split[3 + 2 * d] = 1;
        pads[rank + 3 + 2 * d] = t->stride[d] - 1;
        joined[2 + d] = x->dim[2 + d] * t->stride[d];
        strides += t->stride[d] > 1;
    }
    if (!strides)
        return a;
    a = lower_reshape(in, n, a, split, rank);
    a = a < 0 ? -1 : lower_ints(in, n, "Pad", a, "pads", pads, 2 * rank);
    return a < 0 ? -1 : lower_reshape(in, n, a, joined, 2 + t->dims);
}

/* What a Conv's padding cannot be, less than none, is cut off first. */
static int cropped(struct infer *in, const struct graph_node *n, int a, const struct transposed *t,
                   int64_t *conv_pad)
{
    int64_t pads[4 + 2 * SPATIAL] = {0};
    int cuts = 0;
    for (int d = 0; d < t->dims; d++) {
        int64_t before = extent(t, d) - 1 - t->pad[d],
                after = extent(t, d) - 1 - t->pad[d + t->dims] + t->more[d] - (t->stride[d] - 1);
        conv_pad[d] = before > 0 ? before : 0;
        conv_pad[d + t->dims] = after > 0 ? after : 0;
        pads[2 + d] = before < 0 ? before : 0;
        pads[4 + t->dims + d] = after < 0 ? after : 0;
        cuts += before < 0 || after < 0;
    }
    return cuts ? lower_ints(in, n, "Pad", a, "pads", pads, 2 * (2 + t->dims)) : a;
}

static int conv(struct infer *in, const struct graph_node *n, int a, int weights, const struct transposed *t)
{
    int64_t pads[2 * SPATIAL];
    struct graph_node made;
    a = a < 0 ? -1 : cropped(in, n, a, t, pads);
    if (a < 0 || lower_begin(in, n, "Conv", a, weights, &made) < 0)
        return -1;
    if ((!arg_given(n, 2) || graph_node_add_input(&made, n->input[2], in->err) == 0) &&
        graph_node_add_ints(&made, "dilations", t->dilation, (size_t)t->dims, in->err) == 0 &&
        graph_node_add_ints(&made, "pads", pads, 2 * (size_t)t->dims, in->err) == 0 &&
        graph_node_add_int(&made, "group", t->group, in->err) == 0)
        return infer_step(in, &made);
    graph_node_clear(&made);
    return -1;
}

int lower_conv_transposed(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    char text[APEX_SHAPE_TEXT], given[APEX_SHAPE_TEXT];
    const struct apex_shape x = *arg_shape(in, n, 0);
    const struct apex_tensor *w = arg_constant(in, n, 1, APEX_F32);
    struct transposed t = {.dims = x.rank - 2, .group = graph_attr_int(n, "group", 1)};
    if (!w)
        return -1;
    if (t.dims < 1 || t.dims > SPATIAL || w->shape.rank != x.rank || apex_shape_count(&w->shape) < 1 ||
        w->shape.dim[0] != x.dim[1] || t.group < 1 || x.dim[1] % t.group != 0)
        return graph_fail(in->g, n, in->err, "weights of shape %s for an input of shape %s in %lld groups",
                          apex_shape_text(&w->shape, text), apex_shape_text(&x, given), (long long)t.group);
    memcpy(t.kernel, w->shape.dim + 2, (size_t)t.dims * sizeof *t.kernel);
    for (int d = 0; d < t.dims; d++)
        if (t.kernel[d] > LOWER_MAX_EXTENT || x.dim[d + 2] > INT32_MAX)
            return graph_fail(in->g, n, in->err, "weights of shape %s for an input of shape %s",
                              apex_shape_text(&w->shape, text), apex_shape_text(&x, given));
    if (read_attributes(in, n, &x, &t) < 0)
        return -1;
    int weights = turned_weights(in, n, &t);
    int a = weights < 0 ? -1 : apart(in, n, n->input[0], &x, &t);
    return lower_become(in, n, "Identity", conv(in, n, a, weights, &t), -1);
}
