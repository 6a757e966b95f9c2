#include "core/onnx/simplify.h"

#include <math.h>
#include <string.h>

/* Masks of attention are made with minus infinity. */
static int may_be_infinite(const struct graph_node *n)
{
    return strcmp(n->op, "Where") == 0 || strcmp(n->op, "Add") == 0;
}

/* The first element that is no number, or -1. */
static int64_t not_finite(const struct graph_node *n, const struct apex_tensor *t)
{
    int64_t count = t->type == APEX_F32 ? apex_shape_count(&t->shape) : 0;
    for (int64_t i = 0; i < count; i++) {
        float v = ((const float *)t->data)[i];
        if (!isfinite(v) && (isnan(v) || v > 0 || !may_be_infinite(n)))
            return i;
    }
    return -1;
}

static int check_output(const struct graph *g, struct apex_error *err)
{
    const struct graph_value *v = &g->value[g->output];
    char text[APEX_SHAPE_TEXT];
    int rank = v->shape.rank;
    if (v->constant || g->output == g->input)
        return apex_fail(err, "output '%.200s' does not depend on the network's input", v->name);
    while (rank > 2 && v->shape.dim[rank - 1] == 1)
        rank--;
    if (rank != 2)
        return apex_fail(err, "output '%.200s' has shape %s; want class scores [batch, classes]", v->name,
                         apex_shape_text(&v->shape, text));
    return 0;
}

int onnx_check(const struct graph *g, struct apex_error *err)
{
    for (int i = 0; i < g->nodes; i++) {
        const struct graph_node *n = &g->node[i];
        for (int k = 0; k < n->inputs; k++) {
            const struct apex_tensor *t = graph_constant(g, n, k);
            int64_t bad = t ? not_finite(n, t) : -1;
            if (bad >= 0)
                return graph_fail(g, n, err, "constant '%.200s' (input %d) has element %lld = %g",
                                  graph_input(g, n, k)->name, k, (long long)bad,
                                  (double)((const float *)t->data)[bad]);
        }
    }
    return check_output(g, err);
}
