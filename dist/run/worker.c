#include "dist/run/worker.h"

#include "dist/program/exit_code.h"
#include "dist/run/crew.h"
#include "dist/run/farewell.h"
#include "dist/run/stop.h"
#include "dist/run/wire.h"

#include <string.h>
#include <time.h>

static const long shortest_wait = 20000, longest_wait = 5000000; /* nanoseconds */

struct worker {
    struct team *team;
    struct crew *crew;
    struct bytes in, out;
    int passed_on;  /* the stop wish that rank 0 knows of */
    int code;       /* -1: go on */
    double promise; /* seconds within which rank 0 will be heard again; 0: not known */
    double silent;  /* since it was heard */
    int stopped;    /* told to drop everything, not to end in good order */
};

static int take_message(struct worker *w, int tag, struct apex_error *err)
{
    struct apex_unit u;
    struct cursor c = {w->in.data, w->in.data + w->in.size, 0};
    if (tag == WIRE_END) {
        w->code = (int)cursor_u32(&c);
    } else if (tag == WIRE_STOP) {
        w->code = EXIT_INCOMPLETE;
        w->stopped = 1;
    } else if (tag == WIRE_ALIVE) {
        w->promise = (double)cursor_f32(&c);
    } else if (tag == WIRE_UNIT) {
        if (apex_unit_decode(&u, w->in.data, w->in.size, err))
            return -1;
        int outcome = crew_give(w->crew, &u, err);
        apex_unit_free(&u);
        return outcome;
    }
    return 0;
}

static int send_results(struct worker *w, struct apex_error *err)
{
    int any = 0, outcome = 0;
    for (struct crew_result *r; !outcome && (r = crew_take(w->crew)); any = 1) {
        bytes_clear(&w->out);
        wire_put_result(&w->out, r);
        outcome = w->out.failed ? apex_fail(err, "out of memory")
                                : team_send(w->team, 0, WIRE_RESULT, w->out.data, w->out.size, err);
        crew_result_free(r);
    }
    return outcome ? -1 : any;
}

/* A signal may reach this rank alone; rank 0 decides for all. */
static int pass_wish_on(struct worker *w, struct apex_error *err)
{
    int wish = stop_wished();
    if (wish <= w->passed_on)
        return 0;
    w->passed_on = wish;
    unsigned char byte = (unsigned char)wish;
    return team_send(w->team, 0, WIRE_WISH, &byte, 1, err);
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Waits for a result of the crew, at most so long. A wait counts as one second of silence at most: after a
 * job was suspended as a whole and goes on, rank 0 still has its time. */
static int wait_in_silence(struct worker *w, long nanoseconds, struct apex_error *err)
{
    double begun = seconds_now();
    crew_wait(w->crew, nanoseconds);
    double took = seconds_now() - begun;
    w->silent += took < 1 ? took : 1;
    if (w->promise <= 0 || w->silent < w->promise)
        return 0;
    return apex_fail(err, "rank 0 has not been heard for %.1f s: run the same command again to go on",
                     w->promise);
}

int worker_run(const struct sweep *s, struct team *team, int *at_rest, struct apex_error *err)
{
    struct worker w = {.team = team, .code = -1, .crew = crew_start(s, err)};
    long wait = shortest_wait;
    *at_rest = 1;
    int failed = !w.crew;
    while (!failed && w.code < 0) {
        int from, tag, got = team_receive(team, &w.in, &from, &tag);
        failed = got < 0 || (got && take_message(&w, tag, err)) || pass_wish_on(&w, err);
        int sent = failed ? -1 : send_results(&w, err);
        failed = sent < 0;
        if (got)
            w.silent = 0;
        if (got || sent) {
            wait = shortest_wait;
            continue;
        }
        failed = failed || wait_in_silence(&w, wait, err);
        wait = 2 * wait > longest_wait ? longest_wait : 2 * wait;
    }
    /* In good order there may still be a copy that somebody else was first with: it ends at its next tile. */
    if (w.crew && !crew_cancel(w.crew, 300000000) && (failed || w.stopped))
        *at_rest = 0;
    if (*at_rest)
        crew_end(w.crew);
    if (!failed && !w.stopped)
        failed = farewell_bye(team, err) != 0;
    bytes_free(&w.in);
    bytes_free(&w.out);
    return failed ? -1 : w.code;
}
