#include "analysis/transition.h"
#include "tests/analysis/result_maker.h"

enum { C = 7 };

static void golden_departures(int64_t n[C * C], struct groups *g, int of[C])
{
    struct golden *counts = golden_read("transition.counts"), *group = golden_read("transition.group");
    for (int k = 0; k < C * C; k++)
        n[k] = (int64_t)counts->v[k];
    for (int k = 0; k < C; k++)
        of[k] = (int)group->v[k];
    *g = (struct groups){.groups = 3, .classes = C, .of = of};
    free(counts);
    free(group);
}

static void coherence_equals_the_enumeration(void **state)
{
    (void)state;
    int64_t n[C * C];
    int of[C];
    struct groups g;
    struct golden *expected = golden_read("transition.coherence");
    struct transition_coherence t;
    golden_departures(n, &g, of);
    assert_int_equal(transition_coherence(n, C, &g, 100, 1, &t, NULL), 0);
    assert_true(t.exact && t.permutations == (int)expected->v[4]);
    assert_true(t.departures == (int64_t)expected->v[0]);
    assert_close(t.share, expected->v[1], 1e-12, "share");
    assert_close(t.expected, expected->v[2], 1e-12, "expected");
    assert_close(t.p, expected->v[3], 1e-12, "p");
    assert_close(transition_asymmetry(n, C), golden_value("transition.asymmetry", 0), 1e-12, "asymmetry");
    free(expected);
}

/* 24 classes in 4 groups of 6: far too many to enumerate; all departures stay inside. */
static void many_classes_are_permuted_at_random(void **state)
{
    (void)state;
    enum { N = 24 };
    int64_t n[N * N];
    int of[N];
    for (int k = 0; k < N; k++)
        of[k] = k % 4;
    for (int k = 0; k < N * N; k++)
        n[k] = k / N != k % N && k / N % 4 == k % N % 4;
    const struct groups g = {.groups = 4, .classes = N, .of = of};
    struct transition_coherence t, again;
    assert_int_equal(transition_coherence(n, N, &g, 999, 1, &t, NULL), 0);
    assert_int_equal(transition_coherence(n, N, &g, 999, 1, &again, NULL), 0);
    assert_true(!t.exact && t.permutations == 999 && t.share == 1);
    assert_close(t.p, 1.0 / 1000, 1e-12, "the smallest p there can be");
    assert_within(t.expected, 5.0 / 23, 0.005, "five of the 23 other classes");
    assert_true(t.expected == again.expected);
}

static void nothing_to_test_has_no_p(void **state)
{
    (void)state;
    int64_t n[9] = {0, 5, 1, 2, 0, 0, 0, 3, 0}, none[9] = {0};
    int one[] = {0, 0, 0}, out[] = {-1, -1, -1};
    struct groups g = {.groups = 1, .classes = 3, .of = one};
    struct transition_coherence t;
    assert_int_equal(transition_coherence(n, 3, &g, 100, 1, &t, NULL), 0);
    assert_true(t.share == 1 && t.expected == 1);
    assert_nan(t.p, "one group: there is but one assignment");
    assert_int_equal(transition_coherence(none, 3, &g, 100, 1, &t, NULL), 0);
    assert_nan(t.share, "no departure");
    g.of = out;
    assert_int_equal(transition_coherence(n, 3, &g, 100, 1, &t, NULL), 0);
    assert_nan(t.share, "no class in a group");
    assert_nan(transition_asymmetry(none, 3), "no departure");
}

static void asymmetry_goes_from_zero_to_one(void **state)
{
    (void)state;
    const int64_t both[] = {9, 4, 4, 9}, one_way[] = {9, 4, 0, 9};
    assert_true(transition_asymmetry(both, 2) == 0 && transition_asymmetry(one_way, 2) == 1);
    const int64_t single[] = {5};
    assert_nan(transition_asymmetry(single, 1), "one class");
}

static void the_largest_pairs_come_first(void **state)
{
    (void)state;
    /* departures 0: 1 -> 6, 2 -> 2; 1: 2 -> 6; 2: 0 -> 2 */
    const int64_t n[] = {0, 6, 2, 0, 0, 6, 2, 0, 0};
    struct transition_pair p[4];
    assert_int_equal(transition_pairs(n, 3, 4, p), 4);
    assert_true(p[0].from == 0 && p[0].to == 1 && p[1].from == 1 &&
                p[1].to == 2); /* equal: the lower first */
    assert_true(p[2].from == 0 && p[2].to == 2 && p[3].from == 2 && p[3].to == 0);
    assert_close(p[1].share, 6.0 / 16, 1e-12, "share");
    assert_close(p[0].rate, 6.0 / 8, 1e-12, "rate");
    assert_close(p[2].lift, 0.25 / (6.0 / 6), 1e-12, "all of class 1 go to 2");
    assert_true(isinf(p[3].lift)); /* nobody else goes to 0 */
    assert_int_equal(transition_pairs(n, 3, 2, p), 2);
    assert_true(p[1].from == 1 && p[1].to == 2);
    assert_int_equal(transition_pairs(n, 3, 0, p), 0);
    const int64_t none[] = {0, 0, 0, 0};
    assert_int_equal(transition_pairs(none, 2, 4, p), 0);
}

