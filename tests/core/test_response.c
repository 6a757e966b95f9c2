/* What noise becomes at later sites: against clean passes of the naive kernels on inputs with the noise added
 * by hand, and against a linear layer, whose covariance is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/response.h"
#include "residual_net.h"

enum { DRAWS = 12 };

static const struct apex_noise gaussian = {.kind = APEX_NOISE_GAUSSIAN, .seed = 5};

/* Activation of site `at` (-1: the input) of a residual network with `delta` added at site `site`. */
static void activation(int at, int site, const float *delta, const float *x, float *a)
{
    struct build b;
    if (at < 0) {
        memcpy(a, x, INPUT * sizeof *a);
        return;
    }
    residual(&b, site, delta);
    /* behind the noise, where it is this site's own */
    int value = b.site[at].value;
    for (int i = 0; i < b.graph->values && at == site && delta; i++)
        if (!strcmp(b.graph->value[i].name, "noisy"))
            value = i;
    int64_t count = apex_shape_count(&b.site[at].shape);
    int flat = build_node(&b, "Reshape", build_inputs(value), "cut", build_dims(1, count));
    build_end(&b, flat, flat);
    struct apex_runner *r = runner(&b, "naive", NULL, 0, APEX_NOISE_GAUSSIAN, 0);
    apex_runner_clean(r, x, a);
    apex_runner_free(r);
    build_free(&b);
}

/* delta of every draw at site `at` for noise at `source`, by whole clean passes. */
static void differences(int at, int source, float sigma, int64_t elements, int draws, const float *x,
                        float *out)
{
    float xi[512], moved[INPUT], *clean = build_zeroed((size_t)elements, sizeof *clean);
    struct build b;
    residual(&b, 0, NULL);
    int64_t count = source < 0 ? INPUT : b.site[source].elements;
    build_free(&b);
    activation(at, 0, NULL, x, clean);
    for (int t = 0; t < draws; t++) {
        apex_noise_fill(&gaussian, (uint32_t)(source + 1), SAMPLE, (uint32_t)t, 0, count, xi);
        for (int64_t i = 0; i < count; i++)
            xi[i] *= sigma;
        for (int i = 0; i < INPUT; i++)
            moved[i] = x[i] + (source < 0 ? xi[i] : 0);
        activation(at, source, source < 0 ? NULL : xi, moved, out + t * elements);
        for (int64_t i = 0; i < elements; i++)
            out[t * elements + i] -= clean[i];
    }
    free(clean);
}

static void close_to(const char *what, double expected, double got, double tolerance)
{
    if (!(fabs(expected - got) <= tolerance * (1e-3 + fabs(expected))))
        fail_msg("%s is %.9g, expected %.9g", what, got, expected);
}

static struct apex_response *response(const struct build *b, const char *set, int source, int draws,
                                      size_t kept)
{
    struct apex_error err = {""};
    struct apex_response *r =
        apex_response_new(&b->model, set, source, (uint32_t)draws, &gaussian, kept, &err);
    if (!r)
        fail_msg("%s", err.text);
    return r;
}

static void check_source(const char *set, int source, int draws)
{
    static double gram[APEX_RESPONSE_DRAWS * APEX_RESPONSE_DRAWS];
    const double sigma[2] = {0.5, 3};
    struct build b;
    float x[INPUT], other[INPUT];
    int place[SITES + 1];
    struct apex_response_clean clean[SITES + 1];
    struct apex_response_noise noise[2 * (SITES + 1)];
    residual(&b, 0, NULL);
    fill_input(x, 1);
    fill_input(other, 2);
    struct apex_response *r = response(&b, set, source, draws, 0);
    int places = apex_response_places(&b.model, source, place);
    assert_int_equal(apex_response_count(r), places);
    assert_int_equal(apex_response_sample(r, x, other, SAMPLE, 0.5f, sigma, 2, clean, noise, NULL), 0);
    for (int p = 0; p < places; p++) {
        int64_t n = place[p] < 0 ? INPUT : b.site[place[p]].elements;
        float *a = build_zeroed((size_t)n, sizeof *a), *partner = build_zeroed((size_t)n, sizeof *a);
        float *delta = build_zeroed((size_t)(n * draws), sizeof *delta);
        double square = 0, variance = 0;
        activation(place[p], 0, NULL, x, a);
        activation(place[p], 0, NULL, other, partner);
        for (int64_t i = 0; i < n; i++) {
            square += (double)a[i] * (double)a[i] / (double)n;
            variance += pow((double)a[i] - (double)partner[i], 2) / 2 / (double)n;
        }
        close_to("square", square, clean[p].square, 1e-4);
        close_to("variance", variance, clean[p].variance, 1e-4);
        for (int k = 0; k < 2; k++) {
            struct apex_spread s;
            differences(place[p], source, (float)(0.5 * sigma[k]), n, draws, x, delta);
            apex_spread_of(delta, draws, n, gram, &s);
            close_to("energy", s.energy / (double)n, noise[k * places + p].energy, 1e-3);
            close_to("shift", s.shift / (double)n, noise[k * places + p].shift, 1e-2);
            close_to("rank", s.rank, noise[k * places + p].rank, 1e-3);
        }
        free(a);
        free(partner);
        free(delta);
    }
    apex_response_free(r);
    build_free(&b);
}

static void noise_on_the_input_is_seen_at_every_layer_as_by_hand(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++)
        check_source(sets[k], APEX_SITE_INPUT, DRAWS);
}

static void noise_on_a_layer_is_seen_at_itself_and_downstream_as_by_hand(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++)
        for (int source = 0; source < SITES; source++)
            check_source(sets[k], source, DRAWS);
}

