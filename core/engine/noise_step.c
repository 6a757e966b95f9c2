/* The step that perturbs a site. */
#include "core/engine/builder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Noise added to one site: in[0] is the clean tensor (one row) or the tile's own activation. */
struct noise_step {
    int site, kept; /* kept: place in pass->kept; -1: none */
    uint32_t stream;
    int64_t elements, xi;     /* per row; offset of this site's xi for all draws */
    int64_t channels, pixels; /* pixels 1: a vector */
    int channels_last;        /* else row-major */
    int64_t from_row;
    int limit, degree; /* of in[0] */
};

static void fill_row(const struct noise_step *z, const struct pass *pass, int row, float *xi)
{
    uint32_t draw = pass->draw0 + (uint32_t)row;
    if (pass->noise->per_channel && z->channels > 1 && z->pixels > 1)
        apex_noise_fill_channels(pass->noise, z->stream, pass->sample, draw, z->channels, z->pixels,
                                 z->channels_last, xi);
    else if (z->channels_last)
        apex_noise_fill_nhwc(pass->noise, z->stream, pass->sample, draw, z->channels, z->pixels, xi);
    else
        apex_noise_fill(pass->noise, z->stream, pass->sample, draw, 0, z->elements, xi);
}

/* All draws of the tile. */
static void fill_tile(const struct noise_step *z, const struct pass *pass, float *xi)
{
    struct kept_xi *kept = pass->kept && z->kept >= 0 ? &pass->kept[z->kept] : NULL;
    float *to = kept && kept->xi ? kept->xi : xi;
    if (to == xi || kept->sample != pass->sample || kept->draw0 != pass->draw0 || kept->rows != pass->rows)
        for (int d = 0; d < pass->rows; d++)
            fill_row(z, pass, d, to + d * z->elements);
    if (to == xi)
        return;
    kept->sample = pass->sample;
    kept->draw0 = pass->draw0;
    kept->rows = pass->rows;
    memcpy(xi, to, (size_t)(pass->rows * z->elements) * sizeof *xi);
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

static double site_scale(const struct pass *pass, int site)
{
    return !pass->scale ? 1 : pass->per_site ? pass->scale[site] : pass->scale[0];
}

double noise_factor(const struct pass *pass, int site, int scale)
{
    return pass->sigma[scale] * site_scale(pass, site);
}

/* One draw at one of the pass's scales. */
static void perturb_row(const struct noise_step *z, const struct pass *pass, int draw, int scale,
                        const float *a, float *y)
{
    const float *xi = pass->xi ? pass->xi + z->xi + draw * z->elements : pass->row_xi;
    if (draw >= pass->rows) /* padding: any finite numbers */
        for (int64_t i = 0; i < z->elements; i++)
            y[i] = a[i];
    else if (z->limit)
        apply_limit(z, pass->noise->kind, (float)site_scale(pass, z->site), a, xi, y);
    else
        apex_noise_apply(pass->noise->kind, (float)noise_factor(pass, z->site, scale), a, xi, z->elements, y);
}

static void perturb(const struct noise_step *z, const struct pass *pass, int rows, const float *from,
                    float *to)
{
    const int draws = rows / pass->scales;
    for (int d = 0; d < draws; d++) {
        if (!pass->xi && d < pass->rows)
            fill_row(z, pass, d, pass->row_xi);
        for (int row = d, g = 0; g < pass->scales; g++, row += draws)
            perturb_row(z, pass, d, g, from + row * z->from_row, to + row * z->elements);
    }
}

static void run_noise(const struct step *s, const struct pass *pass)
{
    perturb(s->noise, pass, (int)s->out.shape.dim[0], s->in[0].data, s->out.data);
}

const float *noise_tile(const struct noise_step *z, const struct pass *pass, int scale, float *factor)
{
    *factor = (float)noise_factor(pass, z->site, scale);
    return pass->xi ? pass->xi + z->xi : NULL;
}

void noise_add(const struct noise_step *z, const struct pass *pass, const struct operand *out)
{
    perturb(z, pass, (int)out->shape.dim[0], out->data, out->data);
}

/* in[0]: the clean tensor, read where the noise is a multiple of it. */
static void run_direction(const struct step *s, const struct pass *pass)
{
    const struct noise_step *z = s->noise;
    fill_tile(z, pass, s->out.data);
    for (int d = 0; d < (int)s->out.shape.dim[0]; d++) {
        float *to = s->out.data + d * z->elements;
        if (d >= pass->rows) { /* padding: any finite numbers */
            memset(to, 0, (size_t)z->elements * sizeof *to);
            continue;
        }
        for (int64_t i = 0; i < z->elements && !apex_noise_is_additive(pass->noise->kind); i++)
            to[i] *= s->in[0].data[i];
    }
}

void program_fill_noise(const struct program *p, const struct pass *pass, float *xi)
{
    for (int i = 0; i < p->steps; i++) {
        const struct noise_step *z = p->step[i].noise;
        if (z && !p->step[i].once)
            fill_tile(z, pass, xi + z->xi);
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

/* A step that makes one tile from the value `from`; its noise state is filled in. */
static struct step *add_step(struct builder *b, const struct operand *from, int site,
                             void (*run)(const struct step *, const struct pass *), struct operand *to)
{
    struct step *s = from->buffer >= 0 ? builder_step(b, NULL, run, 0) : NULL;
    struct noise_step *z = s ? calloc(1, sizeof *z) : NULL;
    if (!z) {
        if (s)
            apex_fail(b->err, "no memory");
        return NULL;
    }
    s->noise = z;
    *to = *from;
    to->shape.dim[0] = b->rows;
    int64_t all = apex_shape_count(&to->shape);
    if (all < 0) {
        apex_fail(b->err, "site %s is too large for a tile of %d rows",
                  site < 0 ? "input" : b->e->model->site[site].name, b->rows);
        return NULL;
    }
    to->buffer = builder_buffer(b, all, NULL);
    *z = (struct noise_step){.site = site < 0 ? 0 : site,
                             .kept = site < b->e->model->sites ? site : -1,
                             .stream = stream_of(b->e->model, site),
                             .xi = b->p->xi};
    z->elements = all / b->rows;
    z->from_row = from->shape.dim[0] == 1 ? 0 : z->elements;
    z->limit = b->p->limit;
    z->degree = from->degree;
    z->channels = from->shape.rank > 1 ? from->shape.dim[1] : 1;
    z->pixels = z->channels ? z->elements / z->channels : 1;
    z->channels_last =
        from->layout == LAYOUT_NHWC && !layout_same_memory(from->layout, LAYOUT_ROW, &from->shape);
    step_input(s, from);
    s->out = *to;
    return to->buffer < 0 ? NULL : s;
}

int builder_noise(struct builder *b, int value, int site, enum apex_noise_kind kind)
{
    struct operand to, from = b->at[value].buffer >= 0 ? b->at[value] : builder_clean(b, value);
    struct step *s = add_step(b, &from, site, run_noise, &to);
    if (!s)
        return -1;
    to.degree = b->p->limit ? noisy_degree(kind, from.degree) : 0;
    s->kind = apex_noise_is_additive(kind) && !b->p->limit ? STEP_NOISE : STEP_OTHER;
    s->in_place = from.shape.dim[0] == to.shape.dim[0];
    s->out = to;
    b->p->xi += s->noise->elements * b->p->draws;
    if (s->noise->elements > b->p->row_xi)
        b->p->row_xi = s->noise->elements;
    b->at[value] = to;
    return 0;
}

int builder_direction(struct builder *b, int value, int site, enum apex_noise_kind kind,
                      struct operand *direction)
{
    struct operand from = builder_clean(b, value);
    b->rows = b->p->draws;
    struct step *s = add_step(b, &from, site, run_direction, direction);
    b->rows = b->p->batch;
    if (!s)
        return -1;
    if (apex_noise_is_additive(kind))
        s->inputs = 0;
    s->once = 1;
    direction->degree = s->out.degree = 1;
    return 0;
}
