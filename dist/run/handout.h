/* Which unit goes to which rank, and when. Longest units first; every rank has one unit queued behind the one
 * it runs, so that it never waits for a message. A rank that holds a unit for several times its prediction
 * loses its lease: its units go to others, and it gets no more until it answers. When nothing is left to hand
 * out, idle ranks get copies of what others will finish last. The first result of a unit counts, any other is
 * dropped: the same work gives the same bytes. Times are seconds since the start of the run. No messages
 * here. */
#ifndef APEX_DIST_HANDOUT_H
#define APEX_DIST_HANDOUT_H

#include "dist/run/plan.h"

struct handout;

/* The plan outlives it. `models`: how many the plan's units name. NULL with err. handout_free accepts NULL.
 */
struct handout *handout_new(const struct plan *plan, int models, int ranks, struct apex_error *err);
void handout_free(struct handout *h);

enum { HANDOUT_QUEUE = 2, HANDOUT_TRIES = 2 };

/* The waiting unit that this rank, which holds fewer than HANDOUT_QUEUE, should get; -1: none. No unit that
 * would end after `until` (0: no limit). */
int64_t handout_choose(const struct handout *h, int rank, double now, double until);
/* When no unit waits: the one that will be finished last, if this idle rank would finish it sooner; -1: none,
 * and then none for any other idle rank either. Looks at every rank. */
int64_t handout_copy(const struct handout *h, int rank, double now, double until);
void handout_give(struct handout *h, uint32_t unit, int rank, double now);

enum handout_outcome {
    HANDOUT_FIRST,  /* the result counts */
    HANDOUT_COPY,   /* another rank was first: drop it */
    HANDOUT_AGAIN,  /* it failed, and will be tried elsewhere */
    HANDOUT_FAILED, /* it failed for the last time */
    HANDOUT_UNKNOWN /* no such unit is out at this rank */
};
enum handout_outcome handout_result(struct handout *h, int rank, uint32_t unit, int failed, double now);

/* Takes the leases that have run out. Returns a rank that has just lost its own (call again), or -1. */
int handout_expire(struct handout *h, double now);

/* What a rank works on: the unit and since when; -1: nothing. */
int64_t handout_head(const struct handout *h, int rank, double *since);
int handout_holds(const struct handout *h, int rank); /* units out at a rank, running or queued */
int handout_is_late(const struct handout *h, int rank);

struct handout_count {
    uint32_t out;     /* units that a rank in good standing is working on */
    uint32_t left;    /* units neither done nor failed */
    uint32_t late;    /* ranks without a lease now */
    uint32_t leases;  /* leases lost so far */
    uint32_t copies;  /* copies handed out because a rank was idle */
    uint32_t dropped; /* results that came second */
};
struct handout_count handout_count(const struct handout *h);

#endif
