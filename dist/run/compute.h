/* From a unit to its record, on one thread. */
#ifndef APEX_DIST_COMPUTE_H
#define APEX_DIST_COMPUTE_H

#include "core/runner.h"
#include "core/unit.h"
#include "dist/run/sweep.h"

#include <stdatomic.h>

struct compute;

/* Keeps one runner, for the model of the last unit. A unit fails at its next tile once *cancelled is not 0
 * (may be NULL). NULL with err. Use it on one thread only. */
struct compute *compute_new(const struct sweep *s, atomic_int *cancelled, struct apex_error *err);
void compute_free(struct compute *c); /* accepts NULL */

/* Appends the record of a unit to *record. -1 with err, which names model, sample, site and scale (a response
 * that is not finite). */
int compute_unit(struct compute *c, const struct apex_unit *u, struct bytes *record, struct apex_error *err);

/* Whether every model can run its sites at every scale of the grid (infinity included): -1 with err, which
 * names model and node. *bytes: what a rank needs for the largest (compute_bytes). */
int compute_check(const struct sweep *s, size_t *bytes, struct apex_error *err);

/* Bytes that one rank needs for a model: prepared weights and work memory, for its units or the clean passes
 * before them, whichever is more. The model itself is not among them. 0 with err on failure. */
size_t compute_bytes(const struct sweep *s, const struct sweep_model *m, struct apex_error *err);

#endif
