/* Operands and steps: the part of compiling that every emitter uses. */
#include "core/engine/builder.h"

#include <stdlib.h>
#include <string.h>

int builder_buffer(struct builder *b, int64_t count, float *fixed)
{
    struct program *p = b->p;
    if (p->buffers == p->buffer_room) {
        int room = p->buffer_room ? 2 * p->buffer_room : 64;
        struct buffer *grown = realloc(p->buffer, (size_t)room * sizeof *grown);
        if (!grown)
            return apex_fail(b->err, "no memory");
        p->buffer = grown;
        p->buffer_room = room;
    }
    p->buffer[p->buffers] =
        (struct buffer){.fixed = fixed, .count = count, .first = -1, .last = -1, .same_as = -1};
    return p->buffers++;
}

struct step *builder_step(struct builder *b, const struct graph_node *n,
                          void (*run)(const struct step *, const struct pass *), size_t state)
{
    struct program *p = b->p;
    if (p->steps == p->step_room) {
        int room = p->step_room ? 2 * p->step_room : 64;
        struct step *grown = realloc(p->step, (size_t)room * sizeof *grown);
        if (!grown) {
            apex_fail(b->err, "no memory");
            return NULL;
        }
        p->step = grown;
        p->step_room = room;
    }
    void *owned = state ? calloc(1, state) : NULL;
    if (state && !owned) {
        apex_fail(b->err, "no memory");
        return NULL;
    }
    struct step *s = &p->step[p->steps++];
    *s = (struct step){.run = run, .node = n, .state = owned};
    s->out.buffer = -1;
    return s;
}

void step_input(struct step *s, const struct operand *o)
{
    s->in[s->inputs++] = *o;
}

void builder_scratch(struct builder *b, size_t bytes)
{
    if (bytes > b->p->scratch)
        b->p->scratch = bytes;
}

static int constant_operand(struct builder *b, const struct graph_node *n, const struct apex_tensor *t,
                            struct operand *o)
{
    if (t->type != APEX_F32)
        return graph_fail(b->e->graph, n, b->err, "an integer constant where numbers are expected");
    *o = (struct operand){.shape = t->shape, .layout = LAYOUT_ROW};
    o->buffer = builder_buffer(b, apex_shape_count(&t->shape), t->data);
    return o->buffer < 0 ? -1 : 0;
}

struct operand builder_clean(struct builder *b, int value)
{
    struct operand o = {
        .shape = b->e->graph->value[value].shape, .layout = b->e->layout[value], .dynamic = 1};
    float *data = engine_keep(b->e, value, b->err);
    o.buffer = data ? builder_buffer(b, apex_shape_count(&o.shape), data) : -1;
    return o;
}

int builder_input(struct builder *b, const struct graph_node *n, int k, struct operand *o)
{
    const struct graph_value *v = graph_input(b->e->graph, n, k);
    if (!v)
        return graph_fail(b->e->graph, n, b->err, "input %d is missing", k);
    if (v->constant)
        return constant_operand(b, n, v->constant, o);
    int value = n->input[k];
    *o = b->at[value];
    if (o->buffer >= 0)
        return 0;
    if (b->clean)
        return graph_fail(b->e->graph, n, b->err, "input '%s' is used before it is made", v->name);
    *o = builder_clean(b, value);
    return o->buffer < 0 ? -1 : 0;
}

int builder_one_scale(struct builder *b, const struct graph_node *n)
{
    if (b->rows == b->p->draws)
        return 0;
    return graph_fail(b->e->graph, n, b->err, "rows of several scales would not be independent");
}

struct operand builder_zero(struct builder *b)
{
    return (struct operand){.buffer = builder_buffer(b, 1, b->zero)};
}

struct turn {
    int64_t rows, channels, pixels;
    int to_channels_last;
};

static void turn_row(const float *x, int64_t m, int64_t n, float *y)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            y[j * m + i] = x[i * n + j];
}

/* Between the two layouts: each row is a matrix of channels and pixels, turned over. */
static void run_turn(const struct step *s, const struct pass *pass)
{
    const struct turn *t = s->state;
    int64_t row = t->channels * t->pixels;
    (void)pass;
    for (int64_t d = 0; d < t->rows; d++)
        turn_row(s->in[0].data + d * row, t->to_channels_last ? t->channels : t->pixels,
                 t->to_channels_last ? t->pixels : t->channels, s->out.data + d * row);
}

int builder_convert(struct builder *b, struct operand *o, enum layout layout)
{
    if (o->shape.rank != 4)
        return 0;
    if (layout_same_memory(o->layout, layout, &o->shape)) {
        o->layout = layout;
        return 0;
    }
    struct operand to = *o;
    to.layout = layout;
    to.buffer = builder_buffer(b, apex_shape_count(&to.shape), NULL);
    struct step *s = to.buffer < 0 ? NULL : builder_step(b, NULL, run_turn, sizeof(struct turn));
    if (!s)
        return -1;
    *(struct turn *)s->state = (struct turn){to.shape.dim[0], to.shape.dim[1],
                                             to.shape.dim[2] * to.shape.dim[3], layout == LAYOUT_NHWC};
    step_input(s, o);
    s->out = to;
    *o = to;
    return 0;
}

