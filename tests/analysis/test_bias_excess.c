#include "analysis/bias_excess.h"
#include "tests/analysis/golden.h"

#include <math.h>

#define PI 3.14159265358979323846

static struct bias_excess excess(const double *value, const double *const *reference, size_t count,
                                 size_t cells, size_t classes)
{
    struct bias_excess e;
    struct apex_error err = {{0}};
    if (bias_excess_of(value, reference, count, cells, classes, &e, &err))
        fail_msg("%s", err.text);
    return e;
}

static void the_excess_is_that_of_the_class_furthest_above_the_references(void **state)
{
    (void)state;
    /* asin sqrt: 0 -> 0, 1/4 -> pi/6, 1/2 -> pi/4, 3/4 -> pi/3, 1 -> pi/2 */
    const double a[] = {0, 0.25, 0.75}, b[] = {0, 0.75, 0.25}, x[] = {0.5, 0.5, 0};
    const double *const reference[] = {a, b};
    const struct bias_excess e = excess(x, reference, 2, 1, 3);
    /* Variances over the references: 0 and twice pi^2 / 72; mean pi^2 / 108, which is below what class 1
     * would be judged by. */
    assert_close(e.excess, PI / 4, 1e-12, "class 0 is new");
    assert_close(e.deviation, PI / sqrt(108), 1e-12, "deviation");
    assert_close(e.t, PI / 4 / (PI / sqrt(108) * sqrt(1.5)), 1e-12, "t");
    assert_true(e.class == 0 && e.value == 0.5 && e.reference == 0 && e.cells == 1 && e.references == 2);
    assert_true(e.freedom == 2);
    /* P(T > t) of two degrees of freedom: (1 - t / sqrt(2 + t^2)) / 2 */
    assert_close(e.p, 3 * (1 - e.t / sqrt(2 + e.t * e.t)) / 2, 1e-12, "p");
}

static void a_class_on_which_references_differ_is_judged_by_its_own_deviation_too(void **state)
{
    (void)state;
    const double a[] = {0, 0.25, 0.75}, b[] = {0, 0.75, 0.25}, x[] = {0, 1, 0};
    const double *const reference[] = {a, b};
    const struct bias_excess e = excess(x, reference, 2, 1, 3);
    const double common = PI * PI / 108, own = PI * PI / 72;
    assert_int_equal(e.class, 1);
    assert_close(e.excess, PI / 4, 1e-12, "class 1");
    assert_close(e.deviation, sqrt((BIAS_PRIOR * common + own) / (BIAS_PRIOR + 1)), 1e-12, "deviation");
}

static void without_two_references_there_is_no_p(void **state)
{
    (void)state;
    const double a[] = {0.5, 0.25, 0.25}, x[] = {0.25, 0.5, 0.25};
    const double *const reference[] = {a, a};
    struct bias_excess e = excess(x, NULL, 0, 1, 3);
    assert_true(e.class == 1 && e.value == 0.5 && e.references == 0);
    assert_nan(e.excess, "no reference");
    e = excess(x, reference, 1, 1, 3);
    assert_int_equal(e.class, 1);
    assert_close(e.excess, PI / 4 - PI / 6, 1e-12, "one reference");
    assert_nan(e.p, "one reference");
    e = excess(x, reference, 2, 1, 3);
    assert_close(e.excess, PI / 4 - PI / 6, 1e-12, "two that agree exactly");
    assert_nan(e.p, "two that agree exactly");
}

static void cells_count_by_how_well_the_references_agree_there(void **state)
{
    (void)state;
    /* In cell 0 the references are opposite (variance of the angles pi^2 / 8), in cell 1 they are the same;
     * in cell 2 one has nothing. */
    const double a[] = {1, 0, 0.25, 0.75, 1, 0}, b[] = {0, 1, 0.25, 0.75, NAN, NAN}, x[] = {1, 0, 0, 1, 1, 0};
    const double *const reference[] = {a, b};
    const struct bias_excess e = excess(x, reference, 2, 3, 2);
    const double rough = 1 / (PI * PI / 8 + BIAS_FLOOR * BIAS_FLOOR), fine = 1 / (BIAS_FLOOR * BIAS_FLOOR);
    assert_close(e.excess, (fine * PI / 6 - rough * PI / 4) / (fine + rough), 1e-12, "cell 1 decides");
    assert_close(e.value, fine / (fine + rough), 1e-12, "its share");
    assert_true(e.class == 1 && e.cells == 2 && e.cell == 1);
}

/* However far off it is, however few the others: the models that are like the other references stay below. */
static void one_odd_reference_accuses_nobody(void **state)
{
    (void)state;
    enum { MOST = 100 };
    static double honest[MOST], odd[MOST], close_by[MOST];
    const double *const reference[] = {odd, honest};
    for (size_t classes = 3; classes <= MOST; classes += 97) {
        for (size_t c = 0; c < classes; c++) {
            honest[c] = 1 / (double)classes;
            close_by[c] = honest[c] + (c % 2 ? 1e-4 : -1e-4);
            odd[c] = c == 0; /* all of its draws go to class 0 */
        }
        assert_true(excess(close_by, reference, 2, 1, classes).p > 0.01);
        odd[0] = 0; /* none, and class 1 has them */
        odd[1] = 1;
        assert_true(excess(close_by, reference, 2, 1, classes).p > 0.01);
    }
}

static void the_test_equals_scipy(void **state)
{
    (void)state;
    struct golden *g = golden_read("excess"), *value = golden_read("excess.value"),
                  *all = golden_read("excess.reference");
    const double *const reference[] = {all->v, all->v + 12, all->v + 24};
    const struct bias_excess e = excess(value->v, reference, 3, 3, 4);
    const double got[] = {(double)e.class, e.excess, e.value, e.reference, e.deviation, e.freedom, e.t, e.p};
    assert_int_equal(g->n, sizeof got / sizeof *got);
    for (size_t i = 0; i < g->n; i++)
        assert_close(got[i], g->v[i], 1e-9, "class, excess, value, reference, deviation, freedom, t, p");
    free(g);
    free(value);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_excess_is_that_of_the_class_furthest_above_the_references),
        cmocka_unit_test(a_class_on_which_references_differ_is_judged_by_its_own_deviation_too),
        cmocka_unit_test(without_two_references_there_is_no_p),
        cmocka_unit_test(cells_count_by_how_well_the_references_agree_there),
        cmocka_unit_test(one_odd_reference_accuses_nobody),
        cmocka_unit_test(the_test_equals_scipy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
