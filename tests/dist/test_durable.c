#include "dist/files/durable.h"
#include "folder.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

static void check_file(const char *path, const char *expected)
{
    size_t size;
    unsigned char *data = file_read(path, &size);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(data, expected, size);
    free(data);
}

static void a_file_is_made_and_replaced_whole(void **state)
{
    char path[128];
    folder_file(*state, "a", path);
    assert_int_equal(durable_replace(path, "first", 5, NULL), 0);
    check_file(path, "first");
    assert_int_equal(durable_replace(path, "2nd", 3, NULL), 0);
    check_file(path, "2nd");
    assert_int_equal(folder_count(*state), 1);
}

static void a_full_disk_leaves_the_old_file_and_names_the_cause(void **state)
{
    char path[128];
    static char big[5000];
    struct rlimit old, small;
    struct apex_error err;
    folder_file(*state, "a", path);
    assert_int_equal(durable_replace(path, "old", 3, NULL), 0);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &small);
    int rc = durable_replace(path, big, sizeof big, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(rc, -1);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "disk full"));
    check_file(path, "old");
    assert_int_equal(folder_count(*state), 1);
}

static void a_folder_in_the_place_of_the_file_is_an_error(void **state)
{
    struct folder *f = *state;
    struct apex_error err;
    char temporary[160];
    assert_int_equal(durable_replace(f->path, "x", 1, &err), -1);
    assert_non_null(strstr(err.text, "cannot rename"));
    snprintf(temporary, sizeof temporary, "%s.tmp.%ld", f->path, (long)getpid());
    assert_int_equal(access(temporary, F_OK), -1);
    assert_int_equal(durable_replace("/nowhere/a", "x", 1, &err), -1);
    assert_non_null(strstr(err.text, "/nowhere/a"));
}

static void causes_are_named_in_a_users_words(void **state)
{
    (void)state;
    assert_string_equal(durable_reason(ENOSPC), "disk full");
    assert_non_null(strstr(durable_reason(EDQUOT), "quota"));
    assert_string_equal(durable_reason(EACCES), "Permission denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_is_made_and_replaced_whole),
        IN_FOLDER(a_full_disk_leaves_the_old_file_and_names_the_cause),
        IN_FOLDER(a_folder_in_the_place_of_the_file_is_an_error),
        cmocka_unit_test(causes_are_named_in_a_users_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
