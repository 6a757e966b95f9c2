#include "dist/results/results.h"
#include "core/escape.h"
#include "dist/results/record_map.h"
#include "dist/results/results_response.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t stay_bytes(const struct results *r)
{
    return ((size_t)r->context->draws + 7) / 8;
}

static size_t at(const struct results *r, uint32_t site, uint32_t sigma, uint32_t sample)
{
    return ((size_t)site * r->context->sigmas + sigma) * r->context->samples + sample;
}

static unsigned char *stay_at(const struct results *r, uint32_t site, uint32_t sigma, uint32_t sample)
{
    const struct context *c = r->context;
    return r->stay + (((size_t)site * c->samples + sample) * c->sigmas + sigma) * stay_bytes(r);
}

/* Zeroed room for the product of the sizes; *failed on overflow or no memory. */
static void *room(int *failed, size_t element, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    uint64_t ab, cd, n;
    void *p = NULL;
    if (!__builtin_mul_overflow(a, b, &ab) && !__builtin_mul_overflow(c, d, &cd) &&
        !__builtin_mul_overflow(ab, cd, &n) && n <= SIZE_MAX / element)
        p = calloc((size_t)n, element);
    if (!p)
        *failed = 1;
    return p;
}

/* One (site, sample) over all scales. */
struct results_curve {
    const unsigned char **stay;
    uint32_t *mode_class, *stay_count;
    unsigned char *have;
};

static struct results_curve *curve_new(uint32_t sigmas)
{
    struct results_curve *v = calloc(1, sizeof *v + (size_t)sigmas * (sizeof *v->stay + 4 + 4 + 1));
    if (!v)
        return NULL;
    v->stay = (const unsigned char **)(v + 1);
    v->mode_class = (uint32_t *)(v->stay + sigmas);
    v->stay_count = v->mode_class + sigmas;
    v->have = (unsigned char *)(v->stay_count + sigmas);
    return v;
}

static int make_arrays(struct results *r)
{
    const struct context *c = r->context;
    const uint32_t sites = c->sites, sigmas = c->sigmas, samples = c->samples, classes = c->classes;
    int failed = 0;
    r->done = room(&failed, 1, sites, sigmas, samples, 1);
    r->clean_done = room(&failed, 1, samples, 1, 1, 1);
    r->clean_margin = room(&failed, sizeof(float), samples, 1, 1, 1);
    r->clean_loss = room(&failed, sizeof(float), samples, 1, 1, 1);
    r->mean_margin = room(&failed, sizeof(float), sites, sigmas, samples, 1);
    uint32_t **of_sample[] = {&r->clean_class, &r->clean_second};
    for (size_t i = 0; i < 2; i++)
        *of_sample[i] = room(&failed, sizeof(uint32_t), samples, 1, 1, 1);
    uint32_t **of_cell[] = {&r->stay_count, &r->mode_class, &r->mode_count, &r->second_class,
                            &r->second_count};
    for (size_t i = 0; i < 5; i++)
        *of_cell[i] = room(&failed, sizeof(uint32_t), sites, sigmas, samples, 1);
    if (c->class_count)
        r->class_count = room(&failed, sizeof(uint32_t), sites, sigmas, samples, classes);
    r->class_total = room(&failed, sizeof(uint64_t), sites, sigmas, classes, 1);
    if (c->class_rank)
        r->rank_total = room(&failed, sizeof(uint64_t), sites, sigmas, classes, 1);
    if (classes <= RESULTS_TRANSITION_CLASSES)
        r->transition_count = room(&failed, sizeof(uint64_t), sites, sigmas, classes, classes);
    r->stay = room(&failed, stay_bytes(r), sites, samples, sigmas, 1);
    double **escape[] = {&r->escape_mode, &r->escape_half, &r->escape_first_flip};
    for (size_t i = 0; i < 3; i++)
        *escape[i] = room(&failed, sizeof(double), sites, samples, 1, 1);
    r->first_flip_count = room(&failed, sizeof(uint32_t), sites, samples, 1, 1);
    r->curve = curve_new(sigmas);
    failed |= results_response_init(&r->response, &c->response);
    return failed || !r->curve ? -1 : 0;
}

struct results *results_new(const struct context *c, struct apex_error *err)
{
    if (!c->samples || !c->sites || !c->sigmas || !c->classes || !c->draws) {
        apex_fail(err, "model '%s': a grid of %u samples, %u sites, %u sigmas, %u draws has no results",
                  c->name, c->samples, c->sites, c->sigmas, c->draws);
        return NULL;
    }
    struct results *r = calloc(1, sizeof *r);
    if (r)
        r->context = c;
    if (!r || make_arrays(r) != 0) {
        apex_fail(err, "model '%s': no memory for %u sites x %u sigmas x %u samples%s", c->name, c->sites,
                  c->sigmas, c->samples, c->class_count ? " with class counts" : "");
        results_free(r);
        return NULL;
    }
    for (size_t i = 0; i < (size_t)c->sites * c->sigmas; i++)
        r->wanted += c->wanted[i] ? c->samples : 0;
    return r;
}

