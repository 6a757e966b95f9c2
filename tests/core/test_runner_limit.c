/* sigma = infinity: the bias-free network on pure noise, and what has no such limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "residual_net.h"

static int top(const float *logits)
{
    int best = 0;
    for (int c = 1; c < CLASSES; c++)
        best = logits[c] > logits[best] ? c : best;
    return best;
}

/* How many of the draws agree between sigma = 1e6 and infinity; the logits, divided by sigma, are close. */
static int agreeing(const struct build *b, int site, enum apex_noise_kind kind, const float *x, int tiles)
{
    float clean[CLASSES], all[2 * TILE * CLASSES];
    double sigma[2] = {1e6, INFINITY};
    int same = 0;
    struct apex_runner *r = runner(b, "auto", &site, 1, kind, 1);
    apex_runner_clean(r, x, clean);
    for (int t = 0; t < tiles; t++) {
        apex_runner_perturb(r, 0, NULL, sigma, 2, SAMPLE, (uint32_t)(t * TILE), TILE, all);
        for (int d = 0; d < TILE; d++)
            same += top(all + d * CLASSES) == top(all + (TILE + d) * CLASSES);
        for (int i = 0; i < TILE * CLASSES && apex_noise_is_additive(kind) && site != APEX_SITE_ALL; i++)
            assert_float_equal(all[i] / 1e6f, all[TILE * CLASSES + i], 1e-3);
    }
    apex_runner_free(r);
    return same;
}

static void the_limit_agrees_with_a_very_large_sigma(void **state)
{
    static const int sites[] = {APEX_SITE_INPUT, 0, 1, 2, 3, APEX_SITE_ALL};
    struct build b;
    float x[INPUT];
    (void)state;
    residual(&b, 0, NULL);
    fill_input(x, 8);
    for (size_t k = 0; k < sizeof sites / sizeof *sites; k++) {
        int same = agreeing(&b, sites[k], APEX_NOISE_GAUSSIAN, x, 25);
        if (same < 198)
            fail_msg("site %d: %d of 200 draws agree", sites[k], same);
    }
    assert_true(agreeing(&b, 1, APEX_NOISE_MULTIPLICATIVE, x, 25) >= 198);
    assert_true(agreeing(&b, 2, APEX_NOISE_LAPLACE, x, 25) >= 198);
    build_free(&b);
}

static void the_limit_of_additive_noise_does_not_depend_on_the_sample(void **state)
{
    struct build b;
    float x[INPUT], clean[CLASSES], one[TILE * CLASSES], two[TILE * CLASSES];
    double sigma = INFINITY;
    int sites[] = {APEX_SITE_INPUT, 1, APEX_SITE_ALL};
    (void)state;
    residual(&b, 0, NULL);
    struct apex_runner *r = runner(&b, "auto", sites, 3, APEX_NOISE_GAUSSIAN, 1);
    for (int s = 0; s < 3; s++) {
        fill_input(x, 1);
        apex_runner_clean(r, x, clean);
        apex_runner_perturb(r, s, NULL, &sigma, 1, SAMPLE, 0, TILE, one);
        fill_input(x, 2);
        apex_runner_clean(r, x, clean);
        apex_runner_perturb(r, s, NULL, &sigma, 1, SAMPLE, 0, TILE, two);
        assert_memory_equal(one, two, sizeof one);
    }
    apex_runner_free(r);
    build_free(&b);
}

/* relu(site) -> nodes -> gemm, for one tail after another. Values are [1, 12]. */
static void start_tail(struct build *b)
{
    build_start(b, build_dims(1, 12));
    build_site(b, build_node(b, "Relu", build_inputs(b->graph->input), "act", build_dims(1, 12)));
}

static void end_tail(struct build *b, int v)
{
    v = build_gemm(b, v, "dense", CLASSES, 21);
    build_end(b, v, v);
}

static void check_tail(struct build *b, const char *what)
{
    float x[INPUT];
    fill_input(x, 9);
    int same = agreeing(b, 0, APEX_NOISE_GAUSSIAN, x, 25);
    if (same < 198)
        fail_msg("%s: %d of 200 draws agree", what, same);
    build_free(b);
}

