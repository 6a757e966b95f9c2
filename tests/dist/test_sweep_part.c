#include "dist/run/sweep_part.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void parts_are_written_k_or_k_of_n(void **state)
{
    (void)state;
    struct sweep_part p;
    assert_int_equal(sweep_part_parse("3", &p, NULL), 0);
    assert_int_equal(p.number, 3);
    assert_int_equal(p.of, 0);
    assert_int_equal(sweep_part_parse("2/5", &p, NULL), 0);
    assert_int_equal(p.number, 2);
    assert_int_equal(p.of, 5);
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    const char *given[] = {"", "0", "-1", "1/0", "3/2", "1/", "/2", "1/2/3", "x", "1 ", "99999999999"};
    for (size_t k = 0; k < sizeof given / sizeof given[0]; k++) {
        struct sweep_part p;
        struct apex_error err = {{0}};
        if (!sweep_part_parse(given[k], &p, &err))
            fail_msg("'%s' is taken for a part", given[k]);
        assert_non_null(strstr(err.text, given[k]));
    }
}

static struct grid_model names[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};

static void check_output(struct sweep_part part, const char *expected)
{
    struct grid g = {.path = "g.yaml", .output = "out", .models = 3, .model = names};
    struct apex_error err = {{0}};
    char *folder = sweep_part_output(&g, part, &err);
    if (expected)
        assert_string_equal(folder, expected);
    else
        assert_non_null(strstr(err.text, "g.yaml: no part"));
    assert_true(!folder == !expected);
    free(folder);
}

static void every_part_has_a_folder_of_its_own(void **state)
{
    (void)state;
    check_output((struct sweep_part){0, 0}, "out");
    check_output((struct sweep_part){2, 0}, "out/b");
    check_output((struct sweep_part){1, 2}, "out/part-1-of-2");
    check_output((struct sweep_part){4, 0}, NULL);
    check_output((struct sweep_part){1, 4}, NULL);
}

static void every_model_is_in_exactly_one_part(void **state)
{
    (void)state;
    for (int of = 0; of <= 3; of++) {
        int seen[3] = {0};
        for (int number = 1; number <= (of ? of : 3); number++) {
            struct grid g = {.path = "g.yaml", .output = strdup("out"), .models = 3, .model = names};
            struct sweep_model model[3] = {{.entry = &names[0]}, {.entry = &names[1]}, {.entry = &names[2]}};
            struct sweep s = {.grid = &g, .models = 3, .model = model};
            assert_int_equal(sweep_keep_part(&s, (struct sweep_part){number, of}, NULL), 0);
            for (int k = 0; k < s.models; k++)
                seen[s.model[k].entry - names]++;
            free(g.output);
        }
        for (int k = 0; k < 3; k++)
            assert_int_equal(seen[k], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_written_k_or_k_of_n),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(every_part_has_a_folder_of_its_own),
        cmocka_unit_test(every_model_is_in_exactly_one_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
