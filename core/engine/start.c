/* Noise at an activation and noise at all of them start alike where that activation is the first: the same
 * direction, and the same layers it goes through until something is not linear. Where both are swept, what
 * comes out is made once. */
#include "core/engine/program.h"

static int readers(const struct program *p, int buffer)
{
    int count = 0;
    for (int i = 0; i < p->steps; i++)
        for (int k = 0; k < p->step[i].inputs; k++)
            count += p->step[i].in[k].buffer == buffer;
    return count;
}

/* Whether step i is the direction of the noise, or a layer that alone goes on from the step before. */
static int goes_on(const struct program *p, int i)
{
    const struct step *s = &p->step[i];
    if (i >= p->once || i == 0)
        return i < p->once && s->noise && !s->layer;
    int before = p->step[i - 1].out.buffer;
    return s->layer && !s->noise && s->inputs == 1 && s->in[0].buffer == before && readers(p, before) == 1;
}

/* The buffer, if it is nobody else's too. */
static struct buffer *own_buffer(struct program *p, int buffer)
{
    int merged = p->buffer[buffer].same_as >= 0 || p->buffer[buffer].fixed;
    for (int i = 0; i < p->buffers; i++)
        merged |= p->buffer[i].same_as == buffer;
    return merged ? NULL : &p->buffer[buffer];
}

int program_share_start(struct program *a, struct program *b, struct kept_start *start,
                        struct apex_error *err)
{
    int steps = 0;
    while (a->ray_site == b->ray_site && goes_on(a, steps) && goes_on(b, steps) &&
           a->step[steps].layer == b->step[steps].layer)
        steps++;
    if (steps < 2) /* the noise alone is kept elsewhere */
        return 0;
    const struct step *last = &a->step[steps - 1];
    int64_t count = apex_shape_count(&last->out.shape);
    struct buffer *in_a = own_buffer(a, last->out.buffer);
    struct buffer *in_b = own_buffer(b, b->step[steps - 1].out.buffer);
    if (!in_a || !in_b || count > PROGRAM_XI_BYTES / (int64_t)sizeof(float))
        return 0;
    if (!(start->data = engine_alloc(count, err)))
        return -1;
    in_a->fixed = in_b->fixed = start->data;
    start->count = count;
    start->steps = steps;
    a->start = b->start = start;
    return 0;
}

int program_start(const struct program *p, const struct pass *pass,
                  void (*run)(const struct program *, const struct pass *, int from, int to))
{
    struct kept_start *k = p->start;
    if (!k)
        return 0;
    if (k->rows == pass->rows && k->sample == pass->sample && k->draw0 == pass->draw0)
        return k->steps;
    run(p, pass, 0, k->steps);
    k->rows = pass->rows;
    k->sample = pass->sample;
    k->draw0 = pass->draw0;
    return k->steps;
}
