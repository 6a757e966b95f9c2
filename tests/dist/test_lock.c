#include "dist/journal/lease.h"
#include "dist/journal/lock.h"
#include "folder.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

static struct lock *must_take(const char *folder)
{
    struct apex_error err;
    struct lock *l = lock_take(folder, &err);
    if (!l)
        fail_msg("lock_take: %s", err.text);
    return l;
}

/* A child that holds the lock until it is killed. */
static pid_t start_owner(const char *folder)
{
    int tell[2];
    char byte = 0;
    assert_int_equal(pipe(tell), 0);
    pid_t child = fork();
    if (child == 0) {
        byte = lock_take(folder, NULL) != NULL;
        if (write(tell[1], &byte, 1) == 1)
            pause();
        _exit(0);
    }
    close(tell[1]);
    assert_int_equal(read(tell[0], &byte, 1), 1);
    close(tell[0]);
    assert_int_equal(byte, 1);
    return child;
}

static void write_lease_of(const char *folder, const char *host, long pid, long long age)
{
    char path[128], text[LEASE_SIZE];
    struct lease l = {.pid = pid, .beat = (long long)time(NULL) - age};
    strcpy(l.host, host);
    lease_format(&l, text);
    snprintf(path, sizeof path, "%s/%s", folder, LOCK_FILE);
    file_write(path, text, sizeof text);
    struct timespec when[2] = {{.tv_sec = (time_t)l.beat}, {.tv_sec = (time_t)l.beat}};
    assert_int_equal(utimensat(AT_FDCWD, path, when, 0), 0);
}

static void a_second_taker_is_refused_with_the_owners_pid(void **state)
{
    struct folder *f = *state;
    struct apex_error err;
    char pid[32], owner[200];
    pid_t child = start_owner(f->path);
    snprintf(pid, sizeof pid, "pid %ld", (long)child);
    struct lock *second = lock_take(f->path, &err);
    int held = lock_held(f->path, owner, sizeof owner);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_null(second);
    assert_non_null(strstr(err.text, f->path));
    if (!strstr(err.text, pid))
        fail_msg("'%s' does not name %s", err.text, pid);
    assert_int_equal(held, 1);
    if (!strstr(owner, pid))
        fail_msg("'%s' does not name %s", owner, pid);
}

static void the_lock_of_a_killed_owner_is_free_at_once(void **state)
{
    struct folder *f = *state;
    char owner[200];
    pid_t child = start_owner(f->path);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(lock_held(f->path, owner, sizeof owner), 0);
    struct lock *l = must_take(f->path);
    assert_int_equal(lock_held(f->path, owner, sizeof owner), 1);
    lock_release(l);
}

static void a_released_lock_is_free(void **state)
{
    struct folder *f = *state;
    char owner[200];
    assert_int_equal(lock_held(f->path, owner, sizeof owner), 0);
    for (int i = 0; i < 3; i++) {
        struct lock *l = must_take(f->path);
        assert_int_equal(lock_beat(l), 0);
        assert_int_equal(lock_held(f->path, owner, sizeof owner), 1);
        lock_release(l);
        assert_int_equal(lock_held(f->path, owner, sizeof owner), 0);
    }
    lock_release(NULL);
}

static void looking_does_not_disturb_owner_or_taker(void **state)
{
    struct folder *f = *state;
    char owner[200];
    struct lock *l = must_take(f->path);
    for (int i = 0; i < 100; i++)
        assert_int_equal(lock_held(f->path, owner, sizeof owner), 1);
    assert_int_equal(lock_beat(l), 0);
    assert_null(lock_take(f->path, NULL));
    lock_release(l);
    pid_t looker = fork();
    if (looker == 0) {
        for (;;)
            lock_held(f->path, owner, sizeof owner);
    }
    int taken = 0;
    for (int i = 0; i < 50; i++) {
        l = lock_take(f->path, NULL);
        taken += l != NULL;
        lock_release(l);
    }
    kill(looker, SIGKILL);
    waitpid(looker, NULL, 0);
    assert_int_equal(taken, 50);
}

static void a_fresh_heartbeat_of_another_host_is_respected(void **state)
{
    struct folder *f = *state;
    struct apex_error err;
    char owner[200];
    write_lease_of(f->path, "node17", 4242, 5);
    assert_int_equal(lock_held(f->path, owner, sizeof owner), 1);
    assert_null(lock_take(f->path, &err));
    assert_non_null(strstr(err.text, "host node17, pid 4242"));
    write_lease_of(f->path, "node17", 4242, LOCK_LEASE_SECONDS + 2);
    assert_int_equal(lock_held(f->path, owner, sizeof owner), 0);
    lock_release(must_take(f->path));
}

static void a_damaged_lock_file_is_taken_over(void **state)
{
    struct folder *f = *state;
    char path[128], junk[700];
    memset(junk, 'x', sizeof junk);
    file_write(folder_file(f, LOCK_FILE, path), junk, sizeof junk);
    lock_release(must_take(f->path));
    file_write(path, "apex lock\nhost ", 15);
    lock_release(must_take(f->path));
}

