/* Perturbed predictions against golden/recompute.txt, which another program computed from the written formula
 * alone (golden/recompute.py): the noise, the sites, `all`, every kind and sigma = infinity at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/runner.h"
#include "dist/data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 16, CLASSES = 10, SEED = 7, PIXELS = 64 };

struct line {
    char model[32], kind[32], site[32], predicted[DRAWS + 1];
    double sigma;
    int sample, clean;
};

struct state {
    struct line last; /* what the runner below was made for */
    struct apex_model *model;
    struct apex_runner *runner;
};

static void free_state(struct state *s)
{
    apex_runner_free(s->runner);
    apex_model_free(s->model);
    memset(s, 0, sizeof *s);
}

static void prepare(struct state *s, const struct line *l)
{
    int same = s->runner && strcmp(l->model, s->last.model) == 0 && strcmp(l->kind, s->last.kind) == 0 &&
               strcmp(l->site, s->last.site) == 0;
    if (same)
        return;
    char path[128];
    unsigned char chosen[64] = {0};
    struct apex_error err = {""};
    struct apex_noise noise = {.seed = SEED};
    int site = APEX_SITE_ALL;
    free_state(s);
    snprintf(path, sizeof path, "../experiments/quickstart/%s.onnx", l->model);
    s->model = apex_model_load(path, &err);
    if (!s->model)
        fail_msg("%s", err.text);
    assert_int_equal(apex_noise_kind(l->kind, &noise.kind), 0);
    assert_int_equal(apex_site_match(s->model, l->site, chosen), 1);
    while (!chosen[site + 2])
        site++;
    s->runner = apex_runner_new(s->model, "auto", &site, 1, DRAWS, NULL, &noise,
                                noise.kind != APEX_NOISE_DROPOUT, &err);
    if (!s->runner)
        fail_msg("%s", err.text);
    s->last = *l;
}

static int top(const float *logits)
{
    int best = 0;
    for (int c = 1; c < CLASSES; c++)
        best = logits[c] > logits[best] ? c : best;
    return best;
}

/* How many draws differ. */
static int compare(struct state *s, const struct line *l, const struct apex_tensor *images)
{
    float x[PIXELS], clean[CLASSES], all[DRAWS * CLASSES];
    int wrong = 0;
    prepare(s, l);
    for (int i = 0; i < PIXELS; i++)
        x[i] = ((const float *)images->data)[l->sample * PIXELS + i] / 16;
    apex_runner_clean(s->runner, x, clean);
    if (top(clean) != l->clean)
        fail_msg("%s, sample %d: class %d, expected %d", l->model, l->sample, top(clean), l->clean);
    apex_runner_perturb(s->runner, 0, NULL, &l->sigma, 1, (uint32_t)l->sample, 0, DRAWS, all);
    for (int d = 0; d < DRAWS; d++)
        wrong += top(all + d * CLASSES) != l->predicted[d] - '0';
    if (wrong > 1)
        fail_msg("%s %s %s sigma %g sample %d: %d of %d draws differ", l->model, l->kind, l->site, l->sigma,
                 l->sample, wrong, DRAWS);
    return wrong;
}

/* The table was made in double precision: a rare near tie may fall the other way. */
static void predictions_are_those_of_an_independent_program(void **unused)
{
    struct apex_error err = {""};
    struct apex_tensor *images = dataset_array("../experiments/quickstart/digits.nc", "image", &err);
    FILE *f = fopen("golden/recompute.txt", "r");
    struct state s = {0};
    struct line l;
    char text[256];
    int draws = 0, wrong = 0;
    (void)unused;
    if (!images)
        fail_msg("%s", err.text);
    assert_non_null(f);
    while (fgets(text, sizeof text, f)) {
        if (sscanf(text, "%31s %31s %31s %lf %d %d %16s", l.model, l.kind, l.site, &l.sigma, &l.sample,
                   &l.clean, l.predicted) != 7)
            continue;
        wrong += compare(&s, &l, images);
        draws += DRAWS;
    }
    fclose(f);
    free_state(&s);
    apex_tensor_free(images);
    assert_true(draws >= 20000);
    if (wrong * 2000 > draws)
        fail_msg("%d of %d draws differ", wrong, draws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_are_those_of_an_independent_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
