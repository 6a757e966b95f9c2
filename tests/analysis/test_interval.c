#include "analysis/interval.h"
#include "tests/analysis/golden.h"

static void wilson_and_clopper_pearson_equal_scipy(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++) {
        struct golden *g = golden_read("proportion.%d", i);
        const struct interval w = interval_wilson(g->v[0], g->v[1], g->v[2]);
        const struct interval e = interval_clopper_pearson(g->v[0], g->v[1], g->v[2]);
        assert_close(w.low, g->v[3], 1e-12, "Wilson, low");
        assert_close(w.high, g->v[4], 1e-12, "Wilson, high");
        assert_close(e.low, g->v[5], 1e-9, "Clopper-Pearson, low");
        assert_close(e.high, g->v[6], 1e-9, "Clopper-Pearson, high");
        free(g);
    }
}

static void without_trials_there_is_no_interval(void **state)
{
    (void)state;
    assert_nan(interval_wilson(0, 0, 0.95).low, "no trial");
    assert_nan(interval_clopper_pearson(0, 0, 0.95).high, "no trial");
    assert_nan(interval_wilson(3, 2, 0.95).low, "more successes than trials");
    assert_nan(interval_wilson(NAN, 2, 0.95).low, "NaN");
}

static void the_interval_of_a_mean_equals_scipy_and_skips_nan(void **state)
{
    (void)state;
    struct golden *x = golden_read("mean.x");
    x->v[x->n++] = NAN;
    const struct interval i = interval_mean(x->v, x->n, 0.95);
    assert_close(i.low, golden_value("mean.interval", 0), 1e-10, "low");
    assert_close(i.high, golden_value("mean.interval", 1), 1e-10, "high");
    assert_nan(interval_mean(x->v, 1, 0.95).low, "one value");
    assert_nan(interval_mean(x->v, 0, 0.95).low, "no value");
    free(x);
}

static double mean(void *context, const unsigned *times, size_t n)
{
    const double *x = context;
    double sum = 0, total = 0;
    for (size_t i = 0; i < n; i++) {
        sum += times[i] * x[i];
        total += times[i];
    }
    return total > 0 ? sum / total : NAN;
}

/* SciPy draws other resamples: 99,999 of them, so its own interval is nearly free of chance, and the
 * tolerance is what 20,000 leave (the standard error of a 2.5 % quantile is about 1 % of the interval's
 * width). */
static void the_bootstrap_of_a_skewed_mean_agrees_with_scipy(void **state)
{
    (void)state;
    static const char *const method[] = {"boot.skewed.percentile", "boot.skewed.BCa"};
    struct golden *x = golden_read("boot.skewed.x");
    for (int m = 0; m < 2; m++) {
        struct bootstrap b;
        const struct bootstrap_options o = {20000, 7, 0.95, m ? BOOTSTRAP_BCA : BOOTSTRAP_PERCENTILE};
        assert_int_equal(bootstrap(mean, x->v, x->n, &o, &b, NULL), 0);
        assert_within(b.interval.low, golden_value(method[m], 0), 0.012, method[m]);
        assert_within(b.interval.high, golden_value(method[m], 1), 0.02, method[m]);
        assert_within(b.standard_error, golden_value(method[m], 2), 0.004, method[m]);
        assert_int_equal(b.undefined, 0);
    }
    free(x);
}

/* The normal interval of a mean has a closed form; of a maximum, which resampling only lowers, it reaches up.
 */
static double largest(void *context, const unsigned *times, size_t n)
{
    const double *x = context;
    double most = -INFINITY;
    for (size_t i = 0; i < n; i++)
        most = times[i] ? fmax(most, x[i]) : most;
    return most;
}

static void the_normal_interval_makes_room_for_bias(void **state)
{
    (void)state;
    struct golden *x = golden_read("mean.x");
    double sum = 0, squares = 0, top = -INFINITY;
    for (size_t i = 0; i < x->n; i++) {
        sum += x->v[i];
        top = fmax(top, x->v[i]);
    }
    for (size_t i = 0; i < x->n; i++)
        squares += pow(x->v[i] - sum / (double)x->n, 2);
    const double error = sqrt(squares) / (double)x->n;
    const struct bootstrap_options o = {20000, 3, 0.95, BOOTSTRAP_NORMAL};
    struct bootstrap b;
    assert_int_equal(bootstrap(mean, x->v, x->n, &o, &b, NULL), 0);
    assert_close(b.standard_error, error, 0.02, "standard error");
    assert_close(b.interval.high - b.interval.low, 2 * 1.959964 * error, 0.03, "width");
    assert_int_equal(bootstrap(largest, x->v, x->n, &o, &b, NULL), 0);
    assert_true(b.estimate == top && b.interval.low < top);
    assert_true(b.interval.high - top > top - b.interval.low);
    free(x);
}

static void both(void *context, const unsigned *times, size_t n, double *value)
{
    value[0] = mean(context, times, n);
    value[1] = largest(context, times, n);
    value[2] = NAN;
}

