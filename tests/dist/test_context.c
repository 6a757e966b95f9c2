#include "dist/results/context.h"
#include "tiny.h"

static void a_context_comes_back_as_it_was(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    c->wanted[3] = 0;
    c->label[2] = -1;
    c->class_rank = 1;
    tiny_response(c);
    struct bytes b = {0}, again = {0};
    struct apex_error err;
    context_encode(c, &b);
    struct context *d = context_decode(b.data, b.size, &err);
    if (!d)
        fail_msg("%s", err.text);
    assert_string_equal(d->name, "tiny");
    assert_memory_equal(d->key, c->key, 16);
    assert_int_equal(d->draws, 10);
    assert_int_equal(d->classes, 3);
    assert_int_equal(d->class_count, 1);
    assert_int_equal(d->class_rank, 1);
    assert_memory_equal(d->sample, c->sample, 5 * sizeof(uint32_t));
    assert_memory_equal(d->label, c->label, 5 * sizeof(int32_t));
    assert_memory_equal(d->sigma, c->sigma, 4 * sizeof(double));
    assert_memory_equal(d->wanted, c->wanted, 8);
    assert_int_equal(d->site[0].index, -1);
    assert_string_equal(d->site[1].name, "relu0");
    assert_string_equal(d->site[1].op, "Relu");
    assert_string_equal(d->site[1].tensor, "/relu/Relu_output_0");
    assert_int_equal(d->site[1].key, 1001);
    assert_int_equal(d->site[1].elements, 64);
    assert_true(d->site[1].rms == 1);
    assert_true(d->site[1].activation_rms == 2.5);
    assert_int_equal(d->response.samples, 3);
    assert_int_equal(d->response.draws, 16);
    assert_memory_equal(d->response.partner, c->response.partner, 3 * sizeof(uint32_t));
    assert_true(d->response.sigma[1] == 0.5 && d->response.factor == 1.5);
    assert_string_equal(d->response.place[1].name, "relu0");
    assert_int_equal(d->response.place[1].elements, 128);
    assert_true(d->response.place[1].rms == 2.5);
    assert_int_equal(context_find_response_sample(d, c->sample[4]), 2);
    assert_int_equal(context_find_response_sample(d, c->sample[1]), -1);
    assert_int_equal(context_find_response_sigma(d, 0.5), 1);
    assert_int_equal(context_find_response_sigma(d, 1), -1);
    assert_int_equal(d->attributes, 2);
    assert_string_equal(d->attribute_name[1], "grid");
    assert_string_equal(d->attribute_text[1], "sweep: tiny\nseed: 1\n");
    context_encode(d, &again);
    assert_int_equal(again.size, b.size);
    assert_memory_equal(again.data, b.data, b.size);
    bytes_free(&b);
    bytes_free(&again);
    context_free(c);
    context_free(d);
    context_free(NULL);
}

/* What an earlier version of the program left; its end is all that was different. */
static void a_context_of_version_1_is_read(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    struct bytes b = {0};
    struct apex_error err;
    c->site[0].rms = 1.5; /* a relative scale: the factor is the root mean square */
    context_encode(c, &b);
    b.data[0] = 1;
    struct context *d = context_decode(b.data, b.size - TINY_SITES * sizeof(double) - 4, &err);
    if (!d)
        fail_msg("%s", err.text);
    assert_true(d->site[0].activation_rms == 1.5);
    assert_true(isnan(d->site[1].activation_rms));
    assert_int_equal(d->response.samples, 0);
    context_free(d);
    bytes_free(&b);
    context_free(c);
}

static void every_shorter_text_is_refused(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    tiny_response(c);
    struct bytes b = {0};
    struct apex_error err;
    context_encode(c, &b);
    for (size_t size = 0; size < b.size; size++) {
        unsigned char *exact = malloc(size + 1); /* a sanitizer sees reads past it */
        memcpy(exact, b.data, size);
        err.text[0] = '\0';
        struct context *d = context_decode(exact, size, &err);
        if (d || !strstr(err.text, "damaged"))
            fail_msg("%zu of %zu bytes: %s", size, b.size, d ? "was accepted" : err.text);
        free(exact);
    }
    bytes_free(&b);
    context_free(c);
}

/* No crash and no huge allocation whatever byte is wrong; counts are checked against what is left. */
static void flipped_bytes_do_no_harm(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    tiny_response(c);
    struct bytes b = {0};
    context_encode(c, &b);
    int accepted = 0;
    for (size_t at = 0; at < b.size; at++)
        for (int bit = 0; bit < 8; bit++) {
            b.data[at] ^= (unsigned char)(1 << bit);
            struct context *d = context_decode(b.data, b.size, NULL);
            accepted += d != NULL;
            context_free(d);
            b.data[at] ^= (unsigned char)(1 << bit);
        }
    assert_true(accepted > 0); /* a flipped letter of a name is no damage that can be seen here */
    assert_true(accepted < (int)b.size * 8);
    bytes_free(&b);
    context_free(c);
}

static void another_version_and_unsorted_samples_are_refused(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    struct bytes b = {0};
    struct apex_error err;
    context_encode(c, &b);
    b.data[0] = 9;
    assert_null(context_decode(b.data, b.size, &err));
    assert_string_equal(err.text, "context of version 9; this program reads up to version 2");
    bytes_clear(&b);
    c->sample[1] = c->sample[0];
    context_encode(c, &b);
    assert_null(context_decode(b.data, b.size, &err));
    bytes_clear(&b);
    c->sample[1] = 107;
    c->sigma[1] = NAN;
    context_encode(c, &b);
    assert_null(context_decode(b.data, b.size, &err));
    bytes_free(&b);
    context_free(c);
}

static void positions_are_found_by_identity(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(context_find_sample(c, c->sample[i]), i);
        assert_int_equal(context_find_sample(c, c->sample[i] + 1), -1);
    }
    assert_int_equal(context_find_sample(c, 0), -1);
    assert_int_equal(context_find_sample(c, UINT32_MAX), -1);
    assert_int_equal(context_find_site(c, 1001), 1);
    assert_int_equal(context_find_site(c, 1), -1);
    assert_int_equal(context_find_sigma(c, 10), 2);
    assert_int_equal(context_find_sigma(c, INFINITY), 3);
    assert_int_equal(context_find_sigma(c, 0.5), -1);
    context_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_comes_back_as_it_was),
        cmocka_unit_test(a_context_of_version_1_is_read),
        cmocka_unit_test(every_shorter_text_is_refused),
        cmocka_unit_test(flipped_bytes_do_no_harm),
        cmocka_unit_test(another_version_and_unsorted_samples_are_refused),
        cmocka_unit_test(positions_are_found_by_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
