#include "core/engine/kernels.h"
#include "dist/program/command.h"
#include "dist/program/exit_code.h"
#include "dist/program/options.h"
#include "dist/run/compute.h"
#include "dist/run/coordinator.h"
#include "dist/run/deadline.h"
#include "dist/run/farewell.h"
#include "dist/run/output.h"
#include "dist/run/rms.h"
#include "dist/run/stop.h"
#include "dist/run/sweep_part.h"
#include "dist/run/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct run_options {
    const char *grid;
    struct coordinator_options coordinator;
    struct sweep_part part;
    int no_summary;
};

static const struct option_spec specs[] = {
    {"quiet", 'q', NULL, "no progress display"},
    {"no-summary", 'S', NULL, "do not print the summary at the end"},
    {"part", 'p', "K[/N]",
     "only the K-th model, or every N-th model from the K-th; output in a folder below"},
    {"time-limit", 't', "SECONDS", "hand out no unit that would end later than this after the start"},
    {"hang-limit", 'H', "SECONDS", "end the run if rank 0 hangs for this long (default 300)"},
    {"stall-limit", 's', "SECONDS", "give up after this long without any result (default 3600, 0: never)"},
    {0},
};

static int take_option(void *into, int key, const char *value, struct apex_error *err)
{
    struct run_options *o = into;
    switch (key) {
    case 'q':
        o->coordinator.quiet = 1;
        return 0;
    case 'S':
        o->no_summary = 1;
        return 0;
    case 'p':
        return sweep_part_parse(value, &o->part, err);
    case 't':
        return option_number("--time-limit", value, 1e-3, 1e9, &o->coordinator.time_limit, err);
    case 's':
        return option_number("--stall-limit", value, 0, 1e9, &o->coordinator.stall_limit, err);
    case 'H':
        return option_number("--hang-limit", value, 0.1, 1e9, &o->coordinator.hang_limit, err);
    default:
        o->grid = value;
        return 0;
    }
}

static int append_rms(struct output *out, const struct bytes *fresh, struct apex_error *err)
{
    struct cursor c = {fresh->data, fresh->data + fresh->size, 0};
    while (c.at < c.end) {
        uint32_t size = cursor_u32(&c);
        const void *payload = cursor_take(&c, size);
        if (!payload || journal_append(out->journal, JOURNAL_RMS, payload, size, err))
            return payload ? -1 : apex_fail(err, "out of memory");
    }
    return 0;
}

/* Everything that can be wrong with the input is found here, before anything is computed. Collective; *out is
 * set on rank 0 only. */
static int prepare(struct sweep *s, struct team *t, struct output **out, size_t *memory,
                   struct apex_error *err)
{
    struct bytes fresh = {0};
    int first = team_rank(t) == 0, outcome = 0;
    if (first && (compute_check(s, memory, err) || !(*out = output_open(s, err))))
        outcome = -1;
    if (team_agree(t, outcome, err))
        return -1;
    outcome = rms_measure(s, t, first ? (*out)->journal_path : NULL, &fresh, err);
    if (!outcome)
        outcome = sweep_identify(s, err);
    if (!outcome && first && (append_rms(*out, &fresh, err) || output_begin(*out, s, team_size(t), err)))
        outcome = -1;
    bytes_free(&fresh);
    return team_agree(t, outcome, err);
}

static void tell_plan(const struct sweep *s, struct team *t, const struct output *out,
                      const struct plan *plan, size_t memory)
{
    const double mb = 1e6;
    uint64_t wanted = 0, done = 0;
    for (int k = 0; k < out->models; k++) {
        wanted += out->done[k].wanted;
        done += out->done[k].count;
    }
    struct team_traffic traffic = team_traffic(t);
    fprintf(stderr,
            "%s: %d model%s, %llu cells, %llu done; %u units for %d rank%s; kernels %s\n"
            "%.1f MB read once, %.1f MB sent to other nodes, %.1f MB shared on each node, %.1f MB of work "
            "memory a "
            "rank\n",
            s->grid->sweep, s->models, s->models == 1 ? "" : "s", (unsigned long long)wanted,
            (unsigned long long)done, plan->units, team_size(t), team_size(t) == 1 ? "" : "s", s->kernels,
            (double)traffic.read / mb, (double)traffic.broadcast / mb, (double)traffic.shared / mb,
            (double)memory / mb);
}

static void tell_strangers(const struct sweep *s)
{
    char mine[128];
    if (!s->strangers)
        return;
    fprintf(stderr,
            "note: %d rank%s on another kind of processor than rank 0 (%s): results may differ in their "
            "last bits from run to run (docs/grid.md, kernels)\n",
            s->strangers, s->strangers == 1 ? "" : "s", kernel_set_processor(mine, sizeof mine));
}

