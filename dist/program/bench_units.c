/* What the coordinator itself can do: units that cost nothing, handed out, answered and journalled through
 * the same messages, wire formats and journal as in a run. Under mpirun with at least two ranks. */
#include "dist/journal/journal.h"
#include "dist/program/bench.h"
#include "dist/run/team.h"
#include "dist/run/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CELLS = 64, RECORD = 256, QUEUED = 2 };
static const double sync_seconds = 0.05;

static int answer_units(struct team *t, struct apex_error *err)
{
    struct bytes in = {0}, out = {0};
    int from, tag, got, outcome = 0;
    while (!outcome && (got = team_receive(t, &in, &from, &tag)) >= 0) {
        struct apex_unit u;
        struct crew_result r = {0};
        if (!got)
            continue;
        if (tag == WIRE_END)
            break;
        outcome = apex_unit_decode(&u, in.data, in.size, err);
        if (outcome)
            break;
        r.unit = u.id;
        for (int k = 0; k < RECORD / 8; k++)
            bytes_put_u64(&r.record, u.id);
        bytes_clear(&out);
        wire_put_result(&out, &r);
        outcome = team_send(t, 0, WIRE_RESULT, out.data, out.size, err);
        bytes_free(&r.record);
        apex_unit_free(&u);
    }
    bytes_free(&in);
    bytes_free(&out);
    return outcome;
}

struct counts {
    uint32_t sent, answered;
    double syncing; /* seconds */
    double working; /* CPU seconds on units, without waiting for messages */
};

static int send_unit(struct team *t, uint32_t id, int rank, struct bytes *out, struct apex_error *err)
{
    unsigned char wanted[CELLS];
    struct apex_unit u = {.id = id, .count = 1, .cells = CELLS, .wanted = wanted};
    memset(wanted, 1, sizeof wanted);
    bytes_clear(out);
    apex_unit_encode(&u, out);
    return team_send(t, rank, WIRE_UNIT, out->data, out->size, err);
}

static int hand_units(struct team *t, struct journal *j, uint32_t units, struct counts *n,
                      struct apex_error *err)
{
    struct bytes in = {0}, out = {0};
    double synced = engine_clock();
    int from, tag, outcome = 0;
    for (int k = 0; k < QUEUED; k++)
        for (int rank = 1; rank < team_size(t) && n->sent < units && !outcome; rank++)
            outcome = send_unit(t, n->sent++, rank, &out, err);
    while (!outcome && n->answered < units) {
        struct wire_result r;
        double begun = bench_clock();
        if (team_receive(t, &in, &from, &tag) <= 0)
            continue;
        if (wire_get_result(&r, in.data, in.size))
            outcome = apex_fail(err, "rank %d sent something that is no result", from);
        else if (n->sent < units)
            outcome = send_unit(t, n->sent++, from, &out, err);
        outcome = outcome || journal_append(j, JOURNAL_RECORD, r.record, r.size, err);
        n->answered++;
        n->working += bench_clock() - begun;
        double now = engine_clock();
        if (!outcome && now - synced > sync_seconds) {
            outcome = journal_sync(j, err);
            synced = engine_clock();
            n->syncing += synced - now;
        }
    }
    bytes_free(&in);
    bytes_free(&out);
    return outcome;
}

static int coordinate(struct team *t, uint32_t units, struct apex_error *err)
{
    char path[] = "apex-bench-XXXXXX";
    int fd = mkstemp(path);
    struct journal *j = fd >= 0 && ftruncate(fd, 0) == 0 ? journal_open(path, err) : NULL;
    struct counts n = {0};
    double start = engine_clock();
    int outcome = j        ? hand_units(t, j, units, &n, err)
                  : fd < 0 ? apex_fail(err, "no file can be made here")
                           : -1;
    outcome = outcome || journal_sync(j, err);
    double took = engine_clock() - start;
    if (!outcome)
        printf("%u idle units, %d ranks, records of %d bytes: %.0f handed out, answered and journalled per "
               "second\n"
               "coordinator: %.2f us of work a unit; %.1f%% of the time in fdatasync\n",
               n.answered, team_size(t), RECORD, n.answered / took, 1e6 * n.working / n.answered,
               100 * n.syncing / took);
    for (int rank = 1; rank < team_size(t); rank++)
        if (team_send(t, rank, WIRE_END, "", 0, err))
            outcome = -1;
    if (j)
        journal_close(j, NULL);
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return outcome;
}

int bench_units(uint32_t units, struct apex_error *err)
{
    struct team *t = team_start(err);
    if (!t)
        return -1;
    int outcome = team_size(t) < 2 ? apex_fail(err, "--units needs mpirun and at least two ranks") : 0;
    if (!outcome)
        outcome = team_rank(t) == 0 ? coordinate(t, units, err) : answer_units(t, err);
    team_end(t, 0);
    return outcome;
}
