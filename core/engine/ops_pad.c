/* Pad: constant, edge and reflect, negative pads included. Every axis has a table that says which place of
 * the input each place of the output shows. */
#include "core/engine/builder.h"

#include <string.h>

struct pad {
    int rank; /* axes in the output's memory order */
    float value;
    int64_t dim[APEX_MAX_RANK], stride[APEX_MAX_RANK], table[APEX_MAX_RANK]; /* where an axis' table starts */
    int plain;        /* the innermost axis is copied whole */
    int64_t source[]; /* -1: outside */
};

static void fill_line(const struct pad *p, const float *x, float *y)
{
    int last = p->rank - 1;
    const int64_t *table = p->source + p->table[last];
    if (!x)
        for (int64_t i = 0; i < p->dim[last]; i++)
            y[i] = p->value;
    else if (p->plain)
        memcpy(y, x, (size_t)p->dim[last] * sizeof *y);
    else
        for (int64_t i = 0; i < p->dim[last]; i++)
            y[i] = table[i] < 0 ? p->value : x[table[i] * p->stride[last]];
}

static void run_pad(const struct step *s, const struct pass *pass)
{
    const struct pad *p = s->state;
    float *y = s->out.data;
    int64_t lines = 1;
    (void)pass;
    for (int k = 0; k < p->rank - 1; k++)
        lines *= p->dim[k];
    for (int64_t l = 0; l < lines; l++, y += p->dim[p->rank - 1]) {
        const float *x = s->in[0].data;
        int64_t rest = l;
        for (int k = p->rank - 2; k >= 0; k--) {
            int64_t from = p->source[p->table[k] + rest % p->dim[k]];
            rest /= p->dim[k];
            x = x && from >= 0 ? x + from * p->stride[k] : NULL;
        }
        fill_line(p, x, y);
    }
}

/* Which place of an axis of `size` shows at place i - before. */
static int64_t shown(const char *mode, int64_t i, int64_t size)
{
    if (i >= 0 && i < size)
        return i;
    if (strcmp(mode, "edge") == 0)
        return i < 0 ? 0 : size - 1;
    if (strcmp(mode, "reflect") == 0)
        return i < 0 ? -i : 2 * (size - 1) - i;
    return -1;
}

static int fill_tables(struct builder *b, const struct graph_node *n, struct pad *p, const int64_t *pads,
                       const struct operand *in, const struct operand *out)
{
    const char *mode = graph_attr_string(n, "mode", "constant");
    int order[APEX_MAX_RANK];
    int64_t strides[APEX_MAX_RANK], at = 0;
    layout_axes(out->layout, p->rank, order);
    layout_strides(in->layout, &in->shape, strides);
    for (int k = 0; k < p->rank; k++) {
        int axis = order[k];
        int64_t size = in->shape.dim[axis];
        p->dim[k] = out->shape.dim[axis];
        p->stride[k] = size == 1 ? 0 : strides[axis]; /* a clean input has one row for the whole batch */
        p->table[k] = at;
        for (int64_t i = 0; i < p->dim[k]; i++) {
            int64_t from = axis == 0 ? (size == 1 ? 0 : i) : shown(mode, i - pads[axis], size);
            if (from >= size)
                return graph_fail(b->e->graph, n, b->err, "a reflection is wider than axis %d", axis);
            p->source[at++] = from;
        }
        p->plain = pads[axis] == 0 && p->dim[k] == size; /* of the last axis, in the end */
    }
    return 0;
}

int emit_pad(struct builder *b, const struct graph_node *n)
{
    const struct graph_attr *pads = graph_attr(n, "pads");
    struct operand in, out;
    if (builder_input(b, n, 0, &in) < 0 || builder_output(b, n, 0, &out) < 0)
        return -1;
    int rank = in.shape.rank;
    int64_t entries = 0;
    if (!pads || pads->count != 2 * (size_t)rank || pads->ints[0] != 0 || pads->ints[rank] != 0)
        return graph_fail(b->e->graph, n, b->err, "pads are needed for every axis, none for the batch");
    if (builder_convert(b, &in, out.layout) < 0)
        return -1;
    for (int i = 0; i < rank; i++)
        entries += out.shape.dim[i];
    struct step *s = builder_step(b, n, run_pad, sizeof(struct pad) + (size_t)entries * sizeof(int64_t));
    if (!s)
        return -1;
    struct pad *p = s->state;
    p->rank = rank;
    p->value = b->degree > 0 ? 0 : graph_attr_float(n, "value", 0);
    step_input(s, &in);
    s->out = out;
    return fill_tables(b, n, p, pads->ints, &in, &out);
}
