/* The response within the results of a model. Not for others. */
#ifndef APEX_DIST_RESULTS_RESPONSE_H
#define APEX_DIST_RESULTS_RESPONSE_H

#include "core/sha256.h"
#include "dist/results/results.h"

/* -1: no memory. */
int results_response_init(struct results_response *p, const struct context_response *c);
void results_response_free(struct results_response *p);
void results_response_finish(struct results *r);
void results_response_digest(const struct results *r, struct sha256 *h);

#endif
