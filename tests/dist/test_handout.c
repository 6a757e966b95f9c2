/* Who gets which unit, on plans made by hand: every rank computes one flop in a second once that is known. */
#include "dist/run/handout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST_UNITS = 64 };

struct fixture {
    struct plan plan;
    struct apex_unit unit[MOST_UNITS];
    double flops[MOST_UNITS];
};

static struct handout *make(struct fixture *f, uint32_t units, const double *flops, int ranks)
{
    f->plan = (struct plan){.units = units, .unit = f->unit, .flops = f->flops};
    for (uint32_t k = 0; k < units; k++) {
        f->unit[k] = (struct apex_unit){.id = k};
        f->flops[k] = flops[k];
    }
    return handout_new(&f->plan, 1, ranks, NULL);
}

/* Gives a rank its next unit, which must be there. */
static uint32_t give(struct handout *h, int rank, double now)
{
    int64_t k = handout_choose(h, rank, now, 0);
    assert_true(k >= 0);
    handout_give(h, (uint32_t)k, rank, now);
    return (uint32_t)k;
}

static void the_longest_units_go_first_and_equal_ones_in_order(void **state)
{
    (void)state;
    struct fixture f;
    const double flops[] = {1, 5, 2, 5, 9};
    const uint32_t expected[] = {4, 1, 3, 2, 0};
    struct handout *h = make(&f, 5, flops, 5);
    for (int rank = 0; rank < 5; rank++)
        assert_int_equal(give(h, rank, 0), expected[rank]);
    handout_free(h);
}

static void every_unit_is_done_once_whatever_the_ranks(void **state)
{
    (void)state;
    for (int ranks = 1; ranks <= 7; ranks += 3) {
        struct fixture f;
        double flops[40];
        int done[40] = {0};
        for (int k = 0; k < 40; k++)
            flops[k] = 1 + k % 3;
        struct handout *h = make(&f, 40, flops, ranks);
        for (double now = 0; handout_count(h).left; now++) {
            assert_true(now < 1000);
            for (int rank = 0; rank < ranks; rank++) {
                double since;
                int64_t k = handout_head(h, rank, &since);
                if (k >= 0 && handout_result(h, rank, (uint32_t)k, 0, now) == HANDOUT_FIRST)
                    done[k]++;
                while ((k = handout_choose(h, rank, now, 0)) >= 0)
                    handout_give(h, (uint32_t)k, rank, now);
                if ((k = handout_copy(h, rank, now, 0)) >= 0)
                    handout_give(h, (uint32_t)k, rank, now);
            }
        }
        for (int k = 0; k < 40; k++)
            assert_int_equal(done[k], 1);
        assert_int_equal(handout_count(h).out, 0);
        handout_free(h);
    }
}

static void a_rank_never_holds_more_than_its_queue(void **state)
{
    (void)state;
    struct fixture f;
    const double flops[] = {1, 1, 1, 1};
    struct handout *h = make(&f, 4, flops, 1);
    give(h, 0, 0);
    give(h, 0, 0);
    assert_int_equal(handout_choose(h, 0, 0, 0), -1);
    assert_int_equal(handout_holds(h, 0), HANDOUT_QUEUE);
    handout_free(h);
}

static void a_late_rank_loses_its_units_and_gets_no_more_until_it_answers(void **state)
{
    (void)state;
    struct fixture f;
    const double flops[] = {10, 10, 10, 10};
    struct handout *h = make(&f, 4, flops, 2);
    uint32_t first = give(h, 1, 0), second = give(h, 1, 0), mine = give(h, 0, 0);
    assert_int_equal(handout_result(h, 0, mine, 0, 10), HANDOUT_FIRST); /* ten seconds are now known */
    assert_int_equal(handout_expire(h, 39), -1);
    assert_int_equal(handout_expire(h, 41), 1);
    assert_int_equal(handout_expire(h, 41), -1);
    assert_true(handout_is_late(h, 1));
    assert_int_equal(handout_count(h).out, 0);
    assert_int_equal(handout_choose(h, 1, 41, 0), -1);
    assert_int_equal(give(h, 0, 41), first);
    assert_int_equal(handout_result(h, 0, first, 0, 51), HANDOUT_FIRST);
    assert_int_equal(handout_result(h, 1, first, 0, 60), HANDOUT_COPY);
    assert_false(handout_is_late(h, 1));
    double since;
    assert_int_equal(handout_head(h, 1, &since), second);
    assert_int_equal(handout_count(h).out, 1); /* it has its second one, in good standing again */
    assert_int_equal(handout_result(h, 1, second, 0, 70), HANDOUT_FIRST);
    handout_free(h);
}

static void the_result_of_a_late_rank_counts_if_it_is_the_first(void **state)
{
    (void)state;
    struct fixture f;
    const double flops[] = {1, 1};
    struct handout *h = make(&f, 2, flops, 2);
    uint32_t k = give(h, 1, 0);
    assert_int_equal(handout_expire(h, 1000), 1);
    assert_int_equal(handout_result(h, 1, k, 0, 1001), HANDOUT_FIRST);
    assert_int_not_equal(handout_choose(h, 0, 1002, 0), k);
    assert_int_equal(handout_count(h).left, 1);
    handout_free(h);
}

