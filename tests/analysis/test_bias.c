#include "analysis/bias.h"
#include "tests/analysis/result_maker.h"

static void shares_equal_scipy(void **state)
{
    (void)state;
    struct golden *x = golden_read("share.x"), *expected = golden_read("share.anomaly");
    struct bias_share b;
    double anomaly[10];
    assert_int_equal(bias_of_shares(x->v, 10, &b, anomaly, NULL), 0);
    assert_close(b.entropy, golden_value("share.entropy", 0), 1e-12, "entropy");
    assert_close(b.median, golden_value("share.median_mad", 0), 1e-12, "median");
    assert_close(b.mad, golden_value("share.median_mad", 1), 1e-12, "MAD");
    for (size_t c = 0; c < 10; c++) {
        assert_close(anomaly[c], expected->v[c], 1e-9, "anomaly");
        assert_true(x->v[c] <= b.top_share);
    }
    assert_true(b.top_share == x->v[b.top] && b.top_anomaly == anomaly[b.top]);
    free(x);
    free(expected);
}

static void collapsed_uniform_and_missing_shares(void **state)
{
    (void)state;
    const double one[] = {0, 0, 1, 0}, same[] = {0.25, 0.25, 0.25, 0.25}, none[] = {NAN, NAN, NAN, NAN},
                 single[] = {1};
    struct bias_share b;
    double anomaly[4];
    assert_int_equal(bias_of_shares(one, 4, &b, anomaly, NULL), 0);
    assert_true(b.entropy == 0 && b.top == 2 && isinf(b.top_anomaly) && anomaly[0] == 0);
    assert_int_equal(bias_of_shares(same, 4, &b, anomaly, NULL), 0);
    assert_close(b.entropy, 1, 1e-12, "uniform");
    assert_true(b.top == 0 && b.top_anomaly == 0);
    assert_int_equal(bias_of_shares(none, 4, &b, anomaly, NULL), 0);
    assert_nan(b.entropy, "missing");
    assert_nan(anomaly[3], "missing");
    assert_int_equal(bias_of_shares(single, 1, &b, anomaly, NULL), 0);
    assert_nan(b.entropy, "one class");
    assert_true(b.top_share == 1 && b.top_anomaly == 0);
}

static const double sigma[] = {1, 4, INFINITY};
static const int clean[] = {0, 1};

/* Towards class 2: 0, 6 and 8 of 8 draws at site 0, 0, 2 and 8 at site 1; site 2 is not in the grid. */
static int count(size_t s, size_t k, size_t i, size_t c)
{
    static const int gone[2][3] = {{0, 6, 8}, {0, 2, 8}};
    if (s == 2)
        return -1;
    return c == 2 ? gone[s][k] : c == (size_t)clean[i] ? 8 - gone[s][k] : 0;
}

static struct result *open_model(const struct folder *f)
{
    const struct maker m = {.sites = 3,
                            .sigmas = 3,
                            .samples = 2,
                            .classes = 3,
                            .draws = 8,
                            .sigma = sigma,
                            .clean_class = clean,
                            .count = count};
    return maker_open(&m, f);
}

static void a_model_is_summarised_over_its_cells(void **state)
{
    struct result *r = open_model(*state);
    struct bias_model b;
    assert_int_equal(bias_summarise(r, 4, -1, &b, NULL), 0);
    assert_true(b.cells == 4 && b.top == 2 && b.clean_share == 0);
    assert_close(b.collapse, (0.75 + 1 + 0.25 + 1) / 4, 1e-12, "collapse");
    assert_close(b.agreement, 0.75, 1e-12, "at site 1 and scale 4 others are ahead");
    assert_close(b.agreement_interval.low, interval_wilson(3, 4, 0.95).low, 1e-12, "Wilson");
    assert_int_equal(bias_summarise(r, INFINITY, 1, &b, NULL), 0);
    assert_true(b.cells == 1 && b.collapse == 1 && b.entropy == 0);
    assert_int_equal(bias_summarise(r, 0, 2, &b, NULL), 0);
    assert_int_equal(b.cells, 0);
    assert_nan(b.collapse, "no cell");
    double share[3];
    bias_clean_share(r, share);
    assert_true(share[0] == 0.5 && share[1] == 0.5 && share[2] == 0);
    result_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_equal_scipy),
        cmocka_unit_test(collapsed_uniform_and_missing_shares),
        cmocka_unit_test_setup_teardown(a_model_is_summarised_over_its_cells, folder_make, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
