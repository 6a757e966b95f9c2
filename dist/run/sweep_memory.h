/* The bound on a rank's work memory (grid key `memory`). */
#ifndef APEX_DIST_SWEEP_MEMORY_H
#define APEX_DIST_SWEEP_MEMORY_H

#include "dist/run/sweep.h"

/* Collective: makes each model compute at as few scales at once, then with tiles as small, as the bound asks
 * for; does nothing without one. -1 with err on every rank, which names the model and what it needs, where
 * not even tiles of one draw fit. Tiles are part of what results are known by, so rank 0's choice is
 * everybody's. */
int sweep_bound_memory(struct sweep *s, struct team *team, struct apex_error *err);

#endif
