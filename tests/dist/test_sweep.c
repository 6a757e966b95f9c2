#include "small_sweep.h"

#include <math.h>

static void sites_come_in_canonical_order_whatever_the_grid_says(void **state)
{
    (void)state;
    struct small s = small_sweep("");
    const struct sweep_model *m = &s.sweep->model[0];
    assert_int_equal(m->sites, 3);
    assert_int_equal(m->site[0], APEX_SITE_INPUT);
    assert_int_equal(m->site[1], 0);
    assert_int_equal(m->site[2], APEX_SITE_ALL);
    assert_string_equal(m->context->site[1].name, "relu0");
    assert_int_equal(m->context->samples, 6);
    assert_int_equal(m->context->sample[0], 3);
    small_end(&s);
}

static void a_site_without_any_wanted_cell_is_dropped(void **state)
{
    (void)state;
    struct small s = small_sweep("exclude: [{sites: relu0}, {sites: all, sigmas: 2}]\n");
    const struct sweep_model *m = &s.sweep->model[0];
    const unsigned char wanted[] = {1, 1, 1, 1, 0, 1};
    assert_int_equal(m->sites, 2);
    assert_int_equal(m->site[1], APEX_SITE_ALL);
    assert_memory_equal(m->wanted, wanted, sizeof wanted);
    small_end(&s);
}

static int same_key(const struct small *a, const struct small *b)
{
    return !memcmp(a->sweep->model[0].context->key, b->sweep->model[0].context->key, 16);
}

static void identity_holds_what_numbers_depend_on_and_nothing_else(void **state)
{
    (void)state;
    struct small plain = small_sweep(""), again = small_sweep(""), seeded = small_sweep("seed: 1\n"),
                 uniform = small_sweep("noise: {kind: uniform}\n"),
                 ruled = small_sweep("exclude: [{sites: relu0}]\n"), naive = small_sweep("kernels: naive\n");
    assert_true(same_key(&plain, &again));
    assert_true(same_key(&plain, &ruled));
    assert_false(same_key(&plain, &seeded));
    assert_false(same_key(&plain, &uniform));
    assert_false(same_key(&plain, &naive));
    struct small *all[] = {&plain, &again, &seeded, &uniform, &ruled, &naive};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        small_end(all[i]);
}

static const char *attribute(const struct context *c, const char *name)
{
    for (uint32_t i = 0; i < c->attributes; i++)
        if (!strcmp(c->attribute_name[i], name))
            return c->attribute_text[i];
    fail_msg("no attribute %s", name);
    return NULL;
}

static void the_grid_is_kept_without_its_output_line(void **state)
{
    (void)state;
    struct small s = small_sweep("");
    const char *text = attribute(s.sweep->model[0].context, "grid");
    assert_null(strstr(text, "/nowhere"));
    assert_non_null(strstr(text, "sweep: small\ndraws: 10\n"));
    assert_string_equal(attribute(s.sweep->model[0].context, "model_file"), "mlp_true.onnx");
    small_end(&s);
}

static void relative_scale_is_the_root_mean_square_over_the_samples(void **state)
{
    (void)state;
    struct small s = small_sweep("noise: {kind: gaussian, scale: relative}\n"), plain = small_sweep("");
    const struct sweep_model *m = &s.sweep->model[0];
    float sample[64];
    double sum = 0;
    for (int i = 0; i < 6; i++) {
        dataset_sample(m->data, i, sample);
        for (int e = 0; e < 64; e++)
            sum += (double)sample[e] * (double)sample[e];
    }
    assert_non_null(sweep_scale(m, APEX_SITE_INPUT));
    assert_true(fabs((double)*sweep_scale(m, APEX_SITE_INPUT) - sqrt(sum / (6 * 64))) < 1e-6);
    assert_true(sweep_scale(m, APEX_SITE_ALL) == sweep_scale(m, 0));
    assert_null(sweep_scale(&plain.sweep->model[0], 0));
    const struct context_site *absolute = plain.sweep->model[0].context->site;
    for (int i = 0; i < 2; i++) { /* input and relu0: measured whatever the scale */
        assert_true(absolute[i].rms == 1);
        assert_true(absolute[i].activation_rms == m->context->site[i].rms);
        assert_true(absolute[i].activation_rms == m->context->site[i].activation_rms);
    }
    assert_true(isnan(absolute[2].activation_rms));
    assert_true(m->context->site[0].rms == (double)*sweep_scale(m, APEX_SITE_INPUT));
    assert_true(m->context->site[1].key != plain.sweep->model[0].context->site[1].key);
    small_end(&s);
    small_end(&plain);
}

/* Kept in journals: what an earlier version of the program computed must be found again. */
static void measuring_activations_leaves_the_identity_of_absolute_work_alone(void **state)
{
    (void)state;
    struct small s = small_sweep("");
    static const uint64_t site_key[] = {14122606666909936950u, 13401951959770772400u, 3430936153187821014u};
    for (int i = 0; i < 3; i++)
        assert_int_equal(s.sweep->model[0].context->site[i].key, site_key[i]);
    small_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sites_come_in_canonical_order_whatever_the_grid_says),
        cmocka_unit_test(a_site_without_any_wanted_cell_is_dropped),
        cmocka_unit_test(identity_holds_what_numbers_depend_on_and_nothing_else),
        cmocka_unit_test(the_grid_is_kept_without_its_output_line),
        cmocka_unit_test(measuring_activations_leaves_the_identity_of_absolute_work_alone),
        cmocka_unit_test(relative_scale_is_the_root_mean_square_over_the_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
