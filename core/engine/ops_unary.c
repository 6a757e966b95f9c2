/* Elementwise functions of one tensor. Layout does not matter to them: the output has the input's. */
#include "core/engine/builder.h"
#include "core/engine/hot.h"

#include <math.h>
#include <string.h>

/* a and b: the attributes, where the function has any. */
typedef void unary_fn(const float *x, float *y, int64_t n, float a, float b);

HOT static void relu(const float *x, float *y, int64_t n, float a, float b)
{
    (void)a, (void)b;
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0 ? 0 : x[i]; /* NaN passes, so that it is seen */
}

HOT static void leaky_relu(const float *x, float *y, int64_t n, float a, float b)
{
    (void)b;
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0 ? a * x[i] : x[i];
}

HOT static void clip(const float *x, float *y, int64_t n, float a, float b)
{
    for (int64_t i = 0; i < n; i++) {
        float v = x[i] < a ? a : x[i];
        y[i] = v > b ? b : v;
    }
}

HOT static void negate(const float *x, float *y, int64_t n, float a, float b)
{
    (void)a, (void)b;
    for (int64_t i = 0; i < n; i++)
        y[i] = -x[i];
}

HOT static void hard_sigmoid(const float *x, float *y, int64_t n, float a, float b)
{
    for (int64_t i = 0; i < n; i++) {
        float v = a * x[i] + b;
        v = v < 0 ? 0 : v;
        y[i] = v > 1 ? 1 : v;
    }
}

HOT static void hard_swish(const float *x, float *y, int64_t n, float a, float b)
{
    (void)a, (void)b;
    for (int64_t i = 0; i < n; i++) {
        float v = x[i] / 6 + 0.5f;
        v = v < 0 ? 0 : v;
        y[i] = x[i] * (v > 1 ? 1 : v);
    }
}

/* The rest is bound by libm: one scalar function each. */
static float do_abs(float x, float a, float b)
{
    (void)a, (void)b;
    return fabsf(x);
}

static float do_sigmoid(float x, float a, float b)
{
    (void)a, (void)b;
    return 1 / (1 + expf(-x));
}

static float do_tanh(float x, float a, float b)
{
    (void)a, (void)b;
    return tanhf(x);
}

static float do_elu(float x, float a, float b)
{
    (void)b;
    return x < 0 ? a * expm1f(x) : x;
}

static float do_selu(float x, float a, float b)
{
    return b * (x < 0 ? a * expm1f(x) : x);
}

static float do_celu(float x, float a, float b)
{
    (void)b;
    return x < 0 ? a * expm1f(x / a) : x;
}

static float do_softplus(float x, float a, float b)
{
    (void)a, (void)b;
    return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
}

static float do_softsign(float x, float a, float b)
{
    (void)a, (void)b;
    return x / (1 + fabsf(x));
}

static float do_erf(float x, float a, float b)
{
    (void)a, (void)b;
    return erff(x);
}

/* a != 0: the tanh form. */
static float do_gelu(float x, float a, float b)
{
    (void)b;
    if (a != 0)
        return 0.5f * x * (1 + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)));
    return 0.5f * x * (1 + erff(x * 0.7071067812f));
}

static float do_mish(float x, float a, float b)
{
    return x * tanhf(do_softplus(x, a, b));
}

static float do_exp(float x, float a, float b)
{
    (void)a, (void)b;
    return expf(x);
}

static float do_log(float x, float a, float b)
{
    (void)a, (void)b;
    return logf(x);
}

static float do_sqrt(float x, float a, float b)
{
    (void)a, (void)b;
    return sqrtf(x);
}

static float do_reciprocal(float x, float a, float b)
{
    (void)a, (void)b;
    return 1 / x;
}

static float do_round(float x, float a, float b) /* halves to even */
{
    (void)a, (void)b;
    return nearbyintf(x);
}

static float do_sign(float x, float a, float b)
{
    (void)a, (void)b;
    return x != x ? x : (float)((x > 0) - (x < 0));
}

static float do_not(float x, float a, float b)
{
    (void)a, (void)b;
    return x == 0;
}

static float do_is_nan(float x, float a, float b)
{
    (void)a, (void)b;
    return x != x;
}

static float do_is_inf(float x, float a, float b)
{
    return (x > 3.402823466e38f && a != 0) || (x < -3.402823466e38f && b != 0);
}

static float do_thresholded_relu(float x, float a, float b)
{
    (void)b;
    return x > a || x != x ? x : 0;
}

static float do_shrink(float x, float a, float b)
{
    return x < -a ? x + b : x > a ? x - b : x != x ? x : 0;
}

/* Functions of libm as they are. */
#define FROM_LIBM(name)                                                                                      \
    static float do_##name(float x, float a, float b)                                                        \
    {                                                                                                        \
        (void)a, (void)b;                                                                                    \
        return name##f(x);                                                                                   \
    }
FROM_LIBM(floor)
FROM_LIBM(ceil)
FROM_LIBM(sin)
FROM_LIBM(cos)
FROM_LIBM(tan)
FROM_LIBM(asin)
FROM_LIBM(acos)
FROM_LIBM(atan)
FROM_LIBM(sinh)
FROM_LIBM(cosh)
FROM_LIBM(asinh)
FROM_LIBM(acosh)
FROM_LIBM(atanh)

struct unary_op {
    const char *op;
    unary_fn *all;                           /* vectorised */
    float (*one)(float x, float a, float b); /* or element by element */
    const char *a_name, *b_name;
    float a, b; /* ONNX defaults */
};

