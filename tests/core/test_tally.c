#include "core/unit.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%.17g, expected %.17g +- %g", got, expected, tolerance);
}

static struct apex_tally tally(uint32_t draws, uint32_t classes)
{
    struct apex_tally t;
    struct apex_error err;
    assert_int_equal(apex_tally_init(&t, draws, classes, &err), 0);
    return t;
}

static void draws_are_counted_by_their_class(void **state)
{
    (void)state;
    struct apex_tally t = tally(10, 3);
    apex_tally_reset(&t, 1);
    for (uint32_t d = 0; d < 10; d++) {
        float logits[3] = {0, 1, d % 3 == 0 ? 3.0f : -1.0f};
        assert_int_equal(apex_tally_add(&t, d, logits), 0);
    }
    assert_int_equal(t.count[0], 0);
    assert_int_equal(t.count[1], 6);
    assert_int_equal(t.count[2], 4);
    assert_int_equal(t.stay[0], 0xb6); /* draws 0, 3, 6 left; 9 too, in the next byte */
    assert_int_equal(t.stay[1], 0x01);
    assert_near(t.margin_sum, 6 * 1.0 - 4 * 2.0, 1e-12);
    apex_tally_reset(&t, 0);
    assert_int_equal(t.count[1] + t.count[2] + t.stay[0] + t.stay[1], 0);
    assert_near(t.margin_sum, 0, 0);
    apex_tally_free(&t);
    assert_null(t.count);
}

static void reciprocal_ranks_are_summed_over_draws(void **state)
{
    (void)state;
    struct apex_tally t = tally(10, 4);
    assert_int_equal(apex_tally_init_rank(&t, NULL), 0);
    apex_tally_reset(&t, 0);
    for (uint32_t d = 0; d < 9; d++) /* eight side by side and one alone */
        assert_int_equal(apex_tally_add(&t, d, (float[]){3, -INFINITY, 4, 3}), 0);
    assert_int_equal(apex_tally_add(&t, 9, (float[]){0, 1, 0, 0}), 0);
    const double sum[4] = {9 / 2.0 + 1 / 2.0, 9 / 4.0 + 1, 9 + 1 / 3.0,
                           9 / 3.0 + 1 / 4.0}; /* ties: the lower class */
    for (int c = 0; c < 4; c++) {
        assert_near(t.rank[c], sum[c], 1e-12);
        assert_near(apex_tally_rank(&t, (uint32_t)c) / APEX_RANK_ONE, sum[c] / 10, 1e-9);
    }
    apex_tally_reset(&t, 0);
    assert_near(t.rank[2], 0, 0);
    const float rows[2][4] = {{1, 2, 3, 4}, {1, 2, NAN, 4}};
    assert_int_equal(apex_tally_add_rows(&t, 0, 2, rows[0]), 1); /* nothing of a row with a NaN */
    assert_near(t.rank[3], 1, 0);
    apex_tally_free(&t);
    assert_null(t.rank);
}

static void a_tie_goes_to_the_lower_class(void **state)
{
    (void)state;
    struct apex_tally t = tally(2, 4);
    apex_tally_reset(&t, 2);
    assert_int_equal(apex_tally_add(&t, 0, (float[]){1, 5, 5, 0}), 0);
    assert_int_equal(apex_tally_add(&t, 1, (float[]){1, 0, 5, 5}), 0);
    assert_int_equal(t.count[1], 1);
    assert_int_equal(t.count[2], 1);
    assert_int_equal(t.stay[0], 2);
    assert_near(t.margin_sum, 0, 0);
    apex_tally_free(&t);
}

static void a_nan_or_a_draw_out_of_range_changes_nothing(void **state)
{
    (void)state;
    struct apex_tally t = tally(2, 2);
    apex_tally_reset(&t, 0);
    assert_int_equal(apex_tally_add(&t, 0, (float[]){NAN, 1}), -1);
    assert_int_equal(apex_tally_add(&t, 0, (float[]){1, NAN}), -1);
    assert_int_equal(apex_tally_add(&t, 2, (float[]){1, 0}), -1);
    assert_int_equal(t.count[0] + t.count[1] + t.stay[0], 0);
    apex_tally_free(&t);
}

static void equal_infinite_logits_have_margin_zero(void **state)
{
    (void)state;
    struct apex_tally t = tally(1, 2);
    apex_tally_reset(&t, 0);
    assert_int_equal(apex_tally_add(&t, 0, (float[]){INFINITY, INFINITY}), 0);
    assert_near(t.margin_sum, 0, 0);
    apex_tally_free(&t);
}

static void no_draws_or_no_classes_is_an_error(void **state)
{
    (void)state;
    struct apex_tally t;
    struct apex_error err = {""};
    assert_int_equal(apex_tally_init(&t, 0, 10, &err), -1);
    assert_non_null(strstr(err.text, "draw"));
    assert_int_equal(apex_tally_init(&t, 10, 0, &err), -1);
    assert_non_null(strstr(err.text, "0 classes"));
    assert_int_equal(apex_tally_init(&t, 10, 65536, &err), -1);
    assert_null(t.count);
}

