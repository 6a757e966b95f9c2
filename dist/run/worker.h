/* Every rank but 0: computes the units it is sent, on its crew's thread, and answers at once when told to end
 * or stop. */
#ifndef APEX_DIST_WORKER_H
#define APEX_DIST_WORKER_H

#include "dist/run/sweep.h"

/* Returns the exit code that the coordinator gave, or EXIT_INCOMPLETE when told to stop. *at_rest as in
 * coordinator_run. */
int worker_run(const struct sweep *s, struct team *team, int *at_rest, struct apex_error *err);

#endif
