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
#include <time.h>
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

/* What a sweep will take. Arrays: [models]. */
struct estimate {
    struct plan plan;
    double *seconds; /* on one core, for what is missing of each model */
    double *tflop;   /* of each whole model */
    size_t *bytes;   /* that a rank needs for each model */
    double all_seconds, data, journal;
    size_t memory; /* the most of bytes */
};

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

static int estimate_model(struct estimate *e, const struct sweep *s, int k, const struct done *d,
                          struct apex_error *err)
{
    const struct sweep_model *m = &s->model[k];
    double measured = 0, rate = measure_rate(s, k, &measured, err);
    e->bytes[k] = rate < 0 ? 0 : compute_bytes(s, m, err);
    if (!e->bytes[k])
        return -1;
    double flops = plan_sample_flops(m, m->wanted, s->grid->sigmas, s->grid->draws) * m->context->samples;
    double share = d->wanted ? 1 - (double)d->count / (double)d->wanted : 0;
    e->tflop[k] = flops * 1e-12;
    e->seconds[k] = flops * share * rate;
    e->all_seconds += e->seconds[k];
    e->journal += journal_bytes(d, s->grid->draws);
    e->memory = e->bytes[k] > e->memory ? e->bytes[k] : e->memory;
    return 0;
}

static void estimate_free(struct estimate *e)
{
    plan_free(&e->plan);
    free(e->seconds);
    free(e->tflop);
    free(e->bytes);
}

static int estimate_make(struct estimate *e, const struct sweep *s, const struct done *done, double ranks,
                         struct apex_error *err)
{
    *e = (struct estimate){.data = data_bytes(s)};
    if (plan_build(&e->plan, s, done, (int)ranks, err))
        return -1;
    e->seconds = calloc((size_t)s->models, sizeof *e->seconds);
    e->tflop = calloc((size_t)s->models, sizeof *e->tflop);
    e->bytes = calloc((size_t)s->models, sizeof *e->bytes);
    int outcome = e->seconds && e->tflop && e->bytes ? 0 : apex_fail(err, "out of memory");
    for (int k = 0; !outcome && k < s->models; k++)
        outcome = estimate_model(e, s, k, &done[k], err);
    if (outcome)
        estimate_free(e);
    return outcome;
}

static double seconds_on(const struct estimate *e, double ranks)
{
    double usable = e->plan.units < ranks ? e->plan.units : ranks;
    return usable > 0 ? e->all_seconds / usable : 0;
}

/* Of a rank beside the work memory: the program, its libraries and MPI's buffers. */
static const double rank_overhead = 50e6;

static void print_text(const struct sweep *s, const struct done *done, const struct estimate *e, double ranks)
{
    char duration[32];
    printf("sweep %s: %d draws, noise %s (%s), kernels %s, output %s\n", s->grid->sweep, (int)s->grid->draws,
           apex_noise_name(s->grid->noise), s->grid->relative ? "relative" : "absolute", s->kernels,
           s->grid->output);
    print_rules(s);
    printf("%-20s %8s %6s %7s %12s %12s %9s %10s  %s\n", "model", "samples", "sites", "scales", "cells",
           "done", "TFLOP", "MB a rank", "one core");
    for (int k = 0; k < s->models; k++)
        printf("%-20s %8u %6d %7d %12llu %12llu %9.3g %10.1f  %s\n", s->model[k].entry->name,
               s->model[k].context->samples, s->model[k].sites, s->grid->sigmas,
               (unsigned long long)done[k].wanted, (unsigned long long)done[k].count, e->tflop[k],
               (double)e->bytes[k] / 1e6, progress_duration(e->seconds[k], duration));
    printf("%u units, %llu sample-draws to go\n", e->plan.units, (unsigned long long)e->plan.draws);
    printf("memory: %.0f MB a rank, and %.0f MB of data once per node\n",
           ((double)e->memory + rank_overhead) / 1e6, e->data / 1e6);
    printf("disk: about %.1f MB more of journal, and NetCDF files of about the same size\n",
           e->journal / 1e6);
    printf("time: about %s on %.0f rank%s (one core each, as fast as this one)\n",
           progress_duration(seconds_on(e, ranks), duration), ranks, ranks > 1 ? "s" : "");
}

/* For scripts: a key and its value on each line; bytes and seconds. */
static void print_values(const struct sweep *s, const struct estimate *e, double ranks)
{
    printf("sweep=%s\noutput=%s\nmodels=%d\nunits=%u\nranks=%.0f\n", s->grid->sweep, s->grid->output,
           s->models, e->plan.units, ranks);
    printf("seconds=%.1f\ncore_seconds=%.1f\n", seconds_on(e, ranks), e->all_seconds);
    printf("rank_bytes=%.0f\nnode_bytes=%.0f\ndisk_bytes=%.0f\n", (double)e->memory + rank_overhead, e->data,
           2 * e->journal);
    for (int k = 0; k < s->models; k++)
        printf("model.%d.name=%s\nmodel.%d.core_seconds=%.1f\n", k + 1, s->model[k].entry->name, k + 1,
               e->seconds[k]);
}

static int print_plan(const struct sweep *s, const struct done *done, const struct plan_arguments *a,
                      struct apex_error *err)
{
    struct estimate e;
    if (estimate_make(&e, s, done, a->ranks, err))
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
    if (journal && !rms_measure(s, t, journal, &fresh, err) && !sweep_identify(s, err) &&
        (marking.done = calloc((size_t)s->models, sizeof *marking.done))) {
        outcome = 0;
        for (; !outcome && marking.models < s->models; marking.models++)
            outcome = done_init(&marking.done[marking.models], s->model[marking.models].context, err);
        if (!outcome && !access(journal, F_OK))
            outcome = journal_scan(journal, mark, &marking, NULL, err);
        if (!outcome)
            outcome = print_plan(s, marking.done, a, err);
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
