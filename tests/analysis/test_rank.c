#include "analysis/rank.h"
#include "analysis/rank_data.h"
#include "tests/analysis/golden.h"

static void spearman_and_kendall_equal_scipy(void **state)
{
    (void)state;
    static const char *const name[] = {"smooth", "ties", "two", "censored", "large", "boot"};
    for (size_t k = 0; k < sizeof name / sizeof name[0]; k++) {
        struct golden *x = golden_read("rank.%s.x", name[k]), *y = golden_read("rank.%s.y", name[k]);
        struct golden *expected = golden_read("rank.%s.rho_tau", name[k]);
        double rho, tau;
        assert_int_equal(rank_spearman(x->v, y->v, x->n, &rho, NULL), 0);
        assert_int_equal(rank_kendall(x->v, y->v, x->n, &tau, NULL), 0);
        assert_close(rho, expected->v[0], 1e-12, name[k]);
        assert_close(tau, expected->v[1], 1e-12, name[k]);
        free(x);
        free(y);
        free(expected);
    }
}

static void infinity_ranks_above_every_number_and_nan_is_left_out(void **state)
{
    (void)state;
    struct golden *x = golden_read("rank.censored.x"), *y = golden_read("rank.censored.y");
    double rho, tau;
    for (size_t i = 0; i < y->n; i++)
        y->v[i] = y->v[i] == 99 ? INFINITY : y->v[i];
    x->v[x->n] = NAN, y->v[y->n++] = 1;
    x->v[x->n + 1] = 1, y->v[y->n++] = NAN;
    assert_int_equal(rank_spearman(x->v, y->v, y->n, &rho, NULL), 0);
    assert_int_equal(rank_kendall(x->v, y->v, y->n, &tau, NULL), 0);
    assert_close(rho, golden_value("rank.censored.rho_tau", 0), 1e-12, "rho");
    assert_close(tau, golden_value("rank.censored.rho_tau", 1), 1e-12, "tau");
    free(x);
    free(y);
}

static void nothing_to_rank_has_no_correlation(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3}, all_censored[] = {INFINITY, INFINITY, INFINITY}, none[] = {NAN, NAN, NAN};
    double v;
    for (size_t n = 0; n < 2; n++) {
        assert_int_equal(rank_spearman(x, x, n, &v, NULL), 0);
        assert_nan(v, "under two pairs");
        assert_int_equal(rank_kendall(x, x, n, &v, NULL), 0);
        assert_nan(v, "under two pairs");
    }
    assert_int_equal(rank_spearman(x, all_censored, 3, &v, NULL), 0);
    assert_nan(v, "all censored");
    assert_int_equal(rank_kendall(all_censored, x, 3, &v, NULL), 0);
    assert_nan(v, "all censored");
    struct rank_correlation c;
    assert_int_equal(rank_correlate(x, none, 3, &bootstrap_default, &c, NULL), 0);
    assert_int_equal(c.pairs, 0);
    assert_nan(c.spearman.estimate, "all NaN");
    assert_nan(c.kendall.interval.low, "all NaN");
}

static void partial_is_the_correlation_of_what_z_leaves(void **state)
{
    (void)state;
    struct golden *x = golden_read("rank.large.x"), *y = golden_read("rank.large.y"),
                  *z = golden_read("rank.large.z");
    double rho;
    assert_int_equal(rank_partial(x->v, y->v, z->v, x->n, &rho, NULL), 0);
    assert_close(rho, golden_value("rank.large.partial", 0), 1e-9, "partial");
    assert_int_equal(rank_partial(x->v, y->v, x->v, x->n, &rho, NULL), 0);
    assert_nan(rho, "x held fixed by itself");
    free(x);
    free(y);
    free(z);
}

