/* Noise, and single layers, against what the processor can do. */
#include "core/engine/amx_product.h"
#include "core/engine/gemm.h"
#include "dist/program/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIALS = 7 };

static float *numbers(size_t count)
{
    const struct apex_noise noise = {.kind = APEX_NOISE_UNIFORM, .seed = 3};
    float *v = aligned_alloc(64, (count * sizeof *v + 64) / 64 * 64);
    if (v)
        apex_noise_fill(&noise, 0, 0, 0, 0, (int64_t)count, v);
    return v;
}

enum { ELEMENTS = 64 * 256, ROWS = 200 };

/* Values a second in the best of some trials: those of ROWS draws made, and added to ELEMENTS activations. */
static double noise_rate(enum apex_noise_kind kind, int channels_last, float *a, float *xi)
{
    const struct apex_noise noise = {.kind = kind, .seed = 1};
    double best = 1e9;
    for (int t = 0; t < TRIALS; t++) {
        double start = bench_clock();
        for (uint32_t row = 0; row < ROWS; row++) {
            if (channels_last)
                apex_noise_fill_nhwc(&noise, 1, 0, row, 64, ELEMENTS / 64, xi);
            else
                apex_noise_fill(&noise, 1, 0, row, 0, ELEMENTS, xi);
            apex_noise_apply(noise.kind, 1e-3f, a, xi, ELEMENTS, a);
        }
        double took = bench_clock() - start;
        best = took < best ? took : best;
    }
    return ELEMENTS * ROWS / best;
}

int bench_noise(int serve, struct apex_error *err)
{
    static const enum apex_noise_kind kinds[] = {APEX_NOISE_GAUSSIAN, APEX_NOISE_UNIFORM, APEX_NOISE_LAPLACE};
    float *a = numbers(ELEMENTS), *xi = numbers(ELEMENTS);
    char line[16];
    while (a && xi && serve && fgets(line, sizeof line, stdin)) {
        printf("%.1f\n", noise_rate(APEX_NOISE_GAUSSIAN, 0, a, xi));
        fflush(stdout);
    }
    if (!serve)
        printf("%-34s %12s\n", "noise made and added", "G values/s");
    for (size_t k = 0; a && xi && !serve && k < 2 * sizeof kinds / sizeof *kinds; k++)
        printf("%-10s %-23s %12.3f\n", apex_noise_name(kinds[k / 2]), k % 2 ? "channels last" : "rows",
               noise_rate(kinds[k / 2], k % 2, a, xi) / 1e9);
    int outcome = a && xi ? 0 : apex_fail(err, "out of memory");
    free(a);
    free(xi);
    return outcome;
}

static const struct conv_shape shapes[] = {
    /* batch; in h w c, out h w c; kernel, stride, dilation; pads; groups */
    {8, 32, 32, 16, 32, 32, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {8, 16, 16, 32, 16, 16, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {8, 8, 8, 64, 8, 8, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {8, 32, 32, 64, 32, 32, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {8, 8, 8, 256, 8, 8, 256, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {8, 4, 4, 512, 4, 4, 512, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {8, 32, 32, 16, 16, 16, 32, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
    {8, 16, 16, 64, 16, 16, 256, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1},
    {8, 32, 32, 3, 32, 32, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
};

/* Best time of a run; -1: no memory, or a set that refuses. */
static double time_conv(const struct kernel_set *set, const struct conv_shape *s, char algorithm[48])
{
    size_t in = (size_t)s->batch * s->in_h * s->in_w * s->in_c, scratch = 0;
    size_t out = (size_t)s->batch * s->out_h * s->out_w * s->out_c;
    float *x = numbers(in), *y = numbers(out);
    float *w = numbers((size_t)s->out_c * s->in_c * s->kernel_h * s->kernel_w);
    void *state = x && y && w ? set->conv_new(s, w, NULL, &scratch, NULL) : NULL;
    float *work = state ? numbers(scratch / sizeof *work + 16) : NULL;
    double best = -1;
    for (int t = 0; work && t < TRIALS; t++) {
        double start = bench_clock();
        set->conv_run(state, x, y, NULL, work);
        double took = bench_clock() - start;
        best = best < 0 || took < best ? took : best;
    }
    if (state)
        snprintf(algorithm, 48, "%s", set->conv_algorithm(state));
    if (state)
        set->conv_free(state);
    free(x);
    free(y);
    free(w);
    free(work);
    return best;
}

/* A set's row for one shape; first: the shape is named. 0; -1 with err. */
static int print_conv(const struct conv_shape *s, const char *name, double peak, int first,
                      struct apex_error *err)
{
    const struct kernel_set *set = kernel_set_find(name, NULL);
    char what[64] = "", algorithm[48] = "";
    const double took = set ? time_conv(set, s, algorithm) : 0;
    if (!set)
        return 0;
    if (took <= 0)
        return apex_fail(err, "out of memory");
    const double flops =
        2.0 * s->kernel_h * s->kernel_w * s->in_c * s->out_c * s->out_h * s->out_w * s->batch / took;
    if (first)
        snprintf(what, sizeof what, "%dx%d %dx%dx%d -> %d /%d", s->kernel_h, s->kernel_w, s->in_h, s->in_w,
                 s->in_c, s->out_c, s->stride_h);
    printf("%-26s %-32s %8.1f %8.0f%%\n", what, algorithm, flops / 1e9, 100 * flops / peak);
    return 0;
}

int bench_kernels(struct apex_error *err)
{
    static const char *const names[] = {"native", "onednn", "openblas"};
    const int tiles = kernel_set_find("amx", NULL) != NULL;
    const double peak = gemm_peak(), tile_peak = tiles ? amx_peak() : 0;
    printf("\npeak of one core (%s, multiply-adds in registers): %.1f GFLOP/s", gemm_isa(), peak / 1e9);
    if (tiles)
        printf("; AMX, bfloat16: %.1f GFLOP/s", tile_peak / 1e9);
    printf("\n%-26s %-32s %8s %9s\n", "convolution, 8 images", "kernel", "GFLOP/s", "of peak");
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (print_conv(&shapes[k], names[i], peak, i == 0, err) < 0)
                return -1;
        if (tiles && print_conv(&shapes[k], "amx", tile_peak, 0, err) < 0)
            return -1;
    }
    printf("(FLOPs are those of the direct product: Winograd does fewer, so it may exceed the peak.)\n");
    return 0;
}
