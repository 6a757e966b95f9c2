/* What noise became at a value: the perturbed tensor minus the clean one, handed out in the value's own
 * layout. A probe is a reader like any other, so no step that follows is joined over it or writes into what
 * it reads. */
#include "core/engine/builder.h"
#include "core/engine/hot.h"

struct probe {
    int number;
    int64_t elements; /* of one row */
};

HOT static void subtract(const float *a, const float *clean, int64_t n, float *to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = a[i] - clean[i];
}

/* in[0]: the tile; in[1]: the clean tensor, one row. */
static void run_probe(const struct step *s, const struct pass *pass)
{
    const struct probe *p = s->state;
    float *to = pass->difference ? pass->difference[p->number] : NULL;
    for (int d = 0; to && d < pass->rows; d++)
        subtract(s->in[0].data + d * p->elements, s->in[1].data, p->elements, to + d * p->elements);
}

static int add_probe(struct builder *b, int value, int number)
{
    struct operand clean = builder_clean(b, value), tile;
    if (clean.buffer < 0 || ray_resolve(b, value) < 0)
        return -1;
    tile = b->at[value];
    if (tile.buffer < 0 || tile.shape.dim[0] != b->p->batch)
        return apex_fail(b->err, "%s: tensor '%s' is not reached by the noise", b->e->graph->source,
                         b->e->graph->value[value].name);
    if (builder_convert(b, &tile, clean.layout) < 0)
        return -1;
    struct step *s = builder_step(b, NULL, run_probe, sizeof(struct probe));
    if (!s)
        return -1;
    *(struct probe *)s->state = (struct probe){number, apex_shape_count(&clean.shape)};
    step_input(s, &tile);
    step_input(s, &clean);
    s->out.buffer = builder_buffer(b, 0, NULL); /* nothing of the program reads what it makes */
    return s->out.buffer < 0 ? -1 : 0;
}

int builder_is_probed(const struct builder *b, int value)
{
    for (int k = 0; k < b->e->probes; k++)
        if (b->e->probe[k] == value)
            return 1;
    return 0;
}

int builder_probe(struct builder *b, int value)
{
    for (int k = 0; k < b->e->probes; k++)
        if (b->e->probe[k] == value && add_probe(b, value, k) < 0)
            return -1;
    return 0;
}
