/* What handing out costs rank 0 of a large run: the run's own bookkeeping, wire formats and journal, for as
 * many ranks as asked for, without the messages themselves. */
#include "dist/journal/journal.h"
#include "dist/program/bench.h"
#include "dist/run/handout.h"
#include "dist/run/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CELLS = 64, EACH = 16, TRIALS = 20 };

struct office {
    struct plan plan;
    struct apex_unit *unit;
    double *flops;
    unsigned char wanted[CELLS];
    int *head; /* [units] ranks in the order in which they will answer */
    struct handout *handout;
    struct journal *journal;
    struct bytes unit_bytes, answer, record;
};

static int open_office(struct office *o, int ranks, size_t record, const char *path, struct apex_error *err)
{
    uint32_t units = (uint32_t)ranks * EACH;
    o->unit = calloc(units, sizeof *o->unit);
    o->flops = malloc(units * sizeof *o->flops);
    o->head = malloc(units * sizeof *o->head);
    if (!o->unit || !o->flops || !o->head)
        return apex_fail(err, "out of memory");
    memset(o->wanted, 1, CELLS);
    for (uint32_t k = 0; k < units; k++) {
        o->unit[k] = (struct apex_unit){.id = k, .first = k, .count = 1, .cells = CELLS, .wanted = o->wanted};
        o->flops[k] = 1e9 + (double)(k * 2654435761u % 1000) * 1e6;
    }
    for (size_t k = 0; k < record; k++)
        bytes_put_u8(&o->record, (uint8_t)k);
    o->plan = (struct plan){.units = units, .unit = o->unit, .flops = o->flops};
    o->handout = handout_new(&o->plan, 1, ranks, err);
    o->journal = o->handout ? journal_open(path, err) : NULL;
    return o->journal ? 0 : -1;
}

static void close_office(struct office *o)
{
    if (o->journal)
        journal_close(o->journal, NULL);
    handout_free(o->handout);
    bytes_free(&o->unit_bytes);
    bytes_free(&o->answer);
    bytes_free(&o->record);
    free(o->unit);
    free(o->flops);
    free(o->head);
}

static int hand(struct office *o, int rank, uint32_t *sent, double now)
{
    int64_t k = handout_choose(o->handout, rank, now, 0);
    if (k < 0)
        return 0;
    bytes_clear(&o->unit_bytes);
    apex_unit_encode(&o->unit[k], &o->unit_bytes);
    handout_give(o->handout, (uint32_t)k, rank, now);
    o->head[(*sent)++] = rank;
    return o->unit_bytes.failed;
}

static int take(struct office *o, int rank, double now, struct apex_error *err)
{
    double since;
    struct crew_result r = {.unit = (uint32_t)handout_head(o->handout, rank, &since), .record = o->record};
    struct wire_result w;
    bytes_clear(&o->answer);
    wire_put_result(&o->answer, &r);
    if (wire_get_result(&w, o->answer.data, o->answer.size))
        return apex_fail(err, "a result does not survive its wire format");
    handout_result(o->handout, rank, w.unit, 0, now);
    return journal_append(o->journal, JOURNAL_RECORD, w.record, w.size, err);
}

/* Seconds of a look at every rank. *hungry: for the compiler, which may not leave the look out. */
static double time_look(const struct office *o, int ranks, double now, int *hungry)
{
    double start = bench_clock();
    for (int t = 0; t < TRIALS; t++) {
        handout_expire(o->handout, now);
        for (int depth = 0; depth < HANDOUT_QUEUE; depth++)
            for (int rank = 0; rank < ranks; rank++)
                *hungry += handout_holds(o->handout, rank) <= depth;
    }
    return (bench_clock() - start) / TRIALS;
}

static int run_office(struct office *o, int ranks, struct apex_error *err)
{
    uint32_t sent = 0, answered = 0;
    int hungry = 0;
    double start = bench_clock(), look = 0, step = 1.0 / ranks; /* a unit takes about a second */
    for (int depth = 0; depth < HANDOUT_QUEUE; depth++)
        for (int rank = 0; rank < ranks; rank++)
            if (hand(o, rank, &sent, 0))
                return apex_fail(err, "out of memory");
    for (double now = 1; answered < sent; now += step) {
        int rank = o->head[answered++];
        if (take(o, rank, now, err))
            return -1;
        if (hand(o, rank, &sent, now))
            return apex_fail(err, "out of memory");
        if (answered == sent / 2)
            look = time_look(o, ranks, now, &hungry);
    }
    double took = bench_clock() - start - look * TRIALS;
    printf("%8d %10zu %14.2f %18.0f\n", ranks, o->record.size, 1e6 * took / answered, 1e6 * look);
    fflush(stdout);
    return 0;
}

int bench_ranks(struct apex_error *err)
{
    static const int ranks[] = {100, 1000, 10000, 100000};
    static const size_t records[] = {256, 4096};
    char path[] = "apex-bench-XXXXXX";
    int fd = mkstemp(path), outcome = fd < 0 ? apex_fail(err, "no file can be made here") : 0;
    printf("%8s %10s %14s %18s\n", "ranks", "record, B", "us a unit", "us a look at all");
    for (int k = 0; k < 8 && !outcome; k++) {
        struct office o = {0};
        outcome = ftruncate(fd, 0) ? apex_fail(err, "%s cannot be emptied", path) : 0;
        outcome = outcome || open_office(&o, ranks[k / 2], records[k % 2], path, err) ||
                  run_office(&o, ranks[k / 2], err);
        close_office(&o);
    }
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return outcome ? -1 : 0;
}
