#include "dist/run/coordinator.h"

#include "dist/program/exit_code.h"
#include "dist/run/stop.h"
#include "dist/run/wire.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A unit is always queued behind the one that runs, so that a worker never waits for a message. */
enum { QUEUED_UNITS = 2, MOST_TRIES = 2, SYNC_RECORDS = 64 };
static const double sync_seconds = 0.5, beat_seconds = 5;
static const long shortest_wait = 20000,
                  longest_wait = 5000000; /* nanoseconds; probing without pause would burn a core */

enum unit_state { UNIT_WAITING, UNIT_OUT, UNIT_DONE, UNIT_FAILED };

struct unit_track {
    unsigned char state, tries;
    int rank; /* where it is, or failed last */
};

struct coordinator {
    const struct sweep *sweep;
    struct team *team;
    struct output *out;
    const struct plan *plan;
    const struct coordinator_options *options;
    struct crew *crew;
    struct progress_display *display;
    struct progress progress;
    struct unit_track *unit;
    uint32_t next, retries; /* first unit that may be waiting; failed ones to hand out again */
    int *load;              /* units out, for each rank */
    int out_count, unsynced;
    double synced, beaten, heard; /* seconds since the start */
    double cpu_start;             /* CPU seconds of this thread before the sweep began */
    double slowest;               /* most seconds per predicted flop seen */
    struct bytes message;
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A unit that failed on this rank goes elsewhere, if there is an elsewhere. */
static int may_run_on(const struct coordinator *c, const struct unit_track *u, int rank)
{
    return u->state == UNIT_WAITING && (u->tries == 0 || u->rank != rank || team_size(c->team) == 1);
}

static int fits_time(const struct coordinator *c, uint32_t unit, int rank)
{
    if (c->options->time_limit <= 0)
        return 1;
    double each = c->plan->flops[unit] * c->slowest;
    return progress_seconds(c->display) + each * (c->load[rank] + 1) < c->options->time_limit;
}

static int64_t choose_unit(struct coordinator *c, int rank)
{
    while (c->next < c->plan->units && c->unit[c->next].state != UNIT_WAITING)
        c->next++;
    /* Untried units lie from `next` on; failed ones behind it are looked for only when there are any. */
    for (uint32_t k = c->retries ? 0 : c->next; k < c->plan->units; k++)
        if (may_run_on(c, &c->unit[k], rank))
            return fits_time(c, k, rank) ? (int64_t)k : -1;
    return -1;
}

static int hand_unit(struct coordinator *c, uint32_t k, int rank, struct apex_error *err)
{
    const struct apex_unit *u = &c->plan->unit[k];
    int outcome;
    if (rank == 0) {
        outcome = crew_give(c->crew, u, err);
    } else {
        bytes_clear(&c->message);
        apex_unit_encode(u, &c->message);
        outcome = c->message.failed
                      ? apex_fail(err, "out of memory")
                      : team_send(c->team, rank, WIRE_UNIT, c->message.data, c->message.size, err);
    }
    if (outcome)
        return -1;
    c->retries -= c->unit[k].tries > 0;
    c->unit[k].state = UNIT_OUT;
    c->unit[k].rank = rank;
    c->load[rank]++;
    c->out_count++;
    return 0;
}

/* Round by round, so that every rank has its first unit before any has its second. */
static int hand_out(struct coordinator *c, struct apex_error *err)
{
    for (int depth = 0; depth < QUEUED_UNITS; depth++)
        for (int rank = 0; rank < team_size(c->team); rank++) {
            int64_t k = c->load[rank] <= depth ? choose_unit(c, rank) : -1;
            if (k >= 0 && hand_unit(c, (uint32_t)k, rank, err))
                return -1;
        }
    return 0;
}

static int sync_journal(struct coordinator *c, struct apex_error *err)
{
    c->unsynced = 0;
    c->synced = progress_seconds(c->display);
    return journal_sync(c->out->journal, err);
}

static void take_failure(struct coordinator *c, uint32_t k, int rank, const struct apex_error *why)
{
    struct unit_track *u = &c->unit[k];
    u->tries++;
    u->rank = rank;
    if (u->tries < MOST_TRIES) {
        u->state = UNIT_WAITING;
        c->retries++;
        return;
    }
    u->state = UNIT_FAILED;
    c->progress.units_failed++;
    c->progress.flops_done += c->plan->flops[k];
    progress_say(c->display, "unit %u failed on rank %d: %s", k, rank, why->text);
}

static int take_record(struct coordinator *c, uint32_t k, const void *record, size_t size, float seconds,
                       struct apex_error *err)
{
    if (journal_append(c->out->journal, JOURNAL_RECORD, record, size, err))
        return -1;
    uint64_t fresh = done_add(&c->out->done[c->plan->unit[k].model], record, size);
    struct progress *p = &c->progress;
    c->unit[k].state = UNIT_DONE;
    c->unsynced++;
    p->units_done++;
    p->cells_done += fresh;
    p->draws_done += fresh * c->sweep->grid->draws;
    p->flops_done += c->plan->flops[k];
    p->busy_seconds += (double)seconds;
    double rate = (double)seconds / c->plan->flops[k];
    c->slowest = rate > c->slowest ? rate : c->slowest;
    return 0;
}

/* A result of a unit that is not out (it went elsewhere meanwhile) is dropped: the same work gives the same
 * bytes. */
static int take_result(struct coordinator *c, int rank, const struct wire_result *r, struct apex_error *err)
{
    if (r->unit >= c->plan->units || c->unit[r->unit].state != UNIT_OUT)
        return 0;
    c->load[rank]--;
    c->out_count--;
    c->heard = progress_seconds(c->display);
    if (!r->failed)
        return take_record(c, r->unit, r->record, r->size, r->seconds, err);
    take_failure(c, r->unit, rank, &r->error);
    return 0;
}

/* 1: something came; 0: nothing; -1: err. */
static int take_messages(struct coordinator *c, struct apex_error *err)
{
    int from, tag, got, any = 0;
    while ((got = team_receive(c->team, &c->message, &from, &tag)) > 0) {
        struct wire_result r;
        any = 1;
        if (tag == WIRE_WISH && c->message.size)
            stop_wish((enum stop_wish)c->message.data[0]);
        else if (tag == WIRE_RESULT && !wire_get_result(&r, c->message.data, c->message.size) &&
                 take_result(c, from, &r, err))
            return -1;
    }
    return got < 0 ? apex_fail(err, "no memory for a message") : any;
}

static int take_own_results(struct coordinator *c, struct apex_error *err)
{
    int any = 0, outcome = 0;
    for (struct crew_result *r; !outcome && (r = crew_take(c->crew)); any = 1) {
        struct wire_result w = {r->unit,           r->failed,
                                (float)r->seconds, r->failed ? NULL : r->record.data,
                                r->record.size,    r->error};
        outcome = take_result(c, 0, &w, err);
        crew_result_free(r);
    }
    return outcome ? -1 : any;
}

/* What is due by the clock: the journal's sync, the lock's heartbeat, the display. */
static int keep_house(struct coordinator *c, struct apex_error *err)
{
    double now = progress_seconds(c->display);
    if (c->unsynced && (c->unsynced >= SYNC_RECORDS || now - c->synced >= sync_seconds) &&
        sync_journal(c, err))
        return -1;
    if (now - c->beaten >= beat_seconds) {
        c->beaten = now;
        if (lock_beat(c->out->lock))
            return apex_fail(err, "%s: another run has taken this folder over", c->out->folder);
    }
    c->progress.coordinator_seconds = cpu_seconds() - c->cpu_start;
    progress_show(c->display, &c->progress, 0);
    return 0;
}

/* Where each rank stands, for the log of a run that makes no progress. */
static void tell_stall(const struct coordinator *c)
{
    progress_say(c->display, "no result for %.0f s; units out:", progress_seconds(c->display) - c->heard);
    for (uint32_t k = 0; k < c->plan->units; k++)
        if (c->unit[k].state == UNIT_OUT)
            progress_say(c->display, "  unit %u (model '%s', samples %u to %u) on rank %d", k,
                         c->sweep->model[c->plan->unit[k].model].entry->name, c->plan->unit[k].first,
                         c->plan->unit[k].first + c->plan->unit[k].count - 1, c->unit[k].rank);
}

/* 0: go on; else the exit code. Units that fail everywhere do not hold the others up. */
static int verdict(struct coordinator *c, struct apex_error *err)
{
    uint32_t left = c->plan->units - c->progress.units_done - c->progress.units_failed;
    double now = progress_seconds(c->display);
    if (!left)
        return c->progress.units_failed ? EXIT_UNITS_FAILED : -1;
    if (stop_wished() == STOP_NOW || (stop_wished() == STOP_SOON && !c->out_count)) {
        apex_fail(err, "stopped by a signal: run the same command again to go on");
        return EXIT_INCOMPLETE;
    }
    if (!c->out_count && c->options->time_limit > 0) {
        apex_fail(err, "no unit left fits the time limit of %.0f s: run the same command again to go on",
                  c->options->time_limit);
        return EXIT_INCOMPLETE;
    }
    if (c->options->stall_limit > 0 && now - c->heard > c->options->stall_limit) {
        tell_stall(c);
        apex_fail(err, "no progress for %.0f s", now - c->heard);
        return EXIT_INCOMPLETE;
    }
    return 0;
}

static int main_loop(struct coordinator *c, struct apex_error *err)
{
    long wait = shortest_wait;
    for (;;) {
        int heard = take_messages(c, err), own = heard < 0 ? -1 : take_own_results(c, err);
        if (own < 0)
            return EXIT_INCOMPLETE;
        if (stop_wished() == STOP_NO && hand_out(c, err))
            return EXIT_INCOMPLETE;
        int code = verdict(c, err);
        if (code)
            return code < 0 ? EXIT_DONE : code;
        if (keep_house(c, err))
            return EXIT_INCOMPLETE;
        if (heard || own) {
            wait = shortest_wait;
            continue;
        }
        crew_wait(c->crew, wait);
        wait = 2 * wait > longest_wait ? longest_wait : 2 * wait;
    }
}

static int prepare(struct coordinator *c, struct apex_error *err)
{
    struct progress *p = &c->progress;
    c->unit = calloc((size_t)c->plan->units + 1, sizeof *c->unit);
    c->load = calloc((size_t)team_size(c->team), sizeof *c->load);
    c->display = progress_start(c->out->folder, stderr, c->options->quiet);
    if (!c->unit || !c->load || !c->display)
        return apex_fail(err, "out of memory");
    p->sweep = c->sweep->grid->sweep;
    p->state = "running";
    p->ranks = team_size(c->team);
    p->units = c->plan->units;
    p->flops = c->plan->total_flops;
    for (int k = 0; k < c->sweep->models; k++) {
        p->cells += c->out->done[k].wanted;
        p->cells_done += c->out->done[k].count;
    }
    c->crew = crew_start(c->sweep, err);
    return c->crew ? 0 : -1;
}

int coordinator_run(const struct sweep *s, struct team *team, struct output *out, const struct plan *plan,
                    const struct coordinator_options *options, int *at_rest, struct apex_error *err)
{
    struct coordinator c = {
        .sweep = s, .team = team, .out = out, .plan = plan, .options = options, .cpu_start = cpu_seconds()};
    struct apex_error late = {{0}};
    *at_rest = 1;
    int code = prepare(&c, err) ? EXIT_INCOMPLETE : plan->units ? main_loop(&c, err) : EXIT_DONE;
    if (journal_sync(out->journal, &late) && code != EXIT_INCOMPLETE) {
        *err = late;
        code = EXIT_INCOMPLETE;
    }
    if (c.display) {
        c.progress.state = code == EXIT_DONE ? "finished" : code == EXIT_INCOMPLETE ? "stopped" : "failed";
        c.progress.coordinator_seconds = cpu_seconds() - c.cpu_start;
        if (plan->units)
            progress_show(c.display, &c.progress, 1);
    }
    if (c.crew && code == EXIT_INCOMPLETE)
        *at_rest = crew_cancel(c.crew, 300000000);
    if (*at_rest)
        crew_end(c.crew);
    progress_end(c.display);
    bytes_free(&c.message);
    free(c.unit);
    free(c.load);
    return code;
}
