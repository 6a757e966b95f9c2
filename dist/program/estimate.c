#include "dist/program/estimate.h"

#include "dist/run/compute.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Of three times the same unit. < 0: err. */
static double median_seconds(struct compute *c, const struct apex_unit *u, struct bytes *record,
                             struct apex_error *err)
{
    double took[3];
    for (int k = 0; k < 3; k++) {
        bytes_clear(record);
        double start = cpu_seconds();
        if (compute_unit(c, u, record, err))
            return -1;
        took[k] = cpu_seconds() - start;
    }
    double low = fmin(took[0], took[1]), high = fmax(took[0], took[1]);
    return fmax(low, fmin(high, took[2]));
}

/* Seconds for a predicted flop, measured on the first sample with every site and as many scales as take about
 * a second in all. -1: err. */
static double measure_rate(const struct sweep *s, int model, double *flops, struct apex_error *err)
{
    const struct sweep_model *m = &s->model[model];
    const int sigmas = s->grid->sigmas;
    uint32_t width = (uint32_t)(m->sites * sigmas);
    struct apex_unit u = {0, (uint32_t)model, 0, 1, width, calloc(width, 1), APEX_UNIT_CELLS};
    struct compute *c = u.wanted ? compute_new(s, NULL, err) : NULL;
    struct bytes record = {0};
    double rate = -1;
    for (int k = 0; u.wanted && k < sigmas; k++) {
        for (int i = 0; i < m->sites; i++)
            u.wanted[i * sigmas + k] = 1;
        *flops = plan_sample_flops(m, u.wanted, sigmas, s->grid->draws);
        if (*flops > 1e10)
            break;
    }
    if (c && !compute_unit(c, &u, &record, err)) /* warms caches and makes the runner */
        rate = median_seconds(c, &u, &record, err) / *flops;
    bytes_free(&record);
    compute_free(c);
    apex_unit_free(&u);
    return rate;
}

/* Of a rank beside the work memory: the program, its libraries and MPI's buffers. */
static const double rank_overhead = 50e6;

/* About what a cell of one sample takes: mean margin, stay bits, two or three classes. */
static double journal_bytes(const struct done *d, uint32_t draws)
{
    return (double)(d->wanted - d->count) * (4 + (draws + 7) / 8 + 2 + 6 * 2.5) +
           (double)(d->response_wanted - d->response_count) * d->context->response.places * 40;
}

/* The models as every rank has loaded them, before any kernel prepared their weights. */
static double model_bytes(const struct sweep *s)
{
    double bytes = 0;
    for (int k = 0; k < s->models; k++) {
        const struct graph *g = s->model[k].model->graph;
        for (int v = 0; v < g->values; v++) {
            const struct apex_tensor *t = g->value[v].constant;
            bytes += t ? (double)apex_shape_count(&t->shape) * (double)apex_type_size(t->type) : 0;
        }
    }
    return bytes;
}

static int estimate_model(struct estimate *e, const struct sweep *s, int k, const struct done *d,
                          struct apex_error *err)
{
    const struct sweep_model *m = &s->model[k];
    double measured = 0, rate = measure_rate(s, k, &measured, err);
    e->bytes[k] = rate < 0 ? 0 : compute_bytes(s, m, err);
    if (!e->bytes[k])
        return -1;
    double flops = plan_sample_flops(m, m->wanted, s->grid->sigmas, s->grid->draws) * m->context->samples;
    double share = d->wanted ? 1 - (double)d->count / (double)d->wanted : 0;
    const struct context_response *p = &m->context->response;
    double response = p->samples ? plan_response_flops(m, (int)p->sigmas) * p->samples : 0;
    double left = d->response_wanted ? 1 - (double)d->response_count / (double)d->response_wanted : 0;
    e->tflop[k] = (flops + response) * 1e-12;
    e->seconds[k] = (flops * share + response * left) * rate;
    e->all_seconds += e->seconds[k];
    e->journal += journal_bytes(d, s->grid->draws);
    e->rank_bytes = fmax(e->rank_bytes, (double)e->bytes[k]);
    return 0;
}

void estimate_free(struct estimate *e)
{
    plan_free(&e->plan);
    free(e->seconds);
    free(e->tflop);
    free(e->bytes);
}

int estimate_make(struct estimate *e, const struct sweep *s, const struct team *t, const struct done *done,
                  double ranks, struct apex_error *err)
{
    *e = (struct estimate){.shared = (double)team_traffic(t).shared};
    if (plan_build(&e->plan, s, done, (int)ranks, err))
        return -1;
    e->seconds = calloc((size_t)s->models, sizeof *e->seconds);
    e->tflop = calloc((size_t)s->models, sizeof *e->tflop);
    e->bytes = calloc((size_t)s->models, sizeof *e->bytes);
    int outcome = e->seconds && e->tflop && e->bytes ? 0 : apex_fail(err, "out of memory");
    for (int k = 0; !outcome && k < s->models; k++)
        outcome = estimate_model(e, s, k, &done[k], err);
    e->rank_bytes += model_bytes(s) + rank_overhead;
    if (outcome)
        estimate_free(e);
    return outcome;
}

double estimate_seconds(const struct estimate *e, double ranks)
{
    double usable = e->plan.units < ranks ? e->plan.units : ranks;
    return usable > 0 ? e->all_seconds / usable : 0;
}
