#include "analysis/escape.h"
#include "tests/analysis/result_maker.h"

#include <float.h>

static const double sigma[] = {0.1, 1, 10, INFINITY};

/* Draws of 8 that stay at each scale; the rest goes to class 1. -2: not computed, -1: not in the grid. */
static const int stays[][4] = {
    {8, 8, 8, 8},  /* never left */
    {8, 2, 1, 0},  /* mode at 1; half between 0.1 and 1 */
    {8, 8, 8, 1},  /* only at infinity */
    {3, 0, 0, 0},  /* at once */
    {8, -2, 1, 0}, /* incomplete */
    {8, 8, 6, 8},  /* two draws left: censored by mode and half, not by first_flip */
};
enum { SAMPLES = 6 };
static const int clean[SAMPLES] = {0}, label[SAMPLES] = {0, 1, -1, 0, 0, 0};

static int count(size_t s, size_t k, size_t i, size_t c)
{
    const int stay = s == 1 ? -1 : s == 2 ? 8 : stays[i][k];
    return stay < 0 ? stay : c == 0 ? stay : c == 1 ? 8 - stay : 0;
}

static struct result *open_samples(const struct folder *f)
{
    const struct maker m = {.sites = 3,
                            .sigmas = 4,
                            .samples = SAMPLES,
                            .classes = 3,
                            .draws = 8,
                            .sigma = sigma,
                            .label = label,
                            .clean_class = clean,
                            .count = count};
    return maker_open(&m, f);
}

static void censored_incomplete_and_infinite_are_told_apart(void **state)
{
    struct result *r = open_samples(*state);
    struct result_site *s = maker_site(r, 0);
    double v[SAMPLES];
    escape_values(s, RESULT_ESCAPE_MODE, 2, v);
    assert_true(isinf(v[0]) && v[1] == 2 && v[2] == DBL_MAX && v[3] == 0.2 && isnan(v[4]) && isinf(v[5]));
    escape_values(s, RESULT_ESCAPE_HALF, 1, v);
    assert_close(v[1], exp(log(0.1) + 4.0 / 6 * log(10)), 1e-12, "half");
    assert_true(isinf(v[0]) && v[2] == 10 && isnan(v[4]));
    escape_values(s, RESULT_ESCAPE_FIRST_FLIP, 1, v);
    assert_true(isinf(v[0]) && isinf(v[2]) && isnan(v[4]));
    assert_close(v[5], 10, 1e-12, "two draws at 10");
    result_site_free(s);
    result_close(r);
}

static void a_summary_counts_everything(void **state)
{
    struct result *r = open_samples(*state);
    struct result_site *s = maker_site(r, 0);
    struct escape_summary e;
    assert_int_equal(escape_summarise(r, s, RESULT_ESCAPE_MODE, NULL, 0.95, &e, NULL), 0);
    assert_int_equal(e.samples, 6);
    assert_int_equal(e.complete, 5);
    assert_int_equal(e.incomplete, 1);
    assert_int_equal(e.censored, 2);
    assert_int_equal(e.at_infinity, 1);
    assert_int_equal(e.clean_wrong, 1);
    assert_int_equal(e.no_label, 1);
    assert_int_equal(e.partial, 0);
    assert_true(e.lower_quartile == 1 && isinf(e.median) && isinf(e.upper_quartile)); /* 0.1 1 inf inf inf */
    assert_true(e.median_interval.low == 0 && isinf(e.median_interval.high));
    assert_true(e.largest_sigma == 10);
    assert_int_equal(escape_summarise(r, s, RESULT_ESCAPE_FIRST_FLIP, NULL, 0.95, &e, NULL), 0);
    assert_int_equal(e.censored, 2);
    assert_int_equal(e.partial, 2); /* sample 1: 7 of 8 draws left; sample 5: 2 of 8 */
    const unsigned char keep[SAMPLES] = {0, 1, 0, 1, 1, 0};
    assert_int_equal(escape_summarise(r, s, RESULT_ESCAPE_MODE, keep, 0.95, &e, NULL), 0);
    assert_true(e.samples == 3 && e.complete == 2 && e.censored == 0 && e.median == 0.1 &&
                e.upper_quartile == 1);
    result_site_free(s);
    result_close(r);
}

