/* A hostile model file: whatever its bytes are, loading it gives a model or an error, and a model that loads
 * runs. For libFuzzer (build preset "fuzz"); replay.c runs the same over files that are kept. */
#include "core/runner.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WORK = 1 << 20, MOST_VALUES = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* External data: a few bytes for any name. */
static const void *read_some(void *context, const char *path, size_t *size, struct apex_error *err)
{
    static unsigned char some[256] = {1, 2, 3};
    (void)context, (void)path, (void)err;
    *size = sizeof some;
    return some;
}

/* What import gives back is gone. */
static void overwrite(void *context, const void *from, size_t size)
{
    (void)context;
    memset((void *)from, 0xff, size);
}

/* What a run needs stays small, so that the search does not spend its time in arithmetic. */
static int is_small(const struct apex_model *m)
{
    int64_t total = 0;
    for (int v = 0; v < m->graph->values; v++)
        total += apex_shape_count(&m->graph->value[v].shape);
    return m->flops < MOST_WORK && total < MOST_VALUES && m->parameters < MOST_VALUES;
}

static void run(const struct apex_model *m)
{
    const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 1};
    int sites[] = {APEX_SITE_INPUT, m->sites ? APEX_SITE_ALL : APEX_SITE_INPUT, 0};
    int count = apex_site_count(m) ? 3 : 2;
    double sigma = 0.5;
    float *x = calloc((size_t)apex_shape_count(&m->input), sizeof *x);
    float *logits = calloc(2 * (size_t)m->classes, sizeof *logits);
    struct apex_runner *r = apex_runner_new(m, "naive", sites, count, 2, NULL, &noise, 0, NULL);
    if (x && logits && r) {
        apex_runner_clean(r, x, logits);
        for (int s = 0; s < count; s++)
            apex_runner_perturb(r, s, NULL, &sigma, 1, 0, 0, 2, logits);
    }
    apex_runner_free(r);
    free(x);
    free(logits);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *every[] = {"tensor:*"};
    struct apex_error err = {{0}};
    const struct onnx_files files = {read_some, overwrite, NULL};
    uint8_t *own = malloc(size + 1);
    if (!own)
        return 0;
    memcpy(own, bytes, size);
    struct apex_model *m = apex_model_import(own, size, "fuzz.onnx", &files, every, 1, &err);
    if (m && is_small(m))
        run(m);
    if (!m && !err.text[0])
        abort(); /* an error without a text */
    apex_model_free(m);
    free(own);
    return 0;
}
