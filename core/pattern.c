#include "core/pattern.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FACTORS 8 /* constant factors in a row that are looked through */
#define MOST_STEPS 16  /* nodes that one pattern may have between its x and its gate */

struct finder {
    const struct graph *g;
    unsigned char *inner; /* [nodes] 1: inside a pattern, so no activation of its own */
};

const struct graph_node *pattern_producer(const struct graph *g, int value)
{
    return value >= 0 && g->value[value].producer >= 0 ? &g->node[g->value[value].producer] : NULL;
}

static int is(const struct graph_node *n, const char *op)
{
    return n && !strcmp(n->op, op);
}

/* Half-precision exports round their constants, so equal means to three digits. */
static int near(double a, double b)
{
    return fabs(a - b) <= 2e-3 * fabs(b);
}

/* Whether input k of n is a constant whose elements are all the same number. */
static int constant_number(const struct graph *g, const struct graph_node *n, int k, float *number)
{
    const struct apex_tensor *t = graph_constant(g, n, k);
    int64_t count = t && t->type == APEX_F32 ? apex_shape_count(&t->shape) : 0;
    const float *f = count > 0 ? t->data : NULL;
    for (int64_t i = 1; i < count; i++)
        if (f[i] != f[0])
            return 0;
    if (f)
        *number = f[0];
    return f != NULL;
}

/* value = c * earlier, by a Mul or Div with a constant: returns earlier and multiplies *scale by c; -1 if it
 * is made otherwise. */
static int unscale(const struct graph *g, int value, double *scale)
{
    const struct graph_node *n = pattern_producer(g, value);
    float c;
    if (is(n, "Mul"))
        for (int k = 0; k < 2; k++)
            if (constant_number(g, n, k, &c)) {
                *scale *= c;
                return n->input[1 - k];
            }
    if (is(n, "Div") && constant_number(g, n, 1, &c) && c != 0) {
        *scale /= c;
        return n->input[0];
    }
    return -1;
}

/* value = other + c: returns other; -1 if it is made otherwise. */
static int minus_constant(const struct graph *g, int value, float *c)
{
    const struct graph_node *n = pattern_producer(g, value);
    for (int k = 0; is(n, "Add") && k < 2; k++)
        if (constant_number(g, n, k, c))
            return n->input[1 - k];
    return -1;
}

static int is_arithmetic(const struct graph_node *n)
{
    static const char *const ops[] = {"Add", "Sub", "Mul",      "Div",  "Pow", "Exp",
                                      "Log", "Neg", "Softplus", "Sqrt", "Abs", "Reciprocal"};
    for (size_t i = 0; n && i < sizeof ops / sizeof *ops; i++)
        if (is(n, ops[i]))
            return 1;
    return 0;
}

/* Whether `value` is arithmetic on x and constants alone; *steps bounds the search. */
static int only_from(const struct graph *g, int value, int x, int *steps)
{
    if (value == x || (value >= 0 && g->value[value].constant))
        return 1;
    const struct graph_node *n = pattern_producer(g, value);
    if (!is_arithmetic(n) || --*steps < 0)
        return 0;
    for (int k = 0; k < n->inputs; k++)
        if (!only_from(g, n->input[k], x, steps))
            return 0;
    return 1;
}

static void claim(struct finder *f, int value, int x)
{
    const struct graph_node *n = pattern_producer(f->g, value);
    if (!n || value == x)
        return;
    f->inner[f->g->value[value].producer] = 1;
    if (is_arithmetic(n))
        for (int k = 0; k < n->inputs; k++)
            claim(f, n->input[k], x);
}

/* A factor that may gate x: what function it is, of which value, and the scale that makes the pattern
 * complete. */
struct gate {
    const char *kind; /* NULL: none */
    int function;     /* value that the function makes */
    int argument;
    double scale;
};

/* The Erf or Tanh in c + c F(argument), which wants scale 1 / (2 c). */
static struct gate gate_of_sum(const struct graph *g, int value)
{
    struct gate none = {NULL, -1, -1, 0};
    float c;
    double inner = 1;
    int up, function = minus_constant(g, value, &c);
    if (function < 0 || c == 0)
        return none;
    for (int k = 0; k < MOST_FACTORS && (up = unscale(g, function, &inner)) >= 0; k++)
        function = up;
    const struct graph_node *n = pattern_producer(g, function);
    if (!(is(n, "Erf") || is(n, "Tanh")) || !near(inner, c))
        return none;
    return (struct gate){"Gelu", function, n->input[0], 0.5 / c};
}

static struct gate gate_of(const struct graph *g, int value)
{
    const struct graph_node *n = pattern_producer(g, value);
    if (is(n, "Sigmoid"))
        return (struct gate){"Silu", value, n->input[0], 1};
    if (is(n, "HardSigmoid"))
        return (struct gate){"HardSwish", value, n->input[0], 1};
    if (is(n, "Tanh"))
        return (struct gate){"Mish", value, n->input[0], 1};
    if (is(n, "Clip") && graph_attr_float(n, "min", -FLT_MAX) == 0.0f) {
        float c, most = graph_attr_float(n, "max", FLT_MAX);
        int x = minus_constant(g, n->input[0], &c);
        if (x >= 0 && near(most, 2 * (double)c))
            return (struct gate){"HardSwish", value, x, 1.0 / most};
    }
    return gate_of_sum(g, value);
}

