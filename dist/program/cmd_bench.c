#include "core/engine/gemm.h"
#include "core/engine/program.h"
#include "core/version.h"
#include "dist/program/bench.h"
#include "dist/program/command.h"
#include "dist/program/exit_code.h"
#include "dist/program/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench_arguments {
    const char *model, *kernels, *sites;
    double sigmas, draws, samples, repeat, tile, scales, units;
    int serve, ranks;
};

static const struct option_spec specs[] = {
    {"sites", 's', "LIST", "names, globs or indices with commas (default: input, every activation, all)"},
    {"sigmas", 'n', "N", "scales (default 8)"},
    {"draws", 'd', "N", "draws (default 8)"},
    {"samples", 'm', "N", "random samples (default 10)"},
    {"repeat", 'r', "N", "repetitions; the median is told (default 5)"},
    {"tile", 't', "ROWS", "draws computed together (default: as in a run)"},
    {"scales", 'c', "N", "scales computed together, where kernels allow it (default: as in a run)"},
    {"kernels", 'k', "NAME",
     "auto (default), native, openblas, onednn or naive; in bf16 amx, avx512-bf16 or emulated"},
    {"units", 'u', "N", "under mpirun: N idle units through the coordinator and its journal, in this folder"},
    {"ranks", 'R', NULL, "rank 0's own work on a unit, with up to 100,000 ranks; in this folder"},
    {"serve", 'S', NULL,
     "before each repetition wait for a line on stdin; print only passes (without MODEL: noise) per second"},
    {0},
};

static int take_option(void *into, int key, const char *value, struct apex_error *err)
{
    struct bench_arguments *a = into;
    switch (key) {
    case 's':
        a->sites = value;
        return 0;
    case 'n':
        return option_number("--sigmas", value, 1, 1000, &a->sigmas, err);
    case 'd':
        return option_number("--draws", value, 1, 1e6, &a->draws, err);
    case 'm':
        return option_number("--samples", value, 1, 1e5, &a->samples, err);
    case 'r':
        return option_number("--repeat", value, 1, 1000, &a->repeat, err);
    case 'u':
        return option_number("--units", value, 1, 1e8, &a->units, err);
    case 't':
        return option_number("--tile", value, 1, 4096, &a->tile, err);
    case 'c':
        return option_number("--scales", value, 1, 1000, &a->scales, err);
    case 'k':
        a->kernels = value;
        return 0;
    case 'S':
        a->serve = 1;
        return 0;
    case 'R':
        a->ranks = 1;
        return 0;
    default:
        a->model = value;
        return 0;
    }
}

