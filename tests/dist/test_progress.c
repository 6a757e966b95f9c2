#include "dist/run/progress.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dist/run/stop.h"
#include "dist/run/team.h"

static void durations_read_well(void **state)
{
    char text[32];
    (void)state;
    assert_string_equal(progress_duration(0.4, text), "0 s");
    assert_string_equal(progress_duration(59.4, text), "59 s");
    assert_string_equal(progress_duration(60, text), "1 min 00 s");
    assert_string_equal(progress_duration(3599, text), "59 min 59 s");
    assert_string_equal(progress_duration(3600 + 125, text), "1 h 02 min");
    assert_string_equal(progress_duration(-5, text), "0 s");
}

static char *print_status(const char *folder, int *outcome, struct apex_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    *outcome = progress_print(folder, out, err);
    fclose(out);
    return text;
}

static void status_tells_a_killed_run_from_a_finished_one(void **state)
{
    (void)state;
    char folder[] = "/tmp/apex-test-XXXXXX", file[64];
    struct apex_error err = {{0}};
    int outcome;
    assert_non_null(mkdtemp(folder));
    char *text = print_status(folder, &outcome, &err);
    assert_int_equal(outcome, -1);
    assert_non_null(strstr(err.text, "no sweep has run here"));
    free(text);
    FILE *null = fopen("/dev/null", "w");
    struct progress_display *d = progress_start(folder, null, 1);
    struct progress p = {
        .sweep = "s", .state = "running", .ranks = 2, .units = 4, .cells = 10, .cells_done = 5};
    progress_show(d, &p, 1);
    text = print_status(folder, &outcome, &err);
    assert_int_equal(outcome, 0);
    assert_non_null(strstr(text, "s: stopped (its run was killed)"));
    assert_non_null(strstr(text, "cells 5 of 10 done"));
    free(text);
    p.state = "finished";
    progress_show(d, &p, 1);
    text = print_status(folder, &outcome, &err);
    assert_non_null(strstr(text, "s: finished"));
    free(text);
    progress_end(d);
    fclose(null);
    snprintf(file, sizeof file, "%s/%s", folder, PROGRESS_FILE);
    unlink(file);
    assert_int_equal(rmdir(folder), 0);
}

static void time_left_follows_the_predicted_work(void **state)
{
    (void)state;
    FILE *null = fopen("/dev/null", "w");
    struct progress_display *d = progress_start("/tmp", null, 1);
    struct progress p = {.flops = 400, .flops_done = 0};
    assert_true(progress_left(d, &p) < 0);
    usleep(20000);
    p.flops_done = 100;
    double elapsed = progress_seconds(d), left = progress_left(d, &p);
    assert_true(left >= 3 * elapsed * 0.99 && left < 3 * elapsed + 1);
    progress_end(d);
    fclose(null);
}

static void signals_become_wishes_and_the_stronger_one_stays(void **state)
{
    (void)state;
    stop_watch();
    assert_int_equal(stop_wished(), STOP_NO);
    raise(SIGUSR1);
    assert_int_equal(stop_wished(), STOP_SOON);
    raise(SIGTERM);
    assert_int_equal(stop_wished(), STOP_NOW);
    raise(SIGUSR1);
    assert_int_equal(stop_wished(), STOP_NOW);
}

static void a_team_of_one_shares_with_itself(void **state)
{
    (void)state;
    struct apex_error err = {{0}};
    struct bytes message = {0};
    size_t size = 0;
    int from, tag;
    struct team *t = team_start(&err);
    assert_non_null(t);
    assert_int_equal(team_size(t), 1);
    const void *shared = team_share(t, "bytes", 6, &size, &err);
    assert_int_equal(size, 6);
    assert_string_equal(shared, "bytes");
    assert_non_null(team_share(t, NULL, 0, &size, &err));
    apex_fail(&err, "why");
    assert_int_equal(team_agree(t, -1, &err), -1);
    assert_string_equal(err.text, "why");
    assert_int_equal(team_receive(t, &message, &from, &tag), 0);
    assert_int_equal(team_traffic(t).read, 6);
    const void *before = team_shared(t);
    assert_non_null(team_share(t, "more bytes", 11, &size, &err));
    assert_int_equal(team_traffic(t).shared, 17);
    team_unshare_since(t, before);
    assert_int_equal(team_traffic(t).shared, 6);
    assert_string_equal(shared, "bytes");
    assert_int_equal(team_end(t, 75), 75);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_read_well),
        cmocka_unit_test(status_tells_a_killed_run_from_a_finished_one),
        cmocka_unit_test(time_left_follows_the_predicted_work),
        cmocka_unit_test(signals_become_wishes_and_the_stronger_one_stays),
        cmocka_unit_test(a_team_of_one_shares_with_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
