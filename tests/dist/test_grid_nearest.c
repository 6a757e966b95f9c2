#include "dist/grid/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const key[] = {"sweep", "output", "seed", "draws", "data", "models", "sigmas", "gaussian"};

static void expect(const char *word, const char *name)
{
    const char *found = grid_nearest(word, key, sizeof key / sizeof *key);
    if (!name != !found || (name && strcmp(name, found)))
        fail_msg("'%s': found %s, not %s", word, found ? found : "nothing", name ? name : "nothing");
}

static void one_slip_of_each_kind_is_seen_through(void **state)
{
    (void)state;
    expect("draw", "draws");   /* left out */
    expect("drawws", "draws"); /* one too many */
    expect("drows", "draws");  /* another letter */
    expect("darws", "draws");  /* two swapped count as one */
    expect("Draws", "draws");
    expect("ouptut", "output");
}

static void a_long_word_may_have_more_slips(void **state)
{
    (void)state;
    expect("guasian", "gaussian");
    expect("gaussain", "gaussian");
}

static void the_beginning_of_a_name_is_near_it(void **state)
{
    (void)state;
    expect("gauss", "gaussian");
    expect("dataset", "data");
    expect("ga", NULL);
}

static void other_words_are_near_nothing(void **state)
{
    (void)state;
    expect("", NULL);
    expect("x", NULL);
    expect("optimizer", NULL);
    expect("need", "seed");
    expect("word", NULL);
    char longer[200];
    memset(longer, 'd', sizeof longer);
    longer[199] = '\0';
    expect(longer, NULL);
}

static void the_nearest_of_several_wins_and_the_first_on_a_tie(void **state)
{
    (void)state;
    const char *const name[] = {"relu", "relu1", "relu12", "relu2"};
    assert_string_equal(grid_nearest("relu11", name, 4), "relu1");
    assert_string_equal(grid_nearest("relu12", name, 4), "relu12");
    assert_null(grid_nearest("relu", name, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_slip_of_each_kind_is_seen_through),
        cmocka_unit_test(a_long_word_may_have_more_slips),
        cmocka_unit_test(the_beginning_of_a_name_is_near_it),
        cmocka_unit_test(other_words_are_near_nothing),
        cmocka_unit_test(the_nearest_of_several_wins_and_the_first_on_a_tie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
