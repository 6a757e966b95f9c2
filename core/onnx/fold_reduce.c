#include "core/onnx/rules.h"

#include <math.h>
#include <string.h>

/* Where the element of x at index i goes in the reduced tensor: the stride is 0 on the reduced axes. */
static void reduced_strides(const struct apex_shape *x, const struct graph_attr *axes, int64_t *stride)
{
    struct apex_shape kept = *x;
    for (size_t i = 0; i < axes->count; i++)
        kept.dim[axes->ints[i]] = 1;
    apex_shape_strides(&kept, stride);
    for (size_t i = 0; i < axes->count; i++)
        stride[axes->ints[i]] = 0;
}

static double reduce_floats(char kind, double a, double b)
{
    return kind == 'P' ? a * b : kind == 'x' ? fmax(a, b) : kind == 'n' ? fmin(a, b) : a + b;
}

static int64_t reduce_ints(char kind, int64_t a, int64_t b)
{
    if (kind == 'x')
        return a > b ? a : b;
    if (kind == 'n')
        return a < b ? a : b;
    return (int64_t)(kind == 'P' ? (uint64_t)a * (uint64_t)b : (uint64_t)a + (uint64_t)b);
}

static void reduce_all(const struct apex_tensor *x, struct apex_tensor *y, const int64_t *stride, char kind)
{
    int64_t own[APEX_MAX_RANK], count = apex_shape_count(&x->shape);
    double first = kind == 'P' ? 1 : kind == 'x' ? -INFINITY : kind == 'n' ? INFINITY : 0;
    int64_t first_int = kind == 'P' ? 1 : kind == 'x' ? INT64_MIN : kind == 'n' ? INT64_MAX : 0;
    apex_shape_strides(&x->shape, own);
    for (int64_t o = 0; o < apex_shape_count(&y->shape); o++) {
        if (y->type == APEX_F32)
            ((float *)y->data)[o] = (float)first;
        else
            ((int64_t *)y->data)[o] = first_int;
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t o = 0;
        for (int d = 0; d < x->shape.rank; d++)
            o += i / own[d] % x->shape.dim[d] * stride[d];
        float *f = (float *)y->data + o;
        int64_t *n = (int64_t *)y->data + o;
        if (y->type == APEX_F32)
            *f = (float)reduce_floats(kind, *f, ((const float *)x->data)[i]);
        else
            *n = reduce_ints(kind, *n, ((const int64_t *)x->data)[i]);
    }
}

int fold_reduce(struct infer *in, const struct graph_node *n)
{
    /* S(um), M(ean), P(roduct), x (maximum), n (minimum) */
    char kind = strcmp(n->op, "ReduceMax") == 0 ? 'x' : strcmp(n->op, "ReduceMin") == 0 ? 'n' : n->op[6];
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    int64_t stride[APEX_MAX_RANK];
    if (x->type == APEX_BOOL || (x->type == APEX_I64 && kind == 'M'))
        return graph_fail(in->g, n, in->err, "not supported on constants of this type");
    struct apex_tensor *y = infer_make_output(in, n, 0, x->type);
    if (!y)
        return -1;
    reduced_strides(&x->shape, graph_attr(n, "axes"), stride);
    reduce_all(x, y, stride, kind);
    int64_t count = apex_shape_count(&y->shape);
    for (int64_t i = 0; kind == 'M' && i < count; i++)
        ((float *)y->data)[i] /= (float)(apex_shape_count(&x->shape) / count);
    return 0;
}
