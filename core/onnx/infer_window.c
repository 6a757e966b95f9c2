#include "core/onnx/rules.h"

#include <stdlib.h>
#include <string.h>

/* A sliding window over two spatial dimensions, all of it resolved. */
struct window {
    int64_t kernel[2], stride[2], dilation[2];
    int64_t pad[4]; /* top, left, bottom, right */
    int64_t out[2];
};

enum { MAX_EXTENT = 1 << 20 }; /* of kernels, strides and pads: keeps every sum far from overflow */

static int window_list(struct infer *in, const struct graph_node *n, const char *name, int64_t least,
                       int count, int64_t *out)
{
    struct int_list list;
    int given = arg_ints(in, n, name, -1, &list);
    if (given <= 0)
        return given;
    if (list.count != count)
        return graph_fail(in->g, n, in->err, "'%s' has %lld entries; want %d", name, (long long)list.count,
                          count);
    for (int i = 0; i < count; i++) {
        out[i] = list.v[i];
        if (out[i] < least || out[i] > MAX_EXTENT)
            return graph_fail(in->g, n, in->err, "'%s' has an entry of %lld", name, (long long)out[i]);
    }
    return 1;
}

static int64_t extent(const struct window *w, int d) /* of the dilated kernel */
{
    return (w->kernel[d] - 1) * w->dilation[d] + 1;
}

/* Pads for auto_pad SAME: as many windows as input / stride, rounded up. The odd one goes to the end (UPPER).
 */
static void pad_same(struct window *w, const int64_t *size, int is_upper)
{
    for (int d = 0; d < 2; d++) {
        int64_t out = (size[d] + w->stride[d] - 1) / w->stride[d];
        int64_t total = (out - 1) * w->stride[d] + extent(w, d) - size[d];
        total = total > 0 ? total : 0;
        w->pad[d] = is_upper ? total / 2 : total - total / 2;
        w->pad[d + 2] = total - w->pad[d];
    }
}

static int window_pads(struct infer *in, const struct graph_node *n, const int64_t *size, struct window *w)
{
    const char *how = graph_attr_string(n, "auto_pad", "NOTSET");
    if (strcmp(how, "NOTSET") == 0 || *how == '\0')
        return window_list(in, n, "pads", 0, 4, w->pad) < 0 ? -1 : 0;
    if (strcmp(how, "SAME_UPPER") == 0 || strcmp(how, "SAME_LOWER") == 0)
        pad_same(w, size, how[5] == 'U');
    else if (strcmp(how, "VALID") != 0)
        return graph_fail(in->g, n, in->err, "auto_pad='%.60s'", how);
    return 0;
}

/* How many windows fit. With ceil_mode a last one may hang over the end, but must begin before it. */
static int window_outputs(struct infer *in, const struct graph_node *n, const int64_t *size, int is_ceil,
                          struct window *w)
{
    for (int d = 0; d < 2; d++) {
        int64_t room = size[d] + w->pad[d] + w->pad[d + 2] - extent(w, d);
        if (room < 0)
            return graph_fail(in->g, n, in->err, "kernel of %lld on a padded input of %lld",
                              (long long)extent(w, d), (long long)(room + extent(w, d)));
        w->out[d] = (room + (is_ceil ? w->stride[d] - 1 : 0)) / w->stride[d] + 1;
        if (is_ceil && (w->out[d] - 1) * w->stride[d] >= size[d] + w->pad[d])
            w->out[d]--;
    }
    return 0;
}

/* x: the shape of the input, of rank 4. w->kernel is set already for a convolution. */
static int window_read(struct infer *in, const struct graph_node *n, const struct apex_shape *x, int is_ceil,
                       struct window *w)
{
    for (int d = 0; d < 2; d++)
        w->stride[d] = w->dilation[d] = 1;
    if (window_list(in, n, "strides", 1, 2, w->stride) < 0 ||
        window_list(in, n, "dilations", 1, 2, w->dilation) < 0)
        return -1;
    if (window_pads(in, n, x->dim + 2, w) < 0)
        return -1;
    return window_outputs(in, n, x->dim + 2, is_ceil, w);
}

