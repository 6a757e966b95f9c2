/* The compute thread of a rank, with an inbox and an outbox, so that the rank's own thread stays free for
 * messages, signals and the journal while a unit runs. */
#ifndef APEX_DIST_CREW_H
#define APEX_DIST_CREW_H

#include "core/unit.h"
#include "dist/sweep.h"

struct crew;

/* What came of one unit: its record, or why there is none. */
struct crew_result {
    struct crew_result *next;
    uint32_t unit;
    int failed;
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

/* CPU seconds that the thread had used when its last unit ended. */
double crew_seconds(struct crew *c);

/* Ends the thread after the unit it is working on; accepts NULL. */
void crew_end(struct crew *c);

#endif