static void an_idle_rank_gets_a_copy_of_what_ends_last(void **state)
{
    (void)state;
    struct fixture f;
    const double flops[] = {20, 10, 10};
    struct handout *h = make(&f, 3, flops, 2);
    give(h, 1, 0);
    uint32_t a = give(h, 0, 0);
    uint32_t queued = give(h, 1, 0);
    assert_int_equal(handout_copy(h, 0, 0, 0), -1); /* it is not idle */
    assert_int_equal(handout_result(h, 0, a, 0, 2), HANDOUT_FIRST);
    assert_int_equal(handout_copy(h, 0, 2, 0), queued);
    handout_give(h, queued, 0, 2);
    assert_int_equal(handout_result(h, 0, queued, 0, 4), HANDOUT_FIRST);
    assert_int_equal(handout_count(h).copies, 1);
    handout_free(h);
}

static void a_copy_that_would_come_later_is_not_made(void **state)
{
    (void)state;
    struct fixture f;
    const double flops[] = {10, 10};
    struct handout *h = make(&f, 2, flops, 2);
    uint32_t a = give(h, 0, 0);
    give(h, 1, 0);
    assert_int_equal(handout_result(h, 0, a, 0, 10), HANDOUT_FIRST);
    assert_int_equal(handout_copy(h, 0, 10, 0), -1);
    handout_free(h);
}

static void a_failed_unit_goes_to_another_rank_and_fails_for_good_there(void **state)
{
    (void)state;
    struct fixture f;
    const double flops[] = {1};
    struct handout *h = make(&f, 1, flops, 2);
    uint32_t k = give(h, 0, 0);
    assert_int_equal(handout_result(h, 0, k, 1, 1), HANDOUT_AGAIN);
    assert_int_equal(handout_choose(h, 0, 1, 0), -1);
    assert_int_equal(give(h, 1, 1), k);
    assert_int_equal(handout_result(h, 1, k, 1, 2), HANDOUT_FAILED);
    assert_int_equal(handout_count(h).left, 0);
    handout_free(h);
}

static void alone_a_rank_tries_again_itself(void **state)
{
    (void)state;
    struct fixture f;
    const double flops[] = {1};
    struct handout *h = make(&f, 1, flops, 1);
    uint32_t k = give(h, 0, 0);
    assert_int_equal(handout_result(h, 0, k, 1, 1), HANDOUT_AGAIN);
    assert_int_equal(give(h, 0, 1), k);
    assert_int_equal(handout_result(h, 0, k, 0, 2), HANDOUT_FIRST);
    handout_free(h);
}

static void no_unit_is_begun_that_would_end_too_late(void **state)
{
    (void)state;
    struct fixture f;
    const double flops[] = {10, 10, 10, 2};
    struct handout *h = make(&f, 4, flops, 1);
    uint32_t k = give(h, 0, 0);
    assert_int_equal(handout_result(h, 0, k, 0, 10), HANDOUT_FIRST);
    assert_int_equal(handout_choose(h, 0, 10, 20.5), 1);
    handout_give(h, 1, 0, 10);
    assert_int_equal(handout_choose(h, 0, 10, 21), -1); /* behind the one that runs there is no room */
    assert_int_equal(handout_choose(h, 0, 10, 23), 3);  /* but for a shorter one */
    handout_free(h);
}

static void a_result_that_nobody_waits_for_is_unknown(void **state)
{
    (void)state;
    struct fixture f;
    const double flops[] = {1};
    struct handout *h = make(&f, 1, flops, 2);
    assert_int_equal(handout_result(h, 0, 0, 0, 1), HANDOUT_UNKNOWN);
    assert_int_equal(handout_result(h, 0, 4000000000u, 0, 1), HANDOUT_UNKNOWN);
    handout_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_units_go_first_and_equal_ones_in_order),
        cmocka_unit_test(every_unit_is_done_once_whatever_the_ranks),
        cmocka_unit_test(a_rank_never_holds_more_than_its_queue),
        cmocka_unit_test(a_late_rank_loses_its_units_and_gets_no_more_until_it_answers),
        cmocka_unit_test(the_result_of_a_late_rank_counts_if_it_is_the_first),
        cmocka_unit_test(an_idle_rank_gets_a_copy_of_what_ends_last),
        cmocka_unit_test(a_copy_that_would_come_later_is_not_made),
        cmocka_unit_test(a_failed_unit_goes_to_another_rank_and_fails_for_good_there),
        cmocka_unit_test(alone_a_rank_tries_again_itself),
        cmocka_unit_test(no_unit_is_begun_that_would_end_too_late),
        cmocka_unit_test(a_result_that_nobody_waits_for_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
