#include "core/onnx/lift.h"
#include "core/onnx/rules.h"

#include <string.h>

/* The node becomes a Reshape to this shape, or vanishes if that is what it has. */
static int become_reshape(struct infer *in, struct graph_node *n, const struct apex_shape *shape)
{
    char a[APEX_SHAPE_TEXT], b[APEX_SHAPE_TEXT];
    const struct apex_shape *x = arg_shape(in, n, 0);
    int64_t count = apex_shape_count(shape);
    if (count < 0 || count != apex_shape_count(x))
        return graph_fail(in->g, n, in->err, "input of shape %s does not reshape to %s",
                          apex_shape_text(x, a), apex_shape_text(shape, b));
    if (apex_shape_equal(x, shape))
        return INFER_VANISH;
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    if (graph_node_rename(n, "Reshape", in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, shape);
}

/* The one -1 of a target shape: what is left of the input's elements. */
static int fill_unknown(struct infer *in, const struct graph_node *n, const struct apex_shape *x, int at,
                        struct apex_shape *shape)
{
    struct apex_shape others = *shape;
    others.dim[at] = 1;
    int64_t known = apex_shape_count(&others), count = apex_shape_count(x);
    char text[APEX_SHAPE_TEXT];
    if (known <= 0 || count % known)
        return graph_fail(in->g, n, in->err, "%lld elements do not fill a shape of %s", (long long)count,
                          apex_shape_text(shape, text));
    shape->dim[at] = count / known;
    return 0;
}

/* The target shape as the file has it, for an input of shape x. */
static int target_shape(struct infer *in, const struct graph_node *n, const struct apex_shape *x,
                        struct apex_shape *shape, struct apex_error *err)
{
    struct int_list want;
    int allow_zero = graph_attr_int(n, "allowzero", 0) != 0, unknown = -1;
    if (arg_ints(in, n, "shape", 1, &want) < 0)
        return -1;
    if (want.count > APEX_MAX_RANK)
        return graph_fail(in->g, n, err, "to %lld dimensions; at most %d are supported",
                          (long long)want.count, APEX_MAX_RANK);
    shape->rank = (int)want.count;
    for (int d = 0; d < shape->rank; d++) {
        int64_t entry = want.v[d];
        if (entry < -1 || (entry == -1 && unknown >= 0) || (entry == 0 && !allow_zero && d >= x->rank))
            return graph_fail(in->g, n, err, "entry %d of the target shape is %lld", d, (long long)entry);
        shape->dim[d] = entry == 0 && !allow_zero ? x->dim[d] : entry;
        unknown = entry == -1 ? d : unknown;
    }
    return unknown >= 0 ? fill_unknown(in, n, x, unknown, shape) : 0;
}

int reshape_moves_batch(struct infer *in, const struct graph_node *n)
{
    struct apex_shape x = lift_file_shape(in, n), shape = {0};
    struct apex_error *err = in->err;
    in->err = NULL; /* what is wrong is said when the node's turn comes */
    int ok = target_shape(in, n, &x, &shape, NULL) == 0 && apex_shape_count(&shape) == apex_shape_count(&x);
    in->err = err;
    return ok && (shape.rank == 0 || shape.dim[0] != in->batch);
}

/* Numbers of the file are those of its fixed batch: to those of one sample. */
static int for_one_sample(struct infer *in, const struct graph_node *n, const struct apex_shape *x,
                          struct apex_shape *shape)
{
    const struct lift *l = lift_of(in, n->input[0]);
    if (in->batch <= 1 || !arg_dynamic(in, n, 0))
        return 0;
    if (l && places_reduce(l, x, in->batch, shape, &in->lift_axis) == 0)
        return 0;
    if (!l && shape->rank > 0 && shape->dim[0] == in->batch) {
        shape->dim[0] = 1;
        return 0;
    }
    return graph_fail(
        in->g, n, in->err,
        "mixes the samples of a batch: the model's batch is fixed at %lld, but it reshapes to a first "
        "dimension of %lld",
        (long long)in->batch, (long long)(shape->rank ? shape->dim[0] : 0));
}

int infer_reshape(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0), full = lift_file_shape(in, n), shape = {0};
    if (target_shape(in, n, &full, &shape, in->err) < 0 || for_one_sample(in, n, &x, &shape) < 0)
        return -1;
    return become_reshape(in, n, &shape);
}

int infer_flatten(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0), shape = {.rank = 2, .dim = {1, 1}};
    int64_t axis = graph_attr_int(n, "axis", 1);
    axis += axis < 0 ? x.rank : 0;
    if (axis < 0 || axis > x.rank)
        return graph_fail(in->g, n, in->err, "axis %lld of a tensor of %d dimensions", (long long)axis,
                          x.rank);
    if (axis == 0 && arg_batched(in, n, 0))
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: axis=0");
    for (int d = 0; d < x.rank; d++)
        if (__builtin_mul_overflow(shape.dim[d >= axis], x.dim[d], &shape.dim[d >= axis]))
            return graph_fail(in->g, n, in->err, "shape overflow");
    return become_reshape(in, n, &shape);
}

/* Marks the axes (of rank dimensions) that the list names; an error for one named twice. */
static int mark_axes(struct infer *in, const struct graph_node *n, const struct int_list *list, int rank,
                     int mark[APEX_MAX_RANK])
{
    for (int64_t i = 0; i < list->count; i++) {
        int axis;
        if (arg_axis(in, n, list->v[i], rank, &axis) < 0)
            return -1;
        if (mark[axis]++)
            return graph_fail(in->g, n, in->err, "axis %d is named twice", axis);
    }
    return 0;
}

