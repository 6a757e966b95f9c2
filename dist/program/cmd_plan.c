#include "dist/files/file.h"
#include "dist/journal/journal.h"
#include "dist/program/command.h"
#include "dist/program/estimate.h"
#include "dist/program/exit_code.h"
#include "dist/program/options.h"
#include "dist/run/progress.h"
#include "dist/run/rms.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct plan_arguments {
    const char *grid;
    double ranks;
    int values;
};

static const struct option_spec specs[] = {
    {"ranks", 'n', "N", "estimate for so many ranks (default 1)"},
    {"values", 'v', NULL, "for scripts: key=value lines, in seconds and bytes"},
    {0},
};

static int take_option(void *into, int key, const char *value, struct apex_error *err)
{
    struct plan_arguments *a = into;
    if (key == 'n')
        return option_number("--ranks", value, 1, 1e7, &a->ranks, err);
    if (key == 'v')
        a->values = 1;
    else
        a->grid = value;
    return 0;
}

struct marking {
    struct done *done;
    int models;
};

static int mark(void *context, enum journal_kind kind, const void *payload, size_t size, uint64_t offset)
{
    struct marking *m = context;
    (void)offset;
    for (int k = 0; kind == JOURNAL_RECORD && k < m->models; k++)
        done_add(&m->done[k], payload, size);
    for (int k = 0; kind == JOURNAL_RESPONSE && k < m->models; k++)
        done_add_response(&m->done[k], payload, size);
    return 0;
}

static void print_rules(const struct sweep *s)
{
    const struct grid *g = s->grid;
    for (int r = 0; r < g->includes + g->excludes; r++) {
        int include = r < g->includes;
        const struct grid_rule *rule = include ? &g->include[r] : &g->exclude[r - g->includes];
        printf("%s rule at line %d %s %lld cells per sample\n", include ? "include" : "exclude",
               rule->mark.line, include ? "keeps" : "removes", (long long)s->removed[r]);
    }
}

static void print_text(const struct sweep *s, const struct done *done, const struct estimate *e, double ranks)
{
    char duration[32];
    printf("sweep %s: %d draws, noise %s (%s%s), kernels %s, output %s\n", s->grid->sweep,
           (int)s->grid->draws, apex_noise_name(s->grid->noise), s->grid->relative ? "relative" : "absolute",
           s->grid->per_channel ? ", per channel" : "", s->kernels, s->grid->output);
    print_rules(s);
    printf("%-20s %8s %6s %7s %12s %12s %9s %10s  %s\n", "model", "samples", "sites", "scales", "cells",
           "done", "TFLOP", "MB a rank", "one core");
    for (int k = 0; k < s->models; k++)
        printf("%-20s %8u %6d %7d %12llu %12llu %9.3g %10.1f  %s\n", s->model[k].entry->name,
               s->model[k].context->samples, s->model[k].sites, s->grid->sigmas,
               (unsigned long long)done[k].wanted, (unsigned long long)done[k].count, e->tflop[k],
               (double)e->bytes[k] / 1e6, progress_duration(e->seconds[k], duration));
    for (int k = 0; k < s->models; k++)
        if (done[k].response_wanted)
            printf("response of %s at %s: %u samples x %u scales x %u draws, %llu of %llu done\n",
                   s->model[k].entry->name, s->model[k].context->response.place[0].name,
                   s->model[k].context->response.samples, s->model[k].context->response.sigmas,
                   s->model[k].context->response.draws, (unsigned long long)done[k].response_count,
                   (unsigned long long)done[k].response_wanted);
    printf("%u units, %llu sample-draws to go\n", e->plan.units, (unsigned long long)e->plan.draws);
    printf(
        "memory: %.0f MB a rank (work, the loaded models, the program), and %.0f MB of data once per node\n",
        e->rank_bytes / 1e6, e->shared / 1e6);
    printf("disk: about %.1f MB more of journal, and NetCDF files of about the same size\n",
           e->journal / 1e6);
    printf("time: about %s on %.0f rank%s (one core each, as fast as this one)\n",
           progress_duration(estimate_seconds(e, ranks), duration), ranks, ranks > 1 ? "s" : "");
}

/* For scripts: a key and its value on each line; bytes and seconds. */
static void print_values(const struct sweep *s, const struct estimate *e, double ranks)
{
    printf("sweep=%s\noutput=%s\nmodels=%d\nunits=%u\nranks=%.0f\n", s->grid->sweep, s->grid->output,
           s->models, e->plan.units, ranks);
    printf("seconds=%.1f\ncore_seconds=%.1f\n", estimate_seconds(e, ranks), e->all_seconds);
    printf("rank_bytes=%.0f\nnode_bytes=%.0f\ndisk_bytes=%.0f\n", e->rank_bytes, e->shared, 2 * e->journal);
    for (int k = 0; k < s->models; k++)
        printf("model.%d.name=%s\nmodel.%d.core_seconds=%.1f\n", k + 1, s->model[k].entry->name, k + 1,
               e->seconds[k]);
}

static int print_plan(const struct sweep *s, const struct team *t, const struct done *done,
                      const struct plan_arguments *a, struct apex_error *err)
{
    struct estimate e;
    if (estimate_make(&e, s, t, done, a->ranks, err))
        return -1;
    if (a->values)
        print_values(s, &e, a->ranks);
    else
        print_text(s, done, &e, a->ranks);
    estimate_free(&e);
    return 0;
}

static int plan_sweep(const struct plan_arguments *a, struct team *t, struct apex_error *err)
{
    struct bytes fresh = {0};
    struct marking marking = {0};
    struct sweep *s = sweep_load(a->grid, t, err);
    char *journal = s ? file_join(s->grid->output, JOURNAL_FILE, err) : NULL;
    int outcome = -1;
    /* an absolute sweep is known without its root mean squares */
    int measured = journal && (!s->grid->relative || !rms_measure(s, t, journal, &fresh, err));
    if (measured && !sweep_identify(s, err) &&
        (marking.done = calloc((size_t)s->models, sizeof *marking.done))) {
        outcome = 0;
        for (; !outcome && marking.models < s->models; marking.models++)
            outcome = done_init(&marking.done[marking.models], s->model[marking.models].context, err);
        if (!outcome && !access(journal, F_OK))
            outcome = journal_scan(journal, mark, &marking, NULL, err);
        if (!outcome)
            outcome = print_plan(s, t, marking.done, a, err);
    }
    for (int k = 0; k < marking.models; k++)
        done_free(&marking.done[k]);
    free(marking.done);
    free(journal);
    bytes_free(&fresh);
    sweep_free(s);
    return outcome;
}

int command_plan(int argc, char **argv)
{
    struct plan_arguments a = {.ranks = 1};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "GRID.yaml", specs, take_option, &a);
    if (code >= 0)
        return code;
    struct team *t = team_start(&err);
    if (!t)
        return command_fail(EXIT_BAD_INPUT, &err);
    code = plan_sweep(&a, t, &err) ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
    return team_end(t, code);
}
