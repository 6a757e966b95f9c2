/* Attention of opset 23: softmax(Q K' scale + mask) V, with the heads in a dimension of their own or side by
 * side, and fewer heads of K and V than of Q. */
#include "core/onnx/lower.h"

#include <math.h>
#include <string.h>

static const int64_t heads_first[] = {0, 2, 1, 3}, keys_last[] = {0, 1, 3, 2};

/* [N, L, heads E] as [N, heads, L, E]; four dimensions stay. */
static int split_heads(struct infer *in, const struct graph_node *n, int k, int64_t heads)
{
    struct apex_shape x = *arg_shape(in, n, k);
    if (x.rank == 4)
        return n->input[k];
    if (x.rank != 3 || heads < 1 || x.dim[2] % heads)
        return graph_fail(in->g, n, in->err, "input %d of %d dimensions for %lld heads", k, x.rank,
                          (long long)heads);
    int64_t dim[] = {0, x.dim[1], heads, x.dim[2] / heads};
    int v = lower_reshape(in, n, n->input[k], dim, 4);
    return v < 0 ? -1 : lower_ints(in, n, "Transpose", v, "perm", heads_first, 4);
}

/* Each head of K or V for as many heads of Q as share it. */
static int repeated(struct infer *in, const struct graph_node *n, int v, int64_t heads)
{
    if (v < 0)
        return -1;
    struct apex_shape x = in->g->value[v].shape;
    if (x.rank != 4 || x.dim[1] < 1 || heads % x.dim[1])
        return graph_fail(in->g, n, in->err, "%lld heads for %lld of Q",
                          (long long)(x.rank == 4 ? x.dim[1] : 0), (long long)heads);
    if (x.dim[1] == heads)
        return v;
    int64_t apart[] = {0, x.dim[1], 1, x.dim[2], x.dim[3]},
            wide[] = {1, x.dim[1], heads / x.dim[1], x.dim[2], x.dim[3]};
    int64_t back[] = {0, heads, x.dim[2], x.dim[3]};
    v = lower_reshape(in, n, v, apart, 5);
    v = v < 0 ? -1 : lower_ints(in, n, "Expand", v, "shape", wide, 5);
    return v < 0 ? -1 : lower_reshape(in, n, v, back, 4);
}

/* Scores where the mask holds, elsewhere minus infinity. */
static int only_where(struct infer *in, const struct graph_node *n, int mask, int scores)
{
    struct graph_node where;
    int none = lower_number(in, n, -INFINITY);
    if (mask < 0 || none < 0 || scores < 0 || lower_begin(in, n, "Where", mask, scores, &where) < 0)
        return -1;
    if (graph_node_add_input(&where, none, in->err) == 0)
        return infer_step(in, &where);
    graph_node_clear(&where);
    return -1;
}

static int masked(struct infer *in, const struct graph_node *n, int scores)
{
    const struct apex_tensor *mask = graph_constant(in->g, n, 3);
    if (scores >= 0 && graph_attr_int(n, "is_causal", 0)) {
        struct apex_shape x = in->g->value[scores].shape, shape = {.rank = 2, .dim = {x.dim[2], x.dim[3]}};
        struct apex_tensor *t = infer_make_tensor(in, n, APEX_F32, &shape);
        for (int64_t i = 0, count = apex_shape_count(&shape); t && i < count; i++)
            ((float *)t->data)[i] = i % x.dim[3] <= i / x.dim[3];
        scores = only_where(in, n, lower_tensor(in, n, t), scores);
    }
    if (!arg_given(n, 3) || scores < 0)
        return scores;
    if (!mask)
        return graph_fail(in->g, n, in->err, "a mask that depends on the network's input is not supported");
    return mask->type == APEX_BOOL ? only_where(in, n, n->input[3], scores)
                                   : lower_step(in, n, "Add", scores, n->input[3]);
}

int lower_attention(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    int is_flat = arg_shape(in, n, 0)->rank == 3;
    if (graph_attr_float(n, "softcap", 0) != 0)
        return graph_fail(in->g, n, in->err, "softcap is not supported");
    for (int k = 0; k < 3; k++)
        if (!arg_dynamic(in, n, k))
            return graph_fail(in->g, n, in->err, "input %d is constant, which is not supported", k);
    int q = split_heads(in, n, 0, graph_attr_int(n, "q_num_heads", 0));
    if (q < 0 || in->g->value[q].shape.rank != 4)
        return q < 0 ? -1 : graph_fail(in->g, n, in->err, "Q of %d dimensions", in->g->value[q].shape.rank);
    struct apex_shape x = in->g->value[q].shape;
    int k = repeated(in, n, split_heads(in, n, 1, graph_attr_int(n, "kv_num_heads", 0)), x.dim[1]);
    int v = repeated(in, n, split_heads(in, n, 2, graph_attr_int(n, "kv_num_heads", 0)), x.dim[1]);
    int scale = lower_number(in, n, graph_attr_float(n, "scale", (float)(1 / sqrt((double)x.dim[3]))));
    int turned = k < 0 || v < 0 ? -1 : lower_ints(in, n, "Transpose", k, "perm", keys_last, 4);
    int scores = turned < 0 || scale < 0 ? -1 : lower_step(in, n, "MatMul", q, turned);
    scores = masked(in, n, scores < 0 ? -1 : lower_step(in, n, "Mul", scores, scale));
    struct graph_node soft;
    if (scores < 0 || lower_begin(in, n, "Softmax", scores, -1, &soft) < 0)
        return -1;
    if (graph_node_add_int(&soft, "axis", 3, in->err) < 0) {
        graph_node_clear(&soft);
        return -1;
    }
    int weight = infer_step(in, &soft);
    if (!is_flat)
        return lower_become(in, n, "MatMul", weight, v);
    int y = weight < 0 ? -1 : lower_step(in, n, "MatMul", weight, v);
    y = y < 0 ? -1 : lower_ints(in, n, "Transpose", y, "perm", heads_first, 4);
    int64_t back[] = {0, x.dim[2], y < 0 ? 0 : in->g->value[y].shape.dim[2] * in->g->value[y].shape.dim[3]};
    return y < 0 ? -1 : lower_become(in, n, "Identity", lower_reshape(in, n, y, back, 3), -1);
}
