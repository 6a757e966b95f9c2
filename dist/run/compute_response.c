#include "dist/run/compute_response.h"

#include "core/response.h"
#include "dist/results/response_record.h"

#include <stdlib.h>

struct compute_response {
    const struct sweep_model *m;
    struct apex_response *response;
    float *sample, *partner;
    double *sigma;
    struct apex_response_clean *clean; /* [places] */
    struct apex_response_noise *noise; /* [sigmas][places] */
};

static struct apex_response *make(const struct sweep *s, const struct sweep_model *m, struct apex_error *err)
{
    const struct apex_noise noise = {
        .kind = s->grid->noise, .seed = s->grid->seed, .per_channel = s->grid->per_channel};
    struct apex_error cause;
    struct apex_response *r = apex_response_new(m->model, s->kernels, m->response_source,
                                                s->grid->response.draws, &noise, 0, &cause);
    if (!r)
        grid_fail(s->grid, m->entry->mark, err, "model '%s': %s", m->entry->name, cause.text);
    return r;
}

size_t compute_response_bytes(const struct sweep *s, const struct sweep_model *m, struct apex_error *err)
{
    struct apex_response *r = make(s, m, err);
    size_t bytes = r ? apex_response_bytes(r) : 0;
    apex_response_free(r);
    return bytes;
}

struct compute_response *compute_response_new(const struct sweep *s, const struct sweep_model *m,
                                              struct apex_error *err)
{
    struct compute_response *r = calloc(1, sizeof *r);
    if (!r) {
        apex_fail(err, "out of memory");
        return NULL;
    }
    r->m = m;
    if (!(r->response = make(s, m, err))) {
        free(r);
        return NULL;
    }
    size_t places = (size_t)apex_response_count(r->response), sigmas = (size_t)s->grid->response.sigmas;
    r->sample = malloc((size_t)m->data->elements * sizeof *r->sample);
    r->partner = malloc((size_t)m->data->elements * sizeof *r->partner);
    r->sigma = malloc(sigmas * sizeof *r->sigma);
    r->clean = malloc(places * sizeof *r->clean);
    r->noise = malloc(sigmas * places * sizeof *r->noise);
    if (r->sample && r->partner && r->sigma && r->clean && r->noise)
        return r;
    compute_response_free(r);
    apex_fail(err, "out of memory");
    return NULL;
}

void compute_response_free(struct compute_response *r)
{
    if (!r)
        return;
    apex_response_free(r->response);
    free(r->sample);
    free(r->partner);
    free(r->sigma);
    free(r->clean);
    free(r->noise);
    free(r);
}

static int run_sample(struct compute_response *r, uint32_t at, uint32_t sigmas, struct bytes *record,
                      struct apex_error *err)
{
    const struct context_response *p = &r->m->context->response;
    dataset_sample(r->m->data, context_find_sample(r->m->context, p->sample[at]), r->sample);
    dataset_sample(r->m->data, context_find_sample(r->m->context, p->partner[at]), r->partner);
    if (apex_response_sample(r->response, r->sample, r->partner, p->sample[at], (float)p->factor, r->sigma,
                             (int)sigmas, r->clean, r->noise, err))
        return apex_fail_in(err, "model '%s'", r->m->entry->name);
    response_record_put_sample(record, p, sigmas, p->sample[at], p->partner[at], r->clean, r->noise);
    return 0;
}

int compute_response_unit(struct compute_response *r, const struct apex_unit *u, atomic_int *cancelled,
                          struct bytes *record, struct apex_error *err)
{
    const struct context_response *p = &r->m->context->response;
    uint32_t sigmas = 0;
    if (u->cells != p->sigmas || u->first > p->samples || u->count > p->samples - u->first)
        return apex_fail(err, "unit %u does not fit the response of model '%s'", u->id, r->m->entry->name);
    for (uint32_t k = 0; k < u->cells; k++)
        if (u->wanted[k])
            r->sigma[sigmas++] = p->sigma[k];
    response_record_put_head(record, p, r->sigma, sigmas, u->count);
    for (uint32_t i = 0; i < u->count; i++) {
        if (cancelled && atomic_load(cancelled))
            return apex_fail(err, "cancelled");
        if (run_sample(r, u->first + i, sigmas, record, err))
            return -1;
    }
    return record->failed ? apex_fail(err, "out of memory") : 0;
}
