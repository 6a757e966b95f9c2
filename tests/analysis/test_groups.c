#include "analysis/groups.h"
#include "tests/analysis/golden.h"
#include "tests/dist/folder.h"

static const char *write_groups(const struct folder *f, const char *text, char path[128])
{
    FILE *out = fopen(folder_file(f, "groups.txt", path), "w");
    fputs(text, out);
    fclose(out);
    return path;
}

static void classes_go_by_number_and_by_name(void **state)
{
    char path[128], text[24];
    struct apex_error err = {{0}};
    struct groups *g = groups_read(write_groups(*state,
                                                "# CIFAR\n\nclasses: plane, car, bird, 1, lorry\n"
                                                "animals: bird   # just one\n vehicles : plane,car , 4\r\n",
                                                path),
                                   5, &err);
    if (!g)
        fail_msg("%s", err.text);
    assert_int_equal(g->groups, 2);
    assert_string_equal(g->name[1], "vehicles");
    const int of[] = {1, 1, 0, -1, 1};
    for (int k = 0; k < 5; k++)
        if (g->of[k] != of[k])
            fail_msg("class %d in group %d, expected %d", k, g->of[k], of[k]);
    assert_string_equal(groups_class_name(g, 2, text), "bird");
    assert_string_equal(groups_class_name(NULL, 2, text), "2");
    groups_free(g);
}

static void refused(const struct folder *f, const char *text, const char *part)
{
    char path[128];
    struct apex_error err = {{0}};
    struct groups *g = groups_read(write_groups(f, text, path), 3, &err);
    if (g || !strstr(err.text, part) || !strstr(err.text, "groups.txt"))
        fail_msg("'%s', expected '%s'", g ? "read" : err.text, part);
    groups_free(g);
}

static void bad_lines_are_refused_with_their_number(void **state)
{
    refused(*state, "", "it has no group");
    refused(*state, "# nothing\nclasses: a, b, c\n", "it has no group");
    refused(*state, "a 0, 1\n", "groups.txt:1: expected 'group: class, class, ...', found 'a 0, 1'");
    refused(*state, ": 0\n", "expected 'group:");
    refused(*state, "a: 0\nb: 3\n", "groups.txt:2: the model has no class '3'");
    refused(*state, "a: cat\n", "the model has no class 'cat'");
    refused(*state, "a: 0,,1\n", "the model has no class ''");
    refused(*state, "a: -1\n", "the model has no class '-1'");
    refused(*state, "a: 0\nb: 0\n", "groups.txt:2: a second time in a group: class '0'");
    refused(*state, "a: 0\na: 1\n", "a second group named 'a'");
    refused(*state, "classes: a, b\n", "it names 2 classes; the model has 3");
    refused(*state, "classes: a, b, c, d\n", "more than the model's 3 classes");
    refused(*state, "classes: a, a, c\n", "two classes are named 'a'");
    refused(*state, "g: 0\nclasses: a, b, c\n", "come once, before every group");
    struct apex_error err;
    assert_null(groups_read("/nonexistent/groups.txt", 3, &err));
    assert_non_null(strstr(err.text, "cannot open"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(classes_go_by_number_and_by_name, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(bad_lines_are_refused_with_their_number, folder_make, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
