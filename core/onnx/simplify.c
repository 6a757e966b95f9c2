#include "core/onnx/simplify.h"
#include "core/onnx/decode.h"
#include "core/onnx/edit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float *floats(const struct graph *g, const struct graph_node *n, int k)
{
    const struct apex_tensor *t = graph_constant(g, n, k);
    return t ? t->data : NULL;
}

/* Input k of the node becomes this constant (taken over), named after the node that goes. */
static int set_constant(struct graph *g, struct graph_node *n, int k, const char *name, const char *suffix,
                        struct apex_tensor *t, struct apex_error *err)
{
    char text[256];
    snprintf(text, sizeof text, "%.200s:%s:%d", name, suffix, g->values);
    int v = graph_add_constant(g, text, t, err);
    if (v < 0)
        return -1;
    if (n->inputs <= k) {
        int *input = realloc(n->input, (size_t)(k + 1) * sizeof *input);
        if (!input)
            return apex_fail(err, "no memory for node '%.200s'", n->name);
        n->input = input;
        n->inputs = k + 1;
    }
    n->input[k] = v;
    return 0;
}

/* y = (x w + b - mean) s + bias with s = scale / sqrt(var + eps): w s and (b - mean) s + bias. Channels are
 * the first dimension of a Conv's weights and the last of a Gemm's. */
static int fold_batch_norm(struct graph *g, struct graph_node *n, const struct graph_node *bn,
                           struct apex_error *err)
{
    const float *scale = floats(g, bn, 1), *bias = floats(g, bn, 2), *mean = floats(g, bn, 3);
    const float *variance = floats(g, bn, 4), *old = floats(g, n, 2);
    double epsilon = graph_attr_float(bn, "epsilon", 1e-5f);
    const struct apex_shape vector = graph_constant(g, bn, 1)->shape;
    int64_t channels = vector.dim[0];
    struct apex_tensor *w = apex_tensor_copy(graph_constant(g, n, 1), err);
    struct apex_tensor *b = apex_tensor_new(APEX_F32, &vector, err);
    if (!w || !b) {
        apex_tensor_free(w);
        apex_tensor_free(b);
        return -1;
    }
    int64_t count = apex_shape_count(&w->shape), inner = n->op[0] == 'C' ? count / channels : 1;
    for (int64_t i = 0; i < count; i++) {
        int64_t c = i / inner % channels;
        ((float *)w->data)[i] = (float)(((float *)w->data)[i] * (scale[c] / sqrt(variance[c] + epsilon)));
    }
    for (int64_t c = 0; c < channels; c++)
        ((float *)b->data)[c] =
            (float)(((old ? old[c] : 0.0) - mean[c]) * (scale[c] / sqrt(variance[c] + epsilon)) + bias[c]);
    if (set_constant(g, n, 1, bn->name, "weight", w, err) < 0) {
        apex_tensor_free(b);
        return -1;
    }
    return set_constant(g, n, 2, bn->name, "bias", b, err);
}

static int is_kept(const struct onnx_keep *keep, const char *tensor)
{
    for (int k = 0; keep && k < keep->patterns; k++)
        if (graph_tensor_asked(keep->pattern[k], tensor))
            return 1;
    return 0;
}

static int fold_batch_norms(struct graph *g, const struct onnx_keep *keep, struct apex_error *err)
{
    int *uses = calloc((size_t)g->values + 1, sizeof *uses), rc = 0, values = g->values;
    if (!uses)
        return apex_fail(err, "no memory");
    uses[g->output]++;
    for (int i = 0; i < g->nodes; i++)
        for (int k = 0; k < g->node[i].inputs; k++)
            if (g->node[i].input[k] >= 0)
                uses[g->node[i].input[k]]++;
    for (int i = 0; i < g->nodes && rc == 0; i++) {
        struct graph_node *bn = &g->node[i];
        if (strcmp(bn->op, "BatchNormalization") != 0 || bn->input[0] >= values)
            continue;
        int producer = g->value[bn->input[0]].producer;
        struct graph_node *n = producer >= 0 ? &g->node[producer] : NULL;
        if (!n || uses[bn->input[0]] != 1 || (strcmp(n->op, "Conv") != 0 && strcmp(n->op, "Gemm") != 0) ||
            is_kept(keep, g->value[bn->input[0]].name))
            continue;
        rc = fold_batch_norm(g, n, bn, err);
        int output = n->output[0]; /* swapped, so that the dead node still has an output of its own */
        n->output[0] = bn->output[0];
        bn->output[0] = output;
        g->value[n->output[0]].producer = producer;
        g->value[output].producer = -1;
        graph_node_cut_inputs(bn, 0);
    }
    free(uses);
    return rc;
}

/* Drops values that no node reads or makes, and numbers the others anew. */
static int compact_values(struct graph *g, struct apex_error *err)
{
    int *to = calloc((size_t)g->values + 1, sizeof *to), kept = 0;
    if (!to)
        return apex_fail(err, "no memory");
    to[g->input] = to[g->output] = 1;
    for (int i = 0; i < g->nodes; i++) {
        for (int k = 0; k < g->node[i].inputs; k++)
            if (g->node[i].input[k] >= 0)
                to[g->node[i].input[k]] = 1;
        for (int k = 0; k < g->node[i].outputs; k++)
            if (g->node[i].output[k] >= 0)
                to[g->node[i].output[k]] = 1;
    }
    for (int v = 0; v < g->values; v++) {
        if (!to[v]) {
            free(g->value[v].name);
            apex_tensor_free(g->value[v].constant);
            continue;
        }
        g->value[kept] = g->value[v];
        to[v] = kept++;
    }
    g->values = kept;
    g->input = to[g->input];
    g->output = to[g->output];
    for (int i = 0; i < g->nodes; i++) {
        for (int k = 0; k < g->node[i].inputs; k++)
            if (g->node[i].input[k] >= 0)
                g->node[i].input[k] = to[g->node[i].input[k]];
        for (int k = 0; k < g->node[i].outputs; k++)
            if (g->node[i].output[k] >= 0)
                g->node[i].output[k] = to[g->node[i].output[k]];
    }
    free(to);
    return 0;
}

int onnx_simplify(struct graph *g, const struct onnx_keep *keep, struct apex_error *err)
{
    if (graph_sort(g, err) < 0 || fold_batch_norms(g, keep, err) < 0 || graph_sort(g, err) < 0)
        return -1;
    return compact_values(g, err);
}
