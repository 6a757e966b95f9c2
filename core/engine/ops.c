/* Which emitter serves which operator, and what each does to a value that grows with sigma. */
#include "core/engine/builder.h"

#include <math.h>
#include <string.h>

/* sigma = infinity. A value of degree d is kept divided by sigma^d. */
enum degree_rule {
    NO_LIMIT,    /* refused on a value of degree > 0 */
    HOMOGENEOUS, /* f(s x) = s f(x): the degree stays; operands of lower degree count as zero */
    PRODUCT,     /* degrees add up */
    QUOTIENT,    /* the first over a divisor of degree 0 */
    BOUNDED,     /* the degree falls to 0 */
    SETTLES      /* none of these, but it has a limit: found at APEX_LIMIT_SIGMA */
};

struct op_rule {
    const char *op;
    emit_fn *emit;
    enum degree_rule degree;
};

static const struct op_rule rules[] = {
    {"Abs", emit_unary, HOMOGENEOUS},
    {"Acos", emit_unary, NO_LIMIT},
    {"Acosh", emit_unary, NO_LIMIT},
    {"Add", emit_binary, HOMOGENEOUS},
    {"Asin", emit_unary, NO_LIMIT},
    {"Asinh", emit_unary, SETTLES},
    {"Atan", emit_unary, SETTLES},
    {"Atanh", emit_unary, NO_LIMIT},
    {"AveragePool", emit_pool, HOMOGENEOUS},
    {"BatchNormalization", emit_batch_norm, HOMOGENEOUS},
    {"Ceil", emit_unary, SETTLES},
    {"Celu", emit_unary, SETTLES},
    {"Clip", emit_unary, SETTLES},
    {"Concat", emit_concat, HOMOGENEOUS},
    {"Conv", emit_conv, HOMOGENEOUS},
    {"Cos", emit_unary, NO_LIMIT},
    {"Cosh", emit_unary, NO_LIMIT},
    {"Div", emit_binary, QUOTIENT},
    {"Elu", emit_unary, SETTLES},
    {"Equal", emit_binary, SETTLES},
    {"Erf", emit_unary, SETTLES},
    {"Exp", emit_unary, NO_LIMIT},
    {"Expand", emit_expand, HOMOGENEOUS},
    {"Flatten", emit_reshape, HOMOGENEOUS},
    {"Floor", emit_unary, SETTLES},
    {"Gather", emit_gather, HOMOGENEOUS},
    {"Gelu", emit_unary, SETTLES},
    {"Gemm", emit_gemm, HOMOGENEOUS},
    {"GlobalAveragePool", emit_global_pool, HOMOGENEOUS},
    {"GlobalMaxPool", emit_global_pool, HOMOGENEOUS},
    {"HardSigmoid", emit_unary, SETTLES},
    {"HardSwish", emit_unary, SETTLES},
    {"IsInf", emit_unary, SETTLES},
    {"IsNaN", emit_unary, SETTLES},
    {"LRN", emit_lrn, SETTLES},
    {"LayerNormalization", emit_layer_norm, BOUNDED},
    {"LeakyRelu", emit_unary, HOMOGENEOUS},
    {"Less", emit_binary, SETTLES},
    {"LessOrEqual", emit_binary, SETTLES},
    {"Log", emit_unary, SETTLES},
    {"LogSoftmax", emit_softmax, SETTLES},
    {"MatMul", emit_matmul, PRODUCT},
    {"Max", emit_binary, HOMOGENEOUS},
    {"MaxPool", emit_pool, HOMOGENEOUS},
    {"Min", emit_binary, HOMOGENEOUS},
    {"Mish", emit_unary, SETTLES},
    {"Mul", emit_binary, PRODUCT},
    {"Neg", emit_unary, HOMOGENEOUS},
    {"Not", emit_unary, SETTLES},
    {"PRelu", emit_binary, HOMOGENEOUS},
    {"Pad", emit_pad, HOMOGENEOUS},
    {"Pow", emit_binary, SETTLES},
    {"Reciprocal", emit_unary, SETTLES},
    {"ReduceMax", emit_reduce, HOMOGENEOUS},
    {"ReduceMean", emit_reduce, HOMOGENEOUS},
    {"ReduceSum", emit_reduce, HOMOGENEOUS},
    {"Relu", emit_unary, HOMOGENEOUS},
    {"Reshape", emit_reshape, HOMOGENEOUS},
    {"Round", emit_unary, SETTLES},
    {"Selu", emit_unary, SETTLES},
    {"Shrink", emit_unary, SETTLES},
    {"Sigmoid", emit_unary, SETTLES},
    {"Sign", emit_unary, SETTLES},
    {"Sin", emit_unary, NO_LIMIT},
    {"Sinh", emit_unary, NO_LIMIT},
    {"Slice", emit_slice, HOMOGENEOUS},
    {"Softmax", emit_softmax, SETTLES},
    {"Softplus", emit_unary, SETTLES},
    {"Softsign", emit_unary, SETTLES},
    {"Split", emit_split, HOMOGENEOUS},
    {"Sqrt", emit_unary, SETTLES},
    {"Squeeze", emit_reshape, HOMOGENEOUS},
    {"Sub", emit_binary, HOMOGENEOUS},
    {"Tan", emit_unary, NO_LIMIT},
    {"Tanh", emit_unary, SETTLES},
    {"ThresholdedRelu", emit_unary, SETTLES},
    {"Transpose", emit_transpose, HOMOGENEOUS},
    {"Unsqueeze", emit_reshape, HOMOGENEOUS},
    {"Where", emit_where, SETTLES},
};

static const struct op_rule *rule_of(const char *op)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].op, op) == 0)
            return &rules[i];
    return NULL;
}

/* A Clip with bounds only at 0 and infinity. */
static int is_homogeneous_clip(const struct graph_node *n)
{
    float low = graph_attr_float(n, "min", -INFINITY), high = graph_attr_float(n, "max", INFINITY);
    return strcmp(n->op, "Clip") == 0 && (low == 0 || low <= -3e38f) && (high == 0 || high >= 3e38f);
}

static int degree_of(const struct builder *b, const struct graph_node *n, const struct op_rule *rule)
{
    int most = 0, sum = 0, divisor = 0;
    for (int k = 0; k < n->inputs; k++) {
        const struct operand *o = n->input[k] >= 0 ? &b->at[n->input[k]] : NULL;
        int d = o && o->buffer >= 0 ? o->degree : 0;
        most = d > most ? d : most;
        sum += d;
        divisor = k == 1 ? d : divisor;
    }
    enum degree_rule r = is_homogeneous_clip(n) ? HOMOGENEOUS : rule->degree;
    if (most == 0 || r == BOUNDED)
        return 0;
    if (r == SETTLES || (r == QUOTIENT && divisor > 0)) {
        b->e->settles = 1;
        return -1;
    }
    if (r == NO_LIMIT)
        return graph_fail(b->e->graph, n, b->err, "this operator has no limit for sigma = inf");
    return r == PRODUCT ? sum : most;
}

int builder_emit(struct builder *b, const struct graph_node *n)
{
    const struct op_rule *rule = rule_of(n->op);
    if (!rule)
        return graph_fail(b->e->graph, n, b->err, "operator is not supported");
    b->degree = degree_of(b, n, rule);
    return b->degree < 0 ? -1 : rule->emit(b, n);
}
