#include "dist/run/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void nothing_measured_is_predicted_slow_but_finite(void **state)
{
    (void)state;
    struct pace *p = pace_new(2, NULL);
    assert_false(pace_known(p));
    assert_true(pace_likely(p, 0, 1e9) > 0.05 && pace_likely(p, 0, 1e9) < 60);
    pace_free(p);
}

static void a_model_without_measurement_takes_twice_the_slowest_other(void **state)
{
    (void)state;
    struct pace *p = pace_new(3, NULL);
    pace_learn(p, 0, 10, 20);
    pace_learn(p, 1, 10, 50);
    assert_true(pace_likely(p, 0, 1) == 2);
    assert_true(pace_likely(p, 2, 1) == 10);
    assert_true(pace_known(p));
    pace_free(p);
}

static void the_worst_case_remembers_a_slow_unit_but_not_for_ever(void **state)
{
    (void)state;
    struct pace *p = pace_new(1, NULL);
    pace_learn(p, 0, 1, 1);
    pace_learn(p, 0, 1, 100);
    assert_true(pace_at_worst(p, 0, 1) >= 100);
    for (int k = 0; k < 300; k++)
        pace_learn(p, 0, 1, 1);
    assert_true(pace_at_worst(p, 0, 1) < 1.01);
    assert_true(pace_likely(p, 0, 1) < 1.01);
    pace_free(p);
}

static void senseless_measurements_change_nothing(void **state)
{
    (void)state;
    struct pace *p = pace_new(1, NULL);
    pace_learn(p, 0, 0, 1);
    pace_learn(p, 0, 1, -1);
    assert_false(pace_known(p));
    pace_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_measured_is_predicted_slow_but_finite),
        cmocka_unit_test(a_model_without_measurement_takes_twice_the_slowest_other),
        cmocka_unit_test(the_worst_case_remembers_a_slow_unit_but_not_for_ever),
        cmocka_unit_test(senseless_measurements_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
