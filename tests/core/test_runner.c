/* Perturbed passes against the definition: noise added by hand and a whole clean pass of the rest of the
 * network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "residual_net.h"

/* Clean activation of a site in ONNX order: the logits of the network cut there. */
static float *activation(int site, const char *set, const float *x)
{
    struct build b;
    residual(&b, 0, NULL);
    int64_t count = apex_shape_count(&b.site[site].shape);
    int flat = build_node(&b, "Reshape", build_inputs(b.site[site].value), "cut", build_dims(1, count));
    build_end(&b, flat, flat);
    struct apex_runner *r = runner(&b, set, NULL, 0, APEX_NOISE_GAUSSIAN, 0);
    float *a = build_zeroed((size_t)count, sizeof *a);
    apex_runner_clean(r, x, a);
    apex_runner_free(r);
    build_free(&b);
    return a;
}

/* The noise of a site in ONNX order. Per channel: element c of the noise per element, at each place of
 * channel c. */
static void noise_of(const struct apex_noise *noise, int site, const struct apex_shape *shape, uint32_t draw,
                     float *xi)
{
    const struct apex_noise each = {.kind = noise->kind, .seed = noise->seed};
    const int64_t count = apex_shape_count(shape), places = count / shape->dim[1];
    float *plain = build_zeroed((size_t)count, sizeof *plain);
    apex_noise_fill(&each, (uint32_t)site + 1, SAMPLE, draw, 0, count, plain);
    for (int64_t i = 0; i < count; i++)
        xi[i] = plain[noise->per_channel ? i / places : i];
    free(plain);
}

/* One row by the definition: the noise of (site, SAMPLE, draw) as a constant of the graph, and a whole clean
 * pass in the naive set. */
static void by_hand(int site, const struct apex_noise *noise, const float *x, float sigma, uint32_t draw,
                    float *logits)
{
    struct build noisy;
    float *a = activation(site, "naive", x);
    residual(&noisy, 0, NULL);
    int64_t count = noisy.site[site].elements;
    const struct apex_shape shape = noisy.site[site].shape;
    build_free(&noisy);
    float *xi = build_zeroed((size_t)count, sizeof *xi), *delta = build_zeroed((size_t)count, sizeof *delta);
    noise_of(noise, site, &shape, draw, xi);
    apex_noise_apply(noise->kind, sigma, a, xi, count, delta);
    for (int64_t i = 0; i < count; i++)
        delta[i] -= a[i];
    residual(&noisy, site, delta);
    struct apex_runner *r = runner_of(&noisy, "naive", NULL, 0, noise, 0);
    apex_runner_clean(r, x, logits);
    apex_runner_free(r);
    build_free(&noisy);
    free(a);
    free(xi);
    free(delta);
}

static void check_site(int site, const char *set, enum apex_noise_kind kind, int per_channel)
{
    const struct apex_noise noise = {.kind = kind, .seed = 5, .per_channel = per_channel};
    struct build b;
    float x[INPUT], logits[CLASSES], expected[CLASSES], all[2 * TILE * CLASSES];
    double sigma[2] = {0.25, 2};
    residual(&b, 0, NULL);
    fill_input(x, 1);
    struct apex_runner *r = runner_of(&b, set, &site, 1, &noise, 0);
    apex_runner_clean(r, x, logits);
    apex_runner_perturb(r, 0, NULL, sigma, 2, SAMPLE, 16, TILE, all);
    for (int k = 0; k < 2; k++)
        for (int d = 0; d < TILE; d += 3) {
            by_hand(site, &noise, x, (float)sigma[k], 16 + (uint32_t)d, expected);
            check_close(set, CLASSES, expected, all + (k * TILE + d) * CLASSES);
        }
    apex_runner_free(r);
    build_free(&b);
}

static void a_perturbed_pass_is_the_rest_of_the_network_on_the_noisy_activation(void **state)
{
    (void)state;
    for (int site = 0; site < SITES; site++)
        for (size_t k = 0; k < sizeof sets / sizeof *sets; k++)
            check_site(site, sets[k], APEX_NOISE_GAUSSIAN, 0);
}

static void noise_per_channel_is_one_number_for_all_places_of_a_channel(void **state)
{
    (void)state;
    for (int site = 0; site < SITES; site++) /* the last is a vector: one number per element */
        for (size_t k = 0; k < sizeof sets / sizeof *sets; k++)
            check_site(site, sets[k], APEX_NOISE_GAUSSIAN, 1);
    check_site(1, "auto", APEX_NOISE_DROPOUT, 1); /* whole channels */
}

static void every_noise_kind_works_at_a_site(void **state)
{
    (void)state;
    for (int kind = APEX_NOISE_GAUSSIAN; kind <= APEX_NOISE_DROPOUT; kind++)
        check_site(1, "auto", kind, 0);
}