/* Whether gate and x, whose product is scaled by `scale` in all, are an activation. */
static const char *gated(struct finder *f, const struct gate *gate, int x, double scale)
{
    int steps = MOST_STEPS;
    if (!near(scale, gate->scale) || !only_from(f->g, gate->argument, x, &steps))
        return NULL;
    int plain = gate->argument == x;
    if (!strcmp(gate->kind, "HardSwish") && !plain)
        return NULL;
    if (!strcmp(gate->kind, "Mish") && plain)
        return NULL; /* x tanh(x) is nobody's activation */
    claim(f, gate->function, x);
    claim(f, gate->argument, x);
    return !strcmp(gate->kind, "Silu") && !plain ? "Gelu" : gate->kind;
}

/* Tries side `value` of a product as the gate (behind constant factors) and the other side as x (likewise).
 */
static const char *match_sides(struct finder *f, int value, int other, double scale)
{
    for (int k = 0; k < MOST_FACTORS && value >= 0; k++, value = unscale(f->g, value, &scale)) {
        struct gate gate = gate_of(f->g, value);
        double whole = scale;
        int x = other;
        for (int j = 0; gate.kind && j < MOST_FACTORS && x >= 0; j++, x = unscale(f->g, x, &whole)) {
            const char *kind = gated(f, &gate, x, whole);
            if (kind)
                return kind;
        }
    }
    return NULL;
}

/* The pattern that ends in a node: a product of x and a gate, with constant factors anywhere. */
static const char *match_product(struct finder *f, const struct graph_node *n)
{
    double scale = 1;
    int up, value = n->output[0];
    for (int k = 0; k < MOST_FACTORS && (up = unscale(f->g, value, &scale)) >= 0; k++)
        value = up;
    const struct graph_node *join = pattern_producer(f->g, value);
    if (!is(join, "Mul") || join->inputs != 2)
        return NULL;
    const char *kind = match_sides(f, join->input[1], join->input[0], scale);
    if (!kind)
        kind = match_sides(f, join->input[0], join->input[1], scale);
    if (kind && join != n)
        f->inner[join - f->g->node] = 1;
    return kind;
}

static const char *match_clip(const struct graph_node *n)
{
    float least = graph_attr_float(n, "min", -FLT_MAX), most = graph_attr_float(n, "max", FLT_MAX);
    if (least == 0.0f && most == 6.0f)
        return "Relu6";
    return least == 0.0f || (least > -FLT_MAX && most < FLT_MAX) ? "Clip" : NULL;
}

static const char *match_single(const struct graph *g, const struct graph_node *n)
{
    static const char *const ops[] = {"Relu",      "LeakyRelu",   "PRelu", "Elu",      "Selu",
                                      "Celu",      "Sigmoid",     "Tanh",  "Softplus", "Softsign",
                                      "HardSwish", "HardSigmoid", "Gelu",  "Mish",     "ThresholdedRelu"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (is(n, ops[i]))
            return ops[i];
    float c;
    if (is(n, "Max") && n->inputs == 2)
        for (int k = 0; k < 2; k++)
            if (constant_number(g, n, k, &c) && c == 0.0f)
                return "Relu";
    return is(n, "Clip") ? match_clip(n) : NULL;
}

static int keeps_factor(const struct graph_node *n)
{
    return is(n, "Reshape") || is(n, "Transpose") || is(n, "Expand");
}

/* Whether a value, perhaps reshaped or times a constant, multiplies another dynamic value. */
static int multiplies(const struct graph *g, int value, int depth)
{
    for (int i = 0; i < g->nodes; i++) {
        const struct graph_node *n = &g->node[i];
        int uses = 0, fixed = 0;
        for (int k = 0; k < n->inputs; k++) {
            uses += n->input[k] == value;
            fixed += graph_constant(g, n, k) != NULL;
        }
        if (!uses)
            continue;
        if (is(n, "Mul") && uses == 1 && !fixed)
            return 1;
        int passes = keeps_factor(n) || ((is(n, "Mul") || is(n, "Div")) && fixed);
        if (passes && depth > 0 && multiplies(g, n->output[0], depth - 1))
            return 1;
    }
    return 0;
}

static int is_gate(const struct graph *g, const struct graph_node *n)
{
    float c;
    int possible = is(n, "Sigmoid") || is(n, "HardSigmoid") ||
                   (is(n, "Clip") && minus_constant(g, n->input[0], &c) >= 0);
    return possible && multiplies(g, n->output[0], 4);
}

int pattern_find(const struct graph *g, const char **kind, struct apex_error *err)
{
    struct finder f = {g, calloc(g->nodes ? (size_t)g->nodes : 1, 1)};
    if (!f.inner)
        return apex_fail(err, "%s: no memory for %d nodes", g->source, g->nodes);
    for (int i = 0; i < g->nodes; i++)
        kind[i] = match_product(&f, &g->node[i]);
    for (int i = 0; i < g->nodes; i++)
        if (f.inner[i])
            kind[i] = NULL;
        else if (!kind[i] && !is_gate(g, &g->node[i]))
            kind[i] = match_single(g, &g->node[i]);
    free(f.inner);
    return 0;
}
