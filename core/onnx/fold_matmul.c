#include "core/onnx/rules.h"

#include <string.h>

/* Where the matrices of an operand are: element strides along the output's outer dimensions. */
static void outer_strides(const struct apex_shape *s, const struct apex_shape *y,
                          int64_t stride[APEX_MAX_RANK])
{
    int64_t own[APEX_MAX_RANK];
    apex_shape_strides(s, own);
    memset(stride, 0, APEX_MAX_RANK * sizeof *stride);
    for (int d = 0; d < s->rank - 2; d++)
        if (s->dim[d] != 1)
            stride[d + y->rank - s->rank] = own[d];
}

static void product(const float *a, const float *b, int64_t rows, int64_t inner, int64_t columns, float *y)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            double sum = 0;
            for (int64_t k = 0; k < inner; k++)
                sum += (double)a[i * inner + k] * b[k * columns + j];
            y[i * columns + j] = (float)sum;
        }
}

int fold_matmul(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *a = arg_constant(in, n, 0, APEX_F32),
                             *b = a ? arg_constant(in, n, 1, APEX_F32) : NULL;
    struct apex_tensor *y = b ? infer_make_output(in, n, 0, APEX_F32) : NULL;
    int64_t sa[APEX_MAX_RANK], sb[APEX_MAX_RANK], own[APEX_MAX_RANK];
    if (!y)
        return -1;
    int rank = y->shape.rank;
    int64_t rows = y->shape.dim[rank - 2], columns = y->shape.dim[rank - 1],
            inner = a->shape.dim[a->shape.rank - 1];
    double work = (double)apex_shape_count(&y->shape) * (double)inner;
    if (work > 1e10)
        return graph_fail(in->g, n, in->err, "a product of constants of %.3g multiplications", work);
    outer_strides(&a->shape, &y->shape, sa);
    outer_strides(&b->shape, &y->shape, sb);
    apex_shape_strides(&y->shape, own);
    for (int64_t at = 0; at < apex_shape_count(&y->shape); at += rows * columns) {
        int64_t from_a = 0, from_b = 0;
        for (int d = 0; d < rank - 2; d++) {
            from_a += at / own[d] % y->shape.dim[d] * sa[d];
            from_b += at / own[d] % y->shape.dim[d] * sb[d];
        }
        product((const float *)a->data + from_a, (const float *)b->data + from_b, rows, inner, columns,
                (float *)y->data + at);
    }
    return 0;
}
