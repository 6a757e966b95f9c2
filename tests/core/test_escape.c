#include "core/escape.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N 4
static const double sigma[N] = {0.1, 1, 10, INFINITY};
static const unsigned char all[N] = {1, 1, 1, 1};

static void assert_near(double got, double expected)
{
    if (!(got == expected || fabs(got - expected) <= 1e-12 * fabs(expected)))
        fail_msg("%.17g, expected %.17g", got, expected);
}

static void mode_is_the_first_scale_with_another_most_frequent_class(void **state)
{
    (void)state;
    assert_near(apex_escape_mode(sigma, N, all, (uint32_t[]){3, 3, 1, 3}, 3), 10);
    assert_near(apex_escape_mode(sigma, N, all, (uint32_t[]){0, 3, 1, 3}, 3), 0.1);
    assert_near(apex_escape_mode(sigma, N, all, (uint32_t[]){3, 3, 3, 0}, 3), INFINITY);
    assert_true(isnan(apex_escape_mode(sigma, N, all, (uint32_t[]){3, 3, 3, 3}, 3)));
}

static void mode_skips_scales_that_were_not_computed(void **state)
{
    (void)state;
    unsigned char have[N] = {1, 0, 1, 1};
    assert_near(apex_escape_mode(sigma, N, have, (uint32_t[]){3, 1, 2, 3}, 3), 10);
}

static void half_is_interpolated_in_log_sigma(void **state)
{
    (void)state;
    /* 30 of 40 at 1, 10 of 40 at 10: one half is half way in the logarithm. */
    assert_near(apex_escape_half(sigma, N, all, (uint32_t[]){40, 30, 10, 0}, 40), sqrt(10));
    /* exactly one half has not fallen below */
    assert_near(apex_escape_half(sigma, N, all, (uint32_t[]){40, 20, 10, 0}, 40), 1);
    assert_near(apex_escape_half(sigma, N, all, (uint32_t[]){40, 35, 0, 0}, 40), pow(10, 15.0 / 35));
}

static void half_at_the_ends_of_the_grid(void **state)
{
    (void)state;
    assert_near(apex_escape_half(sigma, N, all, (uint32_t[]){19, 40, 40, 40}, 40), 0.1);
    assert_near(apex_escape_half(sigma, N, all, (uint32_t[]){40, 40, 30, 3}, 40), 10);
    assert_true(isnan(apex_escape_half(sigma, N, all, (uint32_t[]){40, 40, 40, 20}, 40)));
}

static void half_skips_scales_that_were_not_computed(void **state)
{
    (void)state;
    unsigned char have[N] = {1, 0, 1, 1};
    assert_near(apex_escape_half(sigma, N, have, (uint32_t[]){30, 0, 10, 0}, 40), 1);
}

static void first_flip_is_the_geometric_mean_over_draws(void **state)
{
    (void)state;
    /* draw 0 leaves at 0.1 (and comes back), 1 at 10, 2 at infinity, 3 never, 8 at 1, the others never */
    const unsigned char at[N][2] = {{0xfe, 1}, {0xff, 0}, {0xfd, 0}, {0xf9, 0}};
    const unsigned char *const stay[N] = {at[0], at[1], at[2], at[3]};
    uint32_t flipped = 99;
    assert_near(apex_escape_first_flip(sigma, N, all, stay, 9, &flipped), 1);
    assert_int_equal(flipped, 3);
    unsigned char have[N] = {0, 1, 1, 1}; /* draw 0 then leaves never, as far as is known */
    assert_near(apex_escape_first_flip(sigma, N, have, stay, 9, &flipped), sqrt(10));
    assert_int_equal(flipped, 2);
}

static void without_a_flip_first_flip_is_censored(void **state)
{
    (void)state;
    const unsigned char full[1] = {0xff}, none[1] = {0};
    const unsigned char *const stay[N] = {full, full, full, none};
    uint32_t flipped = 99;
    assert_true(isnan(apex_escape_first_flip(sigma, N, all, stay, 8, &flipped)));
    assert_int_equal(flipped, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mode_is_the_first_scale_with_another_most_frequent_class),
        cmocka_unit_test(mode_skips_scales_that_were_not_computed),
        cmocka_unit_test(half_is_interpolated_in_log_sigma),
        cmocka_unit_test(half_at_the_ends_of_the_grid),
        cmocka_unit_test(half_skips_scales_that_were_not_computed),
        cmocka_unit_test(first_flip_is_the_geometric_mean_over_draws),
        cmocka_unit_test(without_a_flip_first_flip_is_censored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
