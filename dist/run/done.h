/* Which (site, sigma, sample) of one model's grid the journal already holds: resume, re-use and extension are
 * planned minus done. */
#ifndef APEX_DIST_DONE_H
#define APEX_DIST_DONE_H

#include "core/error.h"
#include "dist/results/context.h"

struct done {
    const struct context *context; /* borrowed */
    unsigned char *have;           /* [samples][sites * sigmas] */
    uint64_t wanted, count;        /* cells x samples inside the grid; how many of them are there */
    unsigned char *response;       /* [response samples][response sigmas] */
    uint64_t response_wanted, response_count; /* the same of samples x scales of the response */
};

int done_init(struct done *d, const struct context *c, struct apex_error *err);
void done_free(struct done *d);

/* Marks what one journal record holds, if it is of this context. Returns how many cells were new; a damaged
 * record marks nothing more. */
uint64_t done_add(struct done *d, const void *record, size_t size);

/* The same for a response record: samples x scales. */
uint64_t done_add_response(struct done *d, const void *record, size_t size);

#endif
