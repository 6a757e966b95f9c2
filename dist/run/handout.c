#include "dist/run/handout.h"

#include "dist/run/pace.h"

#include <stdlib.h>
#include <string.h>

/* A lease is so many times the prediction, and never so short that a busy machine costs a rank its lease. */
static const double lease_factor = 4, lease_least = 5;

enum unit_state { UNIT_WAITING, UNIT_OUT, UNIT_DONE, UNIT_FAILED };

struct unit_track {
    unsigned char state, tries;
    uint16_t holders; /* ranks in good standing that have it */
    int failed_on;    /* rank of the last failure, if there was one */
};

struct rank_track {
    int held, late;
    uint32_t unit[HANDOUT_QUEUE]; /* the first one runs */
    double since;                 /* when it could begin that one */
};

struct handout {
    const struct plan *plan;
    int ranks, late_ranks;
    uint32_t *order, *place; /* [units] longest first, and where each unit lies there */
    uint32_t next;           /* no unit waits before this place */
    uint32_t waiting;
    struct unit_track *unit;
    struct rank_track *rank;
    struct pace *pace;
    struct handout_count count;
};

struct sized {
    double flops;
    uint32_t unit;
};

/* Equal units stay in the plan's order, so that a rank seldom changes its model. */
static int longer_first(const void *a, const void *b)
{
    const struct sized *x = a, *y = b;
    if (x->flops != y->flops)
        return x->flops > y->flops ? -1 : 1;
    return x->unit < y->unit ? -1 : x->unit > y->unit;
}

static int sort_units(struct handout *h)
{
    uint32_t n = h->plan->units;
    struct sized *all = malloc(((size_t)n + 1) * sizeof *all);
    if (!all)
        return -1;
    for (uint32_t k = 0; k < n; k++)
        all[k] = (struct sized){h->plan->flops[k], k};
    qsort(all, n, sizeof *all, longer_first);
    for (uint32_t k = 0; k < n; k++) {
        h->order[k] = all[k].unit;
        h->place[all[k].unit] = k;
    }
    free(all);
    return 0;
}

struct handout *handout_new(const struct plan *plan, int models, int ranks, struct apex_error *err)
{
    struct handout *h = calloc(1, sizeof *h);
    if (h) {
        h->plan = plan;
        h->ranks = ranks;
        h->waiting = h->count.left = plan->units;
        h->order = malloc(((size_t)plan->units + 1) * sizeof *h->order);
        h->place = malloc(((size_t)plan->units + 1) * sizeof *h->place);
        h->unit = calloc((size_t)plan->units + 1, sizeof *h->unit);
        h->rank = calloc((size_t)ranks, sizeof *h->rank);
        h->pace = pace_new(models, err);
    }
    if (!h || !h->order || !h->place || !h->unit || !h->rank || !h->pace || sort_units(h)) {
        handout_free(h);
        apex_fail(err, "out of memory");
        return NULL;
    }
    return h;
}

void handout_free(struct handout *h)
{
    if (!h)
        return;
    free(h->order);
    free(h->place);
    free(h->unit);
    free(h->rank);
    pace_free(h->pace);
    free(h);
}

static double likely(const struct handout *h, uint32_t unit)
{
    return pace_likely(h->pace, h->plan->unit[unit].model, h->plan->flops[unit]);
}

static double at_worst(const struct handout *h, uint32_t unit)
{
    return pace_at_worst(h->pace, h->plan->unit[unit].model, h->plan->flops[unit]);
}

static int holds(const struct rank_track *r, uint32_t unit)
{
    for (int k = 0; k < r->held; k++)
        if (r->unit[k] == unit)
            return 1;
    return 0;
}

/* A unit that failed on this rank goes elsewhere, if there is an elsewhere. */
static int may_run_on(const struct handout *h, uint32_t unit, int rank)
{
    const struct unit_track *u = &h->unit[unit];
    int others = h->ranks - h->late_ranks > 1;
    return u->state == UNIT_WAITING && !holds(&h->rank[rank], unit) &&
           (u->tries == 0 || u->failed_on != rank || !others);
}

static int fits_time(const struct handout *h, uint32_t unit, int rank, double now, double until)
{
    if (until <= 0)
        return 1;
    const struct rank_track *r = &h->rank[rank];
    double begin = r->held ? r->since : now;
    for (int k = 0; k < r->held; k++)
        begin += at_worst(h, r->unit[k]);
    return (begin > now ? begin : now) + at_worst(h, unit) < until;
}

/* Seconds until a rank will have finished its k-th unit. One that is overdue is believed to be halfway. */
static double remaining(const struct handout *h, const struct rank_track *r, int k, double now)
{
    double end = r->since + likely(h, r->unit[0]), left = end > now ? end - now : now - end;
    for (int i = 1; i <= k; i++)
        left += likely(h, r->unit[i]);
    return left;
}

/* The first of some waiting units from a place on that this rank may have and that fits the time. */
static int64_t choose_waiting(const struct handout *h, int rank, double now, double until, int64_t from,
                              int step)
{
    int looks = 64; /* near the end of the time this is asked again and again */
    for (int64_t k = from; k >= h->next && k < h->plan->units && looks; k += step) {
        uint32_t unit = h->order[k];
        if (!may_run_on(h, unit, rank))
            continue;
        if (fits_time(h, unit, rank, now, until))
            return unit;
        looks--;
    }
    return -1;
}

int64_t handout_choose(const struct handout *h, int rank, double now, double until)
{
    const struct rank_track *r = &h->rank[rank];
    if (r->late || r->held >= HANDOUT_QUEUE)
        return -1;
    int64_t unit = h->waiting ? choose_waiting(h, rank, now, until, h->next, 1) : -1;
    if (unit < 0 && h->waiting && until > 0) /* the shortest may still fit */
        unit = choose_waiting(h, rank, now, until, (int64_t)h->plan->units - 1, -1);
    return unit;
}

