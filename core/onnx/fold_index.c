#include "core/onnx/rules.h"

#include <string.h>

static char *element(const struct apex_tensor *t, int64_t at)
{
    return (char *)t->data + at * (int64_t)apex_type_size(t->type);
}

int fold_trilu(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = infer_make_output(in, n, 0, x->type);
    int64_t k = graph_attr_int(n, "k", 0), rows = x->shape.dim[x->shape.rank - 2];
    int64_t columns = x->shape.dim[x->shape.rank - 1];
    int is_upper = graph_attr_int(n, "upper", 1) != 0;
    for (int64_t i = 0, count = apex_shape_count(&x->shape); y && i < count; i++) {
        int64_t ahead = i % columns - i / columns % rows;
        if (is_upper ? ahead >= k : ahead <= k)
            memcpy(element(y, i), element(x, i), apex_type_size(x->type));
    }
    return y ? 0 : -1;
}

static void cumulate(const struct apex_tensor *x, int64_t from, int64_t step, int64_t length,
                     int is_exclusive, struct apex_tensor *y)
{
    double sum = 0;
    uint64_t whole = 0;
    for (int64_t i = 0, at = from; i < length; i++, at += step) {
        double before = sum;
        uint64_t whole_before = whole;
        if (x->type == APEX_F32) {
            sum += ((const float *)x->data)[at];
            ((float *)y->data)[at] = (float)(is_exclusive ? before : sum);
        } else {
            whole += (uint64_t)((const int64_t *)x->data)[at];
            ((int64_t *)y->data)[at] = (int64_t)(is_exclusive ? whole_before : whole);
        }
    }
}

int fold_cumsum(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    int axis = (int)graph_attr_int(n, "axis", 0), reverse = (int)graph_attr_int(n, "reverse", 0);
    int exclusive = (int)graph_attr_int(n, "exclusive", 0);
    if (x->type == APEX_BOOL)
        return graph_fail(in->g, n, in->err, "not supported on constants of this type");
    struct apex_tensor *y = infer_make_output(in, n, 0, x->type);
    int64_t stride[APEX_MAX_RANK], length = x->shape.dim[axis], count = apex_shape_count(&x->shape);
    apex_shape_strides(&x->shape, stride);
    for (int64_t i = 0; y && i < count; i++) /* the first of each line */
        if (i / stride[axis] % length == 0)
            cumulate(x, reverse ? i + (length - 1) * stride[axis] : i, reverse ? -stride[axis] : stride[axis],
                     length, exclusive, y);
    return y ? 0 : -1;
}

/* Index `at` of a list, on an axis of that many entries; -1 with in->err. */
static int64_t index_of(struct infer *in, const struct graph_node *n, const struct apex_tensor *index,
                        int64_t at, int64_t size)
{
    int64_t i = ((const int64_t *)index->data)[at];
    if (i < -size || i >= size)
        return graph_fail(in->g, n, in->err, "index %lld on an axis of %lld entries", (long long)i,
                          (long long)size);
    return i < 0 ? i + size : i;
}

/* Where the point that index list `list` names begins in data of these strides; -1 with in->err. */
static int64_t point(struct infer *in, const struct graph_node *n, const struct apex_tensor *index,
                     int64_t list, int first, const struct apex_shape *x)
{
    int64_t stride[APEX_MAX_RANK], at = 0, depth = index->shape.dim[index->shape.rank - 1];
    apex_shape_strides(x, stride);
    for (int64_t k = 0; k < depth; k++) {
        int64_t i = index_of(in, n, index, list * depth + k, x->dim[first + k]);
        if (i < 0)
            return -1;
        at += i * stride[first + k];
    }
    return at;
}

enum reduction { REPLACE, ADD, MULTIPLY, MOST, LEAST };

static int reduction_of(struct infer *in, const struct graph_node *n)
{
    static const char *const names[] = {"none", "add", "mul", "max", "min"};
    const char *name = graph_attr_string(n, "reduction", "none");
    for (int r = REPLACE; r <= LEAST; r++)
        if (strcmp(name, names[r]) == 0)
            return r;
    return graph_fail(in->g, n, in->err, "reduction='%.60s'", name);
}

static void put(enum reduction r, const struct apex_tensor *from, int64_t i, const struct apex_tensor *to,
                int64_t at)
{
    if (r == REPLACE || to->type == APEX_BOOL) {
        memcpy(element(to, at), element(from, i), apex_type_size(to->type));
    } else if (to->type == APEX_F32) {
        float v = ((const float *)from->data)[i], *y = (float *)to->data + at;
        *y = r == ADD ? *y + v : r == MULTIPLY ? *y * v : (r == MOST) == (v > *y) ? v : *y;
    } else {
        int64_t v = ((const int64_t *)from->data)[i], *y = (int64_t *)to->data + at;
        *y = r == ADD                  ? (int64_t)((uint64_t)*y + (uint64_t)v)
             : r == MULTIPLY           ? (int64_t)((uint64_t)*y * (uint64_t)v)
             : (r == MOST) == (v > *y) ? v
                                       : *y;
    }
}

