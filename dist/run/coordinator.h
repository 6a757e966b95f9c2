/* Rank 0 of a run: hands units out, journals what comes back, and computes too, on its crew's thread. A team
 * of one uses no messages. */
#ifndef APEX_DIST_COORDINATOR_H
#define APEX_DIST_COORDINATOR_H

#include "dist/run/output.h"
#include "dist/run/plan.h"
#include "dist/run/progress.h"

struct coordinator_options {
    int quiet;
    double time_limit;  /* seconds this run may take, 0: none. No unit is handed out that is predicted to end
                           later */
    double stall_limit; /* seconds without any result before the run gives up, 0: never */
    double hang_limit;  /* seconds that this thread may be away, in MPI or in a file system */
};

/* Runs the plan to its end. Returns an exit code: EXIT_DONE, EXIT_UNITS_FAILED, EXIT_INCOMPLETE (stopped, out
 * of time, stalled, or the disk is full: err says why). The journal is synced in every case. *at_rest is 0 if
 * the compute thread is still inside a unit: then the process must end without freeing what that thread
 * reads. */
int coordinator_run(const struct sweep *s, struct team *team, struct output *out, const struct plan *plan,
                    const struct coordinator_options *options, int *at_rest, struct apex_error *err);

#endif
