#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dist/program/check.h"

#include <math.h>

static void equal_logits_have_no_error(void **state)
{
    (void)state;
    const float a[4] = {1, 2, 4, 3};
    struct check c = check_compare(a, a, 2, 2, NULL);
    assert_float_equal(c.max_error, 0, 0);
    assert_float_equal(c.max_relative, 0, 0);
    assert_float_equal(c.mean_error, 0, 0);
    assert_float_equal(c.largest, 4, 0);
    assert_int_equal(c.changed, 0);
    assert_int_equal(c.first_changed, -1);
    assert_int_equal(c.computed_correct, -1);
    assert_int_equal(c.expected_correct, -1);
}

static void errors_are_measured_against_the_largest_expected_logit(void **state)
{
    (void)state;
    const float computed[6] = {1, 2, 3, 10, -6.5f, 100};
    const float expected[6] = {1, 2.5f, 3, 10, -8, 100};
    struct check c = check_compare(computed, expected, 2, 3, NULL);
    assert_float_equal(c.largest, 100, 0);
    assert_float_equal(c.max_error, 1.5, 0);
    assert_float_equal(c.max_relative, 0.015, 1e-15);
    assert_float_equal(c.mean_error, 2.0 / 6, 1e-15);
    assert_int_equal(c.worst, 1);
    assert_int_equal(c.worst_class, 1);
    assert_int_equal(c.changed, 0);
}

static void the_first_of_equal_errors_is_the_worst(void **state)
{
    (void)state;
    const float computed[4] = {0, 1, 1, 0}, expected[4] = {0, 2, 2, 0};
    struct check c = check_compare(computed, expected, 2, 2, NULL);
    assert_int_equal(c.worst, 0);
    assert_int_equal(c.worst_class, 1);
}

static void changed_predictions_and_accuracy_are_counted(void **state)
{
    (void)state;
    const float computed[6] = {1, 0, 0, 1, 1, 0};
    const float expected[6] = {1, 0, 1, 0, 0, 1};
    const int32_t labels[3] = {0, 1, 0};
    struct check c = check_compare(computed, expected, 3, 2, labels);
    assert_int_equal(c.changed, 2);
    assert_int_equal(c.first_changed, 1);
    assert_int_equal(c.computed_correct, 3);
    assert_int_equal(c.expected_correct, 1);
}

static void ties_go_to_the_lower_class_and_nan_never_wins(void **state)
{
    (void)state;
    assert_int_equal(check_top((const float[]){1, 3, 3}, 3), 1);
    assert_int_equal(check_top((const float[]){NAN, -5, -6}, 3), 1);
    assert_int_equal(check_top((const float[]){-5, NAN, -4}, 3), 2);
    assert_int_equal(check_top((const float[]){NAN, NAN}, 2), 0);
}

static void what_is_not_finite_is_infinitely_wrong_and_stays_out_of_the_mean(void **state)
{
    (void)state;
    const float computed[6] = {1, NAN, 3, 4, INFINITY, -INFINITY};
    const float expected[6] = {1.5f, 2, 3, 4, 5, -INFINITY};
    struct check c = check_compare(computed, expected, 3, 2, NULL);
    assert_true(isinf(c.max_error));
    assert_true(isinf(c.max_relative));
    assert_int_equal(c.not_finite, 2);
    assert_int_equal(c.worst, 0);
    assert_int_equal(c.worst_class, 1);
    assert_float_equal(c.largest, 5, 0);
    assert_float_equal(c.mean_error, 0.125, 1e-15);
}

static void an_error_against_zeros_is_infinitely_large_relatively(void **state)
{
    (void)state;
    const float computed[2] = {0, 1e-6f}, expected[2] = {0, 0};
    struct check c = check_compare(computed, expected, 1, 2, NULL);
    assert_true(isinf(c.max_relative));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_logits_have_no_error),
        cmocka_unit_test(errors_are_measured_against_the_largest_expected_logit),
        cmocka_unit_test(the_first_of_equal_errors_is_the_worst),
        cmocka_unit_test(changed_predictions_and_accuracy_are_counted),
        cmocka_unit_test(ties_go_to_the_lower_class_and_nan_never_wins),
        cmocka_unit_test(what_is_not_finite_is_infinitely_wrong_and_stays_out_of_the_mean),
        cmocka_unit_test(an_error_against_zeros_is_infinitely_large_relatively),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
