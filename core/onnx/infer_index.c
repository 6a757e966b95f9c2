/* Operators that pick, put or mark elements by index. Exports use them to make masks and tables, so all but
 * Trilu work on constants only. */
#include "core/onnx/lower.h"

#include <math.h>
#include <string.h>

/* Row r of the matrix keeps the columns from r + k on (upper), or up to it. */
static struct apex_tensor *triangle(struct infer *in, const struct graph_node *n, int64_t rows,
                                    int64_t columns, int64_t k, int is_upper)
{
    const struct apex_shape shape = {.rank = 2, .dim = {rows, columns}};
    struct apex_tensor *t = infer_make_tensor(in, n, APEX_F32, &shape);
    for (int64_t i = 0, count = apex_shape_count(&shape); t && i < count; i++) {
        int64_t ahead = i % columns - i / columns;
        ((float *)t->data)[i] = is_upper ? ahead >= k : ahead <= k;
    }
    return t;
}

/* Where(triangle, x, 0) */
static int masked(struct infer *in, struct graph_node *n, int64_t k, int is_upper)
{
    struct apex_shape x = *arg_shape(in, n, 0);
    int value = n->input[0];
    if (x.rank < 3)
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: a matrix of %d dimensions",
                          x.rank);
    int mask = lower_tensor(in, n, triangle(in, n, x.dim[x.rank - 2], x.dim[x.rank - 1], k, is_upper));
    int zero = lower_number(in, n, 0);
    if (mask < 0 || zero < 0)
        return -1;
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    n->input[0] = mask;
    if (graph_node_add_input(n, value, in->err) < 0 || graph_node_add_input(n, zero, in->err) < 0 ||
        graph_node_rename(n, "Where", in->err) < 0)
        return -1;
    return infer_broadcast(in, op_find("Where"), n);
}

