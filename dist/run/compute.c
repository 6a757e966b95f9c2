#include "dist/run/compute.h"

#include "dist/run/compute_response.h"
#include "dist/run/rms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct compute {
    const struct sweep *sweep;
    atomic_int *cancelled;
    int model; /* whose runner this is; -1: none */
    struct apex_runner *runner;
    struct compute_response *response;
    float *sample, *clean, *logits;
    double *sigma; /* the scales wanted at one site */
    size_t tallies;
    struct apex_tally *tally; /* [sites][sigmas of the grid] */
};

static int grid_has_limit(const struct grid *g)
{
    return g->sigmas && isinf(g->sigma[g->sigmas - 1]);
}

static struct apex_runner *new_runner(const struct sweep *s, const struct sweep_model *m,
                                      struct apex_error *err)
{
    const struct apex_noise noise = {
        .kind = s->grid->noise, .seed = s->grid->seed, .per_channel = s->grid->per_channel};
    struct apex_error cause;
    struct apex_runner *r = apex_runner_new(m->model, s->kernels, m->site, m->sites, m->tile_rows,
                                            &m->at_once, &noise, grid_has_limit(s->grid), &cause);
    if (!r)
        grid_fail(s->grid, m->entry->mark, err, "model '%s': %s", m->entry->name, cause.text);
    return r;
}

int compute_check(const struct sweep *s, size_t *bytes, struct apex_error *err)
{
    *bytes = 0;
    for (int k = 0; k < s->models; k++) {
        size_t one = compute_bytes(s, &s->model[k], err);
        if (!one)
            return -1;
        *bytes = one > *bytes ? one : *bytes;
    }
    return 0;
}

/* A sample, logits of a tile at every scale, and a tally of every cell. */
static size_t result_bytes(const struct sweep *s, const struct sweep_model *m)
{
    const size_t sigmas = (size_t)s->grid->sigmas, classes = (size_t)m->model->classes;
    const size_t tally = sizeof(struct apex_tally) + classes * sizeof(uint32_t) +
                         ((size_t)s->grid->draws + 7) / 8 +
                         (s->grid->class_rank ? classes * sizeof(double) : 0);
    return ((size_t)m->data->elements + classes) * sizeof(float) +
           sigmas * ((size_t)m->tile_rows * classes * sizeof(float) + (size_t)m->sites * tally);
}

size_t compute_bytes(const struct sweep *s, const struct sweep_model *m, struct apex_error *err)
{
    struct apex_runner *r = new_runner(s, m, err);
    size_t bytes = r ? apex_runner_bytes(r) + result_bytes(s, m) : 0, more = 0;
    apex_runner_free(r);
    if (bytes && s->grid->response.asked && !(more = compute_response_bytes(s, m, err)))
        return 0;
    size_t before = bytes ? rms_bytes(s, m, err) : 0; /* and freed by then */
    if (!before)
        return 0;
    return bytes + more > before ? bytes + more : before;
}

struct compute *compute_new(const struct sweep *s, atomic_int *cancelled, struct apex_error *err)
{
    struct compute *c = calloc(1, sizeof *c);
    if (!c) {
        apex_fail(err, "out of memory");
        return NULL;
    }
    c->sweep = s;
    c->cancelled = cancelled;
    c->model = -1;
    return c;
}

static void drop_model(struct compute *c)
{
    apex_runner_free(c->runner);
    compute_response_free(c->response);
    free(c->sample);
    free(c->clean);
    free(c->logits);
    free(c->sigma);
    for (size_t k = 0; c->tally && k < c->tallies; k++)
        apex_tally_free(&c->tally[k]);
    free(c->tally);
    *c = (struct compute){.sweep = c->sweep, .cancelled = c->cancelled, .model = -1};
}

void compute_free(struct compute *c)
{
    if (!c)
        return;
    drop_model(c);
    free(c);
}

static int take_model(struct compute *c, int model, struct apex_error *err)
{
    const struct grid *g = c->sweep->grid;
    const struct sweep_model *m = &c->sweep->model[model];
    if (c->model == model)
        return 0;
    drop_model(c);
    size_t sigmas = (size_t)g->sigmas, classes = (size_t)m->model->classes;
    if (!(c->runner = new_runner(c->sweep, m, err)))
        return -1;
    c->sample = malloc((size_t)m->data->elements * sizeof(float));
    c->clean = malloc(classes * sizeof(float));
    c->logits = malloc(sigmas * (size_t)m->tile_rows * classes * sizeof(float));
    c->sigma = malloc(sigmas * sizeof *c->sigma);
    c->tallies = sigmas * (size_t)m->sites;
    c->tally = calloc(c->tallies + 1, sizeof *c->tally);
    int failed = !c->sample || !c->clean || !c->logits || !c->sigma || !c->tally;
    for (size_t k = 0; !failed && k < c->tallies; k++)
        failed = apex_tally_init(&c->tally[k], g->draws, (uint32_t)classes, err) ||
                 (g->class_rank && apex_tally_init_rank(&c->tally[k], err));
    if (failed) {
        drop_model(c);
        return apex_fail(err, "model '%s': out of memory", m->entry->name);
    }
    c->model = model;
    return 0;
}

