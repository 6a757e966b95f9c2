#include "core/onnx/rules.h"

#include <stdio.h>
#include <string.h>

/* The axes of a reduction, ascending, into axes[rank]; -1 on failure, else how many. */
static int reduce_axes(struct infer *in, const struct graph_node *n, int rank, int64_t *axes)
{
    struct int_list list;
    int mark[APEX_MAX_RANK] = {0}, count = 0, given = arg_ints(in, n, "axes", 1, &list);
    if (given < 0)
        return -1;
    for (int64_t i = 0; i < list.count; i++) {
        int axis;
        if (arg_axis(in, n, list.v[i], rank, &axis) < 0)
            return -1;
        mark[axis] = 1;
    }
    int all = list.count == 0 && !graph_attr_int(n, "noop_with_empty_axes", 0);
    for (int d = 0; d < rank; d++)
        if (all || mark[d])
            axes[count++] = d;
    return count;
}

int infer_reduce(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0), shape = {0};
    int64_t axes[APEX_MAX_RANK], keep = graph_attr_int(n, "keepdims", 1) != 0;
    int count = reduce_axes(in, n, x.rank, axes), at = 0;
    if (count < 0)
        return -1;
    if (count > 0 && axes[0] == 0 && arg_batched(in, n, 0))
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: it reduces the first dimension");
    for (int d = 0; d < x.rank; d++) {
        int reduced = at < count && axes[at] == d;
        at += reduced;
        if (!reduced || keep)
            shape.dim[shape.rank++] = reduced ? 1 : x.dim[d];
    }
    if (count == 0)
        return INFER_VANISH;
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    if (graph_node_add_ints(n, "axes", axes, (size_t)count, in->err) < 0 ||
        graph_node_add_int(n, "keepdims", keep, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &shape);
}

/* Emits one node of the chain that stands for a flattening Softmax and returns its output, or -1. */
static int emit_step(struct infer *in, const struct graph_node *n, const char *op, const char *suffix,
                     int input, const struct apex_shape *shape)
{
    char name[256];
    struct graph_node step;
    snprintf(name, sizeof name, "%.200s%s", n->name, suffix);
    int made = graph_add_value(in->g, name, in->err);
    if (made < 0 || graph_node_init(&step, op, n->name, suffix, input, made, in->err) < 0)
        return -1;
    in->g->value[made].shape = *shape;
    if (strcmp(op, "Reshape") != 0 && graph_node_add_int(&step, "axis", shape->rank - 1, in->err) < 0) {
        graph_node_clear(&step);
        return -1;
    }
    return infer_emit(in, &step) < 0 ? -1 : made;
}

/* Before opset 13: over everything from axis on, as if it were one dimension. Reshape, Softmax, Reshape. */
static int flattened_softmax(struct infer *in, const struct op *op, struct graph_node *n, int axis)
{
    struct apex_shape x = *arg_shape(in, n, 0), flat = {.rank = axis + 1};
    flat.dim[axis] = 1;
    for (int d = 0; d < x.rank; d++)
        if (d < axis)
            flat.dim[d] = x.dim[d];
        else
            flat.dim[axis] *= x.dim[d];
    int v = emit_step(in, n, "Reshape", ":flat", n->input[0], &flat);
    if (v >= 0)
        v = emit_step(in, n, op->name, ":softmax", v, &flat);
    if (v < 0)
        return -1;
    n->input[0] = v;
    graph_node_drop_attrs(n);
    if (graph_node_rename(n, "Reshape", in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &x);
}

int infer_softmax(struct infer *in, const struct op *op, struct graph_node *n)
{
    struct apex_shape x = *arg_shape(in, n, 0);
    int axis, flattens = in->g->opset < 13, wide = 0;
    if (arg_axis(in, n, graph_attr_int(n, "axis", flattens ? 1 : -1), x.rank, &axis) < 0)
        return -1;
    if (!arg_dynamic(in, n, 0))
        return graph_fail(in->g, n, in->err, "its input is constant, which is not supported");
    if (axis == 0 && !in->lifting)
        return graph_fail(in->g, n, in->err,
                          "mixes the samples of a batch: it works along the first dimension");
    for (int d = axis + 1; d < x.rank; d++)
        wide = wide || x.dim[d] != 1;
    if (flattens && wide)
        return flattened_softmax(in, op, n, axis);
    graph_node_drop_attrs(n);
    if (graph_node_add_int(n, "axis", axis, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &x);
}

/* The network ends in its answer: the scores are before it. */
static int ends_in_class(const struct infer *in, const struct op *op, const struct graph_node *n, int axis)
{
    const struct apex_shape *x = arg_shape(in, n, 0);
    if (strcmp(op->name, "ArgMax") != 0 || n->output[0] != in->g->output || axis < 1 || in->lifting)
        return 0;
    for (int d = 1; d < x->rank; d++)
        if (d != axis && x->dim[d] != 1)
            return 0;
    return 1;
}

int infer_arg(struct infer *in, const struct op *op, struct graph_node *n)
{
    struct apex_shape x = *arg_shape(in, n, 0), shape = {0};
    const struct apex_tensor *t = graph_constant(in->g, n, 0);
    int axis, keep = graph_attr_int(n, "keepdims", 1) != 0;
    if (arg_axis(in, n, graph_attr_int(n, "axis", 0), x.rank, &axis) < 0)
        return -1;
    if (arg_dynamic(in, n, 0) && ends_in_class(in, op, n, axis))
        return INFER_VANISH;
    if (arg_dynamic(in, n, 0))
        return graph_fail(in->g, n, in->err,
                          "is supported only over the classes, where the network ends in it");
    if (!t || t->type == APEX_BOOL || x.dim[axis] < 1)
        return graph_fail(in->g, n, in->err, "wants numbers");
    for (int d = 0; d < x.rank; d++)
        if (d != axis || keep)
            shape.dim[shape.rank++] = d == axis ? 1 : x.dim[d];
    return arg_set_shape(in, n, 0, &shape);
}
