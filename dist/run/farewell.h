/* The end of a run, said to every worker. */
#ifndef APEX_DIST_FAREWELL_H
#define APEX_DIST_FAREWELL_H

#include "dist/run/team.h"

/* Rank 0: tells the workers to drop what they do and go. Does not wait. */
void farewell_stop(struct team *t);

/* Rank 0: tells the workers that the run is over with this exit code and waits, for at most so many seconds,
 * until each has said goodbye. Returns the number of ranks that did not (stopped, dead): the team can then
 * only be ended by team_abort. The first of them is left in *missing. */
int farewell_end(struct team *t, int code, double seconds, int *missing);

#endif
