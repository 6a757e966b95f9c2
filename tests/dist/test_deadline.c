#include "dist/run/deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void slurm_durations_are_seconds(void **state)
{
    (void)state;
    const struct {
        const char *text;
        double seconds;
    } given[] = {{"0:16\n", 16}, {"5:00", 300}, {"1:02:03", 3723}, {"2-00:00:01\n", 172801}, {"45", 45}};
    for (size_t k = 0; k < sizeof given / sizeof given[0]; k++)
        if (deadline_parse(given[k].text) != given[k].seconds)
            fail_msg("%s: %g, not %g", given[k].text, deadline_parse(given[k].text), given[k].seconds);
}

static void what_is_no_duration_means_no_limit(void **state)
{
    (void)state;
    const char *given[] = {"UNLIMITED", "INVALID", "NOT_SET", "",        "-1:00",
                           "1-",        "1:2:3:4", "1:x",     "1-2-3:00"};
    for (size_t k = 0; k < sizeof given / sizeof given[0]; k++)
        if (deadline_parse(given[k]) != -1)
            fail_msg("'%s' is taken for %g seconds", given[k], deadline_parse(given[k]));
}

static void outside_of_a_job_there_is_no_deadline(void **state)
{
    (void)state;
    unsetenv("SLURM_JOB_ID");
    setenv("SLURM_JOB_END_TIME", "1", 1);
    assert_true(deadline_left() == -1);
}

static void the_end_time_that_slurm_sets_is_taken(void **state)
{
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)time(NULL) + 100);
    setenv("SLURM_JOB_ID", "1", 1);
    setenv("SLURM_JOB_END_TIME", text, 1);
    assert_true(deadline_left() > 95 && deadline_left() <= 100);
    setenv("SLURM_JOB_END_TIME", "1", 1);
    assert_true(deadline_left() == 0);
}

static void a_job_number_that_is_none_is_not_put_into_a_command(void **state)
{
    (void)state;
    unsetenv("SLURM_JOB_END_TIME");
    setenv("SLURM_JOB_ID", "1; echo 0:01 #", 1);
    assert_true(deadline_left() == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slurm_durations_are_seconds),
        cmocka_unit_test(what_is_no_duration_means_no_limit),
        cmocka_unit_test(outside_of_a_job_there_is_no_deadline),
        cmocka_unit_test(the_end_time_that_slurm_sets_is_taken),
        cmocka_unit_test(a_job_number_that_is_none_is_not_put_into_a_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
