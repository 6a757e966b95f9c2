/* Pad: constant, edge and reflect, negative pads included. Every axis has a table that says which place of
 * the input each place of the output shows. */
#include "core/engine/builder.h"

#include <string.h>

struct pad {
    int rank; /* axes in the output's memory order */
    float value;
    int64_t offset; /* of what is read, in the input */
    int64_t dim[APEX_MAX_RANK], stride[APEX_MAX_RANK], table[APEX_MAX_RANK]; /* where an axis' table starts */
    int64_t before;   /* innermost axis: so many values, */
    int64_t inside;   /* then so many numbers as they lie, then values again; -1: by its table */
    int64_t source[]; /* -1: outside */
};

static void fill_value(float value, int64_t count, float *y)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = value;
}

static void fill_line(const struct pad *p, const float *x, float *y)
{
    const int last = p->rank - 1;
    const int64_t *table = p->source + p->table[last], count = p->dim[last];
    if (!x) {
        fill_value(p->value, count, y);
    } else if (p->inside >= 0) {
        fill_value(p->value, p->before, y);
        memcpy(y + p->before, x, (size_t)p->inside * sizeof *y);
        fill_value(p->value, count - p->before - p->inside, y + p->before + p->inside);
    } else {
        for (int64_t i = 0; i < count; i++)
            y[i] = table[i] < 0 ? p->value : x[table[i] * p->stride[last]];
    }
}

/* From an axis on inwards; x: NULL outside. Returns where the output goes on. */
static float *fill(const struct pad *p, int axis, const float *x, float *y)
{
    if (axis == p->rank - 1) {
        fill_line(p, x, y);
        return y + p->dim[axis];
    }
    for (int64_t i = 0; i < p->dim[axis]; i++) {
        const int64_t from = p->source[p->table[axis] + i];
        y = fill(p, axis + 1, x && from >= 0 ? x + from * p->stride[axis] : NULL, y);
    }
    return y;
}

static void run_pad(const struct step *s, const struct pass *pass)
{
    const struct pad *p = s->state;
    (void)pass;
    fill(p, 0, s->in[0].data + p->offset, s->out.data);
}

/* Whether the innermost axis is a run of the input between values. */
static void find_run(struct pad *p)
{
    const int last = p->rank - 1;
    const int64_t *table = p->source + p->table[last], count = p->dim[last];
    int64_t before = 0, inside = 0;
    while (before < count && table[before] < 0)
        before++;
    while (before + inside < count && table[before + inside] == inside)
        inside++;
    int64_t end = before + inside;
    while (end < count && table[end] < 0)
        end++;
    p->before = before;
    p->inside = end == count && (p->stride[last] == 1 || inside == 0) ? inside : -1;
}

void pad_reads_view(struct step *pad, const struct apex_shape *shape, int64_t offset, const int64_t *stride)
{
    struct pad *p = pad->state;
    int order[APEX_MAX_RANK];
    layout_axes(pad->out.layout, p->rank, order);
    for (int k = 0; k < p->rank; k++)
        p->stride[k] = shape->dim[order[k]] == 1 ? 0 : stride[order[k]];
    p->offset = offset;
    find_run(p);
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
    }
    find_run(p);
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
    s->kind = STEP_PAD;
    step_input(s, &in);
    s->out = out;
    return fill_tables(b, n, p, pads->ints, &in, &out);
}