static const double sigma[] = {1, 2};
static const int clean[] = {0, 1, 2, 0, 1, 2};

/* Of 10 draws 6 stay; samples 0 to 2 send 3 to the next class and 1 to the one after, the others the other
 * way. */
static int count(size_t s, size_t k, size_t i, size_t c)
{
    (void)s;
    const size_t next = ((size_t)clean[i] + (i < 3 ? 1 : 2)) % 3;
    if (k == 1)
        return -2;
    return c == (size_t)clean[i] ? 6 : c == next ? 3 : 1;
}

static struct maker base(void)
{
    return (struct maker){.sites = 1,
                          .sigmas = 2,
                          .samples = 6,
                          .classes = 3,
                          .draws = 10,
                          .sigma = sigma,
                          .clean_class = clean,
                          .count = count};
}

static void matrices_come_from_transitions_or_else_from_class_counts(void **state)
{
    for (int without = 0; without < 2; without++) {
        struct maker m = base();
        m.no_transitions = without;
        struct result *r = maker_open(&m, *state);
        struct result_site *s = maker_site(r, 0);
        int64_t n[9], total;
        double rate[9];
        assert_int_equal(transition_departures(r, s, 0, n, &total, NULL), 0);
        assert_true(total == 24 && n[0] == 0 && n[1] == 4 && n[2] == 4 && n[7] == 4);
        assert_int_equal(transition_rates(r, s, 0, rate, NULL), 0);
        assert_true(rate[0] == 0.6 && rate[1] == 0.2);
        assert_int_equal(transition_departures(r, s, 1, n, &total, NULL), 0);
        assert_true(total == 0 && n[1] == 0);
        assert_int_equal(transition_rates(r, s, 1, rate, NULL), 0);
        assert_nan(rate[1], "not computed");
        result_site_free(s);
        result_close(r);
    }
    struct maker m = base();
    m.no_transitions = m.no_class_count = 1;
    struct result *r = maker_open(&m, *state);
    struct result_site *s = maker_site(r, 0);
    struct apex_error err = {{0}};
    int64_t n[9], total;
    assert_int_equal(transition_departures(r, s, 0, n, &total, &err), -1);
    assert_non_null(strstr(err.text, "neither transition_count nor class_count"));
    result_site_free(s);
    result_close(r);
}

static void intervals_come_from_samples(void **state)
{
    struct maker m = base();
    struct result *r = maker_open(&m, *state);
    struct result_site *s = maker_site(r, 0);
    int of[] = {0, 0, 1};
    const struct groups g = {.groups = 2, .classes = 3, .of = of};
    struct bootstrap share, asymmetry;
    assert_int_equal(transition_intervals(r, s, 0, &g, &bootstrap_default, &share, &asymmetry, NULL), 0);
    assert_close(share.estimate, 8.0 / 24, 1e-12, "0 <-> 1 of all");
    assert_true(share.interval.low < share.estimate && share.estimate < share.interval.high);
    assert_true(asymmetry.estimate == 0);
    assert_true(asymmetry.interval.high > 0);
    assert_int_equal(transition_intervals(r, s, 0, NULL, &bootstrap_default, &share, &asymmetry, NULL), 0);
    assert_nan(share.estimate, "no groups");
    assert_true(asymmetry.estimate == 0);
    assert_int_equal(transition_intervals(r, s, 1, &g, &bootstrap_default, &share, &asymmetry, NULL), 0);
    assert_nan(asymmetry.estimate, "not computed");
    result_site_free(s);
    result_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coherence_equals_the_enumeration),
        cmocka_unit_test(many_classes_are_permuted_at_random),
        cmocka_unit_test(nothing_to_test_has_no_p),
        cmocka_unit_test(asymmetry_goes_from_zero_to_one),
        cmocka_unit_test(the_largest_pairs_come_first),
        cmocka_unit_test_setup_teardown(matrices_come_from_transitions_or_else_from_class_counts, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(intervals_come_from_samples, folder_make, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