static void homogeneous_operators_keep_their_meaning(void **state)
{
    struct apex_shape s = build_dims(1, 12);
    struct build b;
    (void)state;
    static const char *const unary[] = {"LeakyRelu", "Neg", "Abs"};
    for (int k = 0; k < 3; k++) {
        start_tail(&b);
        end_tail(&b, build_node(&b, unary[k], build_inputs(b.site[0].value), "f", s));
        check_tail(&b, unary[k]);
    }
    static const char *const binary[] = {"Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu"};
    for (int k = 0; k < 7; k++) {
        start_tail(&b);
        int c = build_random_constant(&b, s, 2, 31);
        end_tail(&b, build_node(&b, binary[k], build_inputs(b.site[0].value, c), "f", s));
        check_tail(&b, binary[k]);
    }
    start_tail(&b); /* zero minus noise */
    int c = build_random_constant(&b, s, 2, 31);
    end_tail(&b, build_node(&b, "Sub", build_inputs(c, b.site[0].value), "f", s));
    check_tail(&b, "constant - x");
}

static void clean_and_constant_parts_count_as_zero(void **state)
{
    struct apex_shape s = build_dims(1, 12), two = build_dims(1, 24);
    struct build b;
    (void)state;
    start_tail(&b);
    int v = build_node(&b, "Concat", build_inputs(b.graph->input, b.site[0].value), "both", two);
    build_int(&b, "axis", 1);
    end_tail(&b, v);
    check_tail(&b, "Concat");
    start_tail(&b); /* a clean gate is a factor, not a term */
    v = build_node(&b, "Mul", build_inputs(b.graph->input, b.site[0].value), "gated", s);
    end_tail(&b, v);
    check_tail(&b, "clean gate");
    start_tail(&b); /* noise times noise outweighs noise */
    v = build_node(&b, "Mul", build_inputs(b.site[0].value, b.site[0].value), "square", s);
    v = build_node(&b, "Add", build_inputs(b.site[0].value, v), "sum", s);
    float x[INPUT];
    end_tail(&b, v);
    fill_input(x, 9);
    float clean[CLASSES], all[2 * TILE * CLASSES];
    double sigma[2] = {1e6, INFINITY};
    int site = 0;
    struct apex_runner *r = runner(&b, "naive", &site, 1, APEX_NOISE_GAUSSIAN, 1);
    apex_runner_clean(r, x, clean);
    apex_runner_perturb(r, 0, NULL, sigma, 2, SAMPLE, 0, TILE, all);
    for (int i = 0; i < TILE * CLASSES; i++)
        assert_float_equal(all[i] / 1e12f, all[TILE * CLASSES + i], 1e-3);
    apex_runner_free(r);
    build_free(&b);
}

static void a_normalisation_bounds_the_noise_and_biases_count_again(void **state)
{
    struct apex_shape s = build_dims(1, 12);
    struct build b;
    float x[INPUT], clean[CLASSES], all[2 * TILE * CLASSES];
    double sigma[2] = {1e6, INFINITY};
    int site = 0;
    (void)state;
    start_tail(&b);
    int scale = build_random_constant(&b, build_dims(12), 1, 41),
        bias = build_random_constant(&b, build_dims(12), 1, 42);
    int v = build_node(&b, "LayerNormalization", build_inputs(b.site[0].value, scale, bias), "norm", s);
    build_int(&b, "axis", 1);
    build_float(&b, "epsilon", 1e-5f);
    v = build_node(&b, "Sigmoid", build_inputs(v), "gate", s); /* allowed: its input is bounded */
    end_tail(&b, v);
    fill_input(x, 9);
    struct apex_runner *r = runner(&b, "auto", &site, 1, APEX_NOISE_GAUSSIAN, 1);
    apex_runner_clean(r, x, clean);
    apex_runner_perturb(r, 0, NULL, sigma, 2, SAMPLE, 0, TILE, all);
    check_close("normalised", TILE * CLASSES, all + TILE * CLASSES, all);
    apex_runner_free(r);
    build_free(&b);
}

