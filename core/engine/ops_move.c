/* Data movement: Reshape, Transpose, Slice, Concat, Split, Pad, Expand, Gather. Each is one or a few strided
 * copies, or nothing at all where the memory is already right. */
#include "core/engine/builder.h"

#include <string.h>

int emit_reshape(struct builder *b, const struct graph_node *n)
{
    struct operand in;
    enum layout as = layout_flat_channels(b->e, n->output[0]) ? LAYOUT_NHWC : LAYOUT_ROW;
    return builder_input_as(b, n, 0, as, &in) < 0 ? -1 : builder_alias(b, n, 0, &in);
}

/* The shape of the output with as many rows as the input holds. */
static struct apex_shape out_shape(const struct builder *b, const struct graph_node *n,
                                   const struct operand *in)
{
    struct apex_shape s = b->e->graph->value[n->output[0]].shape;
    s.dim[0] = in->shape.dim[0];
    return s;
}

int emit_transpose(struct builder *b, const struct graph_node *n)
{
    const struct graph_attr *perm = graph_attr(n, "perm");
    struct operand in, out;
    int64_t own[APEX_MAX_RANK], from[APEX_MAX_RANK], to[APEX_MAX_RANK];
    if (builder_input(b, n, 0, &in) < 0)
        return -1;
    if (!perm || perm->count != (size_t)in.shape.rank || perm->ints[0] != 0)
        return graph_fail(b->e->graph, n, b->err, "perm must keep the batch first");
    struct apex_shape shape = out_shape(b, n, &in);
    layout_strides(in.layout, &in.shape, own);
    layout_strides(b->e->layout[n->output[0]], &shape, to);
    int same = 1;
    for (int i = 0; i < shape.rank; i++) {
        if (perm->ints[i] < 0 || perm->ints[i] >= shape.rank)
            return graph_fail(b->e->graph, n, b->err, "bad perm");
        from[i] = own[perm->ints[i]];
        same = same && (shape.dim[i] == 1 || from[i] == to[i]);
    }
    if (same)
        return builder_alias(b, n, 0, &in);
    return builder_output(b, n, 0, &out) < 0 ? -1 : builder_copy(b, n, &out.shape, &in, 0, from, &out, 0, to);
}

int emit_slice(struct builder *b, const struct graph_node *n)
{
    const struct graph_attr *starts = graph_attr(n, "starts"), *steps = graph_attr(n, "steps");
    struct operand in, out;
    int64_t from[APEX_MAX_RANK], to[APEX_MAX_RANK], offset = 0;
    if (builder_input(b, n, 0, &in) < 0 || builder_output(b, n, 0, &out) < 0)
        return -1;
    int rank = in.shape.rank;
    if (!starts || !steps || starts->count != (size_t)rank || steps->count != (size_t)rank)
        return graph_fail(b->e->graph, n, b->err, "starts and steps are needed for every axis");
    layout_strides(in.layout, &in.shape, from);
    layout_strides(out.layout, &out.shape, to);
    for (int i = 1; i < rank; i++) {
        int64_t last = starts->ints[i] + (out.shape.dim[i] - 1) * steps->ints[i];
        if (out.shape.dim[i] > 0 && (starts->ints[i] < 0 || starts->ints[i] >= in.shape.dim[i] || last < 0 ||
                                     last >= in.shape.dim[i]))
            return graph_fail(b->e->graph, n, b->err, "axis %d is cut outside the tensor", i);
        offset += starts->ints[i] * from[i];
        from[i] *= steps->ints[i];
    }
    return builder_copy(b, n, &out.shape, &in, offset, from, &out, 0, to);
}

int emit_concat(struct builder *b, const struct graph_node *n)
{
    int64_t axis = graph_attr_int(n, "axis", 1), at = 0, to[APEX_MAX_RANK], from[APEX_MAX_RANK];
    struct operand in, out;
    if (builder_output(b, n, 0, &out) < 0)
        return -1;
    if (axis < 1 || axis >= out.shape.rank)
        return graph_fail(b->e->graph, n, b->err, "bad axis %lld", (long long)axis);
    layout_strides(out.layout, &out.shape, to);
    for (int k = 0; k < n->inputs; k++) {
        if (builder_input(b, n, k, &in) < 0)
            return -1;
        struct apex_shape part = out.shape;
        part.dim[axis] = in.shape.rank == out.shape.rank ? in.shape.dim[axis] : -1;
        if (part.dim[axis] < 0 || at + part.dim[axis] > out.shape.dim[axis])
            return graph_fail(b->e->graph, n, b->err, "input %d does not fit", k);
        if (in.degree < b->degree)
            in = builder_zero(b);
        broadcast_strides(&in, &part, from);
        if (in.buffer < 0 || builder_copy(b, n, &part, &in, 0, from, &out, at * to[axis], to) < 0)
            return -1;
        at += part.dim[axis];
    }
    return 0;
}

