/* Normalisations as others, and what is made of reductions that keep their axes. */
#include "core/onnx/lower.h"

#include <string.h>

/* x over its groups of channels by LayerNormalization without weights, then scale and bias by channel. */
int lower_group_norm(struct infer *in, const struct op *op, struct graph_node *n)
{
    struct apex_shape x = *arg_shape(in, n, 0);
    int64_t channels = x.rank > 2 ? x.dim[1] : 0;
    int64_t groups = op->name[0] == 'I' ? channels : graph_attr_int(n, "num_groups", 0);
    const struct apex_tensor *scale = arg_constant(in, n, 1, APEX_F32),
                             *bias = arg_constant(in, n, 2, APEX_F32);
    if (!scale || !bias)
        return -1;
    int64_t length = apex_shape_count(&scale->shape);
    if (groups < 1 || channels % groups || (length != channels && length != groups) ||
        apex_shape_count(&bias->shape) != length)
        return graph_fail(in->g, n, in->err, "%lld channels in %lld groups with %lld scales",
                          (long long)channels, (long long)groups, (long long)length);
    int64_t flat[] = {0, groups, -1}, per_group = apex_shape_count(&x) / groups;
    int ones = lower_constant(in, n, NULL, 1, per_group, 1);
    int s = lower_constant(in, n, scale->data, channels / length, channels, x.rank - 1);
    int b = lower_constant(in, n, bias->data, channels / length, channels, x.rank - 1);
    struct graph_node norm;
    if (ones < 0 || s < 0 || b < 0 ||
        lower_begin(in, n, "LayerNormalization", lower_reshape(in, n, n->input[0], flat, 3), ones, &norm) < 0)
        return -1;
    if (graph_node_add_int(&norm, "axis", 2, in->err) < 0 ||
        graph_node_add_float(&norm, "epsilon", graph_attr_float(n, "epsilon", 1e-5f), in->err) < 0) {
        graph_node_clear(&norm);
        return -1;
    }
    int64_t back[APEX_MAX_RANK];
    memcpy(back, x.dim, sizeof back);
    back[0] = 0;
    int v = lower_reshape(in, n, infer_step(in, &norm), back, x.rank);
    return lower_become(in, n, "Add", lower_step(in, n, "Mul", v, s), b);
}

/* op(a) over these axes, which stay as 1. */
static int reduced(struct infer *in, const struct graph_node *n, const char *op, int a, const int64_t *axes,
                   int count)
{
    struct graph_node made;
    if (lower_begin(in, n, op, a, -1, &made) < 0)
        return -1;
    if (graph_node_add_ints(&made, "axes", axes, (size_t)count, in->err) == 0 &&
        graph_node_add_int(&made, "keepdims", 1, in->err) == 0)
        return infer_step(in, &made);
    graph_node_clear(&made);
    return -1;
}

/* The largest first: exp of what is left never overflows. */
int lower_log_sum_exp(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct int_list list;
    int64_t axes[APEX_MAX_RANK];
    int rank = arg_shape(in, n, 0)->rank, count = 0, given = arg_ints(in, n, "axes", 1, &list);
    int keep = graph_attr_int(n, "keepdims", 1) != 0;
    if (given < 0)
        return -1;
    for (int64_t i = 0; i < list.count && count < APEX_MAX_RANK; i++)
        axes[count++] = list.v[i];
    if (list.count > APEX_MAX_RANK)
        return graph_fail(in->g, n, in->err, "%lld axes", (long long)list.count);
    if (count == 0 && graph_attr_int(n, "noop_with_empty_axes", 0))
        return lower_become(in, n, "Log", lower_step(in, n, "Exp", n->input[0], -1), -1);
    for (int d = 0; count == 0 && d < rank; d++)
        axes[d] = d;
    count = count ? count : rank;
    int most = reduced(in, n, "ReduceMax", n->input[0], axes, count);
    int small = most < 0 ? -1 : lower_step(in, n, "Sub", n->input[0], most);
    int sum = reduced(in, n, "ReduceSum", lower_step(in, n, "Exp", small, -1), axes, count);
    int log = lower_step(in, n, "Log", sum, -1);
    if (keep || log < 0)
        return lower_become(in, n, "Add", log, most);
    return lower_become(
        in, n, "Identity",
        lower_ints(in, n, "Squeeze", lower_step(in, n, "Add", log, most), "axes", axes, count), -1);
}

/* x / |x| along one axis; 0 where the norm is. */
int lower_lp_norm(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    int64_t p = graph_attr_int(n, "p", 2), axis = graph_attr_int(n, "axis", -1);
    if (p != 1 && p != 2)
        return graph_fail(in->g, n, in->err, "p=%lld", (long long)p);
    int norm = reduced(in, n, p == 1 ? "ReduceL1" : "ReduceL2", n->input[0], &axis, 1);
    int least = lower_number(in, n, 1e-37f);
    norm = least < 0 || norm < 0 ? -1 : lower_step(in, n, "Max", norm, least);
    return norm < 0 ? -1 : lower_become(in, n, "Div", n->input[0], norm);
}

/* (x - mean) / (deviation + 1e-9), as the function that ONNX defines. */
int lower_mean_variance(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    static const int64_t usual[] = {0, 2, 3};
    struct int_list axes;
    int given = arg_ints(in, n, "axes", -1, &axes);
    if (given < 0)
        return -1;
    if (!given)
        axes = (struct int_list){usual, 3};
    if (axes.count > APEX_MAX_RANK)
        return graph_fail(in->g, n, in->err, "%lld axes", (long long)axes.count);
    int mean = reduced(in, n, "ReduceMean", n->input[0], axes.v, (int)axes.count);
    int centred = mean < 0 ? -1 : lower_step(in, n, "Sub", n->input[0], mean);
    int square = centred < 0 ? -1 : lower_step(in, n, "Mul", centred, centred);
    int deviation =
        lower_step(in, n, "Sqrt", reduced(in, n, "ReduceMean", square, axes.v, (int)axes.count), -1);
    int least = lower_number(in, n, 1e-9f);
    deviation = least < 0 || deviation < 0 ? -1 : lower_step(in, n, "Add", deviation, least);
    return deviation < 0 ? -1 : lower_become(in, n, "Div", centred, deviation);
}

/* x / sqrt(mean(x^2) + epsilon) times scale. */
int lower_rms_norm(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    int64_t axes[APEX_MAX_RANK];
    int axis, count = 0, rank = arg_shape(in, n, 0)->rank, scale = n->input[1];
    if (arg_axis(in, n, graph_attr_int(n, "axis", -1), rank, &axis) < 0)
        return -1;
    for (int d = axis; d < rank; d++)
        axes[count++] = d;
    int epsilon = lower_number(in, n, graph_attr_float(n, "epsilon", 1e-5f));
    int square = epsilon < 0 ? -1 : lower_step(in, n, "Mul", n->input[0], n->input[0]);
    int mean = reduced(in, n, "ReduceMean", square, axes, count);
    int root = lower_step(in, n, "Sqrt", mean < 0 ? -1 : lower_step(in, n, "Add", mean, epsilon), -1);
    int unit = root < 0 ? -1 : lower_step(in, n, "Div", n->input[0], root);
    return lower_become(in, n, "Mul", unit, scale);
}
