/* Functions of one tensor, on constants. */
#include "core/onnx/rules.h"

#include <math.h>
#include <string.h>

static double relu(double x)
{
    return x > 0 ? x : 0;
}

static double negative(double x)
{
    return -x;
}

static double reciprocal(double x)
{
    return 1 / x;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double softsign(double x)
{
    return x / (1 + fabs(x));
}

static double hard_swish(double x)
{
    return x * fmin(fmax(x / 6 + 0.5, 0), 1);
}

static double mish(double x)
{
    return x * tanh(softplus(x));
}

static double sign(double x)
{
    return (x > 0) - (x < 0);
}

static double shrink(double x, double limit, double bias)
{
    return x < -limit ? x + bias : x > limit ? x - bias : 0;
}

/* Those with parameters; 0: not one of them. */
static int with_parameters(const struct graph_node *n, double x, double *y)
{
    double alpha = graph_attr_float(n, "alpha", 0), gamma = graph_attr_float(n, "gamma", 0);
    if (strcmp(n->op, "HardSigmoid") == 0)
        *y = fmin(fmax(alpha * x + graph_attr_float(n, "beta", 0), 0), 1);
    else if (strcmp(n->op, "LeakyRelu") == 0)
        *y = x < 0 ? alpha * x : x;
    else if (strcmp(n->op, "Elu") == 0)
        *y = x < 0 ? alpha * expm1(x) : x;
    else if (strcmp(n->op, "Celu") == 0)
        *y = x < 0 ? alpha * expm1(x / alpha) : x;
    else if (strcmp(n->op, "Selu") == 0)
        *y = gamma * (x < 0 ? alpha * expm1(x) : x);
    else if (strcmp(n->op, "ThresholdedRelu") == 0)
        *y = x > alpha ? x : 0;
    else if (strcmp(n->op, "Shrink") == 0)
        *y = shrink(x, graph_attr_float(n, "lambd", 0), graph_attr_float(n, "bias", 0));
    else
        return 0;
    return 1;
}

static const struct unary {
    const char *name;
    double (*f)(double);
} unaries[] = {
    {"Relu", relu},         {"Neg", negative},
    {"Abs", fabs},          {"Sqrt", sqrt},
    {"Exp", exp},           {"Log", log},
    {"Erf", erf},           {"Tanh", tanh},
    {"Ceil", ceil},         {"Reciprocal", reciprocal},
    {"Not", NULL},          {"Sigmoid", sigmoid},
    {"Floor", floor},       {"Softplus", softplus},
    {"Softsign", softsign}, {"HardSwish", hard_swish},
    {"Mish", mish},         {"Round", nearbyint},
    {"Sign", sign},         {"Sin", sin},
    {"Cos", cos},           {"Tan", tan},
    {"Asin", asin},         {"Acos", acos},
    {"Atan", atan},         {"Sinh", sinh},
    {"Cosh", cosh},         {"Asinh", asinh},
    {"Acosh", acosh},       {"Atanh", atanh},
};

/* Integers: Neg, Abs, Relu and Sign; bools: Not. */
static int fold_unary_integer(struct infer *in, const struct graph_node *n, const struct apex_tensor *x,
                              struct apex_tensor *y)
{
    int is_neg = strcmp(n->op, "Neg") == 0, is_relu = strcmp(n->op, "Relu") == 0;
    int is_not = strcmp(n->op, "Not") == 0, is_sign = strcmp(n->op, "Sign") == 0;
    int is_known = is_not || is_neg || is_relu || is_sign || strcmp(n->op, "Abs") == 0;
    if (is_not != (x->type == APEX_BOOL) || !is_known)
        return graph_fail(in->g, n, in->err, "not supported on constants of this type");
    for (int64_t i = 0, count = apex_shape_count(&x->shape); i < count; i++) {
        int64_t v = is_not ? 0 : ((const int64_t *)x->data)[i];
        if (is_not)
            ((uint8_t *)y->data)[i] = !((const uint8_t *)x->data)[i];
        else if (is_sign)
            ((int64_t *)y->data)[i] = (v > 0) - (v < 0);
        else if (is_relu)
            ((int64_t *)y->data)[i] = v > 0 ? v : 0;
        else /* wraps around at INT64_MIN */
            ((int64_t *)y->data)[i] = is_neg || v < 0 ? (int64_t)(0 - (uint64_t)v) : v;
    }
    return 0;
}

int fold_unary(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = infer_make_output(in, n, 0, x->type);
    if (!y)
        return -1;
    if (x->type != APEX_F32)
        return fold_unary_integer(in, n, x, y);
    for (size_t u = 0; u < sizeof unaries / sizeof unaries[0]; u++) {
        if (strcmp(unaries[u].name, n->op) != 0 || !unaries[u].f)
            continue;
        for (int64_t i = 0, count = apex_shape_count(&x->shape); i < count; i++)
            ((float *)y->data)[i] = (float)unaries[u].f(((const float *)x->data)[i]);
        return 0;
    }
    for (int64_t i = 0, count = apex_shape_count(&x->shape); i < count; i++) {
        double one;
        if (!with_parameters(n, ((const float *)x->data)[i], &one))
            return graph_fail(in->g, n, in->err, "not supported on constants of this type");
        ((float *)y->data)[i] = (float)one;
    }
    return 0;
}

/* IsNaN and IsInf: a bool for each number. */
int fold_is(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = arg_constant(in, n, 0, APEX_F32);
    struct apex_tensor *y = x ? infer_make_output(in, n, 0, APEX_BOOL) : NULL;
    int is_nan = strcmp(n->op, "IsNaN") == 0;
    int up = graph_attr_float(n, "detect_positive", 1) != 0,
        down = graph_attr_float(n, "detect_negative", 1) != 0;
    for (int64_t i = 0, count = x ? apex_shape_count(&x->shape) : 0; y && i < count; i++) {
        float v = ((const float *)x->data)[i];
        ((uint8_t *)y->data)[i] = is_nan ? isnan(v) : isinf(v) && (v > 0 ? up : down);
    }
    return y ? 0 : -1;
}