/* All wanted scales of one site for one tile of draws: the same noise serves every scale. */
static int run_tile(struct compute *c, const struct apex_unit *u, const struct sweep_model *m, int site,
                    uint32_t sample, uint32_t draw, uint32_t n, struct apex_error *err)
{
    const struct grid *g = c->sweep->grid;
    const size_t row = (size_t)m->model->classes, tile = (size_t)m->tile_rows;
    struct apex_tally *tally = c->tally + (size_t)site * (size_t)g->sigmas;
    const unsigned char *wanted = u->wanted + (size_t)site * (size_t)g->sigmas;
    int sigmas = 0;
    for (int k = 0; k < g->sigmas; k++)
        if (wanted[k])
            c->sigma[sigmas++] = g->sigma[k];
    if (!sigmas)
        return 0;
    if (c->cancelled && atomic_load(c->cancelled))
        return apex_fail(err, "cancelled");
    apex_runner_perturb(c->runner, site, sweep_scale(m, m->site[site]), c->sigma, sigmas, sample, draw,
                        (int)n, c->logits);
    for (int k = 0, at = 0; k < g->sigmas; k++) {
        if (!wanted[k])
            continue;
        uint32_t good = apex_tally_add_rows(&tally[k], draw, n, c->logits + (size_t)at++ * tile * row);
        if (good < n)
            return apex_fail(
                err, "model '%s', sample %u, site %s, sigma %g, draw %u: the response is not a number",
                m->entry->name, sample, apex_site_name(m->model, m->site[site]), g->sigma[k], draw + good);
    }
    return 0;
}

/* Tile by tile, all sites of one before the next: `all` has the noise of the single sites. */
static int run_sample(struct compute *c, const struct apex_unit *u, uint32_t at, struct bytes *record,
                      struct apex_error *err)
{
    const struct sweep_model *m = &c->sweep->model[u->model];
    const uint32_t draws = c->sweep->grid->draws, tile = (uint32_t)m->tile_rows;
    struct apex_record_sample s = {.index = m->data->index[at], .label = m->label ? m->label[at] : -1};
    dataset_sample(m->data, at, c->sample);
    apex_runner_clean(c->runner, c->sample, c->clean);
    if (apex_clean_stats(c->clean, (uint32_t)m->model->classes, s.label, &s))
        return apex_fail(err, "model '%s', sample %u: the clean response is not finite", m->entry->name,
                         s.index);
    apex_record_put_sample(record, &s);
    for (uint32_t k = 0; k < u->cells; k++)
        if (u->wanted[k])
            apex_tally_reset(&c->tally[k], s.clean_class);
    for (uint32_t draw = 0; draw < draws; draw += tile)
        for (int i = 0; i < m->sites; i++)
            if (run_tile(c, u, m, i, s.index, draw, draws - draw < tile ? draws - draw : tile, err))
                return -1;
    for (uint32_t k = 0; k < u->cells; k++)
        if (u->wanted[k])
            apex_record_put_cell(record, &c->tally[k]);
    return 0;
}

static int put_head(const struct compute *c, const struct apex_unit *u, struct bytes *record)
{
    const struct sweep_model *m = &c->sweep->model[u->model];
    const int sigmas = c->sweep->grid->sigmas;
    struct apex_record_head head = {.draws = c->sweep->grid->draws,
                                    .classes = m->context->classes,
                                    .samples = u->count,
                                    .rank = c->sweep->grid->class_rank};
    struct apex_record_cell *cell = malloc(((size_t)u->cells + 1) * sizeof *cell);
    if (!cell)
        return -1;
    for (uint32_t k = 0; k < u->cells; k++)
        if (u->wanted[k]) {
            cell[head.cells].site_key = m->context->site[k / (uint32_t)sigmas].key;
            cell[head.cells++].sigma = c->sweep->grid->sigma[k % (uint32_t)sigmas];
        }
    memcpy(head.context, m->context->key, sizeof head.context);
    apex_record_put_head(record, &head, cell);
    free(cell);
    return 0;
}

/* Beside the runner of the model's cells: units of both kinds follow each other. */
static int run_response(struct compute *c, const struct apex_unit *u, struct bytes *record,
                        struct apex_error *err)
{
    const struct sweep_model *m = &c->sweep->model[u->model];
    if (take_model(c, (int)u->model, err))
        return -1;
    if (!c->response && !(c->response = compute_response_new(c->sweep, m, err)))
        return -1;
    return compute_response_unit(c->response, u, c->cancelled, record, err);
}

int compute_unit(struct compute *c, const struct apex_unit *u, struct bytes *record, struct apex_error *err)
{
    if (u->model >= (uint32_t)c->sweep->models)
        return apex_fail(err, "unit %u names model %u of %d", u->id, u->model, c->sweep->models);
    const struct sweep_model *m = &c->sweep->model[u->model];
    if (u->kind == APEX_UNIT_RESPONSE)
        return run_response(c, u, record, err);
    if (u->cells != (uint32_t)(m->sites * c->sweep->grid->sigmas) || u->first > m->context->samples ||
        u->count > m->context->samples - u->first)
        return apex_fail(err, "unit %u does not fit the grid of model '%s'", u->id, m->entry->name);
    if (take_model(c, (int)u->model, err))
        return -1;
    if (put_head(c, u, record))
        return apex_fail(err, "out of memory");
    for (uint32_t i = 0; i < u->count; i++)
        if (run_sample(c, u, u->first + i, record, err))
            return -1;
    return record->failed ? apex_fail(err, "out of memory") : 0;
}