int builder_input_as(struct builder *b, const struct graph_node *n, int k, enum layout layout,
                     struct operand *o)
{
    return builder_input(b, n, k, o) < 0 ? -1 : builder_convert(b, o, layout);
}

int builder_output(struct builder *b, const struct graph_node *n, int k, struct operand *o)
{
    int value = n->output[k];
    *o = (struct operand){.shape = b->e->graph->value[value].shape,
                          .layout = b->e->layout[value],
                          .dynamic = 1,
                          .degree = b->degree};
    o->shape.dim[0] = b->rows;
    int64_t count = apex_shape_count(&o->shape);
    if (count < 0)
        return graph_fail(b->e->graph, n, b->err, "the output is too large for a tile of %d rows", b->rows);
    o->buffer = builder_buffer(b, count, b->clean ? b->e->clean[value] : NULL);
    b->at[value] = *o;
    return o->buffer < 0 ? -1 : 0;
}

struct copy {
    struct apex_shape shape;
    int64_t from_offset, to_offset, from_stride[APEX_MAX_RANK], to_stride[APEX_MAX_RANK];
};

static void run_copy(const struct step *s, const struct pass *pass)
{
    const struct copy *c = s->state;
    (void)pass;
    apex_strided_copy(&c->shape, sizeof(float), s->out.data + c->to_offset, c->to_stride,
                      s->in[0].data + c->from_offset, c->from_stride);
}

int builder_copy(struct builder *b, const struct graph_node *n, const struct apex_shape *shape,
                 const struct operand *from, int64_t from_offset, const int64_t *from_stride,
                 const struct operand *to, int64_t to_offset, const int64_t *to_stride)
{
    struct step *s = builder_step(b, n, run_copy, sizeof(struct copy));
    if (!s)
        return -1;
    struct copy *c = s->state;
    c->shape = *shape;
    c->from_offset = from_offset;
    c->to_offset = to_offset;
    memcpy(c->from_stride, from_stride, (size_t)shape->rank * sizeof *from_stride);
    memcpy(c->to_stride, to_stride, (size_t)shape->rank * sizeof *to_stride);
    step_input(s, from);
    s->out = *to;
    return 0;
}

/* Whether the step does nothing but copy its output from places of its input. */
static int is_view(const struct step *s)
{
    const struct copy *c = s->state;
    int64_t dense[APEX_MAX_RANK];
    if (s->run != run_copy || c->to_offset || !apex_shape_equal(&c->shape, &s->out.shape))
        return 0;
    layout_strides(s->out.layout, &c->shape, dense);
    for (int i = 0; i < c->shape.rank; i++)
        if (c->shape.dim[i] != 1 && c->to_stride[i] != dense[i])
            return 0;
    return 1;
}

/* The copy of a part of the view, as one of what the view shows. 0: it is no such part. */
static int copy_through(struct copy *c, const struct copy *view, enum layout layout)
{
    int order[APEX_MAX_RANK];
    int64_t dense[APEX_MAX_RANK], rest = c->from_offset, offset = view->from_offset, stride[APEX_MAX_RANK];
    const int rank = view->shape.rank;
    if (c->shape.rank != rank || apex_shape_count(&view->shape) == 0)
        return 0;
    layout_axes(layout, rank, order);
    layout_strides(layout, &view->shape, dense);
    for (int k = 0; k < rank; k++) {
        const int a = order[k];
        const int64_t first = rest / dense[a], step = c->shape.dim[a] > 1 ? c->from_stride[a] : 0;
        const int64_t last = first + step / dense[a] * (c->shape.dim[a] - 1), size = view->shape.dim[a];
        if (step % dense[a] || first < 0 || first >= size || last < 0 || last >= size)
            return 0;
        rest -= first * dense[a];
        offset += first * view->from_stride[a];
        stride[a] = step / dense[a] * view->from_stride[a];
    }
    memcpy(c->from_stride, stride, (size_t)rank * sizeof *stride);
    c->from_offset = offset;
    return 1;
}

int builder_read_through(struct step *s, const struct step *view)
{
    const struct copy *c = view->state;
    if (!is_view(view))
        return 0;
    if (s->kind == STEP_PAD)
        pad_reads_view(s, &c->shape, c->from_offset, c->from_stride);
    else if (s->run != run_copy || !copy_through(s->state, c, view->out.layout))
        return 0;
    s->in[0] = view->in[0];
    return 1;
}

/* The operand under a new shape: same elements in the same memory order, same number of rows. */
int builder_alias(struct builder *b, const struct graph_node *n, int k, const struct operand *o)
{
    int value = n->output[k];
    struct operand to = *o;
    to.shape = b->e->graph->value[value].shape;
    to.shape.dim[0] = o->shape.dim[0];
    to.layout = b->e->layout[value];
    to.degree = b->degree;
    if (!b->clean || !b->e->clean[value]) {
        b->at[value] = to;
        return 0;
    }
    struct operand kept;
    if (builder_output(b, n, k, &kept) < 0)
        return -1;
    struct apex_shape flat = {.rank = 1, .dim = {apex_shape_count(&to.shape)}};
    int64_t one = 1;
    return builder_copy(b, n, &flat, &to, 0, &one, &kept, 0, &one);
}
