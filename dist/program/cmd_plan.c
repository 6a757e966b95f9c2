#include "dist/files/file.h"
#include "dist/journal/journal.h"
#include "dist/program/command.h"
#include "dist/program/exit_code.h"
#include "dist/program/options.h"
#include "dist/run/compute.h"
#include "dist/run/plan.h"
#include "dist/run/progress.h"
#include "dist/run/rms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct plan_arguments {
    const char *grid;
    double ranks;
};

static const struct option_spec specs[] = {
    {"ranks", 'n', "N", "estimate for so many ranks (default 1)"},
    {0},
};

static int take_option(void *into, int key, const char *value, struct apex_error *err)
{
    struct plan_arguments *a = into;
    if (key == 'n')
        return option_number("--ranks", value, 1, 1e7, &a->ranks, err);
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

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds for a predicted flop, measured on the first sample with every site and as many scales as take about
 * a second. -1: err. */
static double measure_rate(const struct sweep *s, int model, double *flops, struct apex_error *err)
{
    const struct sweep_model *m = &s->model[model];
    const int sigmas = s->grid->sigmas;
    uint32_t width = (uint32_t)(m->sites * sigmas);
    struct apex_unit u = {0, (uint32_t)model, 0, 1, width, calloc(width, 1)};
    struct compute *c = u.wanted ? compute_new(s, NULL, err) : NULL;
    struct bytes record = {0};
    double rate = -1;
    for (int k = 0; u.wanted && k < sigmas; k++) {
        for (int i = 0; i < m->sites; i++)
            u.wanted[i * sigmas + k] = 1;
        *flops = plan_sample_flops(m, u.wanted, sigmas, s->grid->draws);
        if (*flops > 3e10)
            break;
    }
    if (c && !compute_unit(c, &u, &record, err)) { /* the first run warms caches and makes the runner */
        bytes_clear(&record);
        double start = cpu_seconds();
        if (!compute_unit(c, &u, &record, err))
            rate = (cpu_seconds() - start) / *flops;
    }
    bytes_free(&record);
    compute_free(c);
    apex_unit_free(&u);
    return rate;
}

static int print_model(const struct sweep *s, int k, const struct done *d, double *seconds,
                       struct apex_error *err)
{
    const struct sweep_model *m = &s->model[k];
    double measured = 0, rate = measure_rate(s, k, &measured, err);
    size_t bytes = rate < 0 ? 0 : compute_bytes(s, m, err);
    if (!bytes)
        return -1;
    double each = plan_sample_flops(m, m->wanted, s->grid->sigmas, s->grid->draws);
    double share = d->wanted ? 1 - (double)d->count / (double)d->wanted : 0;
    double total = each * m->context->samples * share * rate;
    char duration[32];
    printf("%-20s %8u %6d %7d %12llu %12llu %9.3g %10.1f  %s\n", m->entry->name, m->context->samples,
           m->sites, s->grid->sigmas, (unsigned long long)d->wanted, (unsigned long long)d->count,
           each * m->context->samples * 1e-12, (double)bytes / 1e6, progress_duration(total, duration));
    *seconds += total;
    return 0;
}

/* About what a cell of one sample takes: mean margin, stay bits, two or three classes. */
static double journal_bytes(const struct done *d, uint32_t draws)
{
    return (double)(d->wanted - d->count) * (4 + (draws + 7) / 8 + 2 + 6 * 2.5);
}

static double data_bytes(const struct sweep *s)
{
    double bytes = 0;
    for (int d = 0; d < s->datas; d++)
        if (s->data[d])
            bytes +=
                (double)s->data[d]->samples * (double)s->data[d]->elements * (s->data[d]->is_bytes ? 1 : 4);
    return bytes;
}

/* The plan has loaded all models and data and computed a unit of each model, as a rank does. */
static double peak_megabytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024 / 1e6;
}

static int print_plan(const struct sweep *s, const struct done *done, double ranks, struct apex_error *err)
{
    struct plan plan;
    double seconds = 0, disk = 0;
    char duration[32];
    if (plan_build(&plan, s, done, (int)ranks, err))
        return -1;
    printf("sweep %s: %d draws, noise %s (%s), kernels %s, output %s\n", s->grid->sweep, (int)s->grid->draws,
           apex_noise_name(s->grid->noise), s->grid->relative ? "relative" : "absolute", s->kernels,
           s->grid->output);
    print_rules(s);
    printf("%-20s %8s %6s %7s %12s %12s %9s %10s  %s\n", "model", "samples", "sites", "scales", "cells",
           "done", "TFLOP", "work MB", "one core");
    int outcome = 0;
    for (int k = 0; !outcome && k < s->models; k++) {
        outcome = print_model(s, k, &done[k], &seconds, err);
        disk += journal_bytes(&done[k], s->grid->draws);
    }
    if (!outcome) {
        printf("%u units, %llu sample-draws to go\n", plan.units, (unsigned long long)plan.draws);
        printf(
            "memory: %.0f MB a rank (this process at its peak), of which %.0f MB of data lie once per node\n",
            peak_megabytes(), data_bytes(s) / 1e6);
        printf("disk: about %.1f MB more of journal, and NetCDF files of about the same size\n", disk / 1e6);
        double usable = plan.units < ranks ? plan.units : ranks;
        printf("time: about %s on %.0f rank%s (one core each, as fast as this one)\n",
               progress_duration(usable > 0 ? seconds / usable : 0, duration), ranks, ranks > 1 ? "s" : "");
    }
    plan_free(&plan);
    return outcome;
}

static int plan_sweep(const struct plan_arguments *a, struct team *t, struct apex_error *err)
{
    struct bytes fresh = {0};
    struct marking marking = {0};
    struct sweep *s = sweep_load(a->grid, t, err);
    char *journal = s ? file_join(s->grid->output, JOURNAL_FILE, err) : NULL;
    int outcome = -1;
    if (journal && !rms_measure(s, t, journal, &fresh, err) && !sweep_identify(s, err) &&
        (marking.done = calloc((size_t)s->models, sizeof *marking.done))) {
        outcome = 0;
        for (; !outcome && marking.models < s->models; marking.models++)
            outcome = done_init(&marking.done[marking.models], s->model[marking.models].context, err);
        if (!outcome && !access(journal, F_OK))
            outcome = journal_scan(journal, mark, &marking, NULL, err);
        if (!outcome)
            outcome = print_plan(s, marking.done, a->ranks, err);
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