static void sigma_zero_is_the_clean_pass(void **state)
{
    struct build b;
    float x[INPUT], clean[CLASSES], all[TILE * CLASSES];
    int sites[] = {APEX_SITE_INPUT, 1, APEX_SITE_ALL};
    double sigma = 0;
    (void)state;
    residual(&b, 0, NULL);
    fill_input(x, 2);
    struct apex_runner *r = runner(&b, "auto", sites, 3, APEX_NOISE_GAUSSIAN, 0);
    apex_runner_clean(r, x, clean);
    for (int s = 0; s < 3; s++) {
        apex_runner_perturb(r, s, NULL, &sigma, 1, SAMPLE, 0, TILE, all);
        for (int d = 0; d < TILE; d++)
            check_close("sigma 0", CLASSES, clean, all + d * CLASSES);
    }
    apex_runner_free(r);
    build_free(&b);
}

static void other_cuts_of_the_scales_give_the_same_bits(void **state)
{
    struct build b;
    float x[INPUT], clean[CLASSES], all[3 * TILE * CLASSES], one[TILE * CLASSES];
    double sigma[3] = {0.1, 1, 10};
    int sites[] = {0, APEX_SITE_ALL, APEX_SITE_INPUT};
    (void)state;
    residual(&b, 0, NULL);
    fill_input(x, 3);
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        struct apex_runner *r = runner(&b, sets[k], sites, 3, APEX_NOISE_GAUSSIAN, 0);
        apex_runner_clean(r, x, clean);
        for (int s = 0; s < 3; s++) {
            apex_runner_perturb(r, s, NULL, sigma, 3, SAMPLE, 8, TILE, all);
            for (int i = 2; i >= 0; i--) {
                apex_runner_perturb(r, s, NULL, &sigma[i], 1, SAMPLE, 8, TILE, one);
                assert_memory_equal(one, all + i * TILE * CLASSES, sizeof one);
            }
        }
        apex_runner_free(r);
    }
    build_free(&b);
}

static void a_draw_does_not_depend_on_its_place_or_on_padding(void **state)
{
    struct build b;
    float x[INPUT], clean[CLASSES], all[TILE * CLASSES], part[TILE * CLASSES];
    double sigma = 1;
    int sites[] = {1, APEX_SITE_ALL};
    (void)state;
    residual(&b, 0, NULL);
    fill_input(x, 4);
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        struct apex_runner *r = runner(&b, sets[k], sites, 2, APEX_NOISE_GAUSSIAN, 0);
        apex_runner_clean(r, x, clean);
        for (int s = 0; s < 2; s++) {
            apex_runner_perturb(r, s, NULL, &sigma, 1, SAMPLE, 0, TILE, all);
            apex_runner_perturb(r, s, NULL, &sigma, 1, SAMPLE, 0, 3, part);
            assert_memory_equal(part, all, 3 * CLASSES * sizeof *part);
            apex_runner_perturb(r, s, NULL, &sigma, 1, SAMPLE, 5, 3, part);
            check_close("moved", 3 * CLASSES, all + 5 * CLASSES, part);
            assert_memory_not_equal(all, all + CLASSES, CLASSES * sizeof *all);
        }
        apex_runner_free(r);
    }
    build_free(&b);
}

static void a_second_run_gives_the_same_bits(void **state)
{
    struct build b;
    float x[INPUT], y[INPUT], clean[CLASSES], one[TILE * CLASSES], two[TILE * CLASSES];
    double sigma = 1;
    int site = APEX_SITE_ALL;
    (void)state;
    residual(&b, 0, NULL);
    fill_input(x, 4);
    fill_input(y, 5);
    struct apex_runner *r = runner(&b, "auto", &site, 1, APEX_NOISE_GAUSSIAN, 0);
    apex_runner_clean(r, x, clean);
    apex_runner_perturb(r, 0, NULL, &sigma, 1, SAMPLE, 0, TILE, one);
    apex_runner_clean(r, y, clean);
    apex_runner_perturb(r, 0, NULL, &sigma, 1, SAMPLE, 0, TILE, two);
    assert_memory_not_equal(one, two, sizeof one);
    apex_runner_clean(r, x, clean);
    apex_runner_perturb(r, 0, NULL, &sigma, 1, SAMPLE, 0, TILE, two);
    assert_memory_equal(one, two, sizeof one);
    apex_runner_free(r);
    build_free(&b);
}

static void a_scale_factor_multiplies_sigma(void **state)
{
    struct build b;
    float x[INPUT], clean[CLASSES], one[TILE * CLASSES], two[TILE * CLASSES], scale = 4;
    double small = 0.25, large = 1;
    int site = 1;
    (void)state;
    residual(&b, 0, NULL);
    fill_input(x, 6);
    struct apex_runner *r = runner(&b, "auto", &site, 1, APEX_NOISE_GAUSSIAN, 0);
    apex_runner_clean(r, x, clean);
    apex_runner_perturb(r, 0, &scale, &small, 1, SAMPLE, 0, TILE, one);
    apex_runner_perturb(r, 0, NULL, &large, 1, SAMPLE, 0, TILE, two);
    assert_memory_equal(one, two, sizeof one);
    apex_runner_free(r);
    build_free(&b);
}

