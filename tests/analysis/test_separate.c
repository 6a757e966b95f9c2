#include "analysis/kolmogorov.h"
#include "analysis/separate.h"
#include "tests/analysis/golden.h"

static void everything_equals_scipy(void **state)
{
    (void)state;
    static const char *const name[] = {"smooth", "ties", "small"};
    for (size_t k = 0; k < 3; k++) {
        struct golden *a = golden_read("separate.%s.a", name[k]), *b = golden_read("separate.%s.b", name[k]);
        struct golden *auc = golden_read("separate.%s.auc", name[k]),
                      *u = golden_read("separate.%s.u_p", name[k]);
        struct golden *ks = golden_read("separate.%s.ks", name[k]),
                      *g = golden_read("separate.%s.hedges", name[k]);
        struct separate s;
        assert_int_equal(separate(a->v, a->n, b->v, b->n, 0.95, &s, NULL), 0);
        assert_close(s.auc, auc->v[0], 1e-12, name[k]);
        assert_close(s.auc_interval.low, auc->v[1], 1e-9, name[k]);
        assert_close(s.auc_interval.high, auc->v[2], 1e-9, name[k]);
        assert_close(s.cliff_delta, 2 * auc->v[0] - 1, 1e-12, name[k]);
        assert_close(s.auc_p, u->v[0], 1e-10, name[k]);
        assert_close(s.ks, ks->v[0], 1e-12, name[k]);
        assert_close(s.ks_p, ks->v[1], 1e-10, name[k]);
        assert_close(s.hedges_g, g->v[0], 1e-10, name[k]);
        assert_close(s.hedges_interval.low, g->v[1], 1e-9, name[k]);
        assert_close(s.hedges_interval.high, g->v[2], 1e-9, name[k]);
        struct golden *all[] = {a, b, auc, u, ks, g};
        for (size_t i = 0; i < 6; i++)
            free(all[i]);
    }
}

static void large_samples_use_kolmogorovs_series(void **state)
{
    (void)state;
    struct golden *a = golden_read("separate.large.a"), *b = golden_read("separate.large.b");
    struct separate s;
    assert_int_equal(separate(a->v, a->n, b->v, b->n, 0.95, &s, NULL), 0);
    assert_close(s.ks, golden_value("separate.large.ks", 0), 1e-12, "D");
    assert_close(s.ks_p, golden_value("separate.large.ks", 1), 1e-10, "p");
    free(a);
    free(b);
    for (int i = 0; i < 7; i++) {
        struct golden *g = golden_read("kolmogorov.%d", i);
        assert_close(kolmogorov_tail(g->v[0]), g->v[1], 1e-11, "series");
        free(g);
    }
    assert_true(kolmogorov_tail(0) == 1);
}

static void samples_that_do_not_overlap_are_fully_separate(void **state)
{
    (void)state;
    const double a[] = {5, 6, 7, 8, 9}, b[] = {1, 2, 3, 4};
    struct separate s;
    assert_int_equal(separate(a, 5, b, 4, 0.95, &s, NULL), 0);
    assert_true(s.auc == 1 && s.cliff_delta == 1 && s.ks == 1);
    assert_close(s.ks_p, 2.0 / 126, 1e-12, "2 of the 9 over 4 orders");
    assert_true(s.auc_interval.high == 1);
    assert_close(s.auc_interval.low, pow(0.025, 0.25), 1e-9, "0 of 4 on the wrong side");
    assert_int_equal(separate(b, 4, a, 5, 0.95, &s, NULL), 0);
    assert_true(s.auc == 0 && s.auc_interval.low == 0);
}

static void censored_values_rank_highest_and_have_no_mean(void **state)
{
    (void)state;
    const double a[] = {1, INFINITY, INFINITY, 2}, b[] = {1, 2, 3, INFINITY}, finite_a[] = {1, 9, 9, 2},
                 finite_b[] = {1, 2, 3, 9};
    struct separate s, f;
    assert_int_equal(separate(a, 4, b, 4, 0.95, &s, NULL), 0);
    assert_int_equal(separate(finite_a, 4, finite_b, 4, 0.95, &f, NULL), 0);
    assert_true(s.auc == f.auc && s.ks == f.ks && s.auc_p == f.auc_p);
    assert_int_equal(s.infinite_a, 2);
    assert_int_equal(s.infinite_b, 1);
    assert_nan(s.hedges_g, "g");
    assert_true(s.median_a == 2);
}

static void all_censored_on_both_sides_is_one_half(void **state)
{
    (void)state;
    const double a[] = {INFINITY, INFINITY, INFINITY}, b[] = {INFINITY, INFINITY};
    struct separate s;
    assert_int_equal(separate(a, 3, b, 2, 0.95, &s, NULL), 0);
    assert_true(s.auc == 0.5 && s.ks == 0 && s.auc_p == 1 && s.ks_p == 1);
    assert_true(s.auc_interval.low < 0.3 && s.auc_interval.high > 0.7); /* so few say nothing */
    assert_true(isinf(s.median_a));
}

static void an_empty_side_gives_nothing_but_counts(void **state)
{
    (void)state;
    const double a[] = {1, 2, NAN}, none[] = {NAN};
    struct separate s;
    assert_int_equal(separate(a, 3, none, 1, 0.95, &s, NULL), 0);
    assert_int_equal(s.a, 2);
    assert_int_equal(s.b, 0);
    assert_nan(s.auc, "AUC");
    assert_nan(s.ks_p, "p");
    assert_int_equal(separate(a, 1, a + 1, 1, 0.95, &s, NULL), 0);
    assert_true(s.auc == 0);
    assert_nan(s.auc_interval.low, "one against one");
    assert_nan(s.hedges_g, "one against one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_equals_scipy),
        cmocka_unit_test(large_samples_use_kolmogorovs_series),
        cmocka_unit_test(samples_that_do_not_overlap_are_fully_separate),
        cmocka_unit_test(censored_values_rank_highest_and_have_no_mean),
        cmocka_unit_test(all_censored_on_both_sides_is_one_half),
        cmocka_unit_test(an_empty_side_gives_nothing_but_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
