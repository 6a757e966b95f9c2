#include "dist/program/options.h"

#include "dist/program/exit_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct taken {
    int quiet, plain;
    double limit;
    const char *last;
};

static const struct option_spec specs[] = {
    {"quiet", 'q', NULL, "say nothing"},
    {"limit", 'l', "SECONDS", "how long"},
    {0},
};

static int take(void *into, int key, const char *value, struct apex_error *err)
{
    struct taken *t = into;
    if (key == 'q')
        t->quiet++;
    else if (key == 'l')
        return option_number("--limit", value, 0, 100, &t->limit, err);
    else {
        t->plain++;
        t->last = value;
    }
    return 0;
}

static int parse(struct taken *t, const char *plain, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    memset(t, 0, sizeof *t);
    return options_parse(argc, argv, plain, specs, take, t);
}

static void options_may_stand_before_and_after_the_plain_argument(void **state)
{
    (void)state;
    struct taken t;
    char *argv[] = {"run", "-q", "grid.yaml", "--limit=2.5", NULL};
    assert_int_equal(parse(&t, "GRID.yaml", argv), -1);
    assert_int_equal(t.quiet, 1);
    assert_int_equal(t.plain, 1);
    assert_string_equal(t.last, "grid.yaml");
    assert_true(t.limit == 2.5);
    assert_string_equal(argv[0], "run");
}

static void a_missing_argument_is_a_usage_error(void **state)
{
    (void)state;
    struct taken t;
    char *none[] = {"run", NULL}, *two[] = {"run", "a", "b", NULL};
    assert_int_equal(parse(&t, "GRID.yaml", none), EXIT_USAGE);
    assert_int_equal(parse(&t, "GRID.yaml", two), EXIT_USAGE);
    assert_int_equal(parse(&t, "OUTPUT...", two), -1);
    assert_int_equal(t.plain, 2);
}

static void unknown_options_and_bad_numbers_are_usage_errors(void **state)
{
    (void)state;
    struct taken t;
    char *unknown[] = {"run", "--loud", "a", NULL}, *word[] = {"run", "-l", "ten", "a", NULL},
         *large[] = {"run", "-l", "101", "a", NULL}, *empty[] = {"run", "--limit=", "a", NULL};
    assert_int_equal(parse(&t, "GRID.yaml", unknown), EXIT_USAGE);
    assert_int_equal(parse(&t, "GRID.yaml", word), EXIT_USAGE);
    assert_int_equal(parse(&t, "GRID.yaml", large), EXIT_USAGE);
    assert_int_equal(parse(&t, "GRID.yaml", empty), EXIT_USAGE);
}

static void help_is_done(void **state)
{
    (void)state;
    struct taken t;
    char *argv[] = {"run", "--help", NULL};
    assert_int_equal(parse(&t, "GRID.yaml", argv), EXIT_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_before_and_after_the_plain_argument),
        cmocka_unit_test(a_missing_argument_is_a_usage_error),
        cmocka_unit_test(unknown_options_and_bad_numbers_are_usage_errors),
        cmocka_unit_test(help_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
