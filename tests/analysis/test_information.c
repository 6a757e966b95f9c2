#include "analysis/information.h"
#include "tests/analysis/result_maker.h"

static const double sigma[] = {1, 2, 3, INFINITY};
static double draws_of[48]; /* [12 samples][4 classes] of 20 draws */
static const int clean[12] = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};

/* Scale 0: the golden draws. 1: every draw in the clean class. 2: the same for all samples; sample 5 is
 * missing. inf: half in class 0, half in class 1. Site 1 has no infinity. */
static int count(size_t s, size_t k, size_t i, size_t c)
{
    if (s == 1 && k == 3)
        return -1;
    switch (k) {
    case 0:
        return (int)draws_of[i * 4 + c];
    case 1:
        return c == (size_t)clean[i] ? 20 : 0;
    case 2:
        return i == 5 ? -2 : c == 3 ? 20 : 0;
    default:
        return c < 2 ? 10 : 0;
    }
}

static struct result *open_model(const struct folder *f, int without_counts)
{
    struct golden *g = golden_read("information.counts");
    memcpy(draws_of, g->v, sizeof draws_of);
    free(g);
    const struct maker m = {.sites = 2,
                            .sigmas = 4,
                            .samples = 12,
                            .classes = 4,
                            .draws = 20,
                            .sigma = sigma,
                            .clean_class = clean,
                            .count = count,
                            .no_class_count = without_counts};
    return maker_open(&m, f);
}

static void information_and_distance_equal_scipy(void **state)
{
    struct result *r = open_model(*state, 0);
    struct result_site *s = maker_site(r, 0);
    struct information x;
    assert_int_equal(information_at(r, s, 0, 0, 1, &x, NULL), 0);
    assert_int_equal(x.samples, 12);
    assert_close(x.entropy, golden_value("information.entropy_plugin_corrected", 0), 1e-12, "entropy");
    assert_close(x.mutual_plugin, golden_value("information.entropy_plugin_corrected", 1), 1e-12, "plug-in");
    assert_close(x.mutual, golden_value("information.entropy_plugin_corrected", 2), 1e-12, "Miller-Madow");
    assert_close(x.of_entropy, x.mutual / x.entropy, 1e-12, "of entropy");
    assert_close(x.of_clean, x.mutual / log(4), 1e-12, "of the clean classes, three samples of each");
    assert_nan(x.mutual_null, "not asked for");
    assert_close(x.tv_average, golden_value("information.tv", 0), 1e-12, "distance");
    assert_close(x.tv_average_interval.low, golden_value("information.tv", 1), 1e-9, "low");
    assert_close(x.tv_average_interval.high, golden_value("information.tv", 2), 1e-9, "high");
    assert_close(x.tv_average_null, golden_value("information.tv_null", 0), 1e-9, "chance");
    result_site_free(s);
    result_close(r);
}

static void the_ends_are_all_and_nothing(void **state)
{
    struct result *r = open_model(*state, 0);
    struct result_site *s = maker_site(r, 0);
    struct information x;
    assert_int_equal(information_at(r, s, 1, 0, 1, &x, NULL), 0);
    assert_close(x.mutual_plugin, log(4), 1e-12, "the sample tells everything");
    assert_close(x.of_clean, 1, 1e-12, "held to 1");
    assert_close(x.tv_average, 0.75, 1e-12, "from uniform");
    assert_close(x.tv_limit, 0.5 * (0.5 + 0.5) * 0.5 + 0.5 * 1, 1e-12, "half the classes are in the limit");
    assert_int_equal(information_at(r, s, 2, 0, 1, &x, NULL), 0);
    assert_int_equal(x.samples, 11);
    assert_true(x.entropy == 0 && x.mutual_plugin == 0 && x.mutual == 0 && x.tv_average == 0);
    assert_nan(x.of_entropy, "one class");
    assert_true(x.of_clean == 0);
    assert_int_equal(information_at(r, s, 3, 0, 1, &x, NULL), 0);
    assert_within(x.mutual_plugin, 0, 1e-12, "at infinity");
    assert_true(x.tv_limit == 0 && x.tv_limit_null > 0.05);
    result_site_free(s);
    result_close(r);
}

static void without_infinity_there_is_no_limit_and_without_draws_nothing(void **state)
{
    struct result *r = open_model(*state, 0);
    struct result_site *s = maker_site(r, 1);
    struct information x;
    assert_int_equal(information_at(r, s, 0, 0, 1, &x, NULL), 0);
    assert_nan(x.tv_limit, "limit");
    assert_false(isnan(x.tv_average));
    assert_int_equal(information_at(r, s, 3, 5, 1, &x, NULL), 0);
    assert_int_equal(x.samples, 0);
    assert_nan(x.mutual, "no sample");
    result_site_free(s);
    result_close(r);
    r = open_model(*state, 1);
    s = maker_site(r, 0);
    struct apex_error err = {{0}};
    assert_int_equal(information_at(r, s, 0, 0, 1, &x, &err), -1);
    assert_non_null(strstr(err.text, "class_count"));
    result_site_free(s);
    result_close(r);
}

/* What is left of dealt-out predictions is bias alone: about (n - 1)(K - 1) / (2 n T) nats. */
static void the_permutation_null_is_the_known_bias(void **state)
{
    struct result *r = open_model(*state, 0);
    struct result_site *s = maker_site(r, 0);
    struct information x, again;
    assert_int_equal(information_at(r, s, 0, 400, 1, &x, NULL), 0);
    assert_within(x.mutual_null, 11.0 * 3 / (2 * 12 * 20), 0.01, "bias");
    assert_int_equal(information_at(r, s, 0, 400, 1, &again, NULL), 0);
    assert_true(x.mutual_null == again.mutual_null);
    assert_within(x.mutual_plugin - x.mutual, x.mutual_null, 0.04, "Miller-Madow corrects as much");
    result_site_free(s);
    result_close(r);
}

static void mean_deviation_is_de_moivres(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct golden *g = golden_read("mean_deviation.%d", i);
        assert_close(information_mean_deviation((int)g->v[0], g->v[1]), g->v[2], 1e-9, "deviation");
        free(g);
    }
    assert_true(information_mean_deviation(10, 0) == 0 && information_mean_deviation(10, 1) == 0);
    assert_nan(information_mean_deviation(10, NAN), "NaN");
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(information_and_distance_equal_scipy),
        WITH_FOLDER(the_ends_are_all_and_nothing),
        WITH_FOLDER(without_infinity_there_is_no_limit_and_without_draws_nothing),
        WITH_FOLDER(the_permutation_null_is_the_known_bias),
        cmocka_unit_test(mean_deviation_is_de_moivres),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
