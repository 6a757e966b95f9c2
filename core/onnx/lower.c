/* Operators that need no kernel of their own: the node is written as several others, each of which is
 * inferred like a node of the file (so constants fold, and a moved batch is followed). The last one is the
 * node itself. */
#include "core/onnx/lower.h"

#include <stdio.h>
#include <string.h>

int lower_begin(struct infer *in, const struct graph_node *n, const char *op, int a, int b,
                struct graph_node *step)
{
    char suffix[40];
    if (in->lifting)
        return graph_fail(in->g, n, in->err, "is not supported where the batch is not the first dimension");
    suffix[0] = ':';
    strncpy(suffix + 1, op, sizeof suffix - 2);
    suffix[sizeof suffix - 1] = '\0';
    if (a < 0 || graph_node_init(step, op, n->name, suffix, a, -1, in->err) < 0)
        return -1;
    if (b >= 0 && graph_node_add_input(step, b, in->err) < 0) {
        graph_node_clear(step);
        return -1;
    }
    return 0;
}

int lower_step(struct infer *in, const struct graph_node *n, const char *op, int a, int b)
{
    struct graph_node made;
    return lower_begin(in, n, op, a, b, &made) < 0 ? -1 : infer_step(in, &made);
}

int lower_ints(struct infer *in, const struct graph_node *n, const char *op, int a, const char *attr,
               const int64_t *list, int count)
{
    struct graph_node made;
    if (lower_begin(in, n, op, a, -1, &made) < 0)
        return -1;
    if (graph_node_add_ints(&made, attr, list, (size_t)count, in->err) == 0)
        return infer_step(in, &made);
    graph_node_clear(&made);
    return -1;
}

int lower_reshape(struct infer *in, const struct graph_node *n, int a, const int64_t *dim, int rank)
{
    return lower_ints(in, n, "Reshape", a, "shape", dim, rank);
}

int lower_tensor(struct infer *in, const struct graph_node *n, struct apex_tensor *t)
{
    char name[256];
    snprintf(name, sizeof name, "%.200s:constant:%d", n->name, in->g->values);
    return graph_add_constant(in->g, name, t, in->err);
}

int lower_number(struct infer *in, const struct graph_node *n, float x)
{
    const struct apex_shape scalar = {0};
    struct apex_tensor *t = infer_make_tensor(in, n, APEX_F32, &scalar);
    if (t)
        *(float *)t->data = x;
    return lower_tensor(in, n, t);
}

int lower_constant(struct infer *in, const struct graph_node *n, const float *from, int64_t repeat,
                   int64_t count, int rank)
{
    struct apex_shape shape = {.rank = rank, .dim = {count}};
    for (int d = 1; d < rank; d++)
        shape.dim[d] = 1;
    struct apex_tensor *t = infer_make_tensor(in, n, APEX_F32, &shape);
    for (int64_t i = 0; t && i < count; i++)
        ((float *)t->data)[i] = from ? from[i / repeat] : 1.0f;
    return lower_tensor(in, n, t);
}

int lower_become(struct infer *in, struct graph_node *n, const char *op, int a, int b)
{
    if (a < 0)
        return -1;
    n->input[0] = a;
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    if ((b >= 0 && graph_node_add_input(n, b, in->err) < 0) || graph_node_rename(n, op, in->err) < 0)
        return -1;
    return op_find(op)->infer(in, op_find(op), n);
}

int lower_extents(struct infer *in, const struct graph_node *n, const char *name, int64_t least, int count,
                  int64_t fallback, int64_t *out)
{
    struct int_list list;
    int given = arg_ints(in, n, name, -1, &list);
    if (given < 0)
        return -1;
    if (given && list.count != count)
        return graph_fail(in->g, n, in->err, "'%s' has %lld entries; want %d", name, (long long)list.count,
                          count);
    for (int i = 0; i < count; i++) {
        out[i] = given ? list.v[i] : fallback;
        if (out[i] < least || out[i] > LOWER_MAX_EXTENT)
            return graph_fail(in->g, n, in->err, "'%s' has an entry of %lld", name, (long long)out[i]);
    }
    return given;
}

int lower_sum(struct infer *in, const struct op *op, struct graph_node *n)
{
    float share = 1.0f / (float)n->inputs;
    int is_mean = strcmp(op->name, "Mean") == 0, sum = n->input[0], last = n->inputs - !is_mean;
    if (n->inputs == 1)
        return INFER_VANISH;
    for (int k = 1; k < last && sum >= 0; k++)
        sum = lower_step(in, n, "Add", sum, n->input[k]);
    int other = is_mean ? lower_constant(in, n, &share, 1, 1, 1) : n->input[n->inputs - 1];
    return other < 0 ? -1 : lower_become(in, n, is_mean ? "Mul" : "Add", sum, other);
}

/* ReduceL1, ReduceL2, ReduceLogSum, ReduceSumSquare, ReduceMin: a function before ReduceSum or ReduceMax, and
 * one after. */