static void an_owner_that_slept_too_long_learns_of_its_successor(void **state)
{
    struct folder *f = *state;
    struct lock *l = must_take(f->path);
    write_lease_of(f->path, "node17", 4242, 0);
    assert_int_equal(lock_beat(l), -1);
    lock_release(l); /* and must leave the successor's lease alone */
    assert_null(lock_take(f->path, NULL));
}

static void a_folder_that_is_absent_is_an_error(void **state)
{
    (void)state;
    struct apex_error err;
    char owner[10];
    assert_null(lock_take("/nowhere/at/all", &err));
    assert_string_equal(err.text, "/nowhere/at/all/apex.lock: cannot open: No such file or directory");
    assert_int_equal(lock_held("/nowhere/at/all", owner, sizeof owner), 0);
}

static void a_lease_survives_its_own_format(void **state)
{
    (void)state;
    char text[LEASE_SIZE];
    struct lease a, b;
    setenv("SLURM_JOB_ID", "77_3", 1);
    setenv("SLURM_RESTART_COUNT", "2", 1);
    lease_of_self(&a, 1700000000);
    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_RESTART_COUNT");
    lease_format(&a, text);
    assert_null(memchr(text, 0, sizeof text));
    assert_int_equal(lease_parse(&b, text, sizeof text), 0);
    assert_int_equal(lease_same_owner(&a, &b), 1);
    assert_string_equal(b.job, "slurm 77_3");
    assert_int_equal(b.restart, 2);
    assert_int_equal(b.beat, 1700000000);
    for (size_t n = 0; n < 60; n++)
        assert_int_equal(lease_parse(&b, text, n), -1);
    setenv("PBS_JOBID", "12.head node", 1);
    lease_of_self(&a, 0);
    unsetenv("PBS_JOBID");
    assert_string_equal(a.job, "pbs 12.head_node");
}

/* Where flock does not work the lease alone decides. */
static void without_flock_the_lease_decides(void **state)
{
    (void)state;
    struct lease self, other;
    lease_of_self(&self, 1000);
    other = self;
    assert_int_equal(lease_is_alive(&other, &self, 1000, 1000, 0), 1); /* same host, living process */
    assert_int_equal(lease_is_alive(&other, &self, 1000, 1000, 1), 0); /* flock proves it dead */
    pid_t gone = fork();
    if (gone == 0)
        _exit(0);
    waitpid(gone, NULL, 0);
    other.pid = gone;
    assert_int_equal(lease_is_alive(&other, &self, 1000, 1000, 0), 0);
    strcpy(other.host, "elsewhere");
    assert_int_equal(lease_is_alive(&other, &self, 1000 + LOCK_LEASE_SECONDS, 0, 0), 1);
    assert_int_equal(lease_is_alive(&other, &self, 1001 + LOCK_LEASE_SECONDS, 0, 0), 0);
    assert_int_equal(lease_is_alive(&other, &self, 1001 + LOCK_LEASE_SECONDS, 1010, 0), 1);
    assert_int_equal(lease_is_alive(&other, &self, 500, 0, 1), 1); /* its clock is ahead */
}

static void a_requeued_job_takes_over_from_its_earlier_start(void **state)
{
    (void)state;
    struct lease self = {.host = "b", .pid = 1, .job = "slurm 5", .restart = 1, .beat = 1000};
    struct lease first = {.host = "a", .pid = 9, .job = "slurm 5", .restart = 0, .beat = 1000};
    assert_int_equal(lease_is_alive(&first, &self, 1000, 1000, 0), 0);
    assert_int_equal(lease_is_alive(&self, &first, 1000, 1000, 0), 1);
    first.restart = 1; /* another step of the same job */
    assert_int_equal(lease_is_alive(&first, &self, 1000, 1000, 0), 1);
    strcpy(first.job, "slurm 6");
    first.restart = 0;
    assert_int_equal(lease_is_alive(&first, &self, 1000, 1000, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_second_taker_is_refused_with_the_owners_pid),
        IN_FOLDER(the_lock_of_a_killed_owner_is_free_at_once),
        IN_FOLDER(a_released_lock_is_free),
        IN_FOLDER(looking_does_not_disturb_owner_or_taker),
        IN_FOLDER(a_fresh_heartbeat_of_another_host_is_respected),
        IN_FOLDER(a_damaged_lock_file_is_taken_over),
        IN_FOLDER(an_owner_that_slept_too_long_learns_of_its_successor),
        cmocka_unit_test(a_folder_that_is_absent_is_an_error),
        cmocka_unit_test(a_lease_survives_its_own_format),
        cmocka_unit_test(without_flock_the_lease_decides),
        cmocka_unit_test(a_requeued_job_takes_over_from_its_earlier_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