static void assert_same(const struct bootstrap *a, const struct bootstrap *b)
{
    assert_close(a->estimate, b->estimate, 0, "estimate");
    assert_close(a->interval.low, b->interval.low, 0, "low");
    assert_close(a->interval.high, b->interval.high, 0, "high");
    assert_close(a->standard_error, b->standard_error, 0, "standard error");
}

static void several_statistics_share_their_resamples(void **state)
{
    (void)state;
    struct golden *x = golden_read("mean.x");
    struct bootstrap many[3], one;
    assert_int_equal(bootstrap_many(both, x->v, x->n, 3, &bootstrap_default, many, NULL), 0);
    assert_int_equal(bootstrap(mean, x->v, x->n, &bootstrap_default, &one, NULL), 0);
    assert_same(&many[0], &one);
    assert_int_equal(bootstrap(largest, x->v, x->n, &bootstrap_default, &one, NULL), 0);
    assert_same(&many[1], &one);
    assert_nan(many[2].interval.low, "never defined");
    free(x);
}

static void the_same_seed_gives_the_same_interval_and_another_seed_another(void **state)
{
    (void)state;
    double x[30];
    struct bootstrap a, b, c;
    for (int i = 0; i < 30; i++)
        x[i] = i * i;
    struct bootstrap_options o = bootstrap_default;
    assert_int_equal(bootstrap(mean, x, 30, &o, &a, NULL), 0);
    assert_int_equal(bootstrap(mean, x, 30, &o, &b, NULL), 0);
    o.seed = 2;
    assert_int_equal(bootstrap(mean, x, 30, &o, &c, NULL), 0);
    assert_true(a.interval.low == b.interval.low && a.interval.high == b.interval.high);
    assert_true(a.interval.low != c.interval.low);
}

static void a_constant_has_an_interval_of_no_width(void **state)
{
    (void)state;
    double x[5] = {2, 2, 2, 2, 2};
    struct bootstrap b;
    assert_int_equal(bootstrap(mean, x, 5, &bootstrap_default, &b, NULL), 0);
    assert_true(b.interval.low == 2 && b.interval.high == 2 && b.standard_error == 0);
}

/* Not defined where sample 0 is in the resample. */
static double fragile(void *context, const unsigned *times, size_t n)
{
    const int all = *(int *)context;
    (void)n;
    return all || times[0] == 1 ? 1.0 : NAN;
}

static void a_statistic_that_is_mostly_undefined_has_no_interval(void **state)
{
    (void)state;
    struct bootstrap b;
    int all = 0;
    assert_int_equal(bootstrap(fragile, &all, 50, &bootstrap_default, &b, NULL), 0);
    assert_true(b.estimate == 1);
    assert_nan(b.interval.low, "over half undefined");
    assert_true(b.undefined > 500);
    all = 1;
    assert_int_equal(bootstrap(fragile, &all, 1, &bootstrap_default, &b, NULL), 0);
    assert_nan(b.interval.low, "one sample");
    assert_int_equal(bootstrap(mean, NULL, 0, &bootstrap_default, &b, NULL), 0);
    assert_nan(b.estimate, "no sample");
}

static void impossible_options_are_refused(void **state)
{
    (void)state;
    struct apex_error err;
    struct bootstrap b;
    double x[2] = {1, 2};
    const struct bootstrap_options few = {1, 1, 0.95, BOOTSTRAP_BCA}, level = {100, 1, 1, BOOTSTRAP_BCA};
    assert_int_equal(bootstrap(mean, x, 2, &few, &b, &err), -1);
    assert_non_null(strstr(err.text, "1 replicates"));
    assert_int_equal(bootstrap(mean, x, 2, &level, &b, &err), -1);
}

static void many_samples_get_fewer_replicates(void **state)
{
    (void)state;
    assert_int_equal(bootstrap_sized(&bootstrap_default, 1000).replicates, 1000);
    assert_int_equal(bootstrap_sized(&bootstrap_default, 4000).replicates, 500);
    assert_int_equal(bootstrap_sized(&bootstrap_default, 1000000).replicates, 200);
    assert_int_equal(bootstrap_sized(&bootstrap_default, 0).replicates, 1000);
    const struct bootstrap_options few = {50, 1, 0.95, BOOTSTRAP_BCA};
    assert_int_equal(bootstrap_sized(&few, 1000000).replicates, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson_and_clopper_pearson_equal_scipy),
        cmocka_unit_test(without_trials_there_is_no_interval),
        cmocka_unit_test(the_interval_of_a_mean_equals_scipy_and_skips_nan),
        cmocka_unit_test(the_bootstrap_of_a_skewed_mean_agrees_with_scipy),
        cmocka_unit_test(the_normal_interval_makes_room_for_bias),
        cmocka_unit_test(several_statistics_share_their_resamples),
        cmocka_unit_test(the_same_seed_gives_the_same_interval_and_another_seed_another),
        cmocka_unit_test(a_constant_has_an_interval_of_no_width),
        cmocka_unit_test(a_statistic_that_is_mostly_undefined_has_no_interval),
        cmocka_unit_test(impossible_options_are_refused),
        cmocka_unit_test(many_samples_get_fewer_replicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
