/* A response from the grid file to records: identity, plan, units, errors. */
#include "small_sweep.h"

#include "core/response.h"
#include "dist/results/response_record.h"
#include "dist/run/compute.h"
#include "dist/run/plan.h"

enum { SAMPLES = 4, SCALES = 2, PLACES = 3 };

static const char key[] = "response: {samples: 4, sigmas: [0.5, 0.1], draws: 8}\n";

struct seen {
    int count[SAMPLES][SCALES];
    struct apex_response_clean clean[SAMPLES][PLACES];
    struct apex_response_noise noise[SAMPLES][SCALES][PLACES];
};

static void see(void *user, uint32_t i, uint32_t k, const struct apex_response_clean *clean,
                const struct apex_response_noise *noise)
{
    struct seen *s = user;
    s->count[i][k]++;
    memcpy(s->clean[i], clean, sizeof s->clean[i]);
    memcpy(s->noise[i][k], noise, sizeof s->noise[i][k]);
}

static const struct context *context(const struct small *s)
{
    return s->sweep->model[0].context;
}

static int same_key(const struct small *a, const struct small *b)
{
    return !memcmp(context(a)->response.key, context(b)->response.key, 16);
}

static void samples_are_spread_and_partners_are_others(void **state)
{
    (void)state;
    struct small s = small_sweep(key);
    const struct context_response *p = &context(&s)->response;
    assert_int_equal(p->samples, SAMPLES);
    assert_memory_equal(p->sample, ((uint32_t[]){3, 4, 6, 7}), sizeof(uint32_t[SAMPLES]));
    assert_memory_equal(p->partner, ((uint32_t[]){4, 6, 7, 3}), sizeof(uint32_t[SAMPLES]));
    assert_int_equal(p->places, PLACES);
    assert_string_equal(p->place[0].name, "input");
    assert_string_equal(p->place[2].name, "relu1"); /* though the grid has no such site */
    assert_true(p->sigma[0] == 0.1 && p->sigma[1] == 0.5 && p->factor == 1);
    small_end(&s);
    s = small_sweep("response: {samples: 100}\n");
    assert_int_equal(context(&s)->response.samples, 6);
    small_end(&s);
}

static void its_identity_holds_what_its_numbers_depend_on_and_the_cells_do_not_know_of_it(void **state)
{
    (void)state;
    struct small plain = small_sweep(""), one = small_sweep(key),
                 more = small_sweep("response: {samples: 5, sigmas: 1, draws: 8}\n"),
                 draws = small_sweep("response: {samples: 4, draws: 16}\n"),
                 site = small_sweep("response: {site: relu0, draws: 8}\n"),
                 seeded = small_sweep("seed: 1\nresponse: {draws: 8}\n"),
                 relative = small_sweep("noise: {scale: relative}\nresponse: {draws: 8}\n");
    assert_memory_equal(context(&plain)->key, context(&one)->key, 16);
    assert_int_equal(context(&plain)->site[0].key, context(&one)->site[0].key);
    assert_int_equal(context(&plain)->response.samples, 0);
    assert_true(same_key(&one, &more)); /* samples and scales are found one by one */
    assert_false(same_key(&one, &draws));
    assert_false(same_key(&one, &site));
    assert_false(same_key(&one, &seeded));
    assert_false(same_key(&one, &relative));
    assert_true(context(&relative)->response.factor == context(&relative)->site[0].rms);
    struct small *all[] = {&plain, &one, &more, &draws, &site, &seeded, &relative};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        small_end(all[i]);
}

/* What the plan's response units give, put together. */
static void run(const struct small *s, int ranks, struct done *done, struct seen *seen)
{
    struct apex_error err = {""};
    struct plan p;
    struct compute *c = compute_new(s->sweep, NULL, &err);
    assert_int_equal(plan_build(&p, s->sweep, done, ranks, &err), 0);
    for (uint32_t k = 0; k < p.units; k++) {
        struct bytes record = {0};
        if (p.unit[k].kind != APEX_UNIT_RESPONSE)
            continue;
        assert_true(p.flops[k] > 0);
        if (compute_unit(c, &p.unit[k], &record, &err))
            fail_msg("%s", err.text);
        assert_int_equal(response_record_read(context(s), record.data, record.size, see, seen, &err), 1);
        assert_true(done_add_response(done, record.data, record.size) > 0);
        bytes_free(&record);
    }
    plan_free(&p);
    compute_free(c);
}

