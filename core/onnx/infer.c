#include "core/onnx/infer.h"
#include "core/onnx/expand.h"
#include "core/onnx/lift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct apex_tensor *infer_make_tensor(struct infer *in, const struct graph_node *n, enum apex_type type,
                                      const struct apex_shape *shape)
{
    char text[APEX_SHAPE_TEXT];
    int64_t count = apex_shape_count(shape);
    if (count < 0 || count > INFER_MAX_ELEMENTS || count > in->room - in->folded) {
        graph_fail(in->g, n, in->err,
                   "a constant of shape %s: constants made while folding are over %lld elements",
                   apex_shape_text(shape, text), (long long)in->room);
        return NULL;
    }
    in->folded += count;
    return apex_tensor_new(type, shape, in->err);
}

struct apex_tensor *infer_make_output(struct infer *in, const struct graph_node *n, int k,
                                      enum apex_type type)
{
    if (n->output[k] < 0) {
        graph_fail(in->g, n, in->err, "output %d has no name", k);
        return NULL;
    }
    struct graph_value *v = &in->g->value[n->output[k]];
    v->constant = infer_make_tensor(in, n, type, &v->shape);
    return v->constant;
}

int infer_replace_input(struct infer *in, struct graph_node *n, int k, struct apex_tensor *t)
{
    char name[256];
    snprintf(name, sizeof name, "%.200s:%d", in->g->value[n->input[k]].name, in->g->values);
    int v = graph_add_constant(in->g, name, t, in->err);
    if (v < 0)
        return -1;
    n->input[k] = v;
    return 0;
}

/* The rules that hold for every output of a runtime node. */
static int check_runtime(struct infer *in, const struct op *op, const struct graph_node *n)
{
    char text[APEX_SHAPE_TEXT];
    if (!op->runtime)
        return graph_fail(in->g, n, in->err,
                          "this operator works on constants only, but here depends on the network's input");
    for (int k = 0; k < n->outputs; k++) {
        const struct apex_shape *s = n->output[k] >= 0 ? &in->g->value[n->output[k]].shape : NULL;
        if (s && (s->rank < 1 || s->dim[0] != 1))
            return graph_fail(in->g, n, in->err,
                              "mixes the samples of a batch: for one sample, its output has shape %s, "
                              "where the first dimension must be the batch",
                              apex_shape_text(s, text));
        if (s && apex_shape_count(s) < 1)
            return graph_fail(in->g, n, in->err, "empty output of shape %s", apex_shape_text(s, text));
    }
    for (int k = 0; k < n->inputs; k++) {
        const struct apex_tensor *t = graph_constant(in->g, n, k);
        if (t && t->type != APEX_F32)
            return graph_fail(in->g, n, in->err, "input %d is a constant of integers; want floats", k);
        if (t && apex_shape_count(&t->shape) < 1)
            return graph_fail(in->g, n, in->err, "input %d is an empty constant", k);
    }
    return 0;
}

/* A node in normal form is computed now, or joins the graph. */
static int finish(struct infer *in, const struct op *op, struct graph_node *n)
{
    if (n->outputs > 0 && n->output[0] >= 0 && in->g->value[n->output[0]].constant)
        return 0; /* infer has computed it */
    if (arg_any_dynamic(in, n))
        return check_runtime(in, op, n) < 0 ? -1 : graph_push_node(in->g, n, in->err);
    if (!op->fold)
        return graph_fail(in->g, n, in->err, "all its inputs are constant, which is not supported here");
    return op->fold(in, n);
}

int infer_emit(struct infer *in, struct graph_node *n)
{
    int rc = finish(in, op_find(n->op), n);
    graph_node_clear(n);
    return rc;
}

int infer_step(struct infer *in, struct graph_node *n)
{
    const struct op *op = op_find(n->op);
    char name[256];
    snprintf(name, sizeof name, "%.200s:%d", n->name, in->g->values);
    int v = graph_add_value(in->g, name, in->err), rc = -1;
    if (v >= 0) {
        n->output[0] = v;
        rc = lift_wanted(in, n) ? lift_infer(in, op, n) : op->infer(in, op, n);
    }
    if (rc == INFER_VANISH)
        v = n->input[0];
    else if (rc == INFER_KEEP)
        rc = finish(in, op_find(n->op), n);
    graph_node_clear(n);
    return rc < 0 ? -1 : v;
}

int infer_then_reshape(struct infer *in, struct graph_node *n, const struct apex_shape *made,
                       const struct apex_shape *want)
{
    char name[256];
    struct graph_node last;
    int out = n->output[0];
    snprintf(name, sizeof name, "%.200s:%d", n->name, in->g->values);
    int v = graph_add_value(in->g, name, in->err);
    if (v < 0 || graph_node_init(&last, "Reshape", n->name, ":reshape", v, out, in->err) < 0)
        return -1;
    in->g->value[v].shape = *made;
    n->output[0] = v;
    n->outputs = 1;
    int rc = infer_emit(in, n);
    *n = last;
    return rc < 0 ? -1 : arg_set_shape(in, n, 0, want);
}

/* The inputs that an operator cannot do without are there; empty ones at the end are as good as not written.
 */
