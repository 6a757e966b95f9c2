/* Convolution and pooling over three spatial dimensions, as what there are kernels for: images.
 *
 * A convolution over [C, D, H, W] is one over channels (c, kd), with the depths that an output depth sees put
 * beside each other, and the output depths stacked along the height: [C kD, oD H', W]. H' is H with its
 * padding, rounded up to whole strides, so that each stack starts at a window; what hangs over is cut.
 * Pooling is separable: over (H, W), then over D. */
#include "core/onnx/lower.h"

#include <string.h>

struct volume {
    int64_t kernel[3], stride[3], dilation[3], pad[6], out[3], size[3];
};

static int64_t extent(const struct volume *v, int d)
{
    return (v->kernel[d] - 1) * v->dilation[d] + 1;
}

/* kernel is set; the rest from the node. */
static int volume_read(struct infer *in, const struct graph_node *n, const struct apex_shape *x,
                       struct volume *v)
{
    const char *how = graph_attr_string(n, "auto_pad", "NOTSET");
    int is_same = strncmp(how, "SAME_", 5) == 0, is_ceil = graph_attr_int(n, "ceil_mode", 0) != 0;
    if (lower_extents(in, n, "strides", 1, 3, 1, v->stride) < 0 ||
        lower_extents(in, n, "dilations", 1, 3, 1, v->dilation) < 0 ||
        lower_extents(in, n, "pads", 0, 6, 0, v->pad) < 0)
        return -1;
    for (int d = 0; d < 3; d++) {
        v->size[d] = x->dim[d + 2];
        if (is_same) {
            int64_t out = (v->size[d] + v->stride[d] - 1) / v->stride[d];
            int64_t total = (out - 1) * v->stride[d] + extent(v, d) - v->size[d];
            total = total > 0 ? total : 0;
            v->pad[d] = how[5] == 'U' ? total / 2 : total - total / 2;
            v->pad[d + 3] = total - v->pad[d];
        }
        int64_t room = v->size[d] + v->pad[d] + v->pad[d + 3] - extent(v, d);
        if (room < 0)
            return graph_fail(in->g, n, in->err, "kernel of %lld on a padded input of %lld",
                              (long long)extent(v, d), (long long)(room + extent(v, d)));
        v->out[d] = (room + (is_ceil ? v->stride[d] - 1 : 0)) / v->stride[d] + 1;
        if (is_ceil && (v->out[d] - 1) * v->stride[d] >= v->size[d] + v->pad[d])
            v->out[d]--;
    }
    return 0;
}

/* op(a) with pads of all axes. */
static int padded(struct infer *in, const struct graph_node *n, int a, const struct volume *v, int64_t below)
{
    int64_t pads[10] = {0, 0, v->pad[0], v->pad[1], 0, 0, 0, v->pad[3], below, 0};
    return lower_ints(in, n, "Pad", a, "pads", pads, 10);
}

/* The depths that each output depth sees: [N, C, oD kD, H', W]. */
static int unfolded(struct infer *in, const struct graph_node *n, int a, const struct volume *v)
{
    const struct apex_shape shape = {.rank = 1, .dim = {v->out[0] * v->kernel[0]}};
    struct apex_tensor *index = infer_make_tensor(in, n, APEX_I64, &shape);
    for (int64_t i = 0; index && i < shape.dim[0]; i++)
        ((int64_t *)index->data)[i] = i / v->kernel[0] * v->stride[0] + i % v->kernel[0] * v->dilation[0];
    int list = lower_tensor(in, n, index);
    struct graph_node made;
    if (list < 0 || lower_begin(in, n, "Gather", a, list, &made) < 0)
        return -1;
    if (graph_node_add_int(&made, "axis", 2, in->err) == 0)
        return infer_step(in, &made);
    graph_node_clear(&made);
    return -1;
}

/* The weights [M, C/group, kD, kH, kW] as [M, C/group kD, kH, kW]. */
static int image_weights(struct infer *in, struct graph_node *n)
{
    struct apex_tensor *t = apex_tensor_copy(graph_constant(in->g, n, 1), in->err);
    if (t) {
        struct apex_shape w = t->shape;
        t->shape = (struct apex_shape){.rank = 4, .dim = {w.dim[0], w.dim[1] * w.dim[2], w.dim[3], w.dim[4]}};
    }
    return infer_replace_input(in, n, 1, t);
}

static int image_conv(struct infer *in, struct graph_node *n, int a, const struct volume *v, int64_t group)
{
    int64_t strides[] = {v->stride[1], v->stride[2]}, dilations[] = {v->dilation[1], v->dilation[2]};
    int64_t over = extent(v, 1) - v->stride[1], pads[] = {0, v->pad[2], over > 0 ? over : 0, v->pad[5]};
    struct graph_node made;
    if (lower_begin(in, n, "Conv", a, n->input[1], &made) < 0)
        return -1;
    if ((!arg_given(n, 2) || graph_node_add_input(&made, n->input[2], in->err) == 0) &&
        graph_node_add_ints(&made, "strides", strides, 2, in->err) == 0 &&
        graph_node_add_ints(&made, "dilations", dilations, 2, in->err) == 0 &&
        graph_node_add_ints(&made, "pads", pads, 4, in->err) == 0 &&
        graph_node_add_int(&made, "group", group, in->err) == 0)
        return infer_step(in, &made);
    graph_node_clear(&made);
    return -1;
}