static int export_all(const struct sweep *s, const struct output *out, int summary, struct apex_error *err)
{
    struct context **context = malloc((size_t)s->models * sizeof *context);
    if (!context)
        return apex_fail(err, "out of memory");
    for (int k = 0; k < s->models; k++)
        context[k] = s->model[k].context;
    int outcome = output_export(out->folder, context, s->models, summary ? stdout : NULL, stdout, err);
    free(context);
    return outcome;
}

/* The run must be over, and its last messages and files written, before Slurm's end of the job. */
static const double end_reserve = 10;

/* Within a Slurm job nothing is begun that the job's end would cut off. */
static void obey_deadline(struct coordinator_options *o)
{
    double left = deadline_left();
    if (left < 0)
        return;
    left = left > end_reserve ? left - end_reserve : 1e-3;
    if (o->time_limit > 0 && o->time_limit < left)
        return;
    o->time_limit = left;
    char duration[32];
    fprintf(stderr, "Slurm leaves this job %s: no unit is begun that would end later\n",
            progress_duration(left, duration));
}

/* Every worker has been told, and is about to end; one that does not answer is left to the launcher. */
static void say_goodbye(struct team *t, int code)
{
    const double patience = 5;
    struct farewell f = farewell_end(t, code, patience);
    fflush(stdout); /* under mpirun both streams go one way */
    fprintf(stderr, "memory: at most %.0f MB resident on any rank\n", (double)f.most_kib * 1.024e-3);
    if (!f.missing)
        return;
    fprintf(stderr, "apex: rank %d%s not answer: leaving without (all results are written; exit code %d)\n",
            f.first_missing, f.missing > 1 ? " and others do" : " does", code);
    team_abort(t, code);
}

static int coordinate(const struct sweep *s, struct team *t, struct output *out, struct run_options *o,
                      size_t memory, int *at_rest, struct apex_error *err)
{
    struct plan plan;
    int code = EXIT_INCOMPLETE;
    if (!plan_build(&plan, s, out->done, team_size(t), err)) {
        tell_plan(s, t, out, &plan, memory);
        tell_strangers(s);
        obey_deadline(&o->coordinator);
        code = coordinator_run(s, t, out, &plan, &o->coordinator, at_rest, err);
        plan_free(&plan);
    }
    if (code == EXIT_UNITS_FAILED)
        fprintf(stderr,
                "apex: some units failed (see above); what the others found is in the result files\n");
    if (code != EXIT_INCOMPLETE && export_all(s, out, !o->no_summary, err))
        code = EXIT_INCOMPLETE;
    if (code == EXIT_INCOMPLETE)
        command_fail(code, err);
    if (code == EXIT_INCOMPLETE)
        farewell_stop(t);
    return code;
}

static int run_sweep(struct run_options *o, struct team *t, struct apex_error *err)
{
    struct output *out = NULL;
    int code = EXIT_BAD_INPUT, at_rest = 1;
    size_t memory = 0;
    struct sweep *s = sweep_load(o->grid, t, err);
    if (!s || sweep_keep_part(s, o->part, err) || prepare(s, t, &out, &memory, err)) {
        if (stop_wished() != STOP_NO)
            code = EXIT_INCOMPLETE;
        if (team_rank(t) == 0)
            command_fail(code, err);
    } else if (team_rank(t) == 0) {
        code = coordinate(s, t, out, o, memory, &at_rest, err);
    } else if ((code = worker_run(s, t, &at_rest, err)) < 0) {
        command_fail(EXIT_INCOMPLETE, err);
        team_abort(t, EXIT_INCOMPLETE);
    }
    /* Mpirun leaves under two seconds between SIGTERM and SIGKILL: whatever hangs, the code must get out. */
    if (code == EXIT_INCOMPLETE)
        stop_within(600);
    output_close(out);
    if (!at_rest)
        team_abort(t, EXIT_INCOMPLETE);
    if (s && team_rank(t) == 0 && code != EXIT_INCOMPLETE && code != EXIT_BAD_INPUT)
        say_goodbye(t, code);
    sweep_free(s);
    return code;
}

int command_run(int argc, char **argv)
{
    struct run_options o = {.coordinator = {.stall_limit = 3600, .hang_limit = 300}};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "GRID.yaml", specs, take_option, &o);
    if (code >= 0)
        return code;
    stop_watch();
    struct team *t = team_start(&err);
    if (!t)
        return command_fail(EXIT_BAD_INPUT, &err);
    code = run_sweep(&o, t, &err);
    return team_end(t, code);
}
