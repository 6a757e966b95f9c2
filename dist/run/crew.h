/* The compute thread of a rank, with an inbox and an outbox, so that the rank's own thread stays free for
 * messages, signals and the journal while a unit runs. */
#ifndef APEX_DIST_CREW_H
#define APEX_DIST_CREW_H

#include "core/unit.h"
#include "dist/run/sweep.h"

struct crew;

/* What came of one unit: its record, or why there is none. */
struct crew_result {
    struct crew_result *next;
    uint32_t unit;
    int failed;
    double seconds; /* CPU time of the compute thread */
    struct bytes record;
    struct apex_error error;
};

/* Starts the thread. NULL with err. The sweep outlives the crew. */
struct crew *crew_start(const struct sweep *s, struct apex_error *err);

/* Queues a unit, which is copied. */
int crew_give(struct crew *c, const struct apex_unit *u, struct apex_error *err);

/* The oldest finished result, or NULL. Freed by crew_result_free. */
struct crew_result *crew_take(struct crew *c);
void crew_result_free(struct crew_result *r);

/* Sleeps until a result is there or the time is over. */
void crew_wait(struct crew *c, long nanoseconds);

/* Asks the thread to drop its unit at the next tile. 1: it has ended within that time (and only then may what
 * it reads be freed). */
int crew_cancel(struct crew *c, long nanoseconds);

/* Ends the thread after the unit it is working on; accepts NULL. */
void crew_end(struct crew *c);

#endif
