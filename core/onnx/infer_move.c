#include "core/onnx/rules.h"

#include <stdlib.h>
#include <string.h>

/* One axis of a Slice: out-of-range limits are cut, negative ones count from the end, and INT64 limits stand
 * for "all the way". Returns how many elements it takes. */
static int64_t slice_axis(int64_t size, int64_t *start, int64_t *end, int64_t *step)
{
    const int64_t far = INT64_C(1) << 40;
    int backwards = *step < 0;
    int64_t high = backwards ? size - 1 : size, low = backwards ? -1 : 0;
    *step = *step > far ? far : *step < -far ? -far : *step;
    *start += *start < 0 ? size : 0;
    *end += *end < 0 ? size : 0;
    *start = *start < 0 ? 0 : *start > high ? high : *start;
    *end = *end < low ? low : *end > high ? high : *end;
    if (backwards)
        return *start > *end ? (*start - *end - 1) / -*step + 1 : 0;
    return *end > *start ? (*end - *start - 1) / *step + 1 : 0;
}

struct slice {
    int64_t start[APEX_MAX_RANK], end[APEX_MAX_RANK], axis[APEX_MAX_RANK], step[APEX_MAX_RANK];
    int names_batch; /* the file says something about axis 0 */
};

/* The lists of the file, put to the axes that they are for. */
static int slice_read(struct infer *in, const struct graph_node *n, const struct apex_shape *x,
                      struct slice *s)
{
    struct int_list starts, ends, axes, steps;
    int seen[APEX_MAX_RANK] = {0};
    int has_starts = arg_ints(in, n, "starts", 1, &starts), has_ends = arg_ints(in, n, "ends", 2, &ends);
    int has_axes = arg_ints(in, n, "axes", 3, &axes), has_steps = arg_ints(in, n, "steps", 4, &steps);
    if (has_starts < 0 || has_ends < 0 || has_axes < 0 || has_steps < 0)
        return -1;
    if (!has_starts || !has_ends || starts.count != ends.count || starts.count > x->rank ||
        (has_axes && axes.count != starts.count) || (has_steps && steps.count != starts.count))
        return graph_fail(in->g, n, in->err, "starts, ends, axes and steps of different lengths");
    for (int d = 0; d < x->rank; d++) {
        s->start[d] = 0;
        s->end[d] = x->dim[d];
        s->axis[d] = d;
        s->step[d] = 1;
    }
    for (int64_t i = 0; i < starts.count; i++) {
        int d = (int)i;
        if (has_axes && arg_axis(in, n, axes.v[i], x->rank, &d) < 0)
            return -1;
        if (seen[d]++ || (has_steps && steps.v[i] == 0))
            return graph_fail(in->g, n, in->err, "axis %d is named twice, or its step is 0", d);
        s->start[d] = starts.v[i];
        s->end[d] = ends.v[i];
        s->step[d] = has_steps ? steps.v[i] : 1;
    }
    s->names_batch = seen[0];
    return 0;
}

/* Along the batch a Slice must take everything; if the file fixes the batch, its numbers are about that. */
static int slice_batch(struct infer *in, const struct graph_node *n, struct slice *s)
{
    if (!s->names_batch || !arg_batched(in, n, 0))
        return 0;
    if (s->step[0] != 1 || slice_axis(in->batch, &s->start[0], &s->end[0], &s->step[0]) != in->batch)
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: it takes only a part of them");
    s->start[0] = 0;
    s->end[0] = 1;
    return 0;
}

int infer_slice(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0), shape = {.rank = x.rank};
    struct slice s;
    if (slice_read(in, n, &x, &s) < 0 || slice_batch(in, n, &s) < 0)
        return -1;
    int is_whole = 1;
    for (int d = 0; d < x.rank; d++) {
        shape.dim[d] = slice_axis(x.dim[d], &s.start[d], &s.end[d], &s.step[d]);
        is_whole = is_whole && shape.dim[d] == x.dim[d] && s.step[d] > 0;
    }
    if (is_whole)
        return INFER_VANISH;
    size_t rank = (size_t)x.rank;
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    if (graph_node_add_ints(n, "starts", s.start, rank, in->err) < 0 ||
        graph_node_add_ints(n, "ends", s.end, rank, in->err) < 0 ||
        graph_node_add_ints(n, "axes", s.axis, rank, in->err) < 0 ||
        graph_node_add_ints(n, "steps", s.step, rank, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &shape);
}

/* Adds input k's extent along the axis; everything else must agree with the first. */
static int concat_one(struct infer *in, const struct graph_node *n, int k, int axis, struct apex_shape *sum)
{
    char a[APEX_SHAPE_TEXT], b[APEX_SHAPE_TEXT];
    const struct apex_shape *x = arg_shape(in, n, k);
    struct apex_shape same = *x;
    if (x->rank == sum->rank)
        same.dim[axis] = sum->dim[axis];
    if (!apex_shape_equal(&same, sum))
        return graph_fail(in->g, n, in->err, "shapes %s and %s do not concatenate on axis %d",
                          apex_shape_text(sum, a), apex_shape_text(x, b), axis);
    if (__builtin_add_overflow(sum->dim[axis], x->dim[axis], &sum->dim[axis]))
        return graph_fail(in->g, n, in->err, "shape overflow");
    return 0;
}

