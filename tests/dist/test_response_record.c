#include "tiny_response.h"

#include "dist/run/done.h"

struct seen {
    int count[3][2];
    struct apex_response_clean clean[3][2];
    struct apex_response_noise noise[3][2][2];
};

static void see(void *user, uint32_t i, uint32_t k, const struct apex_response_clean *clean,
                const struct apex_response_noise *noise)
{
    struct seen *s = user;
    s->count[i][k]++;
    memcpy(s->clean[i], clean, sizeof s->clean[i]);
    memcpy(s->noise[i][k], noise, sizeof s->noise[i][k]);
}

static struct context *context(void)
{
    struct context *c = tiny_context();
    tiny_response(c);
    return c;
}

static void what_is_put_in_comes_out_at_its_place(void **state)
{
    (void)state;
    struct context *c = context();
    struct bytes b = tiny_response_record(c, 1, 2, 0);
    struct seen s = {0};
    struct apex_error err;
    assert_int_equal(response_record_read(c, b.data, b.size, see, &s, &err), 1);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++) {
            assert_int_equal(s.count[i][k], i > 0);
            for (int l = 0; i && l < 2; l++) {
                struct apex_response_clean clean = tiny_clean(i, l);
                struct apex_response_noise noise = tiny_noise(i, k, l);
                assert_memory_equal(&s.clean[i][l], &clean, sizeof clean);
                assert_memory_equal(&s.noise[i][k][l], &noise, sizeof noise);
            }
        }
    bytes_free(&b);
    context_free(c);
}

static void what_a_grid_does_not_ask_for_is_left_out(void **state)
{
    (void)state;
    struct context *c = context();
    struct bytes b = tiny_response_record(c, 0, 3, 0);
    struct seen s = {0};
    struct apex_error err;
    c->response.partner[1]++;   /* sample 1 is compared with another one now */
    c->response.sigma[0] = 0.2; /* and the first scale has changed */
    assert_int_equal(response_record_read(c, b.data, b.size, see, &s, &err), 1);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++)
            assert_int_equal(s.count[i][k], i != 1 && k == 1);
    bytes_free(&b);
    context_free(c);
}

static void a_record_of_another_model_or_draws_is_none_of_this_context(void **state)
{
    (void)state;
    struct context *c = context(), *without = tiny_context();
    struct bytes b = tiny_response_record(c, 0, 3, 0);
    struct seen s = {0};
    struct apex_error err;
    c->response.key[3]++;
    assert_int_equal(response_record_read(c, b.data, b.size, see, &s, &err), 0);
    assert_int_equal(response_record_read(without, b.data, b.size, see, &s, &err), 0);
    bytes_free(&b);
    context_free(c);
    context_free(without);
}

static void damage_of_any_size_is_an_error_and_does_no_harm(void **state)
{
    (void)state;
    struct context *c = context();
    struct bytes b = tiny_response_record(c, 0, 3, 0);
    struct seen s = {0};
    struct apex_error err;
    for (size_t size = 0; size < b.size; size++) {
        unsigned char *exact = malloc(size + 1); /* a sanitizer sees reads past it */
        memcpy(exact, b.data, size);
        if (response_record_read(c, exact, size, see, &s, &err) != -1)
            fail_msg("%zu of %zu bytes were accepted", size, b.size);
        free(exact);
    }
    for (size_t at = 20; at < 32; at++) /* places, sigmas, samples */
        for (int bit = 0; bit < 8; bit++) {
            b.data[at] ^= (unsigned char)(1 << bit);
            assert_int_equal(response_record_read(c, b.data, b.size, see, &s, &err), -1);
            b.data[at] ^= (unsigned char)(1 << bit);
        }
    b.data[0] = 9;
    assert_int_equal(response_record_read(c, b.data, b.size, see, &s, &err), -1);
    assert_non_null(strstr(err.text, "version 9"));
    bytes_free(&b);
    context_free(c);
}

static void a_record_marks_its_samples_and_scales_as_done_once(void **state)
{
    (void)state;
    struct context *c = context();
    struct bytes second = tiny_response_record(c, 0, 2, 1), all = tiny_response_record(c, 0, 3, 0);
    struct done d;
    assert_int_equal(done_init(&d, c, NULL), 0);
    assert_int_equal(d.response_wanted, 6);
    assert_int_equal(done_add_response(&d, second.data, second.size), 2);
    assert_memory_equal(d.response, ((unsigned char[]){0, 1, 0, 1, 0, 0}), 6);
    assert_int_equal(done_add_response(&d, all.data, all.size), 4);
    assert_int_equal(done_add_response(&d, all.data, all.size), 0);
    assert_int_equal(d.response_count, 6);
    assert_int_equal(d.count, 0);
    done_free(&d);
    bytes_free(&second);
    bytes_free(&all);
    context_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_in_comes_out_at_its_place),
        cmocka_unit_test(what_a_grid_does_not_ask_for_is_left_out),
        cmocka_unit_test(a_record_of_another_model_or_draws_is_none_of_this_context),
        cmocka_unit_test(damage_of_any_size_is_an_error_and_does_no_harm),
        cmocka_unit_test(a_record_marks_its_samples_and_scales_as_done_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
