#include "dist/run/plan.h"

#include "core/response.h"

#include <stdlib.h>
#include <string.h>

/* About a quarter of a second to two seconds of work: long beside a message, short beside a time limit. */
static const double unit_flops_most = 2e10, unit_flops_least = 2e8;
static const uint32_t unit_samples_most = 256;

/* A normal costs about as much as these operations; it matters only for small networks. */
static const double flops_per_element = 40;

static double site_cost(const struct sweep_model *m, int site)
{
    int64_t elements = 0;
    if (site >= 0)
        elements = m->model->site[site].elements;
    else if (site == APEX_SITE_INPUT)
        elements = apex_shape_count(&m->model->input);
    for (int k = 0; site == APEX_SITE_ALL && k < m->model->sites; k++)
        elements += m->model->site[k].elements;
    return (double)apex_site_flops(m->model, site) + flops_per_element * (double)elements;
}

double plan_sample_flops(const struct sweep_model *m, const unsigned char *cells, int sigmas, uint32_t draws)
{
    uint32_t tile = (uint32_t)m->tile_rows;
    double rows = (double)((draws + tile - 1) / tile * tile), flops = (double)m->model->flops;
    for (int i = 0; i < m->sites; i++) {
        int n = 0;
        for (int k = 0; k < sigmas; k++)
            n += cells[(size_t)i * (size_t)sigmas + (size_t)k] != 0;
        flops += n * rows * site_cost(m, m->site[i]);
    }
    return flops;
}

/* 1 where the cell is wanted and not there yet. Returns how many. */
static uint32_t missing_cells(const struct done *d, uint32_t sample, unsigned char *cells)
{
    size_t width = (size_t)d->context->sites * d->context->sigmas;
    uint32_t n = 0;
    for (size_t k = 0; k < width; k++) {
        cells[k] = d->context->wanted[k] && !d->have[sample * width + k];
        n += cells[k];
    }
    return n;
}

static int add_unit(struct plan *p, enum apex_unit_kind kind, uint32_t model, uint32_t first, uint32_t count,
                    const unsigned char *cells, uint32_t width, double flops)
{
    if ((p->units & (p->units - 1)) == 0) {
        size_t room = p->units ? 2 * (size_t)p->units : 1;
        struct apex_unit *units = realloc(p->unit, room * sizeof *units);
        if (units)
            p->unit = units;
        double *cost = realloc(p->flops, room * sizeof *cost);
        if (cost)
            p->flops = cost;
        if (!units || !cost)
            return -1;
    }
    struct apex_unit *u = &p->unit[p->units];
    *u = (struct apex_unit){p->units, model, first, count, width, malloc(width), kind};
    if (!u->wanted)
        return -1;
    memcpy(u->wanted, cells, width);
    p->flops[p->units++] = flops;
    p->total_flops += flops;
    return 0;
}

/* One sample whose cells are too much for one unit: a unit for each run of sites. */
static int add_split_by_site(struct plan *p, const struct sweep *s, uint32_t model, uint32_t sample,
                             const unsigned char *cells, unsigned char *part, double most)
{
    const struct sweep_model *m = &s->model[model];
    int sigmas = s->grid->sigmas;
    uint32_t width = (uint32_t)(m->sites * sigmas);
    memset(part, 0, width);
    double flops = 0;
    for (int i = 0; i < m->sites; i++) {
        size_t at = (size_t)i * (size_t)sigmas;
        memcpy(part + at, cells + at, (size_t)sigmas);
        double with = plan_sample_flops(m, part, sigmas, s->grid->draws);
        if (with > most && flops > 0) {
            memset(part + at, 0, (size_t)sigmas);
            if (add_unit(p, APEX_UNIT_CELLS, model, sample, 1, part, width, flops))
                return -1;
            memset(part, 0, width);
            memcpy(part + at, cells + at, (size_t)sigmas);
            with = plan_sample_flops(m, part, sigmas, s->grid->draws);
        }
        flops = memchr(part, 1, width) ? with : 0;
    }
    return flops > 0 ? add_unit(p, APEX_UNIT_CELLS, model, sample, 1, part, width, flops) : 0;
}

/* The last quarter of the work is cut into units of a quarter of the size, so that no rank waits long for the
 * others at the end (tests/bench/scaling.py: 5 to 9 % of the time of a long run). */
struct unit_size {
    double most, total;
};

static double size_now(const struct plan *p, const struct unit_size *size)
{
    double most = p->total_flops < 0.75 * size->total ? size->most : size->most / 4;
    return most > unit_flops_least ? most : unit_flops_least;
}