static void a_site_outside_the_grid_claims_nothing(void **state)
{
    struct result *r = open_samples(*state);
    struct result_site *s = maker_site(r, 1);
    struct escape_summary e;
    assert_int_equal(escape_summarise(r, s, RESULT_ESCAPE_MODE, NULL, 0.95, &e, NULL), 0);
    assert_true(e.complete == 0 && e.incomplete == 6 && e.censored == 0);
    assert_nan(e.median, "median");
    assert_nan(e.median_interval.low, "interval");
    assert_nan(e.largest_sigma, "largest scale");
    result_site_free(s);
    result_close(r);
}

static void all_censored_has_a_median_above_the_grid(void **state)
{
    struct result *r = open_samples(*state);
    struct result_site *s = maker_site(r, 2);
    struct escape_summary e;
    for (int d = 0; d < RESULT_ESCAPES; d++) {
        assert_int_equal(escape_summarise(r, s, (enum result_escape)d, NULL, 0.95, &e, NULL), 0);
        assert_int_equal(e.censored, 6);
        assert_true(isinf(e.lower_quartile) && isinf(e.median));
        assert_true(isinf(e.median_interval.low)); /* the 1st of 6 */
    }
    result_site_free(s);
    result_close(r);
}

static void quantiles_equal_numpys_inverted_cdf(void **state)
{
    (void)state;
    static const char *const name[] = {"0", "0.1", "0.25", "0.5", "0.75", "0.9", "1"};
    struct golden *x = golden_read("quantile.x");
    double q;
    x->v[x->n] = NAN;
    for (size_t k = 0; k < 7; k++) {
        struct golden *g = golden_read("quantile.%s", name[k]);
        assert_int_equal(escape_quantile(x->v, x->n + 1, g->v[0], &q, NULL), 0);
        assert_close(q, g->v[1], 0, name[k]);
        free(g);
    }
    const double thirty[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                             16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30};
    assert_int_equal(escape_quantile(thirty, 30, 0.1, &q, NULL), 0);
    assert_close(q, 3, 0, "0.1 * 30 is above 3 in binary");
    assert_int_equal(escape_quantile(x->v, 0, 0.5, &q, NULL), 0);
    assert_nan(q, "no value");
    assert_int_equal(escape_quantile(x->v + x->n, 1, 0.5, &q, NULL), 0);
    assert_nan(q, "only NaN");
    free(x);
}

static const int nobody_is_wrong[10000];

/* Sample i leaves at scale i + 1, all its draws. */
static int one_after_the_other(size_t s, size_t k, size_t i, size_t c)
{
    (void)s;
    return c == (k >= i);
}

static void the_medians_interval_has_the_binomial_ranks(void **state)
{
    static const int size[] = {5, 6, 20, 101};
    double scale[101];
    for (int k = 0; k < 101; k++)
        scale[k] = k + 1;
    for (size_t t = 0; t < 4; t++) {
        struct golden *g = golden_read("median_rank.%d", size[t]);
        const struct maker m = {.sites = 1,
                                .sigmas = (size_t)size[t],
                                .samples = (size_t)size[t],
                                .classes = 2,
                                .draws = 1,
                                .sigma = scale,
                                .clean_class = nobody_is_wrong,
                                .count = one_after_the_other};
        struct result *r = maker_open(&m, *state);
        struct result_site *s = maker_site(r, 0);
        struct escape_summary e;
        assert_int_equal(escape_summarise(r, s, RESULT_ESCAPE_MODE, NULL, 0.95, &e, NULL), 0);
        assert_close(e.median, (size[t] + 1) / 2, 0, "median");
        assert_close(e.median_interval.low, g->v[1], 0, "low");
        assert_close(e.median_interval.high, g->v[1] > 0 ? size[t] + 1 - g->v[1] : INFINITY, 0, "high");
        result_site_free(s);
        result_close(r);
        free(g);
    }
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(censored_incomplete_and_infinite_are_told_apart),
        WITH_FOLDER(a_summary_counts_everything),
        WITH_FOLDER(a_site_outside_the_grid_claims_nothing),
        WITH_FOLDER(all_censored_has_a_median_above_the_grid),
        cmocka_unit_test(quantiles_equal_numpys_inverted_cdf),
        WITH_FOLDER(the_medians_interval_has_the_binomial_ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