int emit_split(struct builder *b, const struct graph_node *n)
{
    int64_t axis = graph_attr_int(n, "axis", 1), at = 0, from[APEX_MAX_RANK], to[APEX_MAX_RANK];
    struct operand in, out;
    if (builder_input(b, n, 0, &in) < 0)
        return -1;
    const struct graph_attr *split = graph_attr(n, "split");
    if (axis < 1 || axis >= in.shape.rank || !split || split->count != (size_t)n->outputs)
        return graph_fail(b->e->graph, n, b->err, "bad axis or split sizes");
    layout_strides(in.layout, &in.shape, from);
    for (int k = 0; k < n->outputs; k++) {
        int64_t offset = at * from[axis];
        at += split->ints[k];
        if (split->ints[k] < 0 || at > in.shape.dim[axis])
            return graph_fail(b->e->graph, n, b->err, "split sizes do not fit");
        if (n->output[k] < 0)
            continue;
        if (builder_output(b, n, k, &out) < 0)
            return -1;
        layout_strides(out.layout, &out.shape, to);
        if (builder_copy(b, n, &out.shape, &in, offset, from, &out, 0, to) < 0)
            return -1;
    }
    return 0;
}

int emit_expand(struct builder *b, const struct graph_node *n)
{
    struct operand in, out;
    int64_t from[APEX_MAX_RANK], to[APEX_MAX_RANK];
    if (builder_input(b, n, 0, &in) < 0 || builder_output(b, n, 0, &out) < 0)
        return -1;
    broadcast_strides(&in, &out.shape, from);
    layout_strides(out.layout, &out.shape, to);
    return builder_copy(b, n, &out.shape, &in, 0, from, &out, 0, to);
}

/* index[k] is the place read for place k of the output along an axis. */
struct gather {
    struct apex_shape shape; /* of one place */
    int64_t from[APEX_MAX_RANK], to[APEX_MAX_RANK], from_step, to_step, count;
    int64_t index[];
};

static void run_gather(const struct step *s, const struct pass *pass)
{
    const struct gather *g = s->state;
    (void)pass;
    for (int64_t k = 0; k < g->count; k++)
        if (g->index[k] >= 0)
            apex_strided_copy(&g->shape, sizeof(float), s->out.data + k * g->to_step, g->to,
                              s->in[0].data + g->index[k] * g->from_step, g->from);
}

int emit_gather(struct builder *b, const struct graph_node *n)
{
    const struct graph_attr *indices = graph_attr(n, "indices");
    int64_t axis = graph_attr_int(n, "axis", 1), own[APEX_MAX_RANK];
    struct operand in, out;
    if (builder_input(b, n, 0, &in) < 0 || builder_output(b, n, 0, &out) < 0)
        return -1;
    int scalar = out.shape.rank == in.shape.rank - 1;
    if (!indices || axis < 1 || axis >= in.shape.rank || (!scalar && out.shape.rank != in.shape.rank) ||
        indices->count != (size_t)(scalar ? 1 : out.shape.dim[axis]))
        return graph_fail(b->e->graph, n, b->err, "only constant indices of rank 0 or 1 are supported");
    struct step *s = builder_step(b, n, run_gather, sizeof(struct gather) + indices->count * sizeof(int64_t));
    if (!s)
        return -1;
    struct gather *g = s->state;
    g->shape = in.shape;
    g->shape.dim[axis] = 1;
    layout_strides(in.layout, &in.shape, g->from);
    layout_strides(out.layout, &out.shape, own);
    for (int i = 0; i < in.shape.rank; i++)
        g->to[i] = scalar ? (i == axis ? 0 : own[i - (i > axis)]) : own[i];
    g->from_step = g->from[axis];
    g->to_step = g->to[axis];
    g->count = (int64_t)indices->count;
    for (int64_t k = 0; k < g->count; k++) {
        g->index[k] = indices->ints[k] < 0 ? indices->ints[k] + in.shape.dim[axis] : indices->ints[k];
        if (g->index[k] < 0 || g->index[k] >= in.shape.dim[axis])
            return graph_fail(b->e->graph, n, b->err, "index %lld is outside the axis",
                              (long long)indices->ints[k]);
    }
    step_input(s, &in);
    s->out = out;
    return 0;
}
