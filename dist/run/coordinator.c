#include "dist/run/coordinator.h"

#include "dist/program/exit_code.h"
#include "dist/run/handout.h"
#include "dist/run/stop.h"
#include "dist/run/watchdog.h"
#include "dist/run/wire.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SYNC_RECORDS = 64,
    PULSES = 4, /* in the time after which a silent rank 0 is given up */
    COPIES_A_LOOK = 64,
    MESSAGES_A_TURN = 256 /* thousands of ranks may never fall silent, and other things are due too */
};
static const double sync_seconds = 0.5, beat_seconds = 5;
static const double sync_pause = 0.05; /* a sync costs milliseconds, whatever it writes */
static const double look_pause = 0.02; /* with 10,000 ranks a look at each costs a few hundred microseconds */
static const long shortest_wait = 20000,
                  longest_wait = 5000000; /* nanoseconds; probing without pause would burn a core */

struct coordinator {
    const struct sweep *sweep;
    struct team *team;
    struct output *out;
    const struct plan *plan;
    const struct coordinator_options *options;
    struct crew *crew;
    struct handout *handout;
    struct watchdog *watchdog;
    struct progress_display *display;
    struct progress progress;
    int unsynced;
    double synced, beaten, heard, looked, pulsed; /* seconds since the start */
    double cpu_start;                             /* CPU seconds of this thread before the sweep began */
    struct bytes message, unit; /* the last one that came in, and the last one that went out */
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* For the watchdog: what a rank works on. */
static void note(struct coordinator *c, int rank)
{
    double since;
    watchdog_note(c->watchdog, rank, handout_head(c->handout, rank, &since));
}

static int hand_unit(struct coordinator *c, uint32_t k, int rank, struct apex_error *err)
{
    const struct apex_unit *u = &c->plan->unit[k];
    int outcome;
    if (rank == 0) {
        outcome = crew_give(c->crew, u, err);
    } else {
        bytes_clear(&c->unit);
        apex_unit_encode(u, &c->unit);
        outcome = c->unit.failed ? apex_fail(err, "out of memory")
                                 : team_send(c->team, rank, WIRE_UNIT, c->unit.data, c->unit.size, err);
    }
    if (outcome)
        return -1;
    handout_give(c->handout, k, rank, progress_seconds(c->display));
    return 0;
}

/* Fills the queue of one rank that has just answered. */
static int serve(struct coordinator *c, int rank, struct apex_error *err)
{
    while (handout_holds(c->handout, rank) < HANDOUT_QUEUE) {
        double now = progress_seconds(c->display);
        int64_t k = handout_choose(c->handout, rank, now, c->options->time_limit);
        if (k < 0)
            break;
        if (hand_unit(c, (uint32_t)k, rank, err))
            return -1;
    }
    note(c, rank);
    return 0;
}

/* Round by round, so that every rank has its first unit before any has its second. */
static int serve_all(struct coordinator *c, struct apex_error *err)
{
    const double now = progress_seconds(c->display), until = c->options->time_limit;
    int copies = 0; /* each costs a look at every rank */
    for (int depth = 0; depth < HANDOUT_QUEUE; depth++)
        for (int rank = 0; rank < team_size(c->team); rank++) {
            int holds = handout_holds(c->handout, rank);
            if (holds > depth)
                continue;
            int64_t k = handout_choose(c->handout, rank, now, until);
            if (k < 0 && !holds && copies < COPIES_A_LOOK) {
                k = handout_copy(c->handout, rank, now, until);
                copies = k < 0 ? COPIES_A_LOOK : copies + 1;
            }
            if (k >= 0 && hand_unit(c, (uint32_t)k, rank, err))
                return -1;
            note(c, rank);
        }
    return 0;
}

static void take_leases(struct coordinator *c)
{
    double now = progress_seconds(c->display), since;
    for (int rank; (rank = handout_expire(c->handout, now)) >= 0;) {
        int64_t unit = handout_head(c->handout, rank, &since);
        progress_say(c->display, "rank %d has been on unit %lld for %.0f s: its units go to other ranks too",
                     rank, (long long)unit, now - since);
    }
}

/* What may have changed for ranks that did not answer: a lease that ran out, a unit that failed elsewhere, a
 * copy worth making. */
static int look_at_all(struct coordinator *c, struct apex_error *err)
{
    double now = progress_seconds(c->display);
    if (c->looked > 0 && now - c->looked < look_pause)
        return 0;
    c->looked = now;
    take_leases(c);
    return stop_wished() == STOP_NO ? serve_all(c, err) : 0;
}

static int sync_journal(struct coordinator *c, struct apex_error *err)
{
    c->unsynced = 0;
    c->synced = progress_seconds(c->display);
    return journal_sync(c->out->journal, err);
}

static int take_record(struct coordinator *c, const struct wire_result *r, struct apex_error *err)
{
    const struct apex_unit *u = &c->plan->unit[r->unit];
    struct done *done = &c->out->done[u->model];
    int cells = u->kind == APEX_UNIT_CELLS;
    if (journal_append(c->out->journal, cells ? JOURNAL_RECORD : JOURNAL_RESPONSE, r->record, r->size, err))
        return -1;
    uint64_t fresh = 0;
    if (cells)
        fresh = done_add(done, r->record, r->size);
    else
        done_add_response(done, r->record, r->size);
    struct progress *p = &c->progress;
    c->unsynced++;
    p->units_done++;
    p->cells_done += fresh;
    p->draws_done += fresh * c->sweep->grid->draws;
    p->flops_done += c->plan->flops[r->unit];
    return 0;
}

static int count_result(struct coordinator *c, int rank, const struct wire_result *r, struct apex_error *err)
{
    double now = progress_seconds(c->display);
    enum handout_outcome outcome = handout_result(c->handout, rank, r->unit, r->failed, now);
    c->heard = now;
    c->progress.busy_seconds += (double)r->seconds;
    if (outcome == HANDOUT_FIRST)
        return take_record(c, r, err);
    if (outcome == HANDOUT_FAILED) {
        c->progress.units_failed++;
        c->progress.flops_done += c->plan->flops[r->unit];
        progress_say(c->display, "unit %u failed on rank %d: %s", r->unit, rank, r->error.text);
    }
    return 0;
}

static int take_result(struct coordinator *c, int rank, const struct wire_result *r, struct apex_error *err)
{
    if (count_result(c, rank, r, err))
        return -1;
    return stop_wished() == STOP_NO ? serve(c, rank, err) : 0;
}

/* How many came; -1: err. */
static int take_messages(struct coordinator *c, struct apex_error *err)
{
    int from, tag, got = 0, any = 0;
    while (any < MESSAGES_A_TURN && (got = team_receive(c->team, &c->message, &from, &tag)) > 0) {
        struct wire_result r;
        any++;
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

/* The workers end the run if they hear nothing: this process may be stopped, and its watchdog with it. */
static int pulse(struct coordinator *c, double promise, struct apex_error *err)
{
    bytes_clear(&c->unit);
    bytes_put_f32(&c->unit, (float)promise);
    for (int rank = 1; rank < team_size(c->team); rank++)
        if (team_send(c->team, rank, WIRE_ALIVE, c->unit.data, c->unit.size, err))
            return -1;
    return 0;
}

/* What is due by the clock: the journal's sync, the lock's heartbeat, the display. */
static int keep_house(struct coordinator *c, struct apex_error *err)
{
    double now = progress_seconds(c->display);
    double pause = c->unsynced >= SYNC_RECORDS ? sync_pause : sync_seconds;
    if (c->unsynced && now - c->synced >= pause && sync_journal(c, err))
        return -1;
    if (now - c->beaten >= beat_seconds) {
        c->beaten = now;
        if (lock_beat(c->out->lock))
            return apex_fail(err, "%s: another run has taken this folder over", c->out->folder);
    }
    if (now - c->pulsed >= c->options->hang_limit / PULSES) {
        c->pulsed = now;
        if (pulse(c, c->options->hang_limit, err))
            return -1;
    }
    c->progress.coordinator_seconds = cpu_seconds() - c->cpu_start;
    progress_show(c->display, &c->progress, 0);
    return 0;
}

/* Where each rank stands, for the log of a run that makes no progress. */
static void tell_stall(const struct coordinator *c)
{
    double now = progress_seconds(c->display), since;
    progress_say(c->display, "no result for %.0f s; the ranks work on:", now - c->heard);
    for (int rank = 0; rank < team_size(c->team); rank++) {
        int64_t k = handout_head(c->handout, rank, &since);
        const struct apex_unit *u = k < 0 ? NULL : &c->plan->unit[k];
        if (u)
            progress_say(c->display, "  rank %d: unit %lld (model '%s', samples %u to %u) for %.0f s", rank,
                         (long long)k, c->sweep->model[u->model].entry->name, u->first,
                         u->first + u->count - 1, now - since);
        else
            progress_say(c->display, "  rank %d: nothing", rank);
    }
}

/* 0: go on; -1: done; else the exit code. Units that fail everywhere do not hold the others up. */
static int verdict(struct coordinator *c, struct apex_error *err)
{
    struct handout_count count = handout_count(c->handout);
    double now = progress_seconds(c->display);
    if (!count.left)
        return c->progress.units_failed ? EXIT_UNITS_FAILED : -1;
    if (stop_wished() == STOP_NOW || (stop_wished() == STOP_SOON && !count.out)) {
        apex_fail(err, "stopped by a signal: run the same command again to go on");
        return EXIT_INCOMPLETE;
    }
    /* A rank without a lease may still answer, but not after the end. */
    if (!count.out && c->options->time_limit > 0 && (!count.late || now > c->options->time_limit)) {
        apex_fail(err, "no unit left fits into the %.0f s of this run: run the same command again to go on",
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
        watchdog_beat(c->watchdog);
        int heard = take_messages(c, err), own = heard < 0 ? -1 : take_own_results(c, err);
        if (own < 0)
            return EXIT_INCOMPLETE;
        if (look_at_all(c, err))
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

static void tell_copies(struct coordinator *c)
{
    struct handout_count n = c->handout ? handout_count(c->handout) : (struct handout_count){0};
    if (n.leases || n.copies)
        progress_say(c->display,
                     "%u lease%s lost, %u unit%s copied to an idle rank, %u second result%s dropped",
                     n.leases, n.leases == 1 ? "" : "s", n.copies, n.copies == 1 ? "" : "s", n.dropped,
                     n.dropped == 1 ? "" : "s");
}

static int prepare(struct coordinator *c, struct apex_error *err)
{
    struct progress *p = &c->progress;
    c->display = progress_start(c->out->folder, stderr, c->options->quiet);
    if (!c->display)
        return apex_fail(err, "out of memory");
    c->handout = handout_new(c->plan, c->sweep->models, team_size(c->team), err);
    if (!c->handout || !(c->watchdog = watchdog_start(team_size(c->team), c->options->hang_limit, err)))
        return -1;
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
    struct coordinator c = {.sweep = s,
                            .team = team,
                            .out = out,
                            .plan = plan,
                            .options = options,
                            .cpu_start = cpu_seconds(),
                            .pulsed = -1e9};
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
        c.progress.why = code == EXIT_INCOMPLETE ? err->text : NULL;
        if (plan->units)
            progress_show(c.display, &c.progress, 1);
    }
    tell_copies(&c);
    pulse(&c, 0, NULL); /* writing the result files may take long */
    watchdog_end(c.watchdog);
    if (c.crew && !crew_cancel(c.crew, 300000000) && code == EXIT_INCOMPLETE)
        *at_rest = 0;
    if (*at_rest)
        crew_end(c.crew);
    progress_end(c.display);
    bytes_free(&c.message);
    bytes_free(&c.unit);
    handout_free(c.handout);
    return code;
}
