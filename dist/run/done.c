#include "dist/run/done.h"

#include "dist/results/record_map.h"
#include "dist/results/response_record.h"

#include <stdlib.h>
#include <string.h>

int done_init(struct done *d, const struct context *c, struct apex_error *err)
{
    size_t cells = (size_t)c->sites * c->sigmas;
    memset(d, 0, sizeof *d);
    d->context = c;
    d->have = calloc(c->samples ? c->samples : 1, cells);
    d->response_wanted = (uint64_t)c->response.samples * c->response.sigmas;
    d->response = calloc((size_t)d->response_wanted + 1, 1);
    if (!d->have || !d->response)
        return apex_fail(err, "no memory to keep track of %u samples x %zu cells", c->samples, cells);
    for (size_t k = 0; k < cells; k++)
        d->wanted += c->wanted[k] ? c->samples : 0;
    return 0;
}

void done_free(struct done *d)
{
    free(d->have);
    free(d->response);
    d->have = d->response = NULL;
}

struct marker {
    struct done *done;
    uint64_t fresh;
};

static void mark(void *user, uint32_t site, uint32_t sigma, uint32_t sample, const struct apex_tally *t,
                 float mean_margin)
{
    struct marker *m = user;
    const struct context *c = m->done->context;
    size_t cell = (size_t)site * c->sigmas + sigma;
    unsigned char *have = &m->done->have[(size_t)sample * c->sites * c->sigmas + cell];
    (void)t;
    (void)mean_margin;
    m->fresh += !*have && c->wanted[cell];
    *have = 1;
}

uint64_t done_add(struct done *d, const void *record, size_t size)
{
    struct marker m = {d, 0};
    const struct record_reader reader = {&m, NULL, mark};
    record_read(d->context, record, size, &reader, NULL);
    d->count += m.fresh;
    return m.fresh;
}

static void mark_response(void *user, uint32_t sample, uint32_t sigma,
                          const struct apex_response_clean *clean, const struct apex_response_noise *noise)
{
    struct marker *m = user;
    unsigned char *have = &m->done->response[(size_t)sample * m->done->context->response.sigmas + sigma];
    (void)clean;
    (void)noise;
    m->fresh += !*have;
    *have = 1;
}

uint64_t done_add_response(struct done *d, const void *record, size_t size)
{
    struct marker m = {d, 0};
    response_record_read(d->context, record, size, mark_response, &m, NULL);
    d->response_count += m.fresh;
    return m.fresh;
}