int infer_trilu(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct int_list list;
    struct apex_shape x = *arg_shape(in, n, 0);
    int is_upper = graph_attr_int(n, "upper", 1) != 0, given = arg_ints(in, n, "", 1, &list);
    if (given < 0)
        return -1;
    int64_t k = given && list.count > 0 ? list.v[0] : 0, far = INT64_C(1) << 40;
    if (x.rank < 2 || (given && list.count != 1))
        return graph_fail(in->g, n, in->err, "%d dimensions, %lld diagonals", x.rank, (long long)list.count);
    k = k > far ? far : k < -far ? -far : k;
    if (arg_dynamic(in, n, 0))
        return masked(in, n, k, is_upper);
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    if (graph_node_add_int(n, "upper", is_upper, in->err) < 0 || graph_node_add_int(n, "k", k, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &x);
}

int infer_cumsum(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct int_list list;
    struct apex_shape x = *arg_shape(in, n, 0);
    int axis, exclusive = graph_attr_int(n, "exclusive", 0) != 0,
              reverse = graph_attr_int(n, "reverse", 0) != 0;
    if (arg_ints(in, n, "", 1, &list) < 0)
        return -1;
    if (list.count != 1)
        return graph_fail(in->g, n, in->err, "%lld axes", (long long)list.count);
    if (arg_axis(in, n, list.v[0], x.rank, &axis) < 0)
        return -1;
    if (arg_dynamic(in, n, 0))
        return arg_set_shape(in, n, 0, &x); /* refused after this */
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    if (graph_node_add_int(n, "axis", axis, in->err) < 0 ||
        graph_node_add_int(n, "exclusive", exclusive, in->err) < 0 ||
        graph_node_add_int(n, "reverse", reverse, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &x);
}

int infer_scatter(struct infer *in, const struct op *op, struct graph_node *n)
{
    char a[APEX_SHAPE_TEXT], b[APEX_SHAPE_TEXT];
    struct apex_shape x = *arg_shape(in, n, 0);
    const struct apex_tensor *index = arg_constant(in, n, 1, APEX_I64);
    const struct apex_shape *updates = arg_shape(in, n, 2);
    struct apex_shape want = {0};
    int axis = 0, is_nd = strcmp(op->name, "ScatterND") == 0;
    if (!index || (!is_nd && arg_axis(in, n, graph_attr_int(n, "axis", 0), x.rank, &axis) < 0))
        return -1;
    int64_t depth = index->shape.rank ? index->shape.dim[index->shape.rank - 1] : 0;
    if (is_nd && (depth < 1 || depth > x.rank || index->shape.rank - 1 + x.rank - depth > APEX_MAX_RANK))
        return graph_fail(in->g, n, in->err, "indices of shape %s", apex_shape_text(&index->shape, a));
    for (int d = 0; d < index->shape.rank - is_nd; d++)
        want.dim[want.rank++] = index->shape.dim[d];
    for (int d = (int)depth; is_nd && d < x.rank; d++)
        want.dim[want.rank++] = x.dim[d];
    int fits = is_nd || index->shape.rank == x.rank;
    for (int d = 0; !is_nd && fits && d < x.rank; d++)
        fits = d == axis || want.dim[d] <= x.dim[d];
    if (!fits || !apex_shape_equal(&want, updates))
        return graph_fail(in->g, n, in->err, "updates of shape %s; the indices want %s",
                          apex_shape_text(updates, a), apex_shape_text(&want, b));
    return arg_set_shape(in, n, 0, &x);
}

int infer_gather_elements(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    char a[APEX_SHAPE_TEXT], b[APEX_SHAPE_TEXT];
    struct apex_shape x = *arg_shape(in, n, 0);
    const struct apex_tensor *index = arg_constant(in, n, 1, APEX_I64);
    int axis;
    if (!index || arg_axis(in, n, graph_attr_int(n, "axis", 0), x.rank, &axis) < 0)
        return -1;
    int fits = index->shape.rank == x.rank;
    for (int d = 0; fits && d < x.rank; d++)
        fits = d == axis || index->shape.dim[d] <= x.dim[d];
    if (!fits)
        return graph_fail(in->g, n, in->err, "indices of shape %s for data of shape %s",
                          apex_shape_text(&index->shape, a), apex_shape_text(&x, b));
    struct apex_shape shape = index->shape;
    return arg_set_shape(in, n, 0, &shape);
}

int infer_gather_nd(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    char a[APEX_SHAPE_TEXT], b[APEX_SHAPE_TEXT];
    struct apex_shape x = *arg_shape(in, n, 0), shape = {0};
    const struct apex_tensor *index = arg_constant(in, n, 1, APEX_I64);
    int64_t batch = graph_attr_int(n, "batch_dims", 0);
    if (!index)
        return -1;
    int rank = index->shape.rank;
    int64_t depth = rank ? index->shape.dim[rank - 1] : 0;
    int fits = depth >= 1 && batch >= 0 && batch < rank && batch + depth <= x.rank &&
               rank - 1 + x.rank - depth - batch <= APEX_MAX_RANK;
    for (int d = 0; fits && d < batch; d++)
        fits = x.dim[d] == index->shape.dim[d];
    if (!fits)
        return graph_fail(in->g, n, in->err, "indices of shape %s for data of shape %s",
                          apex_shape_text(&index->shape, a), apex_shape_text(&x, b));
    for (int d = 0; d < rank - 1; d++)
        shape.dim[shape.rank++] = index->shape.dim[d];
    for (int d = (int)(batch + depth); d < x.rank; d++)
        shape.dim[shape.rank++] = x.dim[d];
    return arg_set_shape(in, n, 0, &shape);
}

static int64_t whole_at(const struct apex_tensor *t, int64_t i)
{
    if (t->type == APEX_I64)
        return ((const int64_t *)t->data)[i];
    float v = t->type == APEX_F32 ? ((const float *)t->data)[i] : 0;
    return fabsf(v) < 1e9f ? (int64_t)v : -1;
}

/* values[0] everywhere but values[1] at the index. */
int infer_one_hot(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    const struct apex_tensor *index = graph_constant(in->g, n, 0), *values = graph_constant(in->g, n, 2);
    const struct apex_tensor *most = graph_constant(in->g, n, 1);
    int axis, rank = index ? index->shape.rank + 1 : 0;
    if (!index || !most || apex_shape_count(&most->shape) != 1 || !values ||
        apex_shape_count(&values->shape) != 2)
        return graph_fail(in->g, n, in->err, "wants constant indices, a depth, and two constant values");
    int64_t depth = whole_at(most, 0);
    if (depth < 1 || rank > APEX_MAX_RANK)
        return graph_fail(in->g, n, in->err, "a depth of %lld", (long long)depth);
    if (arg_axis(in, n, graph_attr_int(n, "axis", -1), rank, &axis) < 0)
        return -1;
    struct apex_shape shape = {.rank = rank};
    for (int d = 0; d < rank; d++)
        shape.dim[d] = d == axis ? depth : index->shape.dim[d - (d > axis)];
    if (arg_set_shape(in, n, 0, &shape) < 0)
        return -1;
    struct apex_tensor *y = infer_make_output(in, n, 0, values->type);
    int64_t inner = 1;
    for (int d = axis + 1; d < rank; d++)
        inner *= shape.dim[d];
    size_t size = apex_type_size(values->type);
    for (int64_t i = 0, count = apex_shape_count(&shape); y && i < count; i++) {
        int64_t at = whole_at(index, i / (inner * depth) * inner + i % inner);
        int hot = (at < 0 ? at + depth : at) == i / inner % depth;
        memcpy((char *)y->data + (size_t)i * size, (const char *)values->data + (size_t)hot * size, size);
    }
    return y ? 0 : -1;
}

int infer_eye(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    int64_t k = graph_attr_int(n, "k", 0), dtype = graph_attr_int(n, "dtype", 0);
    enum apex_type type = x ? x->type : APEX_F32;
    if (!x || x->shape.rank != 2)
        return graph_fail(in->g, n, in->err, "wants a constant matrix");
    if (dtype && infer_type(in, n, dtype, &type) < 0)
        return -1;
    struct apex_shape shape = x->shape;
    if (arg_set_shape(in, n, 0, &shape) < 0)
        return -1;
    struct apex_tensor *y = infer_make_output(in, n, 0, type);
    for (int64_t r = 0; y && r < shape.dim[0]; r++) {
        int64_t c, at;
        if (__builtin_add_overflow(r, k, &c) || c < 0 || c >= shape.dim[1])
            continue;
        at = r * shape.dim[1] + c;
        if (type == APEX_F32)
            ((float *)y->data)[at] = 1;
        else if (type == APEX_I64)
            ((int64_t *)y->data)[at] = 1;
        else
            ((uint8_t *)y->data)[at] = 1;
    }
    return y ? 0 : -1;
}
