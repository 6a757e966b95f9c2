#include "core/onnx/lower.h"

/* B as [K,N], times alpha. */
static int gemm_weight(struct infer *in, struct graph_node *n, int is_transposed, float alpha)
{
    const struct apex_tensor *b = graph_constant(in->g, n, 1);
    if (!is_transposed && alpha == 1.0f)
        return 0;
    struct apex_shape shape = b->shape;
    int64_t step[2] = {b->shape.dim[1], 1};
    if (is_transposed) {
        shape.dim[0] = b->shape.dim[1];
        shape.dim[1] = b->shape.dim[0];
        step[0] = 1;
        step[1] = b->shape.dim[1];
    }
    struct apex_tensor *t = infer_make_tensor(in, n, APEX_F32, &shape);
    if (!t)
        return -1;
    int64_t to[APEX_MAX_RANK];
    apex_shape_strides(&shape, to);
    apex_strided_copy(&shape, sizeof(float), t->data, to, b->data, step);
    float *w = t->data;
    for (int64_t i = 0, count = apex_shape_count(&shape); i < count; i++)
        w[i] *= alpha;
    return infer_replace_input(in, n, 1, t);
}

/* C as [N], times beta; beta 0 leaves it out. */
static int gemm_bias(struct infer *in, struct graph_node *n, int64_t columns, float beta)
{
    char text[APEX_SHAPE_TEXT];
    if (!arg_given(n, 2) || beta == 0.0f) {
        graph_node_cut_inputs(n, 2);
        return 0;
    }
    if (!arg_constant(in, n, 2, APEX_F32) || arg_drop_batch(in, n, 2, 2) < 0)
        return -1;
    const struct apex_tensor *c = graph_constant(in->g, n, 2);
    int64_t last = c->shape.rank ? c->shape.dim[c->shape.rank - 1] : 1;
    if (c->shape.rank > 2 || (c->shape.rank == 2 && c->shape.dim[0] != 1) || (last != 1 && last != columns))
        return graph_fail(in->g, n, in->err, "bias of shape %s for %lld outputs",
                          apex_shape_text(&c->shape, text), (long long)columns);
    if (beta == 1.0f && c->shape.rank == 1 && last == columns)
        return 0;
    struct apex_shape shape = {.rank = 1, .dim = {columns}};
    struct apex_tensor *t = infer_make_tensor(in, n, APEX_F32, &shape);
    for (int64_t i = 0; t && i < columns; i++)
        ((float *)t->data)[i] = beta * ((const float *)c->data)[last == 1 ? 0 : i];
    return infer_replace_input(in, n, 2, t);
}

/* Of constants alone, or with an addend that depends on the input: MatMul, Mul, Add. */
static int lower_gemm(struct infer *in, struct graph_node *n, float alpha, float beta)
{
    static const int64_t turn[] = {1, 0};
    int a = n->input[0], b = n->input[1], c = arg_given(n, 2) ? n->input[2] : -1, last = c >= 0 && beta != 0;
    if (graph_attr_int(n, "transA", 0))
        a = lower_ints(in, n, "Transpose", a, "perm", turn, 2);
    if (a >= 0 && graph_attr_int(n, "transB", 0))
        b = lower_ints(in, n, "Transpose", b, "perm", turn, 2);
    int v = a < 0 || b < 0 ? -1 : lower_step(in, n, "MatMul", a, b);
    int factor = lower_number(in, n, alpha), share = lower_number(in, n, beta);
    if (v >= 0 && alpha != 1)
        v = factor < 0 ? -1 : lower_step(in, n, "Mul", v, factor);
    if (v >= 0 && last && beta != 1)
        c = share < 0 ? -1 : lower_step(in, n, "Mul", c, share);
    if (v < 0 || (last && c < 0))
        return -1;
    return last ? lower_become(in, n, "Add", v, c) : lower_become(in, n, "Identity", v, -1);
}