static void an_operator_without_a_limit_is_named(void **state)
{
    static const char *const ops[] = {"Exp", "Sinh", "Cos"};
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN};
    int site = 0;
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct build b;
        struct apex_error err = {""};
        char expected[64];
        start_tail(&b);
        end_tail(&b, build_node(&b, ops[k], build_inputs(b.site[0].value), "f", build_dims(1, 12)));
        assert_null(apex_runner_new(&b.model, "naive", &site, 1, TILE, NULL, &noise, 1, &err));
        snprintf(expected, sizeof expected, "'/f/%s' (%s)", ops[k], ops[k]);
        if (!strstr(err.text, expected) || !strstr(err.text, "no limit for sigma = inf"))
            fail_msg("%s", err.text);
        struct apex_runner *r = runner(&b, "naive", &site, 1, APEX_NOISE_GAUSSIAN, 0); /* finite is fine */
        apex_runner_free(r);
        build_free(&b);
    }
}

/* Logits at infinity behind f, for two samples: the same, and those of a scale that is a thousand times
 * APEX_LIMIT_SIGMA. */
static void check_settled(struct build *b, const char *op)
{
    const double sigma[2] = {1000 * APEX_LIMIT_SIGMA, INFINITY};
    float x[2][INPUT], clean[CLASSES], all[2][2 * TILE * CLASSES];
    int site = 0;
    struct apex_runner *r = runner(b, "auto", &site, 1, APEX_NOISE_GAUSSIAN, 1);
    for (int k = 0; k < 2; k++) {
        fill_input(x[k], 9 + (uint32_t)k);
        apex_runner_clean(r, x[k], clean);
        apex_runner_perturb(r, 0, NULL, sigma, 2, SAMPLE, 0, TILE, all[k]);
    }
    for (int i = 0; i < TILE * CLASSES; i++) {
        const float limit = all[0][TILE * CLASSES + i], large = all[0][i], other = all[1][TILE * CLASSES + i];
        const float near = 1e-4f * (1 + fabsf(limit));
        if (!(fabsf(limit - large) <= near) || !(fabsf(limit - other) <= near))
            fail_msg("%s: logit %d is %g at infinity, %g for another sample, %g at a larger scale", op, i,
                     (double)limit, (double)other, (double)large);
    }
    apex_runner_free(r);
}

static void a_bounded_operator_settles_whatever_the_sample(void **state)
{
    static const char *const ops[] = {"Sigmoid", "Tanh", "Erf", "HardSigmoid", "Softsign", "Clip", "Softmax"};
    (void)state;
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++) {
        struct build b;
        start_tail(&b);
        int v = build_node(&b, ops[k], build_inputs(b.site[0].value), "f", build_dims(1, 12));
        if (!strcmp(ops[k], "Clip")) {
            build_float(&b, "min", 0);
            build_float(&b, "max", 6);
        } else if (!strcmp(ops[k], "Softmax")) {
            build_int(&b, "axis", 1);
        } else if (!strcmp(ops[k], "HardSigmoid")) {
            build_float(&b, "alpha", 0.2f);
            build_float(&b, "beta", 0.5f);
        }
        end_tail(&b, v);
        check_settled(&b, ops[k]);
        build_free(&b);
    }
}

static void a_clip_of_a_relu_is_computed_as_a_limit(void **state)
{
    struct build b;
    (void)state;
    start_tail(&b);
    int v = build_node(&b, "Clip", build_inputs(b.site[0].value), "f", build_dims(1, 12));
    build_float(&b, "min", 0);
    build_float(&b, "max", 3.4028235e38f);
    end_tail(&b, v);
    check_tail(&b, "Clip");
}

static void dropout_has_no_limit(void **state)
{
    struct build b;
    struct apex_noise noise = {.kind = APEX_NOISE_DROPOUT};
    struct apex_error err = {""};
    int site = 0;
    (void)state;
    residual(&b, 0, NULL);
    assert_null(apex_runner_new(&b.model, "naive", &site, 1, TILE, NULL, &noise, 1, &err));
    assert_non_null(strstr(err.text, "dropout"));
    build_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_agrees_with_a_very_large_sigma),
        cmocka_unit_test(the_limit_of_additive_noise_does_not_depend_on_the_sample),
        cmocka_unit_test(homogeneous_operators_keep_their_meaning),
        cmocka_unit_test(clean_and_constant_parts_count_as_zero),
        cmocka_unit_test(a_normalisation_bounds_the_noise_and_biases_count_again),
        cmocka_unit_test(an_operator_without_a_limit_is_named),
        cmocka_unit_test(a_bounded_operator_settles_whatever_the_sample),
        cmocka_unit_test(a_clip_of_a_relu_is_computed_as_a_limit),
        cmocka_unit_test(dropout_has_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
