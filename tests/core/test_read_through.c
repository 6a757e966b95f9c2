/* What is cut, cut again and padded is read where it lies: the same bits as from a convolution that picks the
 * same numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/engine/builder.h"
#include "core/runner_state.h"
#include "graph_builder.h"

enum { IN_C = 8, OUT_C = 16, CLASSES = 5, BEFORE = 3, DRAWS = 4 };

/* Two cuts, one for each direction, of the pixels from (0, first) on, every other one; then channels of zeros
 * around. */
static int by_cuts(struct build *b, int v, int first)
{
    v = build_node(b, "Slice", build_inputs(v), "lines", build_dims(1, IN_C, 4, 8));
    build_ints(b, "starts", 4, (int64_t[]){0, 0, 0, 0});
    build_ints(b, "steps", 4, (int64_t[]){1, 1, 2, 1});
    v = build_node(b, "Slice", build_inputs(v), "columns", build_dims(1, IN_C, 4, 4));
    build_ints(b, "starts", 4, (int64_t[]){0, 0, 0, first});
    build_ints(b, "steps", 4, (int64_t[]){1, 1, 1, 2});
    v = build_node(b, "Pad", build_inputs(v), "pad", build_dims(1, OUT_C, 4, 4));
    build_ints(b, "pads", 8, (int64_t[]){0, BEFORE, 0, 0, 0, OUT_C - IN_C - BEFORE, 0, 0});
    return v;
}

/* A filter of 2x2 with a single 1 for each channel. */
static int by_convolution(struct build *b, int v, int first)
{
    float w[OUT_C][IN_C][2][2] = {0};
    for (int c = 0; c < IN_C; c++)
        w[c + BEFORE][c][0][first] = 1;
    const int weight = build_constant(b, "pick", build_dims(OUT_C, IN_C, 2, 2), &w[0][0][0][0]);
    v = build_node(b, "Conv", build_inputs(v, weight), "picked", build_dims(1, OUT_C, 4, 4));
    build_ints(b, "strides", 2, (int64_t[]){2, 2});
    return v;
}

static void shortcut(struct build *b, int cuts, int first)
{
    build_start(b, build_dims(1, 3, 8, 8));
    int v = build_conv3(b, b->graph->input, "conv", IN_C, 1);
    v = build_site(b, build_node(b, "Relu", build_inputs(v), "relu1", build_dims(1, IN_C, 8, 8)));
    v = build_site(b, build_node(b, "Sigmoid", build_inputs(v), "sigmoid", build_dims(1, IN_C, 8, 8)));
    v = (cuts ? by_cuts : by_convolution)(b, v, first);
    v = build_site(b, build_node(b, "Relu", build_inputs(v), "relu2", build_dims(1, OUT_C, 4, 4)));
    v = build_node(b, "Reshape", build_inputs(v), "flat", build_dims(1, OUT_C * 16));
    v = build_gemm(b, v, "dense", CLASSES, 7);
    build_end(b, v, v);
}

/* Noise at each site and at all, several scales; *moves grows by the cuts that are steps of their own. */
static void logits_of(const struct apex_model *m, float *logits, int *moves)
{
    const int site[] = {APEX_SITE_ALL, APEX_SITE_INPUT, 0, 1, 2};
    const double sigma[] = {0, 0.5, 20};
    const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 5};
    struct apex_error err = {""};
    unsigned seed = 3;
    float x[3 * 8 * 8], clean[CLASSES];
    struct apex_runner *r = apex_runner_new(m, "naive", site, 5, DRAWS, NULL, &noise, 0, &err);
    if (!r)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = build_random(&seed);
    apex_runner_clean(r, x, clean);
    for (int s = 0; s < 5; s++) {
        apex_runner_perturb(r, s, NULL, sigma, 3, 1, 8, DRAWS, logits + s * 3 * DRAWS * CLASSES);
        for (int k = 0; k < r->site[s].finite->steps; k++)
            *moves +=
                r->site[s].finite->step[k].node && strcmp(r->site[s].finite->step[k].node->op, "Slice") == 0;
    }
    apex_runner_free(r);
}

static void cuts_and_padding_are_one_step_with_the_same_bits(void **state)
{
    static float expected[5 * 3 * DRAWS * CLASSES], got[5 * 3 * DRAWS * CLASSES];
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct build b;
        int moves = 0;
        shortcut(&b, 0, first);
        logits_of(&b.model, expected, &moves);
        build_free(&b);
        shortcut(&b, 1, first);
        logits_of(&b.model, got, &moves);
        build_free(&b);
        assert_int_equal(moves, 0);
        assert_memory_equal(got, expected, sizeof got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cuts_and_padding_are_one_step_with_the_same_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
