#include "dist/files/file.h"
#include "dist/grid/grid.h"

#include "tests/dist/grid_base.h"

#include <unistd.h>

/* The error of a text that must not parse. */
static void fail_to_parse(const char *text, size_t size, struct apex_error *err)
{
    err->text[0] = '\0';
    struct grid *g = grid_parse(text, size, "sweep.yaml", err);
    if (g)
        fail_msg("this grid is bad, but was taken:\n%s", text);
}

static void assert_error(const struct apex_error *err, const char *start, const char *part, const char *text)
{
    if (strncmp(err->text, start, strlen(start)) || !strstr(err->text, part))
        fail_msg("expected %s ... %s\n   found %s\n%s", start, part, err->text, text);
}

/* "### 2:1 | message | without key\nfragment"; the end of the case is its terminator. */
static int case_differs(char *entry)
{
    char *fragment = strchr(entry, '\n');
    assert_non_null(fragment);
    *fragment++ = '\0';
    char *message = strstr(entry, " | ");
    assert_non_null(message);
    *message = '\0';
    message += 3;
    char *without = strstr(message, " | without ");
    if (without) {
        *without = '\0';
        without += strlen(" | without ");
    }
    char start[64];
    snprintf(start, sizeof start, "sweep.yaml:%s: ", entry + strlen("### "));
    char *text = grid_base(fragment, without);
    struct apex_error err;
    fail_to_parse(text, strlen(text), &err);
    int differs = strncmp(err.text, start, strlen(start)) || !strstr(err.text, message);
    if (differs)
        print_error("expected %s%s\n   found %s\n%s\n", start, message, err.text, fragment);
    free(text);
    return differs;
}

static void every_bad_grid_is_refused_with_its_place_and_reason(void **state)
{
    (void)state;
    setenv("APEX_TEST_EMPTY", "", 1);
    unsetenv("APEX_TEST_NOT_SET");
    struct apex_error err;
    size_t size;
    char *file = file_read("data/grid/errors.txt", &size, &err);
    if (!file)
        fail_msg("%s", err.text);
    int cases = 0, different = 0;
    char *entry = strstr(file, "\n### ");
    while (entry) {
        char *next = strstr(entry + 1, "\n### ");
        if (next)
            next[1] = '\0'; /* the fragment keeps its last newline */
        different += case_differs(entry + 1);
        if (next)
            next[1] = '#';
        entry = next;
        cases++;
    }
    free(file);
    assert_int_equal(different, 0);
    assert_true(cases > 130);
}

static void an_empty_file_is_named(void **state)
{
    (void)state;
    const char *const empty[] = {"", "\n\n", "# only a comment\n", "---\n...\n"};
    struct apex_error err;
    for (int k = 0; k < 3; k++) {
        fail_to_parse(empty[k], strlen(empty[k]), &err);
        assert_error(&err, "sweep.yaml:1:1: ", "the file is empty", empty[k]);
    }
    fail_to_parse(empty[3], strlen(empty[3]), &err);
    assert_error(&err, "sweep.yaml:2:1: ", "expected a map (key: value), found nothing", empty[3]);
}

static void bytes_that_are_no_utf8_text_are_placed(void **state)
{
    (void)state;
    struct apex_error err;
    const char latin[] = "sweep: a\noutput: caf\xE9 x\n";
    fail_to_parse(latin, sizeof latin - 1, &err);
    assert_error(&err, "sweep.yaml:2:12: ", "not a UTF-8 file", latin);
    assert_non_null(strstr(err.text, "0xE9"));
    const char control[] = "sweep: a\n# \xC3\xA9 \x01\n";
    fail_to_parse(control, sizeof control - 1, &err);
    assert_error(&err, "sweep.yaml:2:5: ", "control characters are not allowed (byte 0x01)", control);
    const char nul[] = "sweep: a\0b\n";
    fail_to_parse(nul, sizeof nul - 1, &err);
    assert_error(&err, "sweep.yaml:1:9: ", "control characters are not allowed (byte 0x00)", nul);
    const char utf16[] = "\xFF\xFEs\0w\0";
    fail_to_parse(utf16, sizeof utf16 - 1, &err);
    assert_error(&err, "sweep.yaml:1:1: ", "UTF-16", "");
}

