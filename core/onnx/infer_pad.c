#include "core/onnx/rules.h"

#include <string.h>

/* pads[2 * rank] from the lists of the file, begins first. */
static int pad_read(struct infer *in, const struct graph_node *n, int rank, int64_t *pads)
{
    struct int_list list, axes;
    int given = arg_ints(in, n, "pads", 1, &list), has_axes = arg_ints(in, n, "axes", 3, &axes);
    int64_t half = has_axes > 0 ? axes.count : rank;
    if (given < 0 || has_axes < 0)
        return -1;
    if (!given || list.count != 2 * half || half > rank)
        return graph_fail(in->g, n, in->err, "%lld pads for %d dimensions", (long long)list.count, rank);
    memset(pads, 0, 2 * (size_t)rank * sizeof *pads);
    for (int64_t i = 0; i < half; i++) {
        int axis = (int)i;
        if (has_axes && arg_axis(in, n, axes.v[i], rank, &axis) < 0)
            return -1;
        pads[axis] = list.v[i];
        pads[axis + rank] = list.v[half + i];
    }
    for (int i = 0; i < 2 * rank; i++)
        if (pads[i] > INT32_MAX || pads[i] < -INT32_MAX)
            return graph_fail(in->g, n, in->err, "a pad of %lld", (long long)pads[i]);
    return 0;
}

static int pad_mode(struct infer *in, const struct graph_node *n, const struct apex_shape *x,
                    const int64_t *pads, const char **mode)
{
    static const char *const modes[] = {"constant", "reflect", "edge"};
    const char *name = graph_attr_string(n, "mode", "constant");
    *mode = NULL;
    for (int i = 0; i < 3; i++)
        if (strcmp(name, modes[i]) == 0)
            *mode = modes[i];
    if (!*mode)
        return graph_fail(in->g, n, in->err, "mode '%.60s' is not supported", name);
    for (int i = 0; i < 2 * x->rank && **mode != 'c'; i++)
        if (pads[i] < 0 || (**mode == 'r' && pads[i] > 0 && pads[i] >= x->dim[i % x->rank]))
            return graph_fail(in->g, n, in->err, "a pad of %lld in mode '%s' on %lld entries",
                              (long long)pads[i], name, (long long)x->dim[i % x->rank]);
    return 0;
}

/* What negative pads cut away becomes a Slice in front; x then is what is left. */
static int cut_away(struct infer *in, struct graph_node *n, int64_t *pads, struct apex_shape *x)
{
    int64_t start[APEX_MAX_RANK], end[APEX_MAX_RANK], axis[APEX_MAX_RANK], step[APEX_MAX_RANK];
    struct apex_shape left = *x;
    int cuts = 0;
    for (int d = 0; d < x->rank; d++) {
        int64_t *before = &pads[d], *after = &pads[d + x->rank];
        start[d] = *before < 0 ? -*before : 0;
        end[d] = x->dim[d] + (*after < 0 ? *after : 0);
        axis[d] = d;
        step[d] = 1;
        left.dim[d] = end[d] - start[d];
        if (left.dim[d] < 0)
            return graph_fail(in->g, n, in->err, "cuts more than there is from axis %d", d);
        cuts += *before < 0 || *after < 0;
        *before = *before < 0 ? 0 : *before;
        *after = *after < 0 ? 0 : *after;
    }
    if (!cuts)
        return 0;
    struct graph_node slice;
    size_t rank = (size_t)x->rank;
    int cut = graph_add_value(in->g, n->name, in->err);
    if (cut < 0 || graph_node_init(&slice, "Slice", n->name, ":cut", n->input[0], cut, in->err) < 0)
        return -1;
    in->g->value[cut].shape = left;
    if (graph_node_add_ints(&slice, "starts", start, rank, in->err) < 0 ||
        graph_node_add_ints(&slice, "ends", end, rank, in->err) < 0 ||
        graph_node_add_ints(&slice, "axes", axis, rank, in->err) < 0 ||
        graph_node_add_ints(&slice, "steps", step, rank, in->err) < 0) {
        graph_node_clear(&slice);
        return -1;
    }
    n->input[0] = cut;
    *x = left;
    return infer_emit(in, &slice);
}

int infer_pad(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0);
    const struct apex_tensor *constant = graph_constant(in->g, n, 0);
    int64_t pads[2 * APEX_MAX_RANK];
    const char *mode;
    float value;
    if (pad_read(in, n, x.rank, pads) < 0 || pad_mode(in, n, &x, pads, &mode) < 0)
        return -1;
    if (constant && constant->type != APEX_F32)
        return graph_fail(in->g, n, in->err, "only floats are padded");
    if (arg_float(in, n, "value", 2, 0.0f, &value) < 0)
        return -1;
    if (arg_dynamic(in, n, 0) && (pads[0] || pads[x.rank]))
        return graph_fail(in->g, n, in->err, "pads the batch");
    if (cut_away(in, n, pads, &x) < 0)
        return -1;
    struct apex_shape shape = x;
    for (int d = 0; d < x.rank; d++)
        if (__builtin_add_overflow(shape.dim[d], pads[d] + pads[d + x.rank], &shape.dim[d]))
            return graph_fail(in->g, n, in->err, "shape overflow");
    if (apex_shape_equal(&x, &shape))
        return INFER_VANISH;
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    if (graph_node_add_ints(n, "pads", pads, 2 * (size_t)x.rank, in->err) < 0 ||
        graph_node_add_string(n, "mode", mode, in->err) < 0 ||
        graph_node_add_float(n, "value", value, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &shape);
}
