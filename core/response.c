#include "core/response.h"

#include "core/flops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t kept_default = (size_t)256 << 20;

struct apex_response {
    const struct apex_model *model;
    struct apex_runner *runner;
    int tile, draws, places;
    int *place;
    int64_t *elements, total; /* of each place; of all */
    float *partner;           /* [total] its clean activations */
    float *kept, **to;        /* room for differences; [places] where those of the next tile go, or NULL */
    int64_t room;             /* floats of kept */
    double *gram;
    float *logits;
};

static int64_t place_elements(const struct apex_model *m, int place)
{
    return place == APEX_SITE_INPUT ? apex_shape_count(&m->input) : m->site[place].elements;
}

int apex_response_places(const struct apex_model *m, int source, int *place)
{
    const struct graph *g = m->graph;
    unsigned char *every = malloc((size_t)g->nodes + 1), *reached = calloc((size_t)g->values + 1, 1);
    int count = 0;
    if (every && reached) {
        memset(every, 1, (size_t)g->nodes + 1);
        reached[source == APEX_SITE_INPUT ? g->input : m->site[source].value] = 1;
        flops_downstream(g, every, reached);
        place[count++] = source;
        for (int k = 0; k < m->sites; k++)
            if (k != source && reached[m->site[k].value])
                place[count++] = k;
    }
    free(every);
    free(reached);
    return count;
}

/* Room for as many places at a time as fit, and for the largest in any case. */
static int allocate(struct apex_response *r, size_t kept_bytes, struct apex_error *err)
{
    int64_t largest = 0;
    r->elements = calloc((size_t)r->places, sizeof *r->elements);
    r->to = calloc((size_t)r->places, sizeof *r->to);
    for (int p = 0; r->elements && p < r->places; p++) {
        r->elements[p] = place_elements(r->model, r->place[p]);
        r->total += r->elements[p];
        largest = r->elements[p] > largest ? r->elements[p] : largest;
    }
    int64_t most = (int64_t)((kept_bytes ? kept_bytes : kept_default) / sizeof(float)) / r->draws;
    r->room = r->draws * (r->total < most ? r->total : largest > most ? largest : most);
    r->kept = malloc((size_t)r->room * sizeof *r->kept);
    r->partner = malloc((size_t)r->total * sizeof *r->partner);
    r->gram = malloc((size_t)r->draws * (size_t)r->draws * sizeof *r->gram);
    r->logits = malloc((size_t)r->model->classes * sizeof *r->logits);
    if (!r->elements || !r->to || !r->kept || !r->partner || !r->gram || !r->logits)
        return apex_fail(err, "%s: no memory for the response of %d draws", r->model->graph->source,
                         r->draws);
    return 0;
}

struct apex_response *apex_response_new(const struct apex_model *m, const char *kernels, int source,
                                        uint32_t draws, const struct apex_noise *noise, size_t kept_bytes,
                                        struct apex_error *err)
{
    if (source < APEX_SITE_INPUT || source >= apex_site_count(m) || draws < APEX_SPREAD_LEAST ||
        draws > APEX_RESPONSE_DRAWS) {
        apex_fail(err, "%s: no response to noise at site %d with %u draws", m->graph->source, source, draws);
        return NULL;
    }
    struct apex_response *r = calloc(1, sizeof *r);
    if (r)
        r->place = malloc(((size_t)m->sites + 1) * sizeof *r->place);
    if (!r || !r->place || !(r->places = apex_response_places(m, source, r->place))) {
        apex_fail(err, "%s: no memory", m->graph->source);
        apex_response_free(r);
        return NULL;
    }
    r->model = m;
    r->draws = (int)draws;
    r->tile = apex_tile_rows(m, draws);
    r->runner = apex_runner_new_probed(m, kernels, source, r->place, r->places, r->tile, noise, err);
    if (!r->runner || allocate(r, kept_bytes, err)) {
        apex_response_free(r);
        return NULL;
    }
    return r;
}

void apex_response_free(struct apex_response *r)
{
    if (!r)
        return;
    apex_runner_free(r->runner);
    free(r->place);
    free(r->elements);
    free(r->partner);
    free(r->kept);
    free(r->to);
    free(r->gram);
    free(r->logits);
    free(r);
}

