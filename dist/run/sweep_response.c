/* The part of a model's context that says which response the grid asks for. */
#include "core/response.h"
#include "core/sha256.h"
#include "dist/run/sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

float sweep_response_factor(const struct sweep_model *m)
{
    const float *scale = sweep_scale(m, m->response_source);
    return scale ? *scale : 1;
}

/* Raised when what a response record holds changes its meaning. */
static const int response_version = 1;

static void response_key(const struct sweep *s, const struct sweep_model *m, struct context_response *p)
{
    struct bytes b = {0};
    unsigned char digest[32];
    char text[128];
    int source = m->response_source;
    sweep_identity_text(&b, s, m);
    snprintf(text, sizeof text, "\nnoise %s%s\nseed %llu\nresponse %d\ndraws %u\ntile %d\n",
             apex_noise_name(s->grid->noise), s->grid->per_channel ? " per channel" : "",
             (unsigned long long)s->grid->seed, response_version, p->draws,
             apex_tile_rows(m->model, p->draws));
    bytes_put_text(&b, text);
    if (source < m->model->sites)
        bytes_put_u32(&b, (uint32_t)source);
    else /* its index depends on what else is asked for */
        bytes_put_text(&b, m->model->site[source].tensor);
    bytes_put_f32(&b, sweep_response_factor(m));
    sha256_of(b.data, b.size, digest);
    memcpy(p->key, digest, sizeof p->key);
    bytes_free(&b);
}

/* Spread over the selected samples; partners are far from each other, for data that is sorted by class, and
 * no two samples have the same (0.382: the golden section). */
static int choose_samples(const struct sweep *s, const struct sweep_model *m, struct context_response *p)
{
    uint64_t all = (uint64_t)m->data->samples, n = s->grid->response.samples;
    n = n < all ? n : all;
    uint64_t apart = n * 382 / 1000;
    p->samples = (uint32_t)n;
    p->sample = malloc(n * sizeof *p->sample);
    p->partner = malloc(n * sizeof *p->partner);
    if (!p->sample || !p->partner)
        return -1;
    for (uint64_t k = 0; k < n; k++) {
        uint64_t partner = (k + (apart ? apart : 1)) % n;
        p->sample[k] = m->data->index[k * all / n];
        p->partner[k] = m->data->index[partner * all / n];
    }
    return 0;
}

static int list_places(const struct sweep_model *m, struct context_response *p)
{
    int *place = malloc(((size_t)m->model->sites + 1) * sizeof *place);
    int n = place ? apex_response_places(m->model, m->response_source, place) : 0;
    p->place = calloc((size_t)n + 1, sizeof *p->place);
    int failed = !n || !p->place;
    for (int i = 0; !failed && i < n; i++) {
        struct context_place *to = &p->place[p->places++];
        to->index = place[i];
        to->name = strdup(apex_site_name(m->model, place[i]));
        to->elements = place[i] < 0 ? apex_shape_count(&m->model->input) : m->model->site[place[i]].elements;
        to->rms = m->rms ? (double)m->rms[place[i] + 1] : NAN;
        failed = !to->name;
    }
    free(place);
    return failed ? -1 : 0;
}

int sweep_identify_response(const struct sweep *s, struct sweep_model *m, struct apex_error *err)
{
    const struct grid_response *asked = &s->grid->response;
    struct context_response *p = &m->context->response;
    p->draws = asked->draws;
    p->factor = (double)sweep_response_factor(m);
    p->sigma = malloc((size_t)asked->sigmas * sizeof *p->sigma);
    if (!p->sigma || choose_samples(s, m, p) || list_places(m, p))
        return apex_fail(err, "out of memory");
    memcpy(p->sigma, asked->sigma, (size_t)asked->sigmas * sizeof *p->sigma);
    p->sigmas = (uint32_t)asked->sigmas;
    response_key(s, m, p);
    return 0;
}
