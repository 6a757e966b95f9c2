/* From a unit of a model's response to its record. */
#ifndef APEX_DIST_COMPUTE_RESPONSE_H
#define APEX_DIST_COMPUTE_RESPONSE_H

#include "core/unit.h"
#include "dist/run/sweep.h"

#include <stdatomic.h>

struct compute_response;

/* The sweep outlives it. NULL with err. */
struct compute_response *compute_response_new(const struct sweep *s, const struct sweep_model *m,
                                              struct apex_error *err);
void compute_response_free(struct compute_response *r); /* accepts NULL */

/* Appends to *record. -1 with err; a unit fails at its next sample once *cancelled (may be NULL) is not 0. */
int compute_response_unit(struct compute_response *r, const struct apex_unit *u, atomic_int *cancelled,
                          struct bytes *record, struct apex_error *err);

/* Work memory; 0 with err: it cannot run. */
size_t compute_response_bytes(const struct sweep *s, const struct sweep_model *m, struct apex_error *err);

#endif