int infer_squeeze(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct int_list axes;
    struct apex_shape x = *arg_shape(in, n, 0), shape = {0};
    int mark[APEX_MAX_RANK] = {0}, is_dynamic = arg_batched(in, n, 0);
    int given = arg_ints(in, n, "axes", 1, &axes);
    if (given < 0 || mark_axes(in, n, &axes, x.rank, mark) < 0)
        return -1;
    for (int d = 0; d < x.rank; d++) {
        if (!given) /* all of size 1, but never the batch */
            mark[d] = x.dim[d] == 1 && !(is_dynamic && d == 0);
        if (mark[d] && x.dim[d] != 1)
            return graph_fail(in->g, n, in->err, "axis %d has %lld entries; want 1", d, (long long)x.dim[d]);
        if (mark[d] && d == 0 && is_dynamic)
            return graph_fail(in->g, n, in->err, "removes the batch dimension");
        if (!mark[d])
            shape.dim[shape.rank++] = x.dim[d];
    }
    return become_reshape(in, n, &shape);
}

int infer_unsqueeze(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct int_list axes;
    struct apex_shape x = *arg_shape(in, n, 0), shape = {0};
    int mark[APEX_MAX_RANK] = {0}, from = 0;
    int given = arg_ints(in, n, "axes", 1, &axes);
    if (given <= 0)
        return given < 0 ? -1 : graph_fail(in->g, n, in->err, "'axes' is missing");
    if (axes.count > APEX_MAX_RANK - x.rank)
        return graph_fail(in->g, n, in->err, "to more than %d dimensions", APEX_MAX_RANK);
    shape.rank = x.rank + (int)axes.count;
    if (mark_axes(in, n, &axes, shape.rank, mark) < 0)
        return -1;
    if (mark[0] && arg_batched(in, n, 0))
        return graph_fail(in->g, n, in->err, "puts a dimension before the batch");
    for (int d = 0; d < shape.rank; d++)
        shape.dim[d] = mark[d] ? 1 : x.dim[from++];
    return become_reshape(in, n, &shape);
}

int infer_transpose(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct int_list given;
    struct apex_shape x = *arg_shape(in, n, 0), shape = {.rank = x.rank};
    int64_t perm[APEX_MAX_RANK];
    int seen[APEX_MAX_RANK] = {0}, moved = 0, there = arg_ints(in, n, "perm", -1, &given);
    if (there < 0)
        return -1;
    if (there && given.count != x.rank)
        return graph_fail(in->g, n, in->err, "perm has %lld entries for %d dimensions",
                          (long long)given.count, x.rank);
    for (int d = 0; d < x.rank; d++) {
        perm[d] = there ? given.v[d] : x.rank - 1 - d;
        if (perm[d] < 0 || perm[d] >= x.rank || seen[perm[d]]++)
            return graph_fail(in->g, n, in->err, "entry %d of perm is %lld", d, (long long)perm[d]);
        shape.dim[d] = x.dim[perm[d]];
        moved += perm[d] != d;
    }
    if (!moved)
        return INFER_VANISH;
    if (perm[0] != 0 && arg_batched(in, n, 0))
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: it moves the first dimension");
    graph_node_drop_attrs(n);
    if (graph_node_add_ints(n, "perm", perm, (size_t)x.rank, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &shape);
}

int infer_expand(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct int_list want;
    struct apex_shape x = *arg_shape(in, n, 0), target = {0}, shape;
    struct apex_error why;
    if (arg_ints(in, n, "shape", 1, &want) < 0)
        return -1;
    if (want.count > APEX_MAX_RANK || (arg_batched(in, n, 0) && want.count > x.rank))
        return graph_fail(in->g, n, in->err, "from %d to %lld dimensions", x.rank, (long long)want.count);
    target.rank = (int)want.count;
    for (int d = 0; d < target.rank; d++)
        target.dim[d] = want.v[d];
    if (arg_batched(in, n, 0) && target.rank == x.rank && target.dim[0] == in->batch)
        target.dim[0] = 1; /* the batch that the file fixes */
    const struct lift *l = lift_of(in, n->input[0]);
    int at = l ? l->at[0].axis + target.rank - x.rank : -1;
    if (at >= 0 && at < target.rank && target.dim[at] == x.dim[l->at[0].axis] * in->batch)
        target.dim[at] = x.dim[l->at[0].axis];
    if (apex_shape_count(&target) < 0)
        return graph_fail(in->g, n, in->err, "a bad target shape");
    if (apex_shape_broadcast(&x, &target, &shape, &why) < 0)
        return graph_fail(in->g, n, in->err, "%s", why.text);
    if (apex_shape_equal(&x, &shape))
        return INFER_VANISH;
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    return arg_set_shape(in, n, 0, &shape);
}

int infer_tile(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct int_list repeats;
    struct apex_shape shape = *arg_shape(in, n, 0);
    if (arg_ints(in, n, "repeats", 1, &repeats) < 0)
        return -1;
    if (repeats.count != shape.rank)
        return graph_fail(in->g, n, in->err, "%lld repeats for %d dimensions", (long long)repeats.count,
                          shape.rank);
    for (int d = 0; d < shape.rank; d++)
        if (repeats.v[d] < 0 || __builtin_mul_overflow(shape.dim[d], repeats.v[d], &shape.dim[d]))
            return graph_fail(in->g, n, in->err, "repeat %d is %lld", d, (long long)repeats.v[d]);
    graph_node_cut_inputs(n, 1);
    return arg_set_shape(in, n, 0, &shape);
}
