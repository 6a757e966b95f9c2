#include "core/engine/builder.h"

#include <string.h>

void layout_axes(enum layout layout, int rank, int axis[APEX_MAX_RANK])
{
    static const int nhwc[4] = {0, 2, 3, 1};
    for (int i = 0; i < rank; i++)
        axis[i] = layout == LAYOUT_NHWC ? nhwc[i] : i;
}

void layout_strides(enum layout layout, const struct apex_shape *shape, int64_t stride[APEX_MAX_RANK])
{
    int axis[APEX_MAX_RANK];
    layout_axes(layout, shape->rank, axis);
    int64_t step = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[axis[i]] = step;
        step *= shape->dim[axis[i]];
    }
}

int layout_same_memory(enum layout a, enum layout b, const struct apex_shape *shape)
{
    return a == b || shape->rank != 4 || shape->dim[1] == 1 || shape->dim[2] * shape->dim[3] == 1;
}

void broadcast_strides(const struct operand *o, const struct apex_shape *to, int64_t stride[APEX_MAX_RANK])
{
    int64_t own[APEX_MAX_RANK];
    layout_strides(o->layout, &o->shape, own);
    memset(stride, 0, APEX_MAX_RANK * sizeof *stride);
    int shift = to->rank - o->shape.rank;
    for (int i = 0; i < o->shape.rank; i++) {
        int axis = o->dynamic && i == 0 ? 0 : i + shift; /* the batch stays first */
        if (o->shape.dim[i] != 1)
            stride[axis] = own[i];
    }
}

void layout_split(const struct operand *o, int axis, int64_t *outer, int64_t *length, int64_t *inner)
{
    int order[APEX_MAX_RANK], after = 0;
    layout_axes(o->layout, o->shape.rank, order);
    *outer = *inner = 1;
    *length = o->shape.dim[axis];
    for (int i = 0; i < o->shape.rank; i++) {
        if (order[i] == axis)
            after = 1;
        else
            *(after ? inner : outer) *= o->shape.dim[order[i]];
    }
}

static enum layout inherited(const struct graph *g, const struct graph_node *n, const enum layout *layout)
{
    for (int k = 0; k < n->inputs; k++) {
        const struct graph_value *v = graph_input(g, n, k);
        if (v && !v->constant && v->shape.rank == 4)
            return layout[n->input[k]];
    }
    return LAYOUT_ROW;
}

static int is_perm(const struct graph_node *n, const int64_t perm[4])
{
    const struct graph_attr *a = graph_attr(n, "perm");
    return a && a->count == 4 && memcmp(a->ints, perm, 4 * sizeof *perm) == 0;
}

/* Chosen so that the transpositions around channels-last operations are no work at all. */
static enum layout after_transpose(const struct graph *g, const struct graph_node *n,
                                   const enum layout *layout)
{
    static const int64_t to_first[4] = {0, 3, 1, 2};
    enum layout in = inherited(g, n, layout);
    return in == LAYOUT_ROW && is_perm(n, to_first) ? LAYOUT_NHWC : LAYOUT_ROW;
}

static enum layout layout_of(const struct graph *g, const struct graph_node *n, const enum layout *layout)
{
    static const char *const spatial[] = {"Conv",          "MaxPool", "AveragePool", "GlobalAveragePool",
                                          "GlobalMaxPool", "LRN"};
    static const char *const row[] = {"Reshape", "MatMul", "Gemm", "LayerNormalization"};
    for (size_t i = 0; i < sizeof spatial / sizeof *spatial; i++)
        if (strcmp(n->op, spatial[i]) == 0)
            return LAYOUT_NHWC;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (strcmp(n->op, row[i]) == 0)
            return LAYOUT_ROW;
    return strcmp(n->op, "Transpose") == 0 ? after_transpose(g, n, layout) : inherited(g, n, layout);
}

void layout_assign(const struct graph *g, enum layout *layout)
{
    for (int v = 0; v < g->values; v++)
        layout[v] = LAYOUT_ROW;
    if (g->value[g->input].shape.rank == 4)
        layout[g->input] = LAYOUT_NHWC;
    for (int i = 0; i < g->nodes; i++) {
        const struct graph_node *n = &g->node[i];
        enum layout l = layout_of(g, n, layout);
        for (int k = 0; k < n->outputs; k++)
            if (n->output[k] >= 0 && g->value[n->output[k]].shape.rank == 4)
                layout[n->output[k]] = l;
    }
}

/* Whether all that reads the value are dense layers with constant weights. */
static int feeds_dense_layers(const struct engine *e, int value)
{
    const struct graph *g = e->graph;
    int readers = 0;
    for (int k = 0; k < apex_site_count(e->model); k++)
        if (e->model->site[k].value == value)
            return 0;
    for (int i = 0; i < g->nodes; i++)
        for (int k = 0; k < g->node[i].inputs; k++) {
            const struct graph_node *n = &g->node[i];
            if (n->input[k] != value)
                continue;
            if (k > 0 || strcmp(n->op, "Gemm") != 0 || !graph_constant(g, n, 1))
                return 0;
            readers++;
        }
    return readers > 0 && value != g->output && value != e->model->logits;
}

int64_t layout_flat_channels(const struct engine *e, int value)
{
    const struct graph *g = e->graph;
    for (int i = 0; value >= 0 && i < g->nodes; i++) {
        const struct graph_node *n = &g->node[i];
        if (n->outputs < 1 || n->output[0] != value)
            continue;
        const struct graph_value *from = n->inputs > 0 && n->input[0] >= 0 ? &g->value[n->input[0]] : NULL;
        const struct apex_shape *flat = &g->value[value].shape;
        if ((strcmp(n->op, "Flatten") != 0 && strcmp(n->op, "Reshape") != 0) || !from || from->constant ||
            flat->rank != 2 || flat->dim[0] != from->shape.dim[0] || e->layout[n->input[0]] != LAYOUT_NHWC ||
            layout_same_memory(LAYOUT_NHWC, LAYOUT_ROW, &from->shape))
            return 0;
        return feeds_dense_layers(e, value) ? from->shape.dim[1] : 0;
    }
    return 0;
}
