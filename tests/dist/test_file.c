#include "dist/files/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char folder[64], path[128];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    strcpy(p->folder, "/tmp/apex-test-XXXXXX");
    *state = p;
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/file", p->folder);
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    unlink(p->path);
    int rc = rmdir(p->folder);
    free(p);
    return rc;
}

static void a_replaced_file_is_read_back_whole(void **state)
{
    struct place *p = *state;
    struct apex_error err = {{0}};
    size_t size = 0;
    char long_text[10000];
    memset(long_text, 'x', sizeof long_text);
    assert_int_equal(file_replace(p->path, "old", 3, &err), 0);
    assert_int_equal(file_replace(p->path, long_text, sizeof long_text, &err), 0);
    char *text = file_read(p->path, &size, &err);
    assert_non_null(text);
    assert_int_equal(size, sizeof long_text);
    assert_memory_equal(text, long_text, size);
    assert_int_equal(text[size], 0);
    free(text);
}

static void a_missing_file_and_a_folder_are_errors_that_name_them(void **state)
{
    struct place *p = *state;
    struct apex_error err = {{0}};
    size_t size;
    assert_null(file_read(p->path, &size, &err));
    assert_non_null(strstr(err.text, p->path));
    assert_non_null(strstr(err.text, "No such file"));
    assert_null(file_read(p->folder, &size, &err));
    assert_non_null(strstr(err.text, "directory"));
}

static void a_failed_replacement_leaves_no_temporary(void **state)
{
    struct place *p = *state;
    struct apex_error err = {{0}};
    char inside[160];
    assert_int_equal(file_replace(p->path, "a", 1, &err), 0);
    snprintf(inside, sizeof inside, "%s/below", p->path);
    assert_int_equal(file_replace(inside, "b", 1, &err), -1);
    assert_non_null(strstr(err.text, inside));
    assert_int_not_equal(access(inside, F_OK), 0);
}

static void folders_are_made_with_those_above_them(void **state)
{
    struct place *p = *state;
    struct apex_error err = {{0}};
    char deep[160], middle[160];
    struct stat st;
    snprintf(middle, sizeof middle, "%s/a", p->folder);
    snprintf(deep, sizeof deep, "%s/a/b", p->folder);
    assert_int_equal(file_make_folder(deep, &err), 0);
    assert_int_equal(file_make_folder(deep, &err), 0);
    assert_int_equal(stat(deep, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    rmdir(deep);
    rmdir(middle);
    assert_int_equal(file_replace(p->path, "a", 1, &err), 0);
    assert_int_equal(file_make_folder(p->path, &err), -1);
    assert_non_null(strstr(err.text, p->path));
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_replaced_file_is_read_back_whole),
        IN_PLACE(a_missing_file_and_a_folder_are_errors_that_name_them),
        IN_PLACE(a_failed_replacement_leaves_no_temporary),
        IN_PLACE(folders_are_made_with_those_above_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
