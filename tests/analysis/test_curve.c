#include "analysis/curve.h"
#include "tests/analysis/result_maker.h"

static const double sigma[] = {0.5, 2};
static double stay_of[64];
static const int zeros[64];

/* Scale 0: what the golden file says. Scale 1: every sample keeps every draw, but for sample 1, not computed.
 */
static int count(size_t s, size_t k, size_t i, size_t c)
{
    (void)s;
    const int stay = k == 0 ? (int)stay_of[i] : i == 1 ? -2 : 16;
    return stay < 0 ? stay : c == 0 ? stay : 16 - stay;
}

static void the_band_uses_the_effective_number_of_trials(void **state)
{
    struct golden *g = golden_read("stay.count");
    memcpy(stay_of, g->v, g->n * sizeof *stay_of);
    const struct maker m = {.sites = 1,
                            .sigmas = 2,
                            .samples = g->n,
                            .classes = 2,
                            .draws = 16,
                            .sigma = sigma,
                            .label = zeros,
                            .clean_class = zeros,
                            .count = count};
    struct result *r = maker_open(&m, *state);
    struct result_site *s = maker_site(r, 0);
    struct curve_point p[2];
    assert_int_equal(curve_of_stay(r, s, NULL, 0.95, p, NULL), 0);
    assert_int_equal(p[0].samples, 50);
    assert_close(p[0].mean, golden_value("stay.mean_low_high", 0), 1e-12, "mean");
    assert_close(p[0].band.low, golden_value("stay.mean_low_high", 1), 1e-10, "low");
    assert_close(p[0].band.high, golden_value("stay.mean_low_high", 2), 1e-10, "high");
    assert_close(p[0].accuracy, p[0].mean, 1e-12, "the label is the clean class");
    assert_close(p[0].margin, p[0].mean - 0.5, 1e-6, "margin");
    assert_true(p[0].lower_quartile <= p[0].median && p[0].median <= p[0].upper_quartile);
    /* all agree: as many trials as samples */
    assert_int_equal(p[1].samples, 49);
    assert_true(p[1].mean == 1 && p[1].band.high == 1);
    assert_close(p[1].band.low, interval_wilson(49, 49, 0.95).low, 1e-12, "low");
    unsigned char keep[64] = {0};
    assert_int_equal(curve_of_stay(r, s, keep, 0.95, p, NULL), 0);
    assert_int_equal(p[0].samples, 0);
    assert_nan(p[0].mean, "no sample");
    assert_nan(p[0].band.low, "no sample");
    keep[0] = 1;
    assert_int_equal(curve_of_stay(r, s, keep, 0.95, p, NULL), 0);
    assert_true(p[0].samples == 1 && p[0].mean == stay_of[0] / 16);
    assert_true(p[0].band.low < p[0].mean && p[0].mean < p[0].band.high);
    result_site_free(s);
    result_close(r);
    free(g);
}

static struct curve_point at(double scale, double mean)
{
    struct curve_point p = {.sigma = scale, .mean = mean};
    return p;
}

static void a_crossing_is_linear_in_log_sigma(void **state)
{
    (void)state;
    struct curve_point p[4] = {at(0.1, 1), at(1, 0.75), at(10, 0.25), at(INFINITY, 0.1)};
    assert_close(curve_crossing(p, 4, 0.5), sqrt(10), 1e-12, "half way");
    assert_close(curve_crossing(p, 4, 0.25), INFINITY, 0, "only at infinity");
    assert_close(curve_crossing(p + 2, 2, 0.5), 10, 0, "below from the start");
    p[1].mean = NAN;
    assert_close(curve_crossing(p, 4, 0.5), exp(log(0.1) + 0.5 / 0.75 * log(100)), 1e-12, "over a gap");
    assert_nan(curve_crossing(p, 0, 0.5), "empty");
    assert_nan(curve_crossing(p + 3, 1, 0.5), "no finite scale");
}

static void a_curve_is_read_between_its_scales_in_log_sigma_and_never_beyond(void **state)
{
    (void)state;
    struct curve_point p[4] = {at(0.1, 1), at(1, 0.8), at(10, 0.2), at(INFINITY, 0.1)};
    p[1].band = (struct interval){0.7, 0.9};
    p[2].band = (struct interval){0.1, 0.3};
    assert_close(curve_at(p, 4, 1).mean, 0.8, 0, "a scale of the curve");
    assert_close(curve_at(p, 4, sqrt(10)).mean, 0.5, 1e-12, "half way");
    assert_close(curve_at(p, 4, sqrt(10)).band.low, 0.4, 1e-12, "its band");
    assert_close(curve_at(p, 4, sqrt(10)).band.high, 0.6, 1e-12, "its band");
    assert_close(curve_at(p, 4, INFINITY).mean, 0.1, 0, "infinity");
    assert_nan(curve_at(p, 4, 0.05).mean, "below the grid");
    assert_nan(curve_at(p, 4, 20).mean, "between the last finite scale and infinity");
    assert_nan(curve_at(p, 3, INFINITY).mean, "a curve without infinity");
    assert_nan(curve_at(p, 0, 1).mean, "empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_band_uses_the_effective_number_of_trials, folder_make,
                                        folder_remove),
        cmocka_unit_test(a_crossing_is_linear_in_log_sigma),
        cmocka_unit_test(a_curve_is_read_between_its_scales_in_log_sigma_and_never_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