int infer_gemm(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    char at[APEX_SHAPE_TEXT], bt[APEX_SHAPE_TEXT];
    struct apex_shape a = *arg_shape(in, n, 0);
    const struct apex_tensor *b = arg_constant(in, n, 1, APEX_F32);
    int is_transposed = graph_attr_int(n, "transB", 0) != 0;
    float alpha = graph_attr_float(n, "alpha", 1.0f), beta = graph_attr_float(n, "beta", 1.0f);
    if (!b)
        return -1;
    if (!arg_any_dynamic(in, n) || arg_dynamic(in, n, 2))
        return lower_gemm(in, n, alpha, beta);
    if (graph_attr_int(n, "transA", 0))
        return graph_fail(in->g, n, in->err, "transA=1 is not supported: it mixes the samples of a batch");
    if (a.rank != 2 || b->shape.rank != 2 || b->shape.dim[is_transposed] != a.dim[1])
        return graph_fail(in->g, n, in->err,
                          "weights of shape %s (transB=%d) do not fit an input of shape %s",
                          apex_shape_text(&b->shape, bt), is_transposed, apex_shape_text(&a, at));
    int64_t columns = b->shape.dim[!is_transposed];
    graph_node_drop_attrs(n);
    if (gemm_weight(in, n, is_transposed, alpha) < 0 || gemm_bias(in, n, columns, beta) < 0)
        return -1;
    struct apex_shape y = {.rank = 2, .dim = {a.dim[0], columns}};
    return arg_set_shape(in, n, 0, &y);
}

/* Which operand's dimensions hold the batch: both sides must agree on where it is. */
static int matmul_batch(struct infer *in, const struct graph_node *n, const struct apex_shape *a,
                        const struct apex_shape *b)
{
    int both = arg_dynamic(in, n, 0) && arg_dynamic(in, n, 1), least = in->lifting ? 2 : 3;
    if ((both && (a->rank != b->rank || a->rank < least)) || (arg_dynamic(in, n, 0) && a->rank < b->rank) ||
        (arg_dynamic(in, n, 1) && (b->rank < a->rank || b->rank < least)))
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: product of %d and %d dimensions",
                          a->rank, b->rank);
    return 0;
}

/* A vector is a matrix of one row (on the left) or one column (on the right); the product has no such
 * dimension. */
static int matmul_of_vectors(struct infer *in, struct graph_node *n, int rank_a, int rank_b)
{
    const int64_t front = 0, back = 1;
    int a = n->input[0], b = n->input[1];
    if ((rank_a == 1 && arg_dynamic(in, n, 0)) || (rank_b == 1 && arg_dynamic(in, n, 1)))
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: a product with one number each");
    a = rank_a == 1 ? lower_ints(in, n, "Unsqueeze", a, "axes", &front, 1) : a;
    b = rank_b == 1 ? lower_ints(in, n, "Unsqueeze", b, "axes", &back, 1) : b;
    int y = a < 0 || b < 0 ? -1 : lower_step(in, n, "MatMul", a, b);
    int64_t axes[2], last = y < 0 ? 0 : in->g->value[y].shape.rank;
    int count = 0;
    if (rank_a == 1)
        axes[count++] = last - 2;
    if (rank_b == 1)
        axes[count++] = last - 1;
    y = y < 0 ? -1 : lower_ints(in, n, "Squeeze", y, "axes", axes, count);
    return lower_become(in, n, "Identity", y, -1);
}

int infer_matmul(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    char at[APEX_SHAPE_TEXT], bt[APEX_SHAPE_TEXT];
    struct apex_shape a = *arg_shape(in, n, 0), b = *arg_shape(in, n, 1), y;
    if ((a.rank == 1 && b.rank >= 1) || (b.rank == 1 && a.rank > 1))
        return matmul_of_vectors(in, n, a.rank, b.rank);
    if (a.rank < 2 || b.rank < 2 || a.dim[a.rank - 1] != b.dim[b.rank - 2])
        return graph_fail(in->g, n, in->err, "shapes %s and %s do not multiply", apex_shape_text(&a, at),
                          apex_shape_text(&b, bt));
    if (matmul_batch(in, n, &a, &b) < 0)
        return -1;
    int64_t rows = a.dim[a.rank - 2], columns = b.dim[b.rank - 1];
    struct apex_shape outer_a = a, outer_b = b;
    struct apex_error why;
    outer_a.rank -= 2;
    outer_b.rank -= 2;
    if (apex_shape_broadcast(&outer_a, &outer_b, &y, &why) < 0)
        return graph_fail(in->g, n, in->err, "%s", why.text);
    y.dim[y.rank++] = rows;
    y.dim[y.rank++] = columns;
    graph_node_drop_attrs(n);
    return arg_set_shape(in, n, 0, &y);
}