static void squares_are_those_of_the_clean_activation(void **state)
{
    struct build b;
    float x[INPUT], clean[CLASSES];
    double sum[3] = {1, 2, 3}, expected = 0;
    int sites[] = {1, APEX_SITE_ALL, APEX_SITE_INPUT};
    (void)state;
    residual(&b, 0, NULL);
    fill_input(x, 6);
    struct apex_runner *r = runner(&b, "naive", sites, 3, APEX_NOISE_GAUSSIAN, 0);
    apex_runner_clean(r, x, clean);
    apex_runner_add_squares(r, sum);
    float *a = activation(1, "naive", x);
    for (int i = 0; i < 8 * 36; i++)
        expected += (double)a[i] * a[i];
    assert_float_equal(sum[0], 1 + expected, 1e-4);
    assert_float_equal(sum[1], 2, 0);
    expected = 0;
    for (int i = 0; i < INPUT; i++)
        expected += (double)x[i] * x[i];
    assert_float_equal(sum[2], 3 + expected, 1e-4);
    free(a);
    apex_runner_free(r);
    build_free(&b);
}

static void the_output_is_the_softmax_of_the_logits(void **state)
{
    struct build b;
    float x[INPUT], logits[CLASSES];
    double sum = 0;
    (void)state;
    residual(&b, 0, NULL);
    fill_input(x, 7);
    struct apex_runner *r = runner(&b, "auto", NULL, 0, APEX_NOISE_GAUSSIAN, 0);
    apex_runner_clean(r, x, logits);
    for (int c = 0; c < CLASSES; c++)
        sum += exp((double)logits[c]);
    for (int c = 0; c < CLASSES; c++)
        assert_float_equal(apex_runner_output(r)[c], exp((double)logits[c]) / sum, 1e-5);
    apex_runner_free(r);
    build_free(&b);
}

static void a_site_may_be_the_logits_themselves(void **state)
{
    struct build b;
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 5};
    float x[4] = {1, -2, 3, -4}, clean[4], all[2 * TILE * 4], xi[4];
    double sigma[2] = {0.5, INFINITY};
    int sites[] = {0, APEX_SITE_ALL};
    (void)state;
    build_start(&b, build_dims(1, 4));
    int v = build_site(&b, build_node(&b, "Relu", build_inputs(b.graph->input), "relu", build_dims(1, 4)));
    build_end(&b, v, v);
    struct apex_runner *r = runner(&b, "auto", sites, 2, APEX_NOISE_GAUSSIAN, 1);
    apex_runner_clean(r, x, clean);
    apex_noise_fill(&noise, 1, SAMPLE, 6, 0, 4, xi);
    for (int s = 0; s < 2; s++) {
        apex_runner_perturb(r, s, NULL, sigma, 2, SAMPLE, 5, TILE, all);
        for (int c = 0; c < 4; c++) {
            assert_float_equal(all[4 + c], clean[c] + 0.5f * xi[c], 1e-6);
            assert_float_equal(all[(TILE + 1) * 4 + c], xi[c], 0);
        }
    }
    apex_runner_free(r);
    build_free(&b);
}

static void layers_and_bad_arguments_are_reported(void **state)
{
    struct build b;
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN};
    struct apex_layer layer[16];
    struct apex_error err = {""};
    int beyond = SITES;
    (void)state;
    residual(&b, 0, NULL);
    struct apex_runner *r = runner(&b, "openblas", NULL, 0, APEX_NOISE_GAUSSIAN, 0);
    int count = apex_runner_layers(r, layer, 16);
    assert_true(count >= 8);
    assert_string_equal(layer[0].op, "Conv");
    assert_string_equal(layer[0].kernel, "openblas:im2col");
    assert_int_equal(layer[0].flops, 2 * 8 * 3 * 9 * 36);
    assert_true(apex_runner_bytes(r) > 0);
    apex_runner_free(r);
    assert_null(apex_runner_new(&b.model, "naive", &beyond, 1, TILE, NULL, &noise, 0, &err));
    assert_non_null(strstr(err.text, "no site 4"));
    assert_null(apex_runner_new(&b.model, "none", NULL, 0, TILE, NULL, &noise, 0, &err));
    build_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perturbed_pass_is_the_rest_of_the_network_on_the_noisy_activation),
        cmocka_unit_test(noise_per_channel_is_one_number_for_all_places_of_a_channel),
        cmocka_unit_test(every_noise_kind_works_at_a_site),
        cmocka_unit_test(sigma_zero_is_the_clean_pass),
        cmocka_unit_test(other_cuts_of_the_scales_give_the_same_bits),
        cmocka_unit_test(a_draw_does_not_depend_on_its_place_or_on_padding),
        cmocka_unit_test(a_second_run_gives_the_same_bits),
        cmocka_unit_test(a_scale_factor_multiplies_sigma),
        cmocka_unit_test(squares_are_those_of_the_clean_activation),
        cmocka_unit_test(the_output_is_the_softmax_of_the_logits),
        cmocka_unit_test(a_site_may_be_the_logits_themselves),
        cmocka_unit_test(layers_and_bad_arguments_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