/* Runs of neighbouring samples that miss the same cells become units of about that size. */
static int plan_model(struct plan *p, const struct sweep *s, uint32_t model, const struct done *d,
                      const struct unit_size *size, unsigned char *cells, unsigned char *other)
{
    const struct sweep_model *m = &s->model[model];
    uint32_t width = d->context->sites * d->context->sigmas, samples = d->context->samples;
    for (uint32_t first = 0, count; first < samples; first += count) {
        count = 1;
        uint32_t n = missing_cells(d, first, cells);
        if (!n)
            continue;
        double each = plan_sample_flops(m, cells, s->grid->sigmas, s->grid->draws);
        double most = size_now(p, size), room = most / each;
        uint32_t limit = room < 1 ? 1 : room > unit_samples_most ? unit_samples_most : (uint32_t)room;
        while (count < limit && first + count < samples && missing_cells(d, first + count, other) == n &&
               !memcmp(cells, other, width))
            count++;
        p->cells += (uint64_t)n * count;
        int failed = each > 2 * most
                         ? add_split_by_site(p, s, model, first, cells, other, most)
                         : add_unit(p, APEX_UNIT_CELLS, model, first, count, cells, width, each * count);
        if (failed)
            return -1;
    }
    return 0;
}

double plan_response_flops(const struct sweep_model *m, int sigmas)
{
    return apex_response_flops(m->model, m->response_source, m->context->response.draws, sigmas);
}

/* 1 where the scale of the response is not there yet. Returns how many. */
static int missing_scales(const struct done *d, uint32_t sample, unsigned char *scales)
{
    uint32_t n = 0, width = d->context->response.sigmas;
    for (uint32_t k = 0; k < width; k++)
        n += scales[k] = !d->response[(size_t)sample * width + k];
    return (int)n;
}

/* As plan_model, for the response. */
static int plan_response(struct plan *p, const struct sweep *s, uint32_t model, const struct done *d,
                         double most, unsigned char *scales, unsigned char *other)
{
    uint32_t width = d->context->response.sigmas, samples = d->context->response.samples;
    for (uint32_t first = 0, count; first < samples; first += count) {
        count = 1;
        int n = missing_scales(d, first, scales);
        if (!n)
            continue;
        double each = plan_response_flops(&s->model[model], n);
        while (each * (count + 1) <= most && first + count < samples &&
               missing_scales(d, first + count, other) == n && !memcmp(scales, other, width))
            count++;
        if (add_unit(p, APEX_UNIT_RESPONSE, model, first, count, scales, width, each * count))
            return -1;
    }
    return 0;
}

static double missing_flops(const struct sweep *s, const struct done *done, uint32_t model,
                            unsigned char *cells)
{
    double flops = 0;
    for (uint32_t i = 0; i < done[model].context->samples; i++)
        if (missing_cells(&done[model], i, cells))
            flops += plan_sample_flops(&s->model[model], cells, s->grid->sigmas, s->grid->draws);
    for (uint32_t i = 0; i < done[model].context->response.samples; i++) {
        int n = missing_scales(&done[model], i, cells);
        flops += n ? plan_response_flops(&s->model[model], n) : 0;
    }
    return flops;
}

int plan_build(struct plan *p, const struct sweep *s, const struct done *done, int ranks,
               struct apex_error *err)
{
    memset(p, 0, sizeof *p);
    size_t widest = 1;
    for (int k = 0; k < s->models; k++) {
        size_t width = (size_t)done[k].context->sites * done[k].context->sigmas;
        widest = width > widest ? width : widest;
        width = done[k].context->response.sigmas;
        widest = width > widest ? width : widest;
    }
    unsigned char *cells = malloc(2 * widest);
    double total = 0;
    for (int k = 0; cells && k < s->models; k++)
        total += missing_flops(s, done, (uint32_t)k, cells);
    double most = total / (16.0 * ranks); /* enough units for every rank to end at about the same time */
    most = most > unit_flops_most ? unit_flops_most : most < unit_flops_least ? unit_flops_least : most;
    const struct unit_size size = {most, total};
    int failed = !cells;
    for (int k = 0; !failed && k < s->models; k++)
        failed = plan_model(p, s, (uint32_t)k, &done[k], &size, cells, cells + widest) ||
                 plan_response(p, s, (uint32_t)k, &done[k], most, cells, cells + widest);
    p->draws = p->cells * s->grid->draws;
    free(cells);
    if (!failed)
        return 0;
    plan_free(p);
    return apex_fail(err, "no memory for the plan");
}

void plan_free(struct plan *p)
{
    for (uint32_t k = 0; k < p->units; k++)
        apex_unit_free(&p->unit[k]);
    free(p->unit);
    free(p->flops);
    memset(p, 0, sizeof *p);
}