static void units_give_what_the_library_gives_and_nothing_is_planned_twice(void **state)
{
    (void)state;
    struct small s = small_sweep(key);
    const struct sweep_model *m = &s.sweep->model[0];
    const struct apex_noise noise = {.kind = s.sweep->grid->noise, .seed = s.sweep->grid->seed};
    struct done done;
    static struct seen seen, again;
    struct apex_error err = {""};
    float sample[64], partner[64];
    memset(&seen, 0, sizeof seen);
    memset(&again, 0, sizeof again);
    assert_int_equal(done_init(&done, context(&s), NULL), 0);
    assert_int_equal(done.response_wanted, SAMPLES * SCALES);
    run(&s, 1, &done, &seen);
    assert_int_equal(done.response_count, done.response_wanted);
    run(&s, 1, &done, &again);
    struct apex_response *r =
        apex_response_new(m->model, s.sweep->kernels, APEX_SITE_INPUT, 8, &noise, 0, &err);
    for (int i = 0; i < SAMPLES; i++) {
        const struct context_response *p = &m->context->response;
        struct apex_response_clean clean[PLACES];
        struct apex_response_noise expected[SCALES][PLACES];
        dataset_sample(m->data, p->sample[i] - 3, sample); /* the selected samples begin at 3 */
        dataset_sample(m->data, p->partner[i] - 3, partner);
        assert_int_equal(apex_response_sample(r, sample, partner, p->sample[i], 1, p->sigma, SCALES, clean,
                                              expected[0], &err),
                         0);
        assert_memory_equal(seen.clean[i], clean, sizeof clean);
        assert_memory_equal(seen.noise[i], expected, sizeof expected);
        for (int k = 0; k < SCALES; k++) {
            assert_int_equal(seen.count[i][k], 1);
            assert_int_equal(again.count[i][k], 0);
        }
    }
    apex_response_free(r);
    done_free(&done);
    small_end(&s);
}

static void only_missing_scales_run_and_give_the_same_numbers(void **state)
{
    (void)state;
    struct small s = small_sweep(key);
    struct done done;
    static struct seen whole, part;
    memset(&whole, 0, sizeof whole);
    memset(&part, 0, sizeof part);
    assert_int_equal(done_init(&done, context(&s), NULL), 0);
    run(&s, 1, &done, &whole);
    memcpy(done.response, (unsigned char[]){1, 1, 0, 1, 1, 0, 0, 0}, 8);
    run(&s, 64, &done, &part);
    for (int i = 0; i < SAMPLES; i++)
        for (int k = 0; k < SCALES; k++) {
            static const int missing[SAMPLES][SCALES] = {{0, 0}, {1, 0}, {0, 1}, {1, 1}};
            assert_int_equal(part.count[i][k], missing[i][k]);
            if (missing[i][k])
                assert_memory_equal(part.noise[i][k], whole.noise[i][k], sizeof part.noise[i][k]);
        }
    done_free(&done);
    small_end(&s);
}

static void a_site_that_is_not_one_is_refused_with_its_line(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"relu7", "names no site of model 'mlp'"},
                                         {"\"relu*\"", "names 2 sites of model 'mlp'; it must be one"}};
    for (int k = 0; k < 2; k++) {
        char here[1024], path[] = "/tmp/apex-grid-XXXXXX";
        struct apex_error err = {""};
        assert_non_null(getcwd(here, sizeof here));
        FILE *f = fdopen(mkstemp(path), "w");
        fprintf(f,
                "sweep: small\noutput: /nowhere\n"
                "data: {digits: {path: %s/../experiments/quickstart/digits.nc, divide: 16}}\n"
                "models: {mlp: {path: %s/../experiments/quickstart/mlp_true.onnx}}\n"
                "sites: [input]\nsigmas: [0.5]\nresponse: {site: %s}\n",
                here, here, bad[k][0]);
        fclose(f);
        struct team *team = team_start(&err);
        assert_null(sweep_load(path, team, &err));
        if (!strstr(err.text, ":7:11: response: site") || !strstr(err.text, bad[k][1]))
            fail_msg("expected '%s' in: %s", bad[k][1], err.text);
        team_end(team, 0);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_spread_and_partners_are_others),
        cmocka_unit_test(its_identity_holds_what_its_numbers_depend_on_and_the_cells_do_not_know_of_it),
        cmocka_unit_test(units_give_what_the_library_gives_and_nothing_is_planned_twice),
        cmocka_unit_test(only_missing_scales_run_and_give_the_same_numbers),
        cmocka_unit_test(a_site_that_is_not_one_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