static void bootstrap_intervals_agree_with_scipy(void **state)
{
    (void)state;
    struct golden *x = golden_read("rank.boot.x"), *y = golden_read("rank.boot.y");
    for (int m = 0; m < 2; m++) {
        const char *name = m ? "BCa" : "percentile";
        const struct bootstrap_options o = {9999, 3, 0.95, m ? BOOTSTRAP_BCA : BOOTSTRAP_PERCENTILE};
        struct golden *rho = golden_read("rank.boot.rho.%s", name),
                      *tau = golden_read("rank.boot.tau.%s", name);
        struct rank_correlation c;
        assert_int_equal(rank_correlate(x->v, y->v, x->n, &o, &c, NULL), 0);
        assert_int_equal(c.pairs, x->n);
        assert_true(c.kendall_resampled);
        assert_within(c.spearman.interval.low, rho->v[0], 0.015, name);
        assert_within(c.spearman.interval.high, rho->v[1], 0.005, name);
        assert_within(c.kendall.interval.low, tau->v[0], 0.015, name);
        assert_within(c.kendall.interval.high, tau->v[1], 0.008, name);
        assert_within(c.spearman.standard_error, rho->v[2], 0.003, name);
        assert_within(c.kendall.standard_error, tau->v[2], 0.003, name);
        free(rho);
        free(tau);
    }
    free(x);
    free(y);
}

static void the_infinitesimal_jackknife_is_the_definition_and_near_the_jackknife(void **state)
{
    (void)state;
    struct golden *x = golden_read("rank.large.x"), *y = golden_read("rank.large.y");
    struct rank_data d;
    struct bootstrap b;
    assert_int_equal(rank_data_init(&d, (const double *[]){x->v, y->v}, 2, x->n, NULL), 0);
    assert_int_equal(rank_kendall_normal(&d, 0.95, &b, NULL), 0);
    assert_close(b.estimate, golden_value("rank.large.rho_tau", 1), 1e-12, "tau");
    assert_close(b.standard_error, golden_value("rank.large.tau_errors", 0), 1e-10, "definition");
    assert_close(b.standard_error, golden_value("rank.large.tau_errors", 1), 0.02, "jackknife");
    assert_true(b.interval.low < b.estimate && b.estimate < b.interval.high);
    rank_data_free(&d);
    free(x);
    free(y);
}

static void large_samples_do_not_resample_kendall(void **state)
{
    (void)state;
    const size_t n = 6000;
    double *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y), tau;
    for (size_t i = 0; i < n; i++) {
        x[i] = (double)(i * 7919 % n);
        y[i] = x[i] + (double)(i * 104729 % 4001);
    }
    struct rank_correlation c;
    assert_int_equal(rank_correlate(x, y, n, &bootstrap_default, &c, NULL), 0);
    assert_int_equal(rank_kendall(x, y, n, &tau, NULL), 0);
    assert_int_equal(c.kendall_resampled, 0);
    assert_close(c.kendall.estimate, tau, 1e-12, "tau");
    assert_true(c.kendall.interval.high - c.kendall.interval.low < 0.05);
    free(x);
    free(y);
}

static void the_difference_of_a_variable_with_itself_is_nothing(void **state)
{
    (void)state;
    struct golden *x = golden_read("rank.large.x"), *y = golden_read("rank.large.y"),
                  *z = golden_read("rank.large.z");
    struct bootstrap b;
    assert_int_equal(rank_difference(x->v, x->v, y->v, x->n, &bootstrap_default, &b, NULL), 0);
    assert_true(b.estimate == 0 && b.interval.low == 0 && b.interval.high == 0);
    double xy, zy;
    assert_int_equal(rank_spearman(x->v, y->v, x->n, &xy, NULL), 0);
    assert_int_equal(rank_spearman(z->v, y->v, x->n, &zy, NULL), 0);
    assert_int_equal(rank_difference(x->v, z->v, y->v, x->n, &bootstrap_default, &b, NULL), 0);
    assert_close(b.estimate, xy - zy, 1e-12, "difference");
    assert_true(b.interval.low > 0); /* z is x with noise: it says less about y */
    free(x);
    free(y);
    free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spearman_and_kendall_equal_scipy),
        cmocka_unit_test(infinity_ranks_above_every_number_and_nan_is_left_out),
        cmocka_unit_test(nothing_to_rank_has_no_correlation),
        cmocka_unit_test(partial_is_the_correlation_of_what_z_leaves),
        cmocka_unit_test(bootstrap_intervals_agree_with_scipy),
        cmocka_unit_test(the_infinitesimal_jackknife_is_the_definition_and_near_the_jackknife),
        cmocka_unit_test(large_samples_do_not_resample_kendall),
        cmocka_unit_test(the_difference_of_a_variable_with_itself_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
