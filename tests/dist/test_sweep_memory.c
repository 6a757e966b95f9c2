#include "dist/run/sweep_memory.h"

#include "dist/run/compute.h"
#include "small_sweep.h"

static size_t bytes_of(const struct small *s)
{
    struct apex_error err = {{0}};
    size_t bytes = compute_bytes(s->sweep, &s->sweep->model[0], &err);
    assert_int_not_equal(bytes, 0);
    return bytes;
}

static struct small bounded(double bytes)
{
    char line[64];
    snprintf(line, sizeof line, "memory: %.6f\n", 1e-6 * bytes);
    return small_sweep(line);
}

static void a_bound_first_takes_fewer_scales_at_once_which_changes_no_result(void **state)
{
    (void)state;
    struct small free_one = small_sweep("");
    const double needed = (double)bytes_of(&free_one);
    struct small bound = bounded(needed - 100);
    const struct sweep_model *m = &bound.sweep->model[0], *before = &free_one.sweep->model[0];
    assert_int_equal(before->at_once.single, 2);
    assert_int_equal(before->at_once.all, 2);
    assert_int_equal(m->at_once.single, 1);
    assert_int_equal(m->at_once.all, 1);
    assert_int_equal(m->tile_rows, before->tile_rows);
    assert_true((double)bytes_of(&bound) <= needed - 100);
    assert_memory_equal(m->context->key, before->context->key, 16);
    small_end(&bound);
    small_end(&free_one);
}

static void a_bound_makes_the_tiles_smaller_until_they_fit(void **state)
{
    (void)state;
    struct small free_one = small_sweep("");
    const int rows = free_one.sweep->model[0].tile_rows;
    free_one.sweep->model[0].at_once = (struct apex_scales){1, 1};
    const double needed = (double)bytes_of(&free_one);
    struct small bound = bounded(0.75 * needed);
    assert_int_equal(bound.sweep->model[0].at_once.single, 1);
    assert_true(bound.sweep->model[0].tile_rows < rows);
    assert_true((double)bytes_of(&bound) <= 0.75 * needed);
    assert_memory_not_equal(bound.sweep->model[0].context->key, free_one.sweep->model[0].context->key, 16);
    small_end(&bound);
    small_end(&free_one);
}

static void a_bound_that_is_kept_anyway_changes_nothing(void **state)
{
    (void)state;
    struct small free_one = small_sweep(""), bound = small_sweep("memory: 1000\n");
    assert_int_equal(bound.sweep->model[0].tile_rows, free_one.sweep->model[0].tile_rows);
    assert_int_equal(bound.sweep->model[0].at_once.single, free_one.sweep->model[0].at_once.single);
    assert_memory_equal(bound.sweep->model[0].context->key, free_one.sweep->model[0].context->key, 16);
    small_end(&bound);
    small_end(&free_one);
}

static void what_cannot_be_kept_is_an_error_that_says_what_is_needed(void **state)
{
    (void)state;
    struct apex_error err = {{0}};
    struct small s = small_sweep("");
    s.sweep->grid->memory = 0.001;
    assert_int_equal(sweep_bound_memory(s.sweep, s.team, &err), -1);
    if (!strstr(err.text, "memory: model 'mlp' needs 0."))
        fail_msg("%s", err.text);
    small_end(&s);
}

static void the_clean_passes_before_the_units_are_counted(void **state)
{
    (void)state;
    struct apex_error err = {{0}};
    struct small s = small_sweep("");
    struct sweep_model m = s.sweep->model[0];
    m.sites = 0; /* units that keep no activation: the clean passes, which keep all, need more */
    m.tile_rows = 1;
    m.at_once = (struct apex_scales){1, 1};
    const size_t clean = rms_bytes(s.sweep, &m, &err), all = compute_bytes(s.sweep, &m, &err);
    assert_int_not_equal(clean, 0);
    assert_int_equal(all, clean);
    small_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_first_takes_fewer_scales_at_once_which_changes_no_result),
        cmocka_unit_test(a_bound_makes_the_tiles_smaller_until_they_fit),
        cmocka_unit_test(a_bound_that_is_kept_anyway_changes_nothing),
        cmocka_unit_test(the_clean_passes_before_the_units_are_counted),
        cmocka_unit_test(what_cannot_be_kept_is_an_error_that_says_what_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