static void clean_statistics_are_those_of_the_formulas(void **state)
{
    (void)state;
    struct apex_record_sample s = {.index = 5};
    float logits[4] = {1, 3, 2.5f, -1};
    assert_int_equal(apex_clean_stats(logits, 4, 2, &s), 0);
    assert_int_equal(s.index, 5);
    assert_int_equal(s.label, 2);
    assert_int_equal(s.clean_class, 1);
    assert_int_equal(s.clean_second, 2);
    assert_near(s.clean_margin, 0.5, 0);
    assert_near(s.clean_loss, log(exp(1) + exp(3) + exp(2.5) + exp(-1)) - 2.5, 1e-6);
}

static void without_a_label_the_loss_is_nan(void **state)
{
    (void)state;
    struct apex_record_sample s;
    assert_int_equal(apex_clean_stats((float[]){0, 0}, 2, -1, &s), 0);
    assert_int_equal(s.label, -1);
    assert_true(isnan(s.clean_loss));
    assert_int_equal(s.clean_class, 0);
    assert_int_equal(s.clean_second, 1);
}

static void large_logits_do_not_overflow_the_loss(void **state)
{
    (void)state;
    struct apex_record_sample s;
    assert_int_equal(apex_clean_stats((float[]){3e4f, 1e4f}, 2, 1, &s), 0);
    assert_near(s.clean_loss, 2e4, 1e-2);
}

static void clean_logits_that_are_not_finite_are_refused(void **state)
{
    (void)state;
    struct apex_record_sample s;
    assert_int_equal(apex_clean_stats((float[]){1, INFINITY}, 2, -1, &s), -1);
    assert_int_equal(apex_clean_stats((float[]){NAN, 1}, 2, -1, &s), -1);
    assert_int_equal(apex_clean_stats((float[]){0, 1}, 2, 2, &s), -1); /* no such label */
}

/* Eight rows and more, so that those that are looked at side by side meet the ones left over. */
static void rows_together_are_rows_one_by_one(void **state)
{
    enum { ROWS = 19, CLASSES = 5 };
    (void)state;
    float logits[ROWS][CLASSES];
    for (int d = 0; d < ROWS; d++)
        for (int c = 0; c < CLASSES; c++)
            logits[d][c] = (float)((d * 7 + c * c * 3) % 4); /* many ties */
    for (uint32_t clean = 0; clean < CLASSES; clean++) {
        struct apex_tally all = tally(ROWS, CLASSES), one = tally(ROWS, CLASSES);
        apex_tally_reset(&all, clean);
        apex_tally_reset(&one, clean);
        for (uint32_t d = 0; d < ROWS; d++) {
            uint32_t top = 0; /* by the definition */
            for (uint32_t c = 1; c < CLASSES; c++)
                top = logits[d][c] > logits[d][top] ? c : top;
            one.count[top]++;
            if (top == clean)
                one.stay[d / 8] |= (unsigned char)(1u << d % 8);
        }
        assert_int_equal(apex_tally_add_rows(&all, 0, ROWS, logits[0]), ROWS);
        assert_memory_equal(all.count, one.count, CLASSES * sizeof *all.count);
        assert_memory_equal(all.stay, one.stay, (ROWS + 7) / 8);
        apex_tally_free(&all);
        apex_tally_free(&one);
    }
}

static void rows_end_before_the_first_nan(void **state)
{
    (void)state;
    struct apex_tally t = tally(20, 2);
    float logits[20][2] = {{0}};
    apex_tally_reset(&t, 0);
    logits[11][1] = NAN;
    assert_int_equal(apex_tally_add_rows(&t, 0, 20, logits[0]), 11);
    assert_int_equal(t.count[0], 11);
    logits[11][1] = 0;
    logits[18][0] = NAN;
    assert_int_equal(apex_tally_add_rows(&t, 0, 20, logits[0]), 18);
    apex_tally_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_counted_by_their_class),
        cmocka_unit_test(reciprocal_ranks_are_summed_over_draws),
        cmocka_unit_test(a_tie_goes_to_the_lower_class),
        cmocka_unit_test(a_nan_or_a_draw_out_of_range_changes_nothing),
        cmocka_unit_test(equal_infinite_logits_have_margin_zero),
        cmocka_unit_test(no_draws_or_no_classes_is_an_error),
        cmocka_unit_test(clean_statistics_are_those_of_the_formulas),
        cmocka_unit_test(without_a_label_the_loss_is_nan),
        cmocka_unit_test(large_logits_do_not_overflow_the_loss),
        cmocka_unit_test(clean_logits_that_are_not_finite_are_refused),
        cmocka_unit_test(rows_together_are_rows_one_by_one),
        cmocka_unit_test(rows_end_before_the_first_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
