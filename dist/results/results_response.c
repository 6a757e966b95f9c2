#include "dist/results/results_response.h"
#include "dist/results/response_record.h"

#include <math.h>
#include <stdlib.h>

/* Sizes are those of a context, which was read or made as a whole: their products fit. */
int results_response_init(struct results_response *p, const struct context_response *c)
{
    const size_t scales = (size_t)c->sigmas * c->samples, clean = (size_t)c->places * c->samples;
    p->wanted = scales;
    p->done = calloc(scales + 1, 1);
    p->clean_done = calloc((size_t)c->samples + 1, 1);
    p->clean_square = calloc(clean + 1, sizeof *p->clean_square);
    p->clean_variance = calloc(clean + 1, sizeof *p->clean_variance);
    p->energy = calloc(clean * c->sigmas + 1, sizeof *p->energy);
    p->shift = calloc(clean * c->sigmas + 1, sizeof *p->shift);
    p->rank = calloc(clean * c->sigmas + 1, sizeof *p->rank);
    p->share = calloc((size_t)c->sigmas * c->places + 1, sizeof *p->share);
    return p->done && p->clean_done && p->clean_square && p->clean_variance && p->energy && p->shift &&
                   p->rank && p->share
               ? 0
               : -1;
}

void results_response_free(struct results_response *p)
{
    void *owned[] = {p->done,   p->clean_done, p->clean_square, p->clean_variance,
                     p->energy, p->shift,      p->rank,         p->share};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        free(owned[i]);
}

static void add(void *user, uint32_t i, uint32_t k, const struct apex_response_clean *clean,
                const struct apex_response_noise *noise)
{
    struct results *r = user;
    struct results_response *p = &r->response;
    const uint32_t samples = r->context->response.samples, places = r->context->response.places;
    if (p->done[k * samples + i])
        return;
    p->done[k * samples + i] = 1;
    p->have++;
    for (uint32_t l = 0; l < places; l++) {
        const size_t at = ((size_t)k * places + l) * samples + i, of_sample = (size_t)l * samples + i;
        p->energy[at] = noise[l].energy;
        p->shift[at] = noise[l].shift;
        p->rank[at] = noise[l].rank;
        p->clean_square[of_sample] = clean[l].square;
        p->clean_variance[of_sample] = clean[l].variance;
    }
    p->clean_done[i] = 1;
}

int results_add_response(struct results *r, const void *record, size_t size, struct apex_error *err)
{
    return response_record_read(r->context, record, size, add, r, err) < 0 ? -1 : 0;
}

/* Variance over draws, mean over the samples that are there, of that plus the variance over samples. */
static double share_at(const struct results *r, uint32_t k, uint32_t place)
{
    const struct results_response *p = &r->response;
    const struct context_response *c = &r->context->response;
    double noise = 0, clean = 0;
    for (uint32_t i = 0; i < c->samples; i++) {
        const size_t at = ((size_t)k * c->places + place) * c->samples + i;
        if (!p->done[(size_t)k * c->samples + i])
            continue;
        noise += p->energy[at] - p->shift[at];
        clean += p->clean_variance[(size_t)place * c->samples + i];
    }
    return c->samples > 1 && noise + clean > 0 ? noise / (noise + clean) : NAN;
}

void results_response_finish(struct results *r)
{
    const struct context_response *c = &r->context->response;
    for (uint32_t k = 0; k < c->sigmas; k++)
        for (uint32_t place = 0; place < c->places; place++)
            r->response.share[(size_t)k * c->places + place] = share_at(r, k, place);
}

void results_response_digest(const struct results *r, struct sha256 *h)
{
    const struct context_response *c = &r->context->response;
    const struct results_response *p = &r->response;
    const size_t clean = (size_t)c->places * c->samples * sizeof(double);
    if (!c->samples)
        return;
    sha256_add(h, p->done, (size_t)c->sigmas * c->samples);
    sha256_add(h, p->clean_square, clean);
    sha256_add(h, p->clean_variance, clean);
    sha256_add(h, p->energy, clean * c->sigmas);
    sha256_add(h, p->shift, clean * c->sigmas);
    sha256_add(h, p->rank, clean * c->sigmas);
}
