#include "core/onnx/lower.h"

#include <float.h>
#include <string.h>

/* The float attributes of the row, with their defaults, and no others. */
static int keep_params(struct infer *in, const struct op *op, struct graph_node *n)
{
    float value[2];
    for (int i = 0; i < 2 && op->param[i].name; i++)
        value[i] = graph_attr_float(n, op->param[i].name, op->param[i].value);
    graph_node_drop_attrs(n);
    for (int i = 0; i < 2 && op->param[i].name; i++)
        if (graph_node_add_float(n, op->param[i].name, value[i], in->err) < 0)
            return -1;
    return 0;
}

int infer_unary(struct infer *in, const struct op *op, struct graph_node *n)
{
    struct apex_shape shape = *arg_shape(in, n, 0);
    return keep_params(in, op, n) < 0 ? -1 : arg_set_shape(in, n, 0, &shape);
}

int infer_gelu(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape shape = *arg_shape(in, n, 0);
    const char *how = graph_attr_string(n, "approximate", "none");
    int is_tanh = strcmp(how, "tanh") == 0;
    if (!is_tanh && strcmp(how, "none") != 0)
        return graph_fail(in->g, n, in->err, "approximate='%.60s'; want none or tanh", how);
    graph_node_drop_attrs(n);
    if (graph_node_add_string(n, "approximate", is_tanh ? "tanh" : "none", in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &shape);
}

int infer_clip(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    float min, max;
    struct apex_shape shape = *arg_shape(in, n, 0);
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    if (x && x->type != APEX_F32)
        return graph_fail(in->g, n, in->err, "only floats are clipped");
    if (arg_float(in, n, "min", 1, -FLT_MAX, &min) < 0 || arg_float(in, n, "max", 2, FLT_MAX, &max) < 0)
        return -1;
    graph_node_drop_attrs(n);
    graph_node_cut_inputs(n, 1);
    if (graph_node_add_float(n, "min", min, in->err) < 0 || graph_node_add_float(n, "max", max, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &shape);
}

/* A constant of integers or bools beside what depends on the input (an exponent, a mask) becomes float. */
static int widen_constant(struct infer *in, struct graph_node *n, int k)
{
    const struct apex_tensor *t = graph_constant(in->g, n, k);
    if (!t || t->type == APEX_F32)
        return 0;
    struct apex_tensor *f = infer_make_tensor(in, n, APEX_F32, &t->shape);
    for (int64_t i = 0, count = apex_shape_count(&t->shape); f && i < count; i++)
        ((float *)f->data)[i] =
            t->type == APEX_I64 ? (float)((const int64_t *)t->data)[i] : (float)((const uint8_t *)t->data)[i];
    return infer_replace_input(in, n, k, f);
}

static int takes_any_type(const char *op)
{
    static const char *const names[] = {"Pow", "Equal", "Less", "LessOrEqual", "Where", "Min", "Max"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(op, names[i]) == 0)
            return 1;
    return 0;
}

/* The rank that every operand with a batch must have, so that batches meet batches; 0: all are constant. */
static int dynamic_rank(const struct infer *in, const struct graph_node *n)
{
    int rank = 0;
    if (in->lifting)
        return 0;
    for (int k = 0; k < n->inputs; k++)
        if (arg_dynamic(in, n, k) && arg_shape(in, n, k)->rank > rank)
            rank = arg_shape(in, n, k)->rank;
    return rank;
}

/* Before opset 7, the second operand, a constant, began at dimension `axis` of the first. */
static int widen_old(struct infer *in, struct graph_node *n, int64_t axis)
{
    const struct apex_tensor *t = graph_constant(in->g, n, 1);
    int rank = arg_shape(in, n, 0)->rank, first;
    if (arg_axis(in, n, axis, rank, &first) < 0)
        return -1;
    if (!t || first + t->shape.rank > rank)
        return graph_fail(in->g, n, in->err, "its second input must be a constant of at most %d dimensions",
                          rank - first);
    struct apex_tensor *wide = apex_tensor_copy(t, in->err);
    for (int d = first + t->shape.rank; wide && d < rank; d++)
        wide->shape.dim[wide->shape.rank++] = 1;
    return infer_replace_input(in, n, 1, wide);
}

int infer_broadcast(struct infer *in, const struct op *op, struct graph_node *n)
{
    int rank = dynamic_rank(in, n);
    struct apex_shape shape = {0};
    const struct graph_attr *axis = in->g->opset < 7 && n->inputs == 2 ? graph_attr(n, "axis") : NULL;
    if (axis && graph_attr_int(n, "broadcast", 0) && widen_old(in, n, axis->i) < 0)
        return -1;
    for (int k = 0; k < n->inputs; k++) {
        if (rank > 0 && arg_drop_batch(in, n, k, rank) < 0)
            return -1;
        if (takes_any_type(op->name) && arg_any_dynamic(in, n) && widen_constant(in, n, k) < 0)
            return -1;
        struct apex_error why;
        if (apex_shape_broadcast(&shape, arg_shape(in, n, k), &shape, &why) < 0)
            return graph_fail(in->g, n, in->err, "%s", why.text);
    }
    for (int k = 0; k < n->inputs; k++)
        if (arg_dynamic(in, n, k) && arg_shape(in, n, k)->rank != shape.rank)
            return graph_fail(in->g, n, in->err,
                              "mixes the samples of a batch: inputs of %d and %d dimensions are broadcast",
                              arg_shape(in, n, k)->rank, shape.rank);
    if (n->inputs == 1)
        return INFER_VANISH;
    return arg_set_shape(in, n, 0, &shape);
}

int infer_compare(struct infer *in, const struct op *op, struct graph_node *n)
{
    static const struct {
        const char *name, *as; /* where it depends on the input; a bool is 1 or 0 there */
        int swaps, negates;
    } forms[] = {{"And", "Min", 0, 0},      {"Equal", "Equal", 0, 0},
                 {"Greater", "Less", 1, 0}, {"GreaterOrEqual", "LessOrEqual", 1, 0},
                 {"Less", "Less", 0, 0},    {"LessOrEqual", "LessOrEqual", 0, 0},
                 {"Or", "Max", 0, 0},       {"Xor", "Equal", 0, 1}};
    size_t f = 0;
    if (!arg_any_dynamic(in, n))
        return infer_broadcast(in, op, n);
    while (strcmp(forms[f].name, op->name) != 0)
        f++;
    int a = n->input[forms[f].swaps], b = n->input[!forms[f].swaps];
    if (forms[f].negates)
        return lower_become(in, n, "Not", lower_step(in, n, forms[f].as, a, b), -1);
    n->input[0] = a;
    n->input[1] = b;
    if (graph_node_rename(n, forms[f].as, in->err) < 0)
        return -1;
    graph_node_drop_attrs(n);
    return infer_broadcast(in, op_find(n->op), n);
}

int infer_is(struct infer *in, const struct op *op, struct graph_node *n)
{
    struct apex_shape shape = *arg_shape(in, n, 0);
    int is_inf = strcmp(op->name, "IsInf") == 0;
    int64_t up = graph_attr_int(n, "detect_positive", 1) != 0,
            down = graph_attr_int(n, "detect_negative", 1) != 0;
    graph_node_drop_attrs(n);
    if (is_inf && (graph_node_add_float(n, "detect_positive", (float)up, in->err) < 0 ||
                   graph_node_add_float(n, "detect_negative", (float)down, in->err) < 0))
        return -1;
    return arg_set_shape(in, n, 0, &shape);
}

int infer_prelu(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    char a[APEX_SHAPE_TEXT], b[APEX_SHAPE_TEXT];
    struct apex_shape x = *arg_shape(in, n, 0), shape;
    if (!arg_constant(in, n, 1, APEX_F32) || arg_drop_batch(in, n, 1, x.rank) < 0)
        return -1;
    if (in->g->opset < 7 && x.rank > 2 && arg_shape(in, n, 1)->rank == 1 && widen_old(in, n, 1) < 0)
        return -1;
    const struct apex_shape *slope = arg_shape(in, n, 1);
    if (apex_shape_broadcast(&x, slope, &shape, NULL) < 0 || !apex_shape_equal(&x, &shape))
        return graph_fail(in->g, n, in->err, "slope of shape %s does not fit an input of shape %s",
                          apex_shape_text(slope, a), apex_shape_text(&x, b));
    graph_node_drop_attrs(n);
    return arg_set_shape(in, n, 0, &shape);
}

int infer_identity(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)in;
    (void)op;
    (void)n;
    return INFER_VANISH;
}

int infer_dropout(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    if (in->g->opset < 7 && !graph_attr_int(n, "is_test", 0))
        return graph_fail(in->g, n, in->err,
                          "in training mode (is_test=0); export the model in evaluation mode (model.eval())");
    if (arg_given(n, 2)) {
        const struct apex_tensor *training = arg_constant(in, n, 2, APEX_BOOL);
        if (!training)
            return -1;
        const struct apex_tensor *ratio = graph_constant(in->g, n, 1);
        int drops_nothing = ratio && ratio->type == APEX_F32 && apex_shape_count(&ratio->shape) == 1 &&
                            *(const float *)ratio->data == 0.0f;
        if (apex_shape_count(&training->shape) > 0 && *(const uint8_t *)training->data && !drops_nothing)
            return graph_fail(in->g, n, in->err,
                              "in training mode; export the model in evaluation mode (model.eval())");
    }
    return INFER_VANISH;
}