static void a_text_cut_anywhere_never_parses_by_accident_or_crashes(void **state)
{
    (void)state;
    struct apex_error err;
    size_t size;
    char *text = file_read("data/grid/full.yaml", &size, &err);
    assert_non_null(text);
    size_t models = (size_t)(strstr(text, "models:") - text);
    for (size_t cut = 0; cut < size; cut++) {
        char *part = malloc(cut + 1); /* of its own size, so that a sanitizer sees a read past the end */
        assert_non_null(part);
        memcpy(part, text, cut);
        part[cut] = '\0';
        struct grid *g = grid_parse(part, cut, "sweep.yaml", &err);
        if (g && cut < models)
            fail_msg("the first %zu bytes parse, but hold no models", cut);
        grid_free(g);
        free(part);
    }
    free(text);
}

static void a_changed_byte_never_crashes_the_reader(void **state)
{
    (void)state;
    struct apex_error err;
    size_t size;
    char *text = file_read("data/grid/full.yaml", &size, &err);
    assert_non_null(text);
    const char other[] = "\0\t\n:,[]{}&*#'\"|>-0~\xFF";
    for (size_t at = 0; at < size; at++)
        for (size_t k = 0; k < sizeof other - 1; k++) {
            char kept = text[at];
            text[at] = other[k];
            struct grid *g = grid_parse(text, size, "sweep.yaml", &err);
            if (!g && strncmp(err.text, "sweep.yaml:", 11))
                fail_msg("byte %zu as 0x%02X: the error names no place: %s", at, (unsigned char)other[k],
                         err.text);
            grid_free(g);
            text[at] = kept;
        }
    free(text);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct apex_error err = {""};
    assert_null(grid_load("data/grid/missing.yaml", &err));
    assert_error(&err, "data/grid/missing.yaml: ", "No such file", "");
    assert_null(grid_load("data/grid", &err));
    assert_error(&err, "data/grid: ", "Is a directory", "");
}

static void an_error_in_a_file_begins_with_the_path_as_given(void **state)
{
    (void)state;
    char path[] = "/tmp/apex-grid-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "sweep: a\ndraws: [\n", 18), 18);
    close(fd);
    struct apex_error err = {""};
    assert_null(grid_load(path, &err));
    unlink(path);
    char start[64];
    snprintf(start, sizeof start, "%s:3:1: YAML: ", path);
    assert_error(&err, start, "flow", "");
}

static void a_relative_path_into_a_missing_folder_is_refused(void **state)
{
    (void)state;
    char *text = grid_base("", NULL);
    struct apex_error err = {""};
    assert_null(grid_parse(text, strlen(text), "no/such/sweep.yaml", &err));
    assert_error(&err, "no/such/sweep.yaml: ", "folder 'no/such': No such file", "");
    free(text);
}

static void a_huge_file_is_refused_unread(void **state)
{
    (void)state;
    size_t size = (1 << 20) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '#', size);
    struct apex_error err = {""};
    assert_null(grid_parse(text, size, "sweep.yaml", &err));
    free(text);
    assert_error(&err, "sweep.yaml: ", "too many for a grid file", "");
}

static void many_entries_are_refused_before_they_take_long(void **state)
{
    (void)state;
    size_t size = 10001 * 3 + 32;
    char *text = calloc(size, 1);
    assert_non_null(text);
    strcpy(text, "sites: [a");
    char *at = text + strlen(text);
    for (int k = 0; k < 10000; k++, at += 2)
        memcpy(at, ",a", 2);
    strcpy(at, "]\n");
    char *whole = grid_base(text, NULL);
    struct apex_error err;
    fail_to_parse(whole, strlen(whole), &err);
    free(whole);
    free(text);
    assert_error(&err, "sweep.yaml:1:8: ", "sites: 10001 entries are more than 10000", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bad_grid_is_refused_with_its_place_and_reason),
        cmocka_unit_test(an_empty_file_is_named),
        cmocka_unit_test(bytes_that_are_no_utf8_text_are_placed),
        cmocka_unit_test(a_text_cut_anywhere_never_parses_by_accident_or_crashes),
        cmocka_unit_test(a_changed_byte_never_crashes_the_reader),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(an_error_in_a_file_begins_with_the_path_as_given),
        cmocka_unit_test(a_relative_path_into_a_missing_folder_is_refused),
        cmocka_unit_test(a_huge_file_is_refused_unread),
        cmocka_unit_test(many_entries_are_refused_before_they_take_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
