#include "core/flops.h"

#include <string.h>

static int64_t times(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static int64_t plus(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* Multiply-adds per output element; 0: not a product. */
static int64_t inner_length(const struct graph *g, const struct graph_node *n)
{
    int64_t count = 1;
    if (!strcmp(n->op, "Conv")) { /* weight [M, C/group, kh, kw] */
        const struct graph_value *w = graph_input(g, n, 1);
        for (int d = 1; w && d < w->shape.rank; d++)
            count = times(count, w->shape.dim[d]);
        return count;
    }
    if (!strcmp(n->op, "Gemm") || !strcmp(n->op, "MatMul")) {
        const struct graph_value *x = graph_input(g, n, 0);
        return x && x->shape.rank ? x->shape.dim[x->shape.rank - 1] : 0;
    }
    return 0;
}

int64_t flops_of_node(const struct graph *g, const struct graph_node *n)
{
    int64_t total = 0, inner = inner_length(g, n);
    for (int k = 0; k < n->outputs; k++) {
        int64_t count = n->output[k] < 0 ? 0 : apex_shape_count(&g->value[n->output[k]].shape);
        if (count > 0)
            total = plus(total, inner ? times(count, times(2, inner)) : count);
    }
    return total;
}

int64_t flops_downstream(const struct graph *g, const unsigned char *needed, unsigned char *changed)
{
    int64_t total = 0;
    for (int i = 0; i < g->nodes; i++) {
        const struct graph_node *n = &g->node[i];
        int reached = 0;
        for (int k = 0; k < n->inputs; k++)
            reached |= n->input[k] >= 0 && changed[n->input[k]];
        if (!needed[i] || !reached)
            continue;
        total = plus(total, flops_of_node(g, n));
        for (int k = 0; k < n->outputs; k++)
            if (n->output[k] >= 0)
                changed[n->output[k]] = 1;
    }
    return total;
}
