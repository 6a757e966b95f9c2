/* Where the buffers of a program lie: lifetimes from the steps, in-place steps merged, then first fit. */
#include "core/engine/program.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN_FLOATS = 16 };

static struct buffer *root(struct program *p, int k)
{
    while (p->buffer[k].same_as >= 0)
        k = p->buffer[k].same_as;
    return &p->buffer[k];
}

static void touch(struct buffer *b, int step)
{
    if (b->first < 0)
        b->first = step;
    b->last = step;
}

static void find_lifetimes(struct program *p)
{
    for (int i = 0; i < p->steps; i++) {
        for (int k = 0; k < p->step[i].inputs; k++)
            touch(&p->buffer[p->step[i].in[k].buffer], i);
        touch(&p->buffer[p->step[i].out.buffer], i);
    }
    for (int k = 0; k < p->buffers; k++) /* every scale reads it again */
        if (p->buffer[k].first >= 0 && p->buffer[k].first < p->once && p->buffer[k].last >= p->once)
            p->buffer[k].last = p->steps;
    const struct operand *ends[] = {&p->input, &p->logits, &p->output};
    for (int i = 0; i < 3; i++)
        if (ends[i]->buffer >= 0)
            p->buffer[ends[i]->buffer].last = p->steps;
    if (p->input.buffer >= 0)
        p->buffer[p->input.buffer].first = 0;
}

static void merge_in_place(struct program *p)
{
    for (int i = 0; i < p->steps; i++) {
        const struct step *s = &p->step[i];
        struct buffer *out = root(p, s->out.buffer);
        if (out->fixed || out->first != i)
            continue;
        for (int k = 0; k < s->inputs; k++) {
            struct buffer *in = root(p, s->in[k].buffer);
            int other = s->inputs == 2 && root(p, s->in[1 - k].buffer) == in;
            if (!(s->in_place >> k & 1) || in->fixed || in->last != i || in->count != out->count || other)
                continue;
            in->last = out->last;
            out->same_as = (int)(in - p->buffer);
            break;
        }
    }
}

struct live {
    size_t offset, size;
    int last;
};

/* live[] is sorted by offset. Returns the offset of the new block. */
static size_t first_fit(struct live *live, int *count, size_t size, int last)
{
    size_t at = 0;
    int k = 0;
    while (k < *count && live[k].offset - at < size) {
        at = live[k].offset + live[k].size;
        k++;
    }
    memmove(&live[k + 1], &live[k], (size_t)(*count - k) * sizeof *live);
    live[k] = (struct live){at, size, last};
    ++*count;
    return at;
}

static void drop_dead(struct live *live, int *count, int step)
{
    int kept = 0;
    for (int k = 0; k < *count; k++)
        if (live[k].last >= step)
            live[kept++] = live[k];
    *count = kept;
}

int program_plan(struct program *p, struct apex_error *err)
{
    struct live *live = malloc(((size_t)p->buffers + 1) * sizeof *live);
    int count = 0;
    if (!live)
        return apex_fail(err, "no memory");
    find_lifetimes(p);
    merge_in_place(p);
    for (int i = 0; i <= p->steps; i++) {
        drop_dead(live, &count, i);
        for (int k = 0; k < p->buffers; k++) {
            struct buffer *b = &p->buffer[k];
            if (b->fixed || b->same_as >= 0 || b->first != i)
                continue;
            size_t size = ((size_t)b->count + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
            b->offset = first_fit(live, &count, size, b->last);
            if (b->offset + size > p->arena)
                p->arena = b->offset + size;
        }
    }
    free(live);
    return 0;
}

static void bind(struct program *p, struct operand *o, float *arena)
{
    if (o->buffer < 0)
        return;
    const struct buffer *b = root(p, o->buffer);
    o->data = b->fixed ? b->fixed : arena + b->offset;
}

void program_bind(struct program *p, float *arena)
{
    for (int i = 0; i < p->steps; i++) {
        for (int k = 0; k < p->step[i].inputs; k++)
            bind(p, &p->step[i].in[k], arena);
        bind(p, &p->step[i].out, arena);
    }
    bind(p, &p->input, arena);
    bind(p, &p->logits, arena);
    bind(p, &p->output, arena);
}
