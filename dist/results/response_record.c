#include "dist/results/response_record.h"

#include <stdlib.h>
#include <string.h>

enum { CLEAN_BYTES = 16, NOISE_BYTES = 24 };

void response_record_put_head(struct bytes *out, const struct context_response *p, const double *sigma,
                              uint32_t sigmas, uint32_t samples)
{
    bytes_put_u32(out, RESPONSE_RECORD_VERSION);
    bytes_put(out, p->key, sizeof p->key);
    bytes_put_u32(out, p->places);
    bytes_put_u32(out, sigmas);
    bytes_put_u32(out, samples);
    for (uint32_t k = 0; k < sigmas; k++)
        bytes_put_f64(out, sigma[k]);
}

void response_record_put_sample(struct bytes *out, const struct context_response *p, uint32_t sigmas,
                                uint32_t index, uint32_t partner, const struct apex_response_clean *clean,
                                const struct apex_response_noise *noise)
{
    bytes_put_u32(out, index);
    bytes_put_u32(out, partner);
    for (uint32_t i = 0; i < p->places; i++) {
        bytes_put_f64(out, clean[i].square);
        bytes_put_f64(out, clean[i].variance);
    }
    for (size_t i = 0; i < (size_t)sigmas * p->places; i++) {
        bytes_put_f64(out, noise[i].energy);
        bytes_put_f64(out, noise[i].shift);
        bytes_put_f64(out, noise[i].rank);
    }
}

/* A record that is being read. */
struct reading {
    const struct context *c;
    struct cursor at;
    uint32_t sigmas, samples;
    int *sigma; /* [sigmas] position in the context; -1: outside */
    struct apex_response_clean *clean;
    struct apex_response_noise *noise; /* [places] of one scale */
};

/* 1: this context's. Sizes are checked against what is left before anything is allocated. */
static int open_record(struct reading *r, struct apex_error *err)
{
    const struct context_response *p = &r->c->response;
    uint32_t version = cursor_u32(&r->at);
    const void *key = cursor_take(&r->at, sizeof p->key);
    uint32_t places = cursor_u32(&r->at);
    r->sigmas = cursor_u32(&r->at);
    r->samples = cursor_u32(&r->at);
    if (r->at.failed)
        return apex_fail(err, "response record: its head is cut off");
    if (version != RESPONSE_RECORD_VERSION)
        return apex_fail(err, "response record: version %u, this program knows %d", version,
                         RESPONSE_RECORD_VERSION);
    if (!p->samples || memcmp(key, p->key, sizeof p->key) != 0)
        return 0;
    uint64_t left = (uint64_t)(r->at.end - r->at.at), scales = 8 * (uint64_t)r->sigmas;
    uint64_t each = 8 + places * (CLEAN_BYTES + (uint64_t)r->sigmas * NOISE_BYTES);
    if (places != p->places || scales > left || r->samples != (left - scales) / each ||
        (left - scales) % each)
        return apex_fail(err, "response record of model '%s': %u places, %u scales and %u samples do not fit",
                         r->c->name, places, r->sigmas, r->samples);
    return 1;
}

static void read_sample(struct reading *r, response_visit *visit, void *user)
{
    const struct context_response *p = &r->c->response;
    uint32_t index = cursor_u32(&r->at), partner = cursor_u32(&r->at);
    int64_t i = context_find_response_sample(r->c, index);
    if (i >= 0 && p->partner[i] != partner)
        i = -1;
    for (uint32_t k = 0; k < p->places; k++) {
        r->clean[k].square = cursor_f64(&r->at);
        r->clean[k].variance = cursor_f64(&r->at);
    }
    for (uint32_t s = 0; s < r->sigmas; s++) {
        for (uint32_t k = 0; k < p->places; k++) {
            r->noise[k].energy = cursor_f64(&r->at);
            r->noise[k].shift = cursor_f64(&r->at);
            r->noise[k].rank = cursor_f64(&r->at);
        }
        if (i >= 0 && r->sigma[s] >= 0)
            visit(user, (uint32_t)i, (uint32_t)r->sigma[s], r->clean, r->noise);
    }
}

int response_record_read(const struct context *c, const void *record, size_t size, response_visit *visit,
                         void *user, struct apex_error *err)
{
    struct reading r = {.c = c, .at = {record, (const unsigned char *)record + size, 0}};
    int rc = open_record(&r, err);
    if (rc != 1)
        return rc;
    r.sigma = calloc((size_t)r.sigmas + 1, sizeof *r.sigma);
    r.clean = calloc(c->response.places, sizeof *r.clean);
    r.noise = calloc(c->response.places, sizeof *r.noise);
    if (!r.sigma || !r.clean || !r.noise)
        rc = apex_fail(err, "no memory for a response record");
    for (uint32_t s = 0; rc == 1 && s < r.sigmas; s++)
        r.sigma[s] = context_find_response_sigma(c, cursor_f64(&r.at));
    for (uint32_t i = 0; rc == 1 && i < r.samples; i++)
        read_sample(&r, visit, user);
    free(r.sigma);
    free(r.clean);
    free(r.noise);
    return rc;
}