static void draws_of_several_tiles_are_one_cloud(void **state)
{
    (void)state;
    check_source("auto", 0, 70); /* a tile has at most 64 rows */
}

static void places_are_the_source_and_what_follows_it(void **state)
{
    (void)state;
    struct build b;
    int place[SITES + 1];
    residual(&b, 0, NULL);
    assert_int_equal(apex_response_places(&b.model, APEX_SITE_INPUT, place), 5);
    assert_memory_equal(place, ((int[]){-1, 0, 1, 2, 3}), sizeof place);
    assert_int_equal(apex_response_places(&b.model, 1, place), 3);
    assert_memory_equal(place, ((int[]){1, 2, 3}), 3 * sizeof *place);
    assert_int_equal(apex_response_places(&b.model, 3, place), 1);
    build_free(&b);
}

/* Dense W, then a site: C = sigma^2 W' W for every sample, whatever the sample. */
static void a_linear_layer_gives_the_traces_of_its_matrix(void **state)
{
    (void)state;
    enum { FROM = 20, TO = 50, SAMPLES = 400 };
    struct build b;
    float x[FROM] = {1, -2, 0.5f}, other[FROM] = {0};
    const double sigma = 0.7;
    build_start(&b, build_dims(1, FROM));
    int v = build_gemm(&b, b.graph->input, "dense", TO, 3);
    const float *w = b.graph->value[b.graph->node[0].input[1]].constant->data;
    build_site(&b, v);
    v = build_gemm(&b, v, "scores", 4, 9);
    build_end(&b, v, v);
    double trace = 0, product = 0, energy = 0, shift = 0, rank = 0, own = 0;
    for (int i = 0; i < FROM; i++)
        for (int j = 0; j < FROM; j++) {
            double g = 0; /* of W W', which has the same traces */
            for (int e = 0; e < TO; e++)
                g += (double)w[i * TO + e] * (double)w[j * TO + e];
            trace += i == j ? g : 0;
            product += g * g;
        }
    struct apex_response *r = response(&b, "auto", APEX_SITE_INPUT, 16, 0);
    for (uint32_t s = 0; s < SAMPLES; s++) {
        struct apex_response_clean clean[2];
        struct apex_response_noise noise[2];
        assert_int_equal(apex_response_sample(r, x, other, s, 1, &sigma, 1, clean, noise, NULL), 0);
        energy += noise[1].energy / SAMPLES;
        shift += noise[1].shift / SAMPLES;
        rank += noise[1].rank / SAMPLES;
        own += noise[0].rank / SAMPLES;
    }
    close_to("energy", sigma * sigma * trace / TO, energy, 0.02);
    if (fabs(shift) > 0.01 * energy)
        fail_msg("a linear layer shifts the mean by %g of %g", shift, energy);
    close_to("effective rank behind the layer", trace * trace / product, rank, 0.03);
    close_to("effective rank of the noise itself", FROM, own, 0.03);
    apex_response_free(r);
    build_free(&b);
}

static void less_room_gives_the_same_numbers(void **state)
{
    (void)state;
    const double sigma[2] = {0.1, 1};
    struct build b;
    float x[INPUT], other[INPUT];
    struct apex_response_clean clean[2][5];
    struct apex_response_noise noise[2][10];
    residual(&b, 0, NULL);
    fill_input(x, 1);
    fill_input(other, 2);
    for (int small = 0; small < 2; small++) {
        struct apex_response *r = response(&b, "auto", APEX_SITE_INPUT, DRAWS, small);
        assert_int_equal(
            apex_response_sample(r, x, other, SAMPLE, 1, sigma, 2, clean[small], noise[small], NULL), 0);
        apex_response_free(r);
    }
    assert_memory_equal(clean[0], clean[1], sizeof clean[0]);
    assert_memory_equal(noise[0], noise[1], sizeof noise[0]);
    build_free(&b);
}

static void too_few_draws_and_the_site_all_are_refused(void **state)
{
    (void)state;
    struct build b;
    struct apex_error err = {""};
    residual(&b, 0, NULL);
    assert_null(apex_response_new(&b.model, "auto", APEX_SITE_INPUT, 3, &gaussian, 0, &err));
    assert_null(apex_response_new(&b.model, "auto", APEX_SITE_ALL, 8, &gaussian, 0, &err));
    assert_null(apex_response_new(&b.model, "auto", SITES, 8, &gaussian, 0, &err));
    assert_non_null(strstr(err.text, "built.onnx"));
    build_free(&b);
}

static void a_response_that_is_no_number_is_an_error(void **state)
{
    (void)state;
    struct build b;
    struct apex_error err = {""};
    float x[INPUT] = {NAN};
    const double sigma = 1;
    struct apex_response_clean clean[5];
    struct apex_response_noise noise[5];
    residual(&b, 0, NULL);
    struct apex_response *r = response(&b, "naive", APEX_SITE_INPUT, DRAWS, 0);
    assert_int_equal(apex_response_sample(r, x, x, SAMPLE, 1, &sigma, 1, clean, noise, &err), -1);
    assert_non_null(strstr(err.text, "sample 17"));
    apex_response_free(r);
    build_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_on_the_input_is_seen_at_every_layer_as_by_hand),
        cmocka_unit_test(noise_on_a_layer_is_seen_at_itself_and_downstream_as_by_hand),
        cmocka_unit_test(draws_of_several_tiles_are_one_cloud),
        cmocka_unit_test(places_are_the_source_and_what_follows_it),
        cmocka_unit_test(a_linear_layer_gives_the_traces_of_its_matrix),
        cmocka_unit_test(less_room_gives_the_same_numbers),
        cmocka_unit_test(too_few_draws_and_the_site_all_are_refused),
        cmocka_unit_test(a_response_that_is_no_number_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
