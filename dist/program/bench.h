/* What `apex bench` measures. All on one thread, single runs long enough to be timed; take medians of
 * several. */
#ifndef APEX_DIST_BENCH_H
#define APEX_DIST_BENCH_H

#include "core/engine/program.h"
#include "core/runner.h"

struct bench_sweep {
    const struct apex_model *model;
    int sites, *site, sigmas;
    uint32_t draws, samples;
    int tile_rows;              /* 0: as in a run */
    struct apex_scales at_once; /* 0: as in a run */
    struct apex_runner *runner;
    float *input, *logits, *clean;
    double *sigma;
    struct apex_tally *tally; /* [sites][sigmas] */
};

/* A sweep of random inputs, and of scales from 0.01 to 10. -1 with err. Frees what it made on failure. */
int bench_sweep_init(struct bench_sweep *b, const char *kernels, struct apex_error *err);
void bench_sweep_free(struct bench_sweep *b); /* not the model and the sites */

/* Runs it once, statistics included; seconds. parts[APEX_TIMES]: what the engine's parts took; may be NULL.
 */
double bench_sweep_run(struct bench_sweep *b, double *parts);

/* FLOPs that the definition asks for: everything downstream of each site, for each sample, draw and scale. */
double bench_sweep_flops(const struct bench_sweep *b);
double bench_sweep_passes(const struct bench_sweep *b); /* samples x sites x scales x draws */

/* Tables on stdout: noise, and layers of usual networks by every kernel set, beside the peak. serve: instead,
 * for each line on stdin, how many gaussian values are made and added in a second. */
int bench_noise(int serve, struct apex_error *err);
int bench_kernels(struct apex_error *err);

/* Collective under mpirun: idle units through the coordinator's messages and journal; rank 0 prints. */
int bench_units(uint32_t units, struct apex_error *err);

/* Table on stdout: CPU time that rank 0 spends on a unit with up to 100,000 ranks, without messages. */
int bench_ranks(struct apex_error *err);

/* Seconds of CPU time of this thread: what else runs on the machine does not count. */
double bench_clock(void);

#endif