int lower_reduce(struct infer *in, const struct op *op, struct graph_node *n)
{
    static const struct {
        const char *name, *before, *reduce, *after;
    } forms[] = {{"ReduceLogSum", "Identity", "ReduceSum", "Log"},
                 {"ReduceL1", "Abs", "ReduceSum", "Identity"},
                 {"ReduceL2", "Mul", "ReduceSum", "Sqrt"},
                 {"ReduceSumSquare", "Mul", "ReduceSum", "Identity"},
                 {"ReduceMin", "Neg", "ReduceMax", "Neg"}};
    int f = 0, x = n->input[0], is_min = strcmp(op->name, "ReduceMin") == 0;
    if (is_min && !arg_dynamic(in, n, 0))
        return infer_reduce(in, op, n);
    while (strcmp(forms[f].name, op->name) != 0)
        f++;
    int v = lower_step(in, n, forms[f].before, x, strcmp(forms[f].before, "Mul") == 0 ? x : -1);
    struct graph_node made = {0};
    if (lower_begin(in, n, forms[f].reduce, v, arg_given(n, 1) ? n->input[1] : -1, &made) < 0)
        return -1;
    const struct graph_attr *axes = graph_attr(n, "axes");
    int failed = graph_node_add_int(&made, "keepdims", graph_attr_int(n, "keepdims", 1), in->err) < 0 ||
                 graph_node_add_int(&made, "noop_with_empty_axes",
                                    graph_attr_int(n, "noop_with_empty_axes", 0), in->err) < 0;
    if (!failed && axes && axes->type == ATTR_INTS)
        failed = graph_node_add_ints(&made, "axes", axes->ints, axes->count, in->err) < 0;
    if (failed) {
        graph_node_clear(&made);
        return -1;
    }
    return lower_become(in, n, forms[f].after, infer_step(in, &made), -1);
}

/* One Concat of equal inputs for each axis that is repeated. */
int lower_tile(struct infer *in, const struct op *op, struct graph_node *n)
{
    struct int_list repeats;
    int x = n->input[0], rank = arg_shape(in, n, 0)->rank;
    if (!arg_dynamic(in, n, 0))
        return infer_tile(in, op, n);
    if (arg_ints(in, n, "repeats", 1, &repeats) < 0)
        return -1;
    if (repeats.count != rank || (rank > 0 && repeats.v[0] != 1))
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: it repeats the first dimension");
    for (int d = 1; d < rank && x >= 0; d++) {
        struct graph_node made;
        if (repeats.v[d] == 1)
            continue;
        if (repeats.v[d] < 1 || repeats.v[d] > 1 << 16)
            return graph_fail(in->g, n, in->err, "repeat %d is %lld", d, (long long)repeats.v[d]);
        if (lower_begin(in, n, "Concat", x, -1, &made) < 0)
            return -1;
        int failed = graph_node_add_int(&made, "axis", d, in->err) < 0;
        for (int64_t k = 1; k < repeats.v[d] && !failed; k++)
            failed = graph_node_add_input(&made, x, in->err) < 0;
        if (failed)
            graph_node_clear(&made);
        x = failed ? -1 : infer_step(in, &made);
    }
    return lower_become(in, n, "Identity", x, -1);
}

/* Blocks of pixels to channels, or back: Reshape, Transpose, Reshape. */
int lower_space_depth(struct infer *in, const struct op *op, struct graph_node *n)
{
    static const int64_t to_depth[] = {0, 3, 5, 1, 2, 4}, to_space[] = {0, 3, 4, 1, 5, 2},
                         crd[] = {0, 1, 4, 2, 5, 3};
    struct apex_shape x = *arg_shape(in, n, 0);
    int64_t b = graph_attr_int(n, "blocksize", 0);
    int is_space = op->name[0] == 'D', is_crd = strcmp(graph_attr_string(n, "mode", "DCR"), "CRD") == 0;
    if (x.rank != 4 || b < 1 || b > 1 << 10 ||
        (is_space ? x.dim[1] % (b * b) : (x.dim[2] % b || x.dim[3] % b)))
        return graph_fail(in->g, n, in->err, "blocksize %lld does not divide the input", (long long)b);
    int64_t c = is_space ? x.dim[1] / (b * b) : x.dim[1], h = is_space ? x.dim[2] : x.dim[2] / b;
    int64_t w = is_space ? x.dim[3] : x.dim[3] / b, depth[] = {0, c, h, b, w, b},
            space[] = {0, b, b, c, h, w};
    int64_t crd_space[] = {0, c, b, b, h, w};
    int64_t apart[] = {0, c * b * b, h, w}, together[] = {0, c, h * b, w * b};
    const int64_t *perm = is_crd ? crd : is_space ? to_space : to_depth;
    struct graph_node made;
    int v = lower_reshape(in, n, n->input[0], !is_space ? depth : is_crd ? crd_space : space, 6);
    if (lower_begin(in, n, "Transpose", v, -1, &made) < 0)
        return -1;
    if (graph_node_add_ints(&made, "perm", perm, 6, in->err) < 0) {
        graph_node_clear(&made);
        return -1;
    }
    return lower_become(in, n, "Identity",
                        lower_reshape(in, n, infer_step(in, &made), is_space ? together : apart, 4), -1);
}