int apex_response_count(const struct apex_response *r)
{
    return r->places;
}

size_t apex_response_bytes(const struct apex_response *r)
{
    return apex_runner_bytes(r->runner) + (size_t)(r->room + r->total) * sizeof(float);
}

/* The clean pass of the sample comes last: passes under noise need its activations. */
static void run_clean(struct apex_response *r, const float *sample, const float *partner,
                      struct apex_response_clean *clean)
{
    float *b = r->partner;
    apex_runner_clean(r->runner, partner, r->logits);
    for (int p = 0; p < r->places; b += r->elements[p++])
        memcpy(b, apex_runner_activation(r->runner, p), (size_t)r->elements[p] * sizeof *b);
    apex_runner_clean(r->runner, sample, r->logits);
    b = r->partner;
    for (int p = 0; p < r->places; b += r->elements[p++]) {
        const float *a = apex_runner_activation(r->runner, p);
        double square = 0, apart = 0;
        for (int64_t i = 0; i < r->elements[p]; i++) {
            double d = (double)a[i] - (double)b[i];
            square += (double)a[i] * (double)a[i];
            apart += d * d;
        }
        clean[p] =
            (struct apex_response_clean){square / (double)r->elements[p], apart / 2 / (double)r->elements[p]};
    }
}

/* Places first .. the returned one - 1 fit into the room together. */
static int take_places(struct apex_response *r, int first, float **kept)
{
    int64_t used = 0;
    int p = first;
    for (; p < r->places && used + r->draws * r->elements[p] <= r->room; p++) {
        kept[p] = r->kept + used;
        used += r->draws * r->elements[p];
    }
    return p;
}

/* All draws of one scale, tile by tile, for some of the places. */
static void run_draws(struct apex_response *r, int first, int last, float *const *kept, uint32_t index,
                      float factor, double sigma)
{
    for (int draw = 0; draw < r->draws; draw += r->tile) {
        int n = r->draws - draw < r->tile ? r->draws - draw : r->tile;
        for (int p = 0; p < r->places; p++)
            r->to[p] = p < first || p >= last ? NULL : kept[p] + draw * r->elements[p];
        apex_runner_differences(r->runner, &factor, sigma, index, (uint32_t)draw, n, r->to);
    }
}

static int summarise(struct apex_response *r, int p, const float *kept, struct apex_response_noise *noise,
                     struct apex_error *err)
{
    struct apex_spread s;
    const double n = (double)r->elements[p];
    apex_spread_of(kept, r->draws, r->elements[p], r->gram, &s);
    *noise = (struct apex_response_noise){s.energy / n, s.shift / n, s.rank};
    return isfinite(s.energy) ? 0
                              : apex_fail(err, "the response at site %s is not a number",
                                          apex_site_name(r->model, r->place[p]));
}

int apex_response_sample(struct apex_response *r, const float *sample, const float *partner, uint32_t index,
                         float factor, const double *sigma, int sigmas, struct apex_response_clean *clean,
                         struct apex_response_noise *noise, struct apex_error *err)
{
    float *kept[r->places];
    run_clean(r, sample, partner, clean);
    for (int k = 0; k < sigmas; k++)
        for (int first = 0, last; first < r->places; first = last) {
            last = take_places(r, first, kept);
            run_draws(r, first, last, kept, index, factor, sigma[k]);
            for (int p = first; p < last; p++)
                if (summarise(r, p, kept[p], &noise[(size_t)k * (size_t)r->places + (size_t)p], err))
                    return apex_fail_in(err, "sample %u, sigma %g", index, sigma[k]);
        }
    return 0;
}

double apex_response_flops(const struct apex_model *m, int source, uint32_t draws, int sigmas)
{
    int tile = apex_tile_rows(m, draws);
    double rows = ((double)draws + tile - 1) / tile * tile, elements = (double)place_elements(m, source);
    for (int k = 0; k < m->sites; k++)
        elements += (double)m->site[k].elements;
    double pairs = (double)draws * (draws + 1) / 2;
    return 2 * (double)m->flops + sigmas * (rows * (double)apex_site_flops(m, source) + 2 * pairs * elements);
}