/* The sites of a comma-separated list, in the order of the model; NULL with err. */
static int *find_sites(const struct apex_model *m, const char *list, int *count, struct apex_error *err)
{
    unsigned char *chosen = calloc((size_t)m->sites + 2, 1);
    int *site = calloc((size_t)m->sites + 2, sizeof *site);
    char *words = strdup(list), *rest = words;
    int failed = !chosen || !site || !words ? apex_fail(err, "out of memory") : 0;
    for (char *word; !failed && (word = strsep(&rest, ","));)
        if (apex_site_match(m, word, chosen) == 0)
            failed = apex_fail(err, "%s has no site '%s'", m->graph->source, word);
    *count = 0;
    for (int k = 0; !failed && k < m->sites + 2; k++)
        if (chosen[k])
            site[(*count)++] = k - 2;
    free(chosen);
    free(words);
    if (!failed)
        return site;
    free(site);
    return NULL;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_sweep(struct bench_sweep *b, const struct bench_arguments *a)
{
    static const char *const parts[APEX_TIMES] = {"convolution", "dense layers", "noise", "elementwise"};
    double took[1000], part[APEX_TIMES] = {0}, sum = 0, peak = gemm_peak();
    int repeat = (int)a->repeat;
    for (int k = 0; k < repeat; k++)
        took[k] = bench_sweep_run(b, NULL);
    qsort(took, (size_t)repeat, sizeof *took, ascending);
    double median = took[repeat / 2], flops = bench_sweep_flops(b) / median, start = engine_clock();
    bench_sweep_run(b, part);
    double all = engine_clock() - start;
    printf(
        "%d sites, %d scales, %u draws, %u samples; tiles of %d draws at %d scales (all: %d); kernels %s\n",
        b->sites, b->sigmas, b->draws, b->samples, b->tile_rows, b->at_once.single, b->at_once.all,
        kernel_set_find(a->kernels, NULL)->name);
    printf("%.0f passes/s (median of %d; slowest %.0f, fastest %.0f)\n", bench_sweep_passes(b) / median,
           repeat, bench_sweep_passes(b) / took[repeat - 1], bench_sweep_passes(b) / took[0]);
    printf(
        "%.1f GFLOP/s of the passes as defined, %.0f%% of the peak %.1f (Winograd and linearity do fewer)\n",
        flops / 1e9, 100 * flops / peak, peak / 1e9);
    for (int k = 0; k < APEX_TIMES; k++) {
        printf("  %-34s %5.1f%%\n", parts[k], 100 * part[k] / all);
        sum += part[k];
    }
    printf("  %-34s %5.1f%%\n", "statistics, clean passes, the rest", 100 * (all - sum) / all);
}

static void serve(struct bench_sweep *b)
{
    char line[16];
    while (fgets(line, sizeof line, stdin)) {
        printf("%.1f\n", bench_sweep_passes(b) / bench_sweep_run(b, NULL));
        fflush(stdout);
    }
}

static int bench_model(const struct bench_arguments *a, struct apex_error *err)
{
    struct apex_model *m = apex_model_load(a->model, err);
    struct bench_sweep b = {.model = m, .sigmas = (int)a->sigmas};
    b.draws = (uint32_t)a->draws;
    b.samples = (uint32_t)a->samples;
    b.tile_rows = (int)a->tile;
    b.at_once = (struct apex_scales){(int)a->scales, (int)a->scales};
    b.site = m ? find_sites(m, a->sites, &b.sites, err) : NULL;
    int outcome = b.site ? bench_sweep_init(&b, a->kernels, err) : -1;
    if (!outcome && a->serve)
        serve(&b);
    else if (!outcome)
        print_sweep(&b, a);
    if (!outcome)
        bench_sweep_free(&b);
    free(b.site);
    apex_model_free(m);
    return outcome;
}

/* "AMD EPYC 9254 24-Core Processor", where the kernel tells. */
static void print_machine(void)
{
    char line[256], libraries[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "model name", 10) && strchr(line, ':')) {
            printf("machine: %s", strchr(line, ':') + 2);
            break;
        }
    if (f)
        fclose(f);
    printf("apex %s, numerics %d, vectors %s, %s\n\n", APEX_VERSION, APEX_NUMERICS_VERSION, gemm_isa(),
           kernel_set_libraries(kernel_set_find("auto", NULL), libraries, sizeof libraries));
}

int command_bench(int argc, char **argv)
{
    struct bench_arguments a = {
        .kernels = "auto", .sites = "input,*,all", .sigmas = 8, .draws = 8, .samples = 10, .repeat = 5};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "[MODEL.onnx]", specs, take_option, &a);
    if (code >= 0)
        return code;
    if (!kernel_set_find(a.kernels, &err))
        return command_fail(EXIT_USAGE, &err);
    if (a.ranks)
        return bench_ranks(&err) ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
    if (a.units > 0)
        return bench_units((uint32_t)a.units, &err) ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
    if (!a.serve)
        print_machine();
    int outcome = a.model ? bench_model(&a, &err) : bench_noise(a.serve, &err);
    if (!outcome && !a.model && !a.serve)
        outcome = bench_kernels(&err);
    return outcome ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
}