/* [N, M, oD, H', oW] to [N, M, oD, oH, oW]. */
static int cut(struct infer *in, struct graph_node *n, int a, int64_t rows)
{
    const int64_t none = 0, height = 3;
    graph_node_drop_attrs(n);
    graph_node_cut_inputs(n, 1);
    if (a < 0 || graph_node_rename(n, "Slice", in->err) < 0 ||
        graph_node_add_ints(n, "starts", &none, 1, in->err) < 0 ||
        graph_node_add_ints(n, "ends", &rows, 1, in->err) < 0 ||
        graph_node_add_ints(n, "axes", &height, 1, in->err) < 0)
        return -1;
    n->input[0] = a;
    return infer_slice(in, op_find("Slice"), n);
}

int lower_conv_volume(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0);
    const struct apex_shape w = *arg_shape(in, n, 1);
    struct volume v;
    int64_t group = graph_attr_int(n, "group", 1), channels, stack;
    char text[APEX_SHAPE_TEXT];
    if (w.rank != 5 || apex_shape_count(&w) < 1)
        return graph_fail(in->g, n, in->err, "weights of shape %s", apex_shape_text(&w, text));
    memcpy(v.kernel, w.dim + 2, sizeof v.kernel);
    if (lower_extents(in, n, "kernel_shape", 1, 3, 1, v.out) < 0 || volume_read(in, n, &x, &v) < 0)
        return -1;
    const struct graph_attr *said = graph_attr(n, "kernel_shape");
    if (said && memcmp(said->ints, v.kernel, sizeof v.kernel) != 0)
        return graph_fail(in->g, n, in->err, "kernel_shape is not that of the weights");
    for (int d = 0; d < 3; d++)
        if (v.kernel[d] > LOWER_MAX_EXTENT)
            return graph_fail(in->g, n, in->err, "weights of shape %s", apex_shape_text(&w, text));
    int64_t high = v.size[1] + v.pad[1] + v.pad[4],
            full = (high + v.stride[1] - 1) / v.stride[1] * v.stride[1];
    if (__builtin_mul_overflow(x.dim[1], v.kernel[0], &channels) ||
        __builtin_mul_overflow(v.out[0], full, &stack))
        return graph_fail(in->g, n, in->err, "shape overflow");
    int a = padded(in, n, n->input[0], &v, full - v.size[1] - v.pad[1]);
    a = a < 0 ? -1 : unfolded(in, n, a, &v);
    int64_t apart[] = {0, x.dim[1], v.out[0], v.kernel[0], full, x.dim[4]}, order[] = {0, 1, 3, 2, 4, 5};
    int64_t image[] = {0, channels, stack, x.dim[4]};
    a = a < 0 ? -1 : lower_ints(in, n, "Transpose", lower_reshape(in, n, a, apart, 6), "perm", order, 6);
    a = a < 0 ? -1 : lower_reshape(in, n, a, image, 4);
    if (a < 0 || image_weights(in, n) < 0)
        return -1;
    int64_t parts[] = {0, w.dim[0], v.out[0], full / v.stride[1], v.out[2]};
    a = image_conv(in, n, a, &v, group);
    return a < 0 ? -1 : cut(in, n, lower_reshape(in, n, a, parts, 5), v.out[1]);
}

/* The pool of two of the three dimensions on an image. */
static int image_pool(struct infer *in, const struct graph_node *n, int a, const int64_t *kernel,
                      const int64_t *stride, const int64_t *dilation, const int64_t *pads)
{
    struct graph_node made;
    if (lower_begin(in, n, n->op, a, -1, &made) < 0)
        return -1;
    if (graph_node_add_ints(&made, "kernel_shape", kernel, 2, in->err) == 0 &&
        graph_node_add_ints(&made, "strides", stride, 2, in->err) == 0 &&
        graph_node_add_ints(&made, "dilations", dilation, 2, in->err) == 0 &&
        graph_node_add_ints(&made, "pads", pads, 4, in->err) == 0 &&
        graph_node_add_int(&made, "ceil_mode", graph_attr_int(n, "ceil_mode", 0), in->err) == 0 &&
        graph_node_add_int(&made, "count_include_pad", graph_attr_int(n, "count_include_pad", 0), in->err) ==
            0)
        return infer_step(in, &made);
    graph_node_clear(&made);
    return -1;
}

int lower_pool_volume(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0);
    struct volume v;
    int64_t planes, pixels;
    if (!graph_attr(n, "kernel_shape"))
        return graph_fail(in->g, n, in->err, "'kernel_shape' is missing");
    if (lower_extents(in, n, "kernel_shape", 1, 3, 1, v.kernel) < 0 || volume_read(in, n, &x, &v) < 0)
        return -1;
    if (__builtin_mul_overflow(x.dim[1], x.dim[2], &planes) ||
        __builtin_mul_overflow(v.out[1], v.out[2], &pixels))
        return graph_fail(in->g, n, in->err, "shape overflow");
    int64_t flat[] = {0, planes, x.dim[3], x.dim[4]}, deep[] = {0, x.dim[1], x.dim[2], pixels};
    int64_t back[] = {0, x.dim[1], v.out[0], v.out[1], v.out[2]};
    int64_t across[] = {v.pad[1], v.pad[2], v.pad[4], v.pad[5]}, along[] = {v.pad[0], 0, v.pad[3], 0};
    int64_t kernel[] = {v.kernel[0], 1}, stride[] = {v.stride[0], 1}, dilation[] = {v.dilation[0], 1};
    int a = lower_reshape(in, n, n->input[0], flat, 4);
    a = a < 0 ? -1 : image_pool(in, n, a, v.kernel + 1, v.stride + 1, v.dilation + 1, across);
    a = a < 0 ? -1 : lower_reshape(in, n, a, deep, 4);
    a = a < 0 ? -1 : image_pool(in, n, a, kernel, stride, dilation, along);
    return a < 0 ? -1 : lower_become(in, n, "Identity", lower_reshape(in, n, a, back, 5), -1);
}