static int check_inputs(struct infer *in, const struct op *op, struct graph_node *n)
{
    while (n->inputs > op->min_inputs && n->input[n->inputs - 1] < 0)
        n->inputs--;
    if (n->inputs < op->min_inputs || n->inputs > op->max_inputs)
        return graph_fail(in->g, n, in->err, "%d inputs; want %d to %d", n->inputs, op->min_inputs,
                          op->max_inputs);
    const int needed = op->max_inputs == OP_ANY ? n->inputs : op->min_inputs;
    for (int k = 0; k < needed; k++)
        if (n->input[k] < 0)
            return graph_fail(in->g, n, in->err, "input %d is missing", k);
    return 0;
}

static int check_form(struct infer *in, const struct op *op, struct graph_node *n, const int *uses)
{
    int opset = in->g->opset;
    if (!op)
        return graph_fail(in->g, n, in->err, "this operator is not supported (opset %d)", opset);
    if (opset < op->first || opset > op->last)
        return graph_fail(in->g, n, in->err, "supported from opset %d to %d; the model has opset %d",
                          op->first, op->last, opset);
    if (check_inputs(in, op, n) < 0)
        return -1;
    if (n->outputs < 1)
        return graph_fail(in->g, n, in->err, "it has no output");
    for (int k = op->max_outputs; k < n->outputs; k++)
        if (n->output[k] >= 0 && uses[n->output[k]] > 0)
            return graph_fail(in->g, n, in->err, "output %d is used, which is not supported", k);
    if (n->outputs > op->max_outputs)
        n->outputs = op->max_outputs;
    return 0;
}

/* Whether a node of branches is in those that are taken; its conditions go. 1, 0, or -1. */
static int is_taken(struct infer *in, struct graph_node *n, const int *alias)
{
    const struct graph_attr *guard = graph_attr(n, EXPAND_GUARD);
    int count =
        guard && guard->type == ATTR_INTS && guard->count <= (size_t)n->inputs ? (int)guard->count : 0;
    for (int k = 0; k < count; k++) {
        int v = n->input[n->inputs - count + k];
        const struct apex_tensor *t = v >= 0 && alias[v] >= 0 ? in->g->value[alias[v]].constant : NULL;
        if (v >= 0 && alias[v] < 0)
            return 0;
        if (!t || t->type != APEX_BOOL || apex_shape_count(&t->shape) != 1)
            return graph_fail(in->g, n, in->err, "is in a branch whose condition is not constant");
        if (*(const uint8_t *)t->data != (guard->ints[k] != 0))
            return 0;
    }
    n->inputs -= count;
    return 1;
}

/* alias[v]: the value that stands for v since the node between them vanished; -1: v is in a branch that is
 * not taken. */
static int infer_node(struct infer *in, struct graph_node *n, int *alias, const int *uses)
{
    const struct op *op = op_find(n->op);
    int taken = is_taken(in, n, alias);
    for (int k = 0; k < n->outputs && taken == 0; k++)
        if (n->output[k] >= 0)
            alias[n->output[k]] = -1;
    if (taken <= 0)
        return taken;
    for (int k = 0; k < n->inputs; k++)
        if (n->input[k] >= 0)
            n->input[k] = alias[n->input[k]];
    if (check_form(in, op, n, uses) < 0)
        return -1;
    int rc = lift_wanted(in, n) ? lift_infer(in, op, n) : op->infer(in, op, n);
    if (rc == INFER_VANISH) {
        if (n->output[0] >= 0)
            alias[n->output[0]] = n->input[0];
        return 0;
    }
    return rc < 0 ? -1 : finish(in, op_find(n->op), n);
}

static int infer_all(struct infer *in, struct graph_node *node, int nodes, int values, int *memory)
{
    int *alias = memory, *uses = memory + values;
    for (int v = 0; v < values; v++)
        alias[v] = v;
    uses[in->g->output]++;
    for (int i = 0; i < nodes; i++)
        for (int k = 0; k < node[i].inputs; k++)
            if (node[i].input[k] >= 0)
                uses[node[i].input[k]]++;
    for (int i = 0; i < nodes; i++)
        if (infer_node(in, &node[i], alias, uses) < 0)
            return -1;
    in->g->output = alias[in->g->output];
    if (in->g->output < 0)
        return apex_fail(in->err, "%s: the output is in a branch that is not taken", in->g->source);
    if (lift_of(in, in->g->output))
        return apex_fail(
            in->err,
            "%s: %s: mixes the samples of a batch: the batch is no longer the first dimension, and the "
            "output is made from that",
            in->g->source, in->moved);
    return 0;
}

/* Elements of the constants that the file holds. */
static int64_t file_elements(const struct graph *g)
{
    int64_t count = 0;
    for (int v = 0; v < g->values; v++)
        count += g->value[v].constant ? apex_shape_count(&g->value[v].shape) : 0;
    for (int i = 0; i < g->nodes; i++)
        for (int k = 0; k < g->node[i].attrs; k++)
            count += g->node[i].attr[k].t ? apex_shape_count(&g->node[i].attr[k].t->shape) : 0;
    return count;
}

int onnx_infer(struct graph *g, int64_t batch, struct apex_error *err)
{
    struct infer in = {.g = g, .batch = batch, .err = err};
    in.room = INFER_FREE_ELEMENTS + INFER_PER_ELEMENT * file_elements(g);
    struct graph_node *node = g->node;
    int nodes = g->nodes;
    g->node = NULL;
    g->nodes = 0;
    int *memory = calloc(2 * (size_t)g->values + 1, sizeof *memory);
    int rc = memory ? infer_all(&in, node, nodes, g->values, memory) : apex_fail(err, "no memory");
    for (int i = 0; i < nodes; i++)
        graph_node_clear(&node[i]);
    free(node);
    free(memory);
    free(in.lift);
    return rc;
}