/* A copy of the data as output, to be written to; NULL with in->err. */
static struct apex_tensor *target(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0), *updates = graph_constant(in->g, n, 2);
    if (x->type != updates->type) {
        graph_fail(in->g, n, in->err, "constants of different types");
        return NULL;
    }
    struct apex_tensor *y = infer_make_output(in, n, 0, x->type);
    if (y)
        memcpy(y->data, x->data, (size_t)apex_shape_count(&x->shape) * apex_type_size(x->type));
    return y;
}

int fold_scatter_nd(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *index = graph_constant(in->g, n, 1), *updates = graph_constant(in->g, n, 2);
    int r = reduction_of(in, n);
    struct apex_tensor *y = r < 0 ? NULL : target(in, n);
    if (!y)
        return -1;
    int64_t depth = index->shape.dim[index->shape.rank - 1], lists = apex_shape_count(&index->shape) / depth,
            part = 1;
    for (int d = (int)depth; d < y->shape.rank; d++)
        part *= y->shape.dim[d];
    for (int64_t l = 0; l < lists; l++) {
        int64_t at = point(in, n, index, l, 0, &y->shape);
        if (at < 0)
            return -1;
        for (int64_t i = 0; i < part; i++)
            put((enum reduction)r, updates, l * part + i, y, at + i);
    }
    return 0;
}

/* Element i of the index tensor, as a place in data of shape x. */
static int64_t element_place(struct infer *in, const struct graph_node *n, const struct apex_tensor *index,
                             int64_t i, int axis, const struct apex_shape *x)
{
    int64_t own[APEX_MAX_RANK], stride[APEX_MAX_RANK], at = 0;
    int64_t along = index_of(in, n, index, i, x->dim[axis]);
    apex_shape_strides(&index->shape, own);
    apex_shape_strides(x, stride);
    for (int d = 0; along >= 0 && d < x->rank; d++)
        at += (d == axis ? along : i / own[d] % index->shape.dim[d]) * stride[d];
    return along < 0 ? -1 : at;
}

static int axis_of(const struct graph_node *n, int rank)
{
    int64_t axis = graph_attr_int(n, "axis", 0);
    return (int)(axis < 0 ? axis + rank : axis);
}

int fold_scatter_elements(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *index = graph_constant(in->g, n, 1), *updates = graph_constant(in->g, n, 2);
    int r = reduction_of(in, n);
    struct apex_tensor *y = r < 0 ? NULL : target(in, n);
    for (int64_t i = 0, count = apex_shape_count(&index->shape); y && i < count; i++) {
        int64_t at = element_place(in, n, index, i, axis_of(n, y->shape.rank), &y->shape);
        if (at < 0)
            return -1;
        put((enum reduction)r, updates, i, y, at);
    }
    return y ? 0 : -1;
}

int fold_gather_elements(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0), *index = graph_constant(in->g, n, 1);
    struct apex_tensor *y = infer_make_output(in, n, 0, x->type);
    for (int64_t i = 0, count = apex_shape_count(&index->shape); y && i < count; i++) {
        int64_t at = element_place(in, n, index, i, axis_of(n, x->shape.rank), &x->shape);
        if (at < 0)
            return -1;
        memcpy(element(y, i), element(x, at), apex_type_size(x->type));
    }
    return y ? 0 : -1;
}

int fold_gather_nd(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0), *index = graph_constant(in->g, n, 1);
    struct apex_tensor *y = infer_make_output(in, n, 0, x->type);
    int batch = (int)graph_attr_int(n, "batch_dims", 0);
    if (!y)
        return -1;
    int64_t depth = index->shape.dim[index->shape.rank - 1], lists = apex_shape_count(&index->shape) / depth;
    int64_t batches = 1, part = 1, size = (int64_t)apex_type_size(x->type);
    for (int d = 0; d < batch; d++)
        batches *= x->shape.dim[d];
    for (int d = batch + (int)depth; d < x->shape.rank; d++)
        part *= x->shape.dim[d];
    int64_t whole = batches ? apex_shape_count(&x->shape) / batches : 0;
    for (int64_t l = 0; l < lists; l++) {
        int64_t at = point(in, n, index, l, batch, &x->shape);
        if (at < 0)
            return -1;
        at += l / (lists / batches) * whole;
        memcpy(element(y, l * part), element(x, at), (size_t)(part * size));
    }
    return 0;
}

/* ArgMax and ArgMin. */
int fold_arg(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = infer_make_output(in, n, 0, APEX_I64);
    int axis = axis_of(n, x->shape.rank), is_least = strcmp(n->op, "ArgMin") == 0;
    int last = graph_attr_int(n, "select_last_index", 0) != 0;
    int64_t stride[APEX_MAX_RANK], length = x->shape.dim[axis];
    if (!y)
        return -1;
    apex_shape_strides(&x->shape, stride);
    for (int64_t i = 0, count = apex_shape_count(&y->shape); i < count; i++) {
        int64_t from = i / stride[axis] * stride[axis] * length + i % stride[axis], best = 0;
        for (int64_t k = 1; k < length; k++) {
            int64_t a = from + k * stride[axis], b = from + best * stride[axis];
            const int64_t *w = x->data;
            const float *f = x->data;
            int above = x->type == APEX_F32 ? (f[a] > f[b]) - (f[a] < f[b]) : (w[a] > w[b]) - (w[a] < w[b]);
            if ((is_least ? -above : above) >= !last)
                best = k;
        }
        ((int64_t *)y->data)[i] = best;
    }
    return 0;
}