int64_t handout_copy(const struct handout *h, int rank, double now, double until)
{
    int64_t best = -1;
    double latest = 0;
    if (h->waiting || h->rank[rank].late || h->rank[rank].held || !pace_known(h->pace))
        return -1;
    for (int other = 0; other < h->ranks; other++) {
        const struct rank_track *r = &h->rank[other];
        for (int k = 0; k < r->held && !r->late; k++) {
            uint32_t unit = r->unit[k];
            double left = remaining(h, r, k, now);
            if (h->unit[unit].state == UNIT_OUT && h->unit[unit].holders == 1 && left > latest &&
                left > likely(h, unit) && fits_time(h, unit, rank, now, until)) {
                latest = left;
                best = unit;
            }
        }
    }
    return best;
}

static void wait_again(struct handout *h, uint32_t unit)
{
    h->unit[unit].state = UNIT_WAITING;
    h->waiting++;
    if (h->place[unit] < h->next)
        h->next = h->place[unit];
}

static void wait_no_more(struct handout *h, uint32_t unit, enum unit_state state)
{
    h->unit[unit].state = (unsigned char)state;
    h->waiting--;
    while (h->next < h->plan->units && h->unit[h->order[h->next]].state != UNIT_WAITING)
        h->next++;
}

static void start_holding(struct handout *h, uint32_t unit)
{
    if (h->unit[unit].state == UNIT_WAITING) {
        wait_no_more(h, unit, UNIT_OUT);
        h->count.out++;
    }
    h->unit[unit].holders++;
}

void handout_give(struct handout *h, uint32_t unit, int rank, double now)
{
    struct rank_track *r = &h->rank[rank];
    h->count.copies += h->unit[unit].state == UNIT_OUT;
    start_holding(h, unit);
    if (!r->held)
        r->since = now;
    r->unit[r->held++] = unit;
}

/* Takes the unit from what the rank holds; a late rank is in good standing again. Returns seconds that the
 * unit took, -1: not known, because the rank was late. */
static double stop_holding(struct handout *h, struct rank_track *r, int at, double now)
{
    uint32_t unit = r->unit[at];
    double took = r->late || at ? -1 : now - r->since;
    if (!r->late)
        h->unit[unit].holders--;
    r->held--;
    memmove(r->unit + at, r->unit + at + 1, (size_t)(r->held - at) * sizeof r->unit[0]);
    for (int k = 0; r->late && k < r->held; k++)
        start_holding(h, r->unit[k]);
    h->late_ranks -= r->late;
    r->late = 0;
    r->since = now;
    return took;
}

static void close_unit(struct handout *h, uint32_t unit, enum unit_state state)
{
    if (h->unit[unit].state == UNIT_WAITING) {
        wait_no_more(h, unit, state);
    } else {
        h->unit[unit].state = (unsigned char)state;
        h->count.out--;
    }
    h->count.left--;
}

static enum handout_outcome take_failure(struct handout *h, uint32_t unit, int rank)
{
    struct unit_track *u = &h->unit[unit];
    u->tries++;
    u->failed_on = rank;
    if (u->holders || u->state == UNIT_WAITING) /* somebody else has it, or will */
        return HANDOUT_AGAIN;
    if (u->tries >= HANDOUT_TRIES) {
        close_unit(h, unit, UNIT_FAILED);
        return HANDOUT_FAILED;
    }
    h->count.out--;
    wait_again(h, unit);
    return HANDOUT_AGAIN;
}

enum handout_outcome handout_result(struct handout *h, int rank, uint32_t unit, int failed, double now)
{
    struct rank_track *r = &h->rank[rank];
    int at = 0;
    while (at < r->held && r->unit[at] != unit)
        at++;
    if (at == r->held)
        return HANDOUT_UNKNOWN;
    double took = stop_holding(h, r, at, now);
    if (h->unit[unit].state > UNIT_OUT) {
        h->count.dropped++;
        return HANDOUT_COPY;
    }
    if (failed)
        return take_failure(h, unit, rank);
    if (took >= 0)
        pace_learn(h->pace, h->plan->unit[unit].model, h->plan->flops[unit], took);
    close_unit(h, unit, UNIT_DONE);
    return HANDOUT_FIRST;
}

static void take_lease(struct handout *h, struct rank_track *r)
{
    r->late = 1;
    h->late_ranks++;
    h->count.leases++;
    for (int k = 0; k < r->held; k++) {
        struct unit_track *u = &h->unit[r->unit[k]];
        if (--u->holders == 0 && u->state == UNIT_OUT) {
            h->count.out--;
            wait_again(h, r->unit[k]);
        }
    }
}

int handout_expire(struct handout *h, double now)
{
    for (int rank = 0; rank < h->ranks; rank++) {
        struct rank_track *r = &h->rank[rank];
        double lease = r->held ? lease_factor * likely(h, r->unit[0]) : 0;
        if (r->held && !r->late && now - r->since > (lease > lease_least ? lease : lease_least)) {
            take_lease(h, r);
            return rank;
        }
    }
    return -1;
}

int64_t handout_head(const struct handout *h, int rank, double *since)
{
    const struct rank_track *r = &h->rank[rank];
    *since = r->since;
    return r->held ? (int64_t)r->unit[0] : -1;
}

int handout_holds(const struct handout *h, int rank)
{
    return h->rank[rank].held;
}

int handout_is_late(const struct handout *h, int rank)
{
    return h->rank[rank].late;
}

struct handout_count handout_count(const struct handout *h)
{
    struct handout_count count = h->count;
    count.late = (uint32_t)h->late_ranks;
    return count;
}