static int window_write(struct infer *in, struct graph_node *n, const struct window *w)
{
    if (graph_node_add_ints(n, "kernel_shape", w->kernel, 2, in->err) < 0 ||
        graph_node_add_ints(n, "strides", w->stride, 2, in->err) < 0 ||
        graph_node_add_ints(n, "dilations", w->dilation, 2, in->err) < 0)
        return -1;
    return graph_node_add_ints(n, "pads", w->pad, 4, in->err);
}

/* [N,C,L] as [N,C,1,L]: the node's input, its lists, and the weights of a Conv; the output comes back to
 * three dimensions in narrow(). */
static int widen_list(struct infer *in, struct graph_node *n, const char *name, int64_t fill)
{
    struct graph_attr *a = (struct graph_attr *)graph_attr(n, name);
    if (!a || a->type != ATTR_INTS)
        return 0;
    int64_t *more = realloc(a->ints, 2 * (a->count + 1) * sizeof *more);
    if (!more)
        return apex_fail(in->err, "no memory for node '%.200s'", n->name);
    for (size_t k = a->count; k-- > 0;) { /* [b, e] -> [0, b, 0, e]; [k] -> [1, k] */
        more[2 * k + 1] = more[k];
        more[2 * k] = fill;
    }
    a->ints = more;
    a->count *= 2;
    return 0;
}

static int widen(struct infer *in, struct graph_node *n, struct apex_shape *x)
{
    struct graph_node flat;
    struct apex_shape wide = {.rank = 4, .dim = {x->dim[0], x->dim[1], 1, x->dim[2]}};
    const struct apex_tensor *w = graph_constant(in->g, n, 1);
    if (widen_list(in, n, "kernel_shape", 1) < 0 || widen_list(in, n, "strides", 1) < 0 ||
        widen_list(in, n, "dilations", 1) < 0 || widen_list(in, n, "pads", 0) < 0)
        return -1;
    if (w && w->shape.rank == 3) {
        struct apex_tensor *t = apex_tensor_copy(w, in->err);
        if (t)
            t->shape =
                (struct apex_shape){.rank = 4, .dim = {w->shape.dim[0], w->shape.dim[1], 1, w->shape.dim[2]}};
        if (infer_replace_input(in, n, 1, t) < 0)
            return -1;
    }
    if (graph_node_init(&flat, "Reshape", n->name, ":wide", n->input[0], -1, in->err) < 0)
        return -1;
    int64_t dim[] = {0, wide.dim[1], 1, wide.dim[3]};
    if (graph_node_add_ints(&flat, "shape", dim, 4, in->err) < 0) {
        graph_node_clear(&flat);
        return -1;
    }
    *x = wide;
    n->input[0] = infer_step(in, &flat);
    return n->input[0] < 0 ? -1 : 0;
}

/* Ends a window operator of output [N,C,H,W]. */
static int narrow(struct infer *in, struct graph_node *n, const struct apex_shape *y, int is_line)
{
    struct apex_shape line = {.rank = 3, .dim = {y->dim[0], y->dim[1], y->dim[3]}};
    return is_line ? infer_then_reshape(in, n, y, &line) : arg_set_shape(in, n, 0, y);
}

static int want_image(struct infer *in, const struct graph_node *n, const struct apex_shape *x)
{
    char text[APEX_SHAPE_TEXT];
    if (x->rank != 4)
        return graph_fail(in->g, n, in->err,
                          "input of shape %s; one to three spatial dimensions [N,C,D,H,W] are supported",
                          apex_shape_text(x, text));
    return 0;
}

static int check_weight(struct infer *in, const struct graph_node *n, const struct apex_shape *x,
                        const struct apex_shape *w, int64_t group)
{
    char a[APEX_SHAPE_TEXT], b[APEX_SHAPE_TEXT];
    if (group < 1 || w->rank != 4 || x->dim[1] % group || w->dim[1] != x->dim[1] / group || w->dim[0] < 1 ||
        w->dim[0] % group)
        return graph_fail(in->g, n, in->err,
                          "weights of shape %s do not fit an input of shape %s, group %lld",
                          apex_shape_text(w, a), apex_shape_text(x, b), (long long)group);
    if (w->dim[2] < 1 || w->dim[3] < 1 || w->dim[2] > MAX_EXTENT || w->dim[3] > MAX_EXTENT)
        return graph_fail(in->g, n, in->err, "weights of shape %s", apex_shape_text(w, a));
    if (!arg_given(n, 2))
        return 0;
    const struct apex_tensor *bias = arg_constant(in, n, 2, APEX_F32);
    if (!bias)
        return -1;
    if (bias->shape.rank != 1 || bias->shape.dim[0] != w->dim[0])
        return graph_fail(in->g, n, in->err, "bias of shape %s for %lld output channels",
                          apex_shape_text(&bias->shape, a), (long long)w->dim[0]);
    return 0;
}

