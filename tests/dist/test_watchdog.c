/* The watchdog ends its process, so each case runs in one of its own. */
#include "dist/run/watchdog.h"

#include "dist/program/exit_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Runs `what` in a child and returns its exit code; what it wrote to stderr is left in text. */
static int run(void (*what)(void), char *text, size_t size)
{
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        what();
        _exit(0);
    }
    close(ends[1]);
    size_t have = 0;
    for (ssize_t n; (n = read(ends[0], text + have, size - 1 - have)) > 0;)
        have += (size_t)n;
    text[have] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void hang(void)
{
    struct watchdog *w = watchdog_start(3, 0.2, NULL);
    watchdog_note(w, 1, 17);
    watchdog_note(w, 2, 4);
    watchdog_note(w, 2, -1);
    watchdog_beat(w);
    pause_ms(20000);
}

static void stay_alive(void)
{
    struct watchdog *w = watchdog_start(1, 0.4, NULL);
    for (int k = 0; k < 100; k++) {
        watchdog_beat(w);
        pause_ms(10);
    }
    watchdog_end(w);
}

static void end_at_once(void)
{
    struct watchdog *w = watchdog_start(1, 3600, NULL);
    watchdog_end(w);
    watchdog_end(NULL);
}

static void a_hang_ends_with_75_and_tells_where_each_rank_stood(void **state)
{
    (void)state;
    char text[2000];
    assert_int_equal(run(hang, text, sizeof text), EXIT_INCOMPLETE);
    assert_non_null(strstr(text, "rank 0 hangs"));
    assert_non_null(strstr(text, "rank 0: nothing\n"));
    assert_non_null(strstr(text, "rank 1: unit 17 for 0."));
    assert_non_null(strstr(text, "rank 2: nothing\n"));
}

static void a_thread_that_beats_is_left_alone(void **state)
{
    (void)state;
    char text[2000];
    assert_int_equal(run(stay_alive, text, sizeof text), 0);
    assert_string_equal(text, "");
}

static void it_ends_at_once_when_told_to(void **state)
{
    (void)state;
    char text[2000];
    time_t begin = time(NULL);
    assert_int_equal(run(end_at_once, text, sizeof text), 0);
    assert_true(time(NULL) - begin < 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hang_ends_with_75_and_tells_where_each_rank_stood),
        cmocka_unit_test(a_thread_that_beats_is_left_alone),
        cmocka_unit_test(it_ends_at_once_when_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
