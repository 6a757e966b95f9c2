/* A sweep without files and ranks: the work of one rank. */
#include "core/unit.h"
#include "dist/program/bench.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

double bench_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void bench_sweep_free(struct bench_sweep *b)
{
    apex_runner_free(b->runner);
    for (int k = 0; b->tally && k < b->sites * b->sigmas; k++)
        apex_tally_free(&b->tally[k]);
    free(b->tally);
    free(b->input);
    free(b->logits);
    free(b->clean);
    free(b->sigma);
}

int bench_sweep_init(struct bench_sweep *b, const char *kernels, struct apex_error *err)
{
    const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 1};
    size_t elements = (size_t)apex_shape_count(&b->model->input), classes = (size_t)b->model->classes;
    if (!b->tile_rows)
        b->tile_rows = apex_tile_rows(b->model, b->draws);
    if (!b->at_once.single)
        b->at_once = apex_tile_scales(b->model, b->tile_rows, b->sigmas);
    b->runner =
        apex_runner_new(b->model, kernels, b->site, b->sites, b->tile_rows, &b->at_once, &noise, 0, err);
    if (!b->runner)
        return -1;
    b->input = malloc(b->samples * elements * sizeof(float));
    b->logits = malloc((size_t)b->sigmas * (size_t)b->tile_rows * classes * sizeof(float));
    b->clean = malloc(classes * sizeof(float));
    b->sigma = malloc((size_t)b->sigmas * sizeof *b->sigma);
    b->tally = calloc((size_t)b->sites * (size_t)b->sigmas, sizeof *b->tally);
    int failed = !b->input || !b->logits || !b->clean || !b->sigma || !b->tally;
    for (int k = 0; k < b->sigmas && !failed; k++)
        b->sigma[k] = 0.01 * pow(10, 3.0 * k / (b->sigmas > 1 ? b->sigmas - 1 : 1));
    for (int k = 0; k < b->sites * b->sigmas && !failed; k++)
        failed = apex_tally_init(&b->tally[k], b->draws, (uint32_t)classes, err);
    if (failed) {
        bench_sweep_free(b);
        return apex_fail(err, "out of memory");
    }
    for (uint32_t i = 0; i < b->samples; i++)
        apex_noise_fill(&noise, UINT32_MAX, i, 0, 0, (int64_t)elements, b->input + i * elements);
    return 0;
}

/* Tile by tile, all sites of one before the next: `all` has the noise of the single sites. */
static void run_sample(struct bench_sweep *b, uint32_t sample)
{
    const uint32_t tile = (uint32_t)b->tile_rows, classes = (uint32_t)b->model->classes;
    for (uint32_t draw = 0; draw < b->draws; draw += tile) {
        uint32_t n = b->draws - draw < tile ? b->draws - draw : tile;
        for (int site = 0; site < b->sites; site++) {
            apex_runner_perturb(b->runner, site, NULL, b->sigma, b->sigmas, sample, draw, (int)n, b->logits);
            for (int k = 0; k < b->sigmas; k++)
                apex_tally_add_rows(&b->tally[site * b->sigmas + k], draw, n,
                                    b->logits + (size_t)k * tile * classes);
        }
    }
}

double bench_sweep_run(struct bench_sweep *b, double *parts)
{
    size_t elements = (size_t)apex_shape_count(&b->model->input);
    struct apex_record_sample s;
    double start = bench_clock();
    apex_runner_profile(b->runner, parts);
    for (uint32_t i = 0; i < b->samples; i++) {
        apex_runner_clean(b->runner, b->input + i * elements, b->clean);
        apex_clean_stats(b->clean, (uint32_t)b->model->classes, -1, &s);
        for (int k = 0; k < b->sites * b->sigmas; k++)
            apex_tally_reset(&b->tally[k], s.clean_class);
        run_sample(b, i);
    }
    return bench_clock() - start;
}

double bench_sweep_flops(const struct bench_sweep *b)
{
    double flops = 0;
    for (int k = 0; k < b->sites; k++)
        flops += (double)apex_site_flops(b->model, b->site[k]);
    return flops * b->sigmas * b->draws * b->samples;
}

double bench_sweep_passes(const struct bench_sweep *b)
{
    return (double)b->sites * b->sigmas * b->draws * b->samples;
}