int infer_conv(struct infer *in, const struct op *op, struct graph_node *n)
{
    struct apex_shape x = *arg_shape(in, n, 0);
    int64_t group = graph_attr_int(n, "group", 1);
    int is_line = x.rank == 3;
    struct window w = {0};
    if (!arg_constant(in, n, 1, APEX_F32) || (is_line && widen(in, n, &x) < 0))
        return -1;
    if (x.rank == 5)
        return lower_conv_volume(in, op, n);
    const struct apex_tensor *weight = graph_constant(in->g, n, 1);
    if (want_image(in, n, &x) < 0 || check_weight(in, n, &x, &weight->shape, group) < 0)
        return -1;
    int64_t said[2] = {weight->shape.dim[2], weight->shape.dim[3]};
    w.kernel[0] = said[0];
    w.kernel[1] = said[1];
    if (window_list(in, n, "kernel_shape", 1, 2, said) < 0)
        return -1;
    if (said[0] != w.kernel[0] || said[1] != w.kernel[1])
        return graph_fail(in->g, n, in->err, "kernel_shape %lld x %lld, but the weights have %lld x %lld",
                          (long long)said[0], (long long)said[1], (long long)w.kernel[0],
                          (long long)w.kernel[1]);
    if (window_read(in, n, &x, 0, &w) < 0)
        return -1;
    graph_node_drop_attrs(n);
    if (window_write(in, n, &w) < 0 || graph_node_add_int(n, "group", group, in->err) < 0)
        return -1;
    struct apex_shape y = {.rank = 4, .dim = {x.dim[0], weight->shape.dim[0], w.out[0], w.out[1]}};
    return narrow(in, n, &y, is_line);
}

int infer_pool(struct infer *in, const struct op *op, struct graph_node *n)
{
    struct apex_shape x = *arg_shape(in, n, 0);
    int is_average = strcmp(op->name, "AveragePool") == 0, is_line = x.rank == 3;
    int64_t count_include_pad = graph_attr_int(n, "count_include_pad", 0) != 0;
    struct window w = {0};
    if (x.rank == 5)
        return lower_pool_volume(in, op, n);
    if (is_line && widen(in, n, &x) < 0)
        return -1;
    if (want_image(in, n, &x) < 0 || window_list(in, n, "kernel_shape", 1, 2, w.kernel) < 0)
        return -1;
    if (w.kernel[0] == 0)
        return graph_fail(in->g, n, in->err, "'kernel_shape' is missing");
    if (window_read(in, n, &x, graph_attr_int(n, "ceil_mode", 0) != 0, &w) < 0)
        return -1;
    if (is_average && (w.dilation[0] != 1 || w.dilation[1] != 1))
        return graph_fail(in->g, n, in->err, "dilated average pooling is not supported");
    for (int i = 0; i < 4; i++)
        if (w.pad[i] >= extent(&w, i % 2))
            return graph_fail(in->g, n, in->err, "pads as wide as the kernel");
    graph_node_drop_attrs(n);
    if (window_write(in, n, &w) < 0)
        return -1;
    if (is_average && graph_node_add_int(n, "count_include_pad", count_include_pad, in->err) < 0)
        return -1;
    struct apex_shape y = {.rank = 4, .dim = {x.dim[0], x.dim[1], w.out[0], w.out[1]}};
    return narrow(in, n, &y, is_line);
}

int infer_global_pool(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    char text[APEX_SHAPE_TEXT];
    struct apex_shape y = *arg_shape(in, n, 0);
    if (y.rank < 3)
        return graph_fail(in->g, n, in->err, "input of shape %s has no spatial dimensions",
                          apex_shape_text(&y, text));
    for (int d = 2; d < y.rank; d++)
        y.dim[d] = 1;
    graph_node_drop_attrs(n);
    return arg_set_shape(in, n, 0, &y);
}