int infer_concat(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    int axis, is_dynamic = arg_any_dynamic(in, n) && !in->lifting, rank = arg_shape(in, n, 0)->rank;
    if (!graph_attr(n, "axis") && in->g->opset >= 4)
        return graph_fail(in->g, n, in->err, "'axis' is missing");
    if (arg_axis(in, n, graph_attr_int(n, "axis", 1), rank, &axis) < 0)
        return -1;
    if (axis == 0 && is_dynamic)
        return graph_fail(in->g, n, in->err,
                          "mixes the samples of a batch: it concatenates over the first dimension");
    for (int k = 0; k < n->inputs; k++)
        if (is_dynamic && arg_drop_batch(in, n, k, rank) < 0)
            return -1;
    if (n->inputs == 1)
        return INFER_VANISH;
    struct apex_shape shape = *arg_shape(in, n, 0);
    for (int k = 1; k < n->inputs; k++)
        if (concat_one(in, n, k, axis, &shape) < 0)
            return -1;
    graph_node_drop_attrs(n);
    if (graph_node_add_int(n, "axis", axis, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &shape);
}

/* The sizes of the parts, from the file or equal (the last one smaller): a new list, freed by the caller. */
static int64_t *split_sizes(struct infer *in, const struct graph_node *n, int64_t size)
{
    struct int_list given;
    int64_t *part = NULL, left = size, equal = (size + n->outputs - 1) / n->outputs;
    int there = arg_ints(in, n, "split", 1, &given);
    if (there < 0)
        return NULL;
    if ((there && given.count != n->outputs) || graph_attr_int(n, "num_outputs", n->outputs) != n->outputs ||
        (!there && !graph_attr(n, "num_outputs") && size % n->outputs)) {
        graph_fail(in->g, n, in->err, "%lld entries do not split into %d outputs", (long long)size,
                   n->outputs);
        return NULL;
    }
    if (!(part = malloc((size_t)n->outputs * sizeof *part))) {
        apex_fail(in->err, "no memory for %d outputs", n->outputs);
        return NULL;
    }
    for (int k = 0; k < n->outputs; k++) {
        part[k] = there ? given.v[k] : left < equal ? left : equal;
        if (part[k] < 0 || part[k] > left) {
            graph_fail(in->g, n, in->err, "part %d has %lld of the %lld entries left", k, (long long)part[k],
                       (long long)left);
            free(part);
            return NULL;
        }
        left -= part[k];
    }
    if (left == 0)
        return part;
    graph_fail(in->g, n, in->err, "%lld entries are left over", (long long)left);
    free(part);
    return NULL;
}

int infer_split(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0);
    int axis;
    if (arg_axis(in, n, graph_attr_int(n, "axis", 0), x.rank, &axis) < 0)
        return -1;
    if (axis == 0 && arg_batched(in, n, 0))
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: it splits the first dimension");
    int64_t *part = split_sizes(in, n, x.dim[axis]);
    if (!part)
        return -1;
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    int rc = graph_node_add_int(n, "axis", axis, in->err);
    if (rc == 0)
        rc = graph_node_add_ints(n, "split", part, (size_t)n->outputs, in->err);
    for (int k = 0; k < n->outputs && rc == 0; k++) {
        x.dim[axis] = part[k];
        rc = arg_set_shape(in, n, k, &x);
    }
    free(part);
    return rc;
}

int infer_gather(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0), shape = {0};
    const struct apex_tensor *t = arg_constant(in, n, 1, APEX_I64);
    int axis;
    if (!t || arg_axis(in, n, graph_attr_int(n, "axis", 0), x.rank, &axis) < 0)
        return -1;
    if (axis == 0 && arg_batched(in, n, 0))
        return graph_fail(in->g, n, in->err,
                          "mixes the samples of a batch: it picks along the first dimension");
    if (x.rank - 1 + t->shape.rank > APEX_MAX_RANK)
        return graph_fail(in->g, n, in->err, "to more than %d dimensions", APEX_MAX_RANK);
    int64_t count = apex_shape_count(&t->shape);
    graph_node_drop_attrs(n);
    if (graph_node_add_int(n, "axis", axis, in->err) < 0 ||
        graph_node_add_int(n, "scalar", t->shape.rank == 0, in->err) < 0 ||
        graph_node_add_ints(n, "indices", t->data, (size_t)count, in->err) < 0)
        return -1;
    int64_t *index = n->attr[n->attrs - 1].ints;
    for (int64_t i = 0; i < count; i++) {
        if (index[i] < -x.dim[axis] || index[i] >= x.dim[axis])
            return graph_fail(in->g, n, in->err, "index %lld on an axis of %lld entries", (long long)index[i],
                              (long long)x.dim[axis]);
        index[i] += index[i] < 0 ? x.dim[axis] : 0;
    }
    const int is_line = t->shape.rank <= 1;
    for (int d = 0; d < axis; d++)
        shape.dim[shape.rank++] = x.dim[d];
    for (int d = 0; d < t->shape.rank; d++)
        shape.dim[shape.rank++] = t->shape.dim[d];
    for (int d = axis + 1; d < x.rank; d++)
        shape.dim[shape.rank++] = x.dim[d];
    graph_node_cut_inputs(n, 1);
    if (is_line || !arg_dynamic(in, n, 0))
        return arg_set_shape(in, n, 0, &shape);
    x.dim[axis] = count; /* the kernel puts its picks into one dimension */
    return infer_then_reshape(in, n, &x, &shape);
}
