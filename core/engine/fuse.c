/* Steps joined: y = pool(relu(conv(x) + skip) + sigma xi) is one pass over y. The numbers are those of the
 * separate steps, in the same order. */
#include "core/engine/builder.h"

#include <stdlib.h>
#include <string.h>

static int reads(const struct step *s, int buffer)
{
    return (s->inputs > 0 && s->in[0].buffer == buffer) + (s->inputs > 1 && s->in[1].buffer == buffer);
}

/* The one step that reads the buffer; -1: none, more than one, or it must be kept. */
static int only_reader(const struct program *p, int buffer)
{
    int reader = -1;
    if (p->buffer[buffer].fixed || p->input.buffer == buffer || p->logits.buffer == buffer ||
        p->output.buffer == buffer)
        return -1;
    for (int i = 0; i < p->steps; i++) {
        int count = reads(&p->step[i], buffer);
        if (count > 1 || (count && reader >= 0))
            return -1;
        reader = count ? i : reader;
    }
    return reader;
}

/* What a layer's output may be added to: a tensor of its size, or one row of it for all rows. */
static int is_addend(const struct step *layer, const struct operand *o)
{
    struct apex_shape row = layer->out.shape;
    if (!o->dynamic || !layout_same_memory(o->layout, layer->out.layout, &o->shape))
        return 0;
    if (apex_shape_equal(&o->shape, &row))
        return 1;
    row.dim[0] = 1;
    return apex_shape_equal(&o->shape, &row) && layer->layer->rows == layer->out.shape.dim[0];
}

static int join_add(struct step *s, const struct step *add)
{
    int other = add->in[0].buffer == s->out.buffer;
    if (!s->layer || s->inputs > 1 || s->relu || !is_addend(s, &add->in[other]) ||
        !apex_shape_equal(&add->out.shape, &s->out.shape))
        return 0;
    step_input(s, &add->in[other]);
    s->in_place = s->layer->fuses && apex_shape_equal(&s->in[1].shape, &s->out.shape) ? 2 : 0;
    return 1;
}

/* Pooled noise must be there when the step runs, so the program asks for all of it; a layer adds noise of one
 * scale only. */
static int join_pool(struct program *p, struct step *s, const struct step *pool)
{
    if (!apex_shape_equal(&s->out.shape, &pool->in[0].shape) || (s->layer && !s->layer->pools) ||
        (s->noise && (!program_xi_fits(p) || (s->layer && p->scales > 1))))
        return 0;
    s->pool = 1;
    p->xi_ahead |= s->noise != NULL;
    return 1;
}

/* Makes `next`, the only reader of s, part of s. */
static int join(struct program *p, struct step *s, struct step *next)
{
    if ((s->noise && next->kind != STEP_POOL) || s->pool || s->once != next->once ||
        (!s->layer && s->kind != STEP_RAY) ||
        !layout_same_memory(s->out.layout, next->out.layout, &s->out.shape))
        return 0;
    if (next->kind == STEP_ADD) {
        if (!join_add(s, next))
            return 0;
    } else if (next->kind == STEP_RELU && !s->relu) {
        s->relu = 1;
    } else if (next->kind == STEP_NOISE) {
        s->noise = next->noise;
        next->noise = NULL;
    } else if (next->kind == STEP_POOL) {
        if (!join_pool(p, s, next))
            return 0;
    } else {
        return 0;
    }
    s->out = next->out;
    return 1;
}

/* A joined step runs where the last part did: what it adds is ready there. */
static void join_all(struct program *p)
{
    for (int i = 0; i < p->steps; i++) {
        int next = only_reader(p, p->step[i].out.buffer);
        if (next <= i || !join(p, &p->step[i], &p->step[next]))
            continue;
        free(p->step[next].state);
        p->step[next] = p->step[i];
        p->steps--;
        memmove(&p->step[i], &p->step[i + 1], (size_t)(p->steps - i) * sizeof *p->step);
        i--;
    }
}

/* What is cut out only to be cut again or padded, as on the shortcuts of some residual networks, is read
 * where it lies. */
static void read_through(struct program *p)
{
    for (int i = 0; i < p->steps; i++) {
        struct step *s = &p->step[i];
        const int next = only_reader(p, s->out.buffer);
        if (next <= i || p->step[next].once != s->once || !builder_read_through(&p->step[next], s))
            continue;
        free(s->state);
        p->steps--;
        memmove(s, s + 1, (size_t)(p->steps - i) * sizeof *s);
        i--;
    }
}

/* Whether layers of bfloat16 operands are all that reads the buffer, and one is all that writes it. */
static int only_products_use(const struct program *p, int buffer)
{
    int readers = 0, writers = 0;
    if (p->buffer[buffer].fixed || p->input.buffer == buffer || p->logits.buffer == buffer ||
        p->output.buffer == buffer)
        return 0;
    for (int i = 0; i < p->steps; i++) {
        const struct step *s = &p->step[i];
        int count = reads(s, buffer);
        if (count > 1 || (count && !(s->layer && s->layer->half && s->in[0].buffer == buffer)))
            return 0;
        readers += count;
        writers += s->out.buffer == buffer;
    }
    return readers > 0 && writers == 1;
}

/* What only products read is stored in bfloat16: they would round it anyway, so that no number changes. Noise
 * that is joined to such a layer must be there when it runs, so its program asks for all of it. */
static void store_half(struct program *p)
{
    for (int i = 0; i < p->steps; i++) {
        struct step *s = &p->step[i];
        int buffer = s->out.buffer;
        if (!s->layer || !s->layer->half ||
            (s->noise && (!program_xi_fits(p) || (p->scales > 1 && !s->layer->scales))) ||
            !only_products_use(p, buffer))
            continue;
        s->to_half = 1;
        p->xi_ahead |= s->noise != NULL;
        p->buffer[buffer].count = (p->buffer[buffer].count + 1) / 2;
        for (int k = 0; k < p->steps; k++)
            p->step[k].from_half |= reads(&p->step[k], buffer);
    }
}

static void once_first(struct program *p)
{
    for (int i = 0; i < p->steps; i++) {
        struct step s = p->step[i];
        if (!s.once)
            continue;
        memmove(&p->step[p->once + 1], &p->step[p->once], (size_t)(i - p->once) * sizeof s);
        p->step[p->once++] = s;
    }
}

void program_fuse(struct program *p)
{
    join_all(p);
    read_through(p);
    store_half(p);
    once_first(p);
}
