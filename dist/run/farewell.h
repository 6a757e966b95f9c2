/* The end of a run, said to every worker. */
#ifndef APEX_DIST_FAREWELL_H
#define APEX_DIST_FAREWELL_H

#include "dist/run/team.h"

struct farewell {
    int missing;       /* ranks that did not answer (stopped, dead): only team_abort can then end the team */
    int first_missing; /* one of them */
    uint64_t most_kib; /* most memory that any rank had resident, in KiB */
};

/* Rank 0: tells the workers to drop what they do and go. Does not wait. */
void farewell_stop(struct team *t);

/* Rank 0: tells the workers that the run is over with this exit code and waits, for at most so many seconds,
 * until each has said goodbye. */
struct farewell farewell_end(struct team *t, int code, double seconds);

/* A worker: says goodbye. -1 with err. */
int farewell_bye(struct team *t, struct apex_error *err);

#endif