static const struct unary_op unary_ops[] = {
    {"Relu", relu, NULL, NULL, NULL, 0, 0},
    {"LeakyRelu", leaky_relu, NULL, "alpha", NULL, 0.01f, 0},
    {"Clip", clip, NULL, "min", "max", -INFINITY, INFINITY},
    {"Neg", negate, NULL, NULL, NULL, 0, 0},
    {"HardSigmoid", hard_sigmoid, NULL, "alpha", "beta", 0.2f, 0.5f},
    {"HardSwish", hard_swish, NULL, NULL, NULL, 0, 0},
    {"Abs", NULL, do_abs, NULL, NULL, 0, 0},
    {"Sigmoid", NULL, do_sigmoid, NULL, NULL, 0, 0},
    {"Tanh", NULL, do_tanh, NULL, NULL, 0, 0},
    {"Elu", NULL, do_elu, "alpha", NULL, 1, 0},
    {"Selu", NULL, do_selu, "alpha", "gamma", 1.67326319217681884765625f, 1.05070102214813232421875f},
    {"Celu", NULL, do_celu, "alpha", NULL, 1, 0},
    {"Softplus", NULL, do_softplus, NULL, NULL, 0, 0},
    {"Softsign", NULL, do_softsign, NULL, NULL, 0, 0},
    {"Erf", NULL, do_erf, NULL, NULL, 0, 0},
    {"Gelu", NULL, do_gelu, NULL, NULL, 0, 0},
    {"Mish", NULL, do_mish, NULL, NULL, 0, 0},
    {"Exp", NULL, do_exp, NULL, NULL, 0, 0},
    {"Log", NULL, do_log, NULL, NULL, 0, 0},
    {"Sqrt", NULL, do_sqrt, NULL, NULL, 0, 0},
    {"Reciprocal", NULL, do_reciprocal, NULL, NULL, 0, 0},
    {"Floor", NULL, do_floor, NULL, NULL, 0, 0},
    {"Ceil", NULL, do_ceil, NULL, NULL, 0, 0},
    {"Round", NULL, do_round, NULL, NULL, 0, 0},
    {"Sign", NULL, do_sign, NULL, NULL, 0, 0},
    {"Not", NULL, do_not, NULL, NULL, 0, 0},
    {"IsNaN", NULL, do_is_nan, NULL, NULL, 0, 0},
    {"Sin", NULL, do_sin, NULL, NULL, 0, 0},
    {"Cos", NULL, do_cos, NULL, NULL, 0, 0},
    {"Tan", NULL, do_tan, NULL, NULL, 0, 0},
    {"Asin", NULL, do_asin, NULL, NULL, 0, 0},
    {"Acos", NULL, do_acos, NULL, NULL, 0, 0},
    {"Atan", NULL, do_atan, NULL, NULL, 0, 0},
    {"Sinh", NULL, do_sinh, NULL, NULL, 0, 0},
    {"Cosh", NULL, do_cosh, NULL, NULL, 0, 0},
    {"Asinh", NULL, do_asinh, NULL, NULL, 0, 0},
    {"Acosh", NULL, do_acosh, NULL, NULL, 0, 0},
    {"Atanh", NULL, do_atanh, NULL, NULL, 0, 0},
    {"IsInf", NULL, do_is_inf, "detect_positive", "detect_negative", 1, 1},
    {"ThresholdedRelu", NULL, do_thresholded_relu, "alpha", NULL, 1, 0},
    {"Shrink", NULL, do_shrink, "lambd", "bias", 0.5f, 0},
};

struct unary {
    const struct unary_op *op;
    float a, b;
    int64_t count;
};

static void run_unary(const struct step *s, const struct pass *pass)
{
    const struct unary *u = s->state;
    (void)pass;
    if (u->op->all) {
        u->op->all(s->in[0].data, s->out.data, u->count, u->a, u->b);
        return;
    }
    for (int64_t i = 0; i < u->count; i++)
        s->out.data[i] = u->op->one(s->in[0].data[i], u->a, u->b);
}

static const struct unary_op *unary_find(const char *name)
{
    for (size_t i = 0; i < sizeof unary_ops / sizeof *unary_ops; i++)
        if (strcmp(unary_ops[i].op, name) == 0)
            return &unary_ops[i];
    return NULL;
}

int emit_unary(struct builder *b, const struct graph_node *n)
{
    const struct unary_op *op = unary_find(n->op);
    struct operand in, out;
    if (!op)
        return graph_fail(b->e->graph, n, b->err, "operator is not supported");
    if (builder_input(b, n, 0, &in) < 0 || builder_output(b, n, 0, &out) < 0 ||
        builder_convert(b, &in, out.layout) < 0)
        return -1;
    struct step *s = builder_step(b, n, run_unary, sizeof(struct unary));
    if (!s)
        return -1;
    struct unary *u = s->state;
    *u = (struct unary){.op = op, .a = op->a, .b = op->b, .count = apex_shape_count(&out.shape)};
    if (op->a_name)
        u->a = graph_attr_float(n, op->a_name, op->a);
    if (op->b_name)
        u->b = graph_attr_float(n, op->b_name, op->b);
    if (strcmp(n->op, "Gelu") == 0)
        u->a = strcmp(graph_attr_string(n, "approximate", "none"), "tanh") == 0;
    s->kind = strcmp(n->op, "Relu") == 0 ? STEP_RELU : STEP_OTHER;
    step_input(s, &in);
    s->in_place = 1;
    s->out = out;
    return 0;
}