void results_free(struct results *r)
{
    if (!r)
        return;
    void *owned[] = {r->done,         r->clean_done,   r->clean_class,       r->clean_second,
                     r->clean_margin, r->clean_loss,   r->stay_count,        r->mode_class,
                     r->mode_count,   r->second_class, r->second_count,      r->mean_margin,
                     r->class_count,  r->class_total,  r->transition_count,  r->stay,
                     r->escape_mode,  r->escape_half,  r->escape_first_flip, r->first_flip_count,
                     r->rank_total,   r->curve};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        free(owned[i]);
    results_response_free(&r->response);
    free(r);
}

static void add_sample(void *user, uint32_t i, const struct apex_record_sample *s)
{
    struct results *r = user;
    if (r->clean_done[i])
        return;
    r->clean_done[i] = 1;
    r->clean_class[i] = s->clean_class;
    r->clean_second[i] = s->clean_second;
    r->clean_margin[i] = s->clean_margin;
    r->clean_loss[i] = s->clean_loss;
}

/* The two classes with most draws, the lower one first on ties. */
static void add_top_two(struct results *r, size_t k, const struct apex_tally *t)
{
    uint32_t first = 0, second = RESULTS_NO_CLASS;
    for (uint32_t c = 1; c < t->classes; c++)
        if (t->count[c] > t->count[first])
            first = c;
    for (uint32_t c = 0; c < t->classes; c++)
        if (c != first && t->count[c] > (second == RESULTS_NO_CLASS ? 0 : t->count[second]))
            second = c;
    r->mode_class[k] = first;
    r->mode_count[k] = t->count[first];
    r->second_class[k] = second;
    r->second_count[k] = second == RESULTS_NO_CLASS ? 0 : t->count[second];
}

static void add_cell(void *user, uint32_t site, uint32_t sigma, uint32_t sample, const struct apex_tally *t,
                     float mean_margin)
{
    struct results *r = user;
    const size_t k = at(r, site, sigma, sample), classes = t->classes;
    if (r->done[k])
        return;
    r->done[k] = 1;
    r->have++;
    r->stay_count[k] = t->count[t->clean_class];
    r->mean_margin[k] = mean_margin;
    add_top_two(r, k, t);
    memcpy(stay_at(r, site, sigma, sample), t->stay, stay_bytes(r));
    if (r->class_count)
        memcpy(r->class_count + k * classes, t->count, classes * sizeof *t->count);
    const size_t cell = (size_t)site * r->context->sigmas + sigma;
    for (size_t c = 0; c < classes; c++) {
        r->class_total[cell * classes + c] += t->count[c];
        if (r->rank_total)
            r->rank_total[cell * classes + c] += apex_tally_rank(t, (uint32_t)c);
        if (r->transition_count)
            r->transition_count[(cell * classes + t->clean_class) * classes + c] += t->count[c];
    }
}

int results_add(struct results *r, const void *record, size_t size, struct apex_error *err)
{
    const struct record_reader to = {.user = r, .sample = add_sample, .cell = add_cell};
    return record_read(r->context, record, size, &to, err) < 0 ? -1 : 0;
}

/* Whether every wanted scale is there; at least one is wanted. */
static int is_complete(const struct results *r, uint32_t site, uint32_t sample)
{
    const struct context *c = r->context;
    uint32_t wanted = 0;
    for (uint32_t s = 0; s < c->sigmas; s++) {
        if (!c->wanted[(size_t)site * c->sigmas + s])
            continue;
        wanted++;
        if (!r->done[at(r, site, s, sample)])
            return 0;
    }
    return wanted > 0;
}

static void find_escape(struct results *r, uint32_t site, uint32_t sample, struct results_curve *v)
{
    const struct context *c = r->context;
    const size_t k = (size_t)site * c->samples + sample;
    const int n = (int)c->sigmas;
    r->escape_mode[k] = r->escape_half[k] = r->escape_first_flip[k] = NAN;
    r->first_flip_count[k] = 0;
    if (!is_complete(r, site, sample))
        return;
    for (uint32_t s = 0; s < c->sigmas; s++) {
        const size_t i = at(r, site, s, sample);
        v->have[s] = r->done[i];
        v->mode_class[s] = r->mode_class[i];
        v->stay_count[s] = r->stay_count[i];
        v->stay[s] = stay_at(r, site, s, sample);
    }
    r->escape_mode[k] = apex_escape_mode(c->sigma, n, v->have, v->mode_class, r->clean_class[sample]);
    r->escape_half[k] = apex_escape_half(c->sigma, n, v->have, v->stay_count, c->draws);
    r->escape_first_flip[k] =
        apex_escape_first_flip(c->sigma, n, v->have, v->stay, c->draws, &r->first_flip_count[k]);
}

void results_finish(struct results *r)
{
    for (uint32_t site = 0; site < r->context->sites; site++)
        for (uint32_t sample = 0; sample < r->context->samples; sample++)
            find_escape(r, site, sample, r->curve);
    results_response_finish(r);
}

enum results_status results_escape_status(const struct results *r, uint32_t site, uint32_t sample)
{
    if (!is_complete(r, site, sample))
        return RESULTS_INCOMPLETE;
    return isnan(r->escape_mode[(size_t)site * r->context->samples + sample]) ? RESULTS_CENSORED
                                                                              : RESULTS_ESCAPED;
}
