/* The step that perturbs a site. */
#include "core/engine/builder.h"

#include <math.h>

/* Noise added to one site: in[0] is the clean tensor (one row) or the tile's own activation. */
struct noise_step {
    int site;
    uint32_t stream;
    int64_t elements, xi;     /* per row; offset of this site's xi for the whole tile */
    int64_t channels, pixels; /* channels-last; channels 0: row-major */
    int64_t from_row;
    int limit, degree; /* of in[0] */
};

static void fill_row(const struct noise_step *z, const struct pass *pass, int row, float *xi)
{
    uint32_t draw = pass->draw0 + (uint32_t)row;
    if (z->channels)
        apex_noise_fill_nhwc(pass->noise, z->stream, pass->sample, draw, z->channels, z->pixels, xi);
    else
        apex_noise_fill(pass->noise, z->stream, pass->sample, draw, 0, z->elements, xi);
}

/* sigma = infinity: the leading power of sigma, whose factor is `scale` for each noise that enters it. */
static void apply_limit(const struct noise_step *z, enum apex_noise_kind kind, float scale, const float *a,
                        const float *xi, float *y)
{
    if (apex_noise_is_additive(kind) && z->degree > 0) {
        apex_noise_apply(kind, z->degree == 1 ? scale : 0, a, xi, z->elements, y);
        return;
    }
    apex_noise_apply(kind, INFINITY, a, xi, z->elements, y);
    for (int64_t i = 0; i < z->elements && scale != 1; i++)
        y[i] *= scale;
}

static void run_noise(const struct step *s, const struct pass *pass)
{
    const struct noise_step *z = s->state;
    double scale = !pass->scale ? 1 : pass->per_site ? pass->scale[z->site] : pass->scale[0];
    int rows = (int)s->out.shape.dim[0];
    for (int d = 0; d < rows; d++) {
        const float *a = s->in[0].data + d * z->from_row;
        float *y = s->out.data + d * z->elements;
        const float *xi = pass->xi ? pass->xi + z->xi + d * z->elements : pass->row_xi;
        if (d >= pass->rows) { /* padding: any finite numbers */
            for (int64_t i = 0; i < z->elements; i++)
                y[i] = a[i];
            continue;
        }
        if (!pass->xi)
            fill_row(z, pass, d, pass->row_xi);
        if (z->limit)
            apply_limit(z, pass->noise->kind, (float)scale, a, xi, y);
        else
            apex_noise_apply(pass->noise->kind, (float)(pass->sigma * scale), a, xi, z->elements, y);
    }
}

void program_fill_noise(const struct program *p, const struct pass *pass, float *xi)
{
    for (int i = 0; i < p->steps; i++) {
        const struct noise_step *z = p->step[i].state;
        for (int d = 0; p->step[i].run == run_noise && d < pass->rows; d++)
            fill_row(z, pass, d, xi + z->xi + d * z->elements);
    }
}

/* Degree of a perturbed site in the limit; additive noise does not raise what is already large. */
static int noisy_degree(enum apex_noise_kind kind, int degree)
{
    return apex_noise_is_additive(kind) ? (degree > 1 ? degree : 1) : degree + 1;
}

static uint32_t stream_of(const struct apex_model *m, int site)
{
    return site < m->sites ? (uint32_t)(site + 1) : m->site[site].stream;
}

int builder_noise(struct builder *b, int value, int site, enum apex_noise_kind kind)
{
    struct operand from = b->at[value].buffer >= 0 ? b->at[value] : builder_clean(b, value);
    struct step *s = from.buffer >= 0 ? builder_step(b, NULL, run_noise, sizeof(struct noise_step)) : NULL;
    if (!s)
        return -1;
    struct operand to = from;
    to.shape.dim[0] = b->p->batch;
    int64_t all = apex_shape_count(&to.shape);
    if (all < 0)
        return apex_fail(b->err, "site %s is too large for a tile of %d rows",
                         site < 0 ? "input" : b->e->model->site[site].name, b->p->batch);
    to.buffer = builder_buffer(b, all, NULL);
    to.degree = b->p->limit ? noisy_degree(kind, from.degree) : 0;
    struct noise_step *z = s->state;
    *z = (struct noise_step){
        .site = site < 0 ? 0 : site, .stream = stream_of(b->e->model, site), .xi = b->p->xi};
    z->elements = all / b->p->batch;
    z->from_row = from.shape.dim[0] == 1 ? 0 : z->elements;
    z->limit = b->p->limit;
    z->degree = from.degree;
    if (from.layout == LAYOUT_NHWC && !layout_same_memory(from.layout, LAYOUT_ROW, &from.shape)) {
        z->channels = from.shape.dim[1];
        z->pixels = from.shape.dim[2] * from.shape.dim[3];
    }
    b->p->xi += all;
    if (z->elements > b->p->row_xi)
        b->p->row_xi = z->elements;
    step_input(s, &from);
    s->in_place = from.shape.dim[0] == to.shape.dim[0];
    s->out = to;
    b->at[value] = to;
    return to.buffer < 0 ? -1 : 0;
}
