#include "core/onnx/rules.h"

#include <string.h>

/* Each data movement is one strided copy between the constant input and the constant output. */

static struct apex_tensor *output_like(struct infer *in, const struct graph_node *n, int k)
{
    return infer_make_output(in, n, k, graph_constant(in->g, n, 0)->type);
}

static const char *element(const struct apex_tensor *t, int64_t at)
{
    return (const char *)t->data + at * (int64_t)apex_type_size(t->type);
}

int fold_reshape(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = output_like(in, n, 0);
    if (!y)
        return -1;
    memcpy(y->data, x->data, (size_t)apex_shape_count(&x->shape) * apex_type_size(x->type));
    return 0;
}

int fold_transpose(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = output_like(in, n, 0);
    const int64_t *perm = graph_attr(n, "perm")->ints;
    int64_t to[APEX_MAX_RANK], own[APEX_MAX_RANK], from[APEX_MAX_RANK];
    if (!y)
        return -1;
    apex_shape_strides(&y->shape, to);
    apex_shape_strides(&x->shape, own);
    for (int d = 0; d < x->shape.rank; d++)
        from[d] = own[perm[d]];
    apex_strided_copy(&y->shape, apex_type_size(x->type), y->data, to, x->data, from);
    return 0;
}

int fold_expand(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = output_like(in, n, 0);
    int64_t to[APEX_MAX_RANK], own[APEX_MAX_RANK], from[APEX_MAX_RANK] = {0};
    if (!y)
        return -1;
    apex_shape_strides(&y->shape, to);
    apex_shape_strides(&x->shape, own);
    for (int d = 0; d < x->shape.rank; d++)
        if (x->shape.dim[d] != 1)
            from[d + y->shape.rank - x->shape.rank] = own[d];
    apex_strided_copy(&y->shape, apex_type_size(x->type), y->data, to, x->data, from);
    return 0;
}

int fold_tile(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = output_like(in, n, 0);
    int64_t to[APEX_MAX_RANK], from[APEX_MAX_RANK];
    if (!y)
        return -1;
    size_t size = apex_type_size(x->type);
    apex_shape_strides(&y->shape, to);
    apex_shape_strides(&x->shape, from);
    for (int64_t i = 0, count = apex_shape_count(&y->shape); i < count; i++) {
        int64_t at = 0;
        for (int d = 0; d < x->shape.rank; d++)
            at += i / to[d] % y->shape.dim[d] % x->shape.dim[d] * from[d];
        memcpy((char *)y->data + (size_t)i * size, element(x, at), size);
    }
    return 0;
}

int fold_slice(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = output_like(in, n, 0);
    const int64_t *start = graph_attr(n, "starts")->ints, *step = graph_attr(n, "steps")->ints;
    int64_t to[APEX_MAX_RANK], own[APEX_MAX_RANK], from[APEX_MAX_RANK], at = 0;
    if (!y)
        return -1;
    if (apex_shape_count(&y->shape) == 0)
        return 0;
    apex_shape_strides(&y->shape, to);
    apex_shape_strides(&x->shape, own);
    for (int d = 0; d < x->shape.rank; d++) {
        at += start[d] * own[d];
        from[d] = y->shape.dim[d] > 1 ? step[d] * own[d] : 0;
    }
    apex_strided_copy(&y->shape, apex_type_size(x->type), y->data, to, element(x, at), from);
    return 0;
}

int fold_concat(struct infer *in, const struct graph_node *n)
{
    struct apex_tensor *y = output_like(in, n, 0);
    int axis = (int)graph_attr_int(n, "axis", 0);
    int64_t to[APEX_MAX_RANK], from[APEX_MAX_RANK], at = 0;
    if (!y)
        return -1;
    apex_shape_strides(&y->shape, to);
    for (int k = 0; k < n->inputs; k++) {
        const struct apex_tensor *x = graph_constant(in->g, n, k);
        if (x->type != y->type)
            return graph_fail(in->g, n, in->err, "constants of different types");
        apex_shape_strides(&x->shape, from);
        apex_strided_copy(&x->shape, apex_type_size(x->type), (void *)element(y, at), to, x->data, from);
        at += x->shape.dim[axis] * to[axis];
    }
    return 0;
}

int fold_split(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    int axis = (int)graph_attr_int(n, "axis", 0);
    const int64_t *part = graph_attr(n, "split")->ints;
    int64_t to[APEX_MAX_RANK], from[APEX_MAX_RANK], at = 0;
    apex_shape_strides(&x->shape, from);
    for (int k = 0; k < n->outputs; k++) {
        struct apex_tensor *y = n->output[k] >= 0 ? output_like(in, n, k) : NULL;
        if (n->output[k] >= 0 && !y)
            return -1;
        if (y) {
            apex_shape_strides(&y->shape, to);
            apex_strided_copy(&y->shape, apex_type_size(x->type), y->data, to, element(x, at), from);
        }
        at += part[k] * from[axis];
    }
    return 0;
}

int fold_gather(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = output_like(in, n, 0);
    const struct graph_attr *index = graph_attr(n, "indices");
    int axis = (int)graph_attr_int(n, "axis", 0);
    if (!y)
        return -1;
    struct apex_shape row = x->shape, out = x->shape; /* the output with its indices in one dimension */
    int64_t to[APEX_MAX_RANK], from[APEX_MAX_RANK];
    row.dim[axis] = 1;
    out.dim[axis] = (int64_t)index->count;
    apex_shape_strides(&out, to);
    apex_shape_strides(&x->shape, from);
    for (size_t i = 0; i < index->count; i++)
        apex_strided_copy(&row, apex_type_size(x->type), (void *)element(y, (int64_t)i * to[axis]), to,
                          element(x, index->ints[i] * from[axis]), from);
    return 0;
}

/* Where element i of a padded axis comes from; -1: the pad value. */
static int64_t pad_source(char mode, int64_t i, int64_t size)
{
    if (i >= 0 && i < size)
        return i;
    if (mode == 'c')
        return -1;
    if (mode == 'r')
        return i < 0 ? -i : 2 * (size - 1) - i;
    return i < 0 ? 0 : size - 1;
}

int fold_pad(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = infer_make_output(in, n, 0, APEX_F32);
    const int64_t *pads = graph_attr(n, "pads")->ints;
    char mode = graph_attr_string(n, "mode", "constant")[0];
    float value = graph_attr_float(n, "value", 0);
    int64_t to[APEX_MAX_RANK], from[APEX_MAX_RANK];
    if (!y)
        return -1;
    apex_shape_strides(&y->shape, to);
    apex_shape_strides(&x->shape, from);
    for (int64_t i = 0, count = apex_shape_count(&y->shape); i < count; i++) {
        int64_t at = 0;
        for (int d = 0; d < x->shape.rank && at >= 0; d++) {
            int64_t source = pad_source(mode, i / to[d] % y->shape.dim[d] - pads[d], x->shape.dim[d]);
            at = source < 0 ? -1 : at + source * from[d];
        }
        ((float *)y->data)[i] = at < 0 ? value : ((const float *)x->data)[at];
    }
    return 0;
}
