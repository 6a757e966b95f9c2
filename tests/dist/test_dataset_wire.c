#include "data_files.h"

static struct dataset *example(void **state)
{
    static double mean[3] = {0.1, 0.2, 0.3}, std[3] = {1, 2, 3};
    static struct grid_labels sets[2];
    static struct grid_range range = {1, 3};
    char *path = put_npy(state, "x.npy", "|u1", "(4, 1, 2, 3)", "abcdefghijklmnopqrstuvwx", 24);
    struct grid_data spec = data_of(&path, 1);
    sets[0] = (struct grid_labels){(char *)"true", put_text(state, "a.txt", "3\n1\n4\n1\n"), NULL, {9, 5}};
    sets[1] = (struct grid_labels){(char *)"random", put_text(state, "b.txt", "0\n2\n5\n2\n"), NULL, {9, 5}};
    spec.labels = sets;
    spec.label_sets = 2;
    spec.range = &range;
    spec.ranges = 1;
    spec.mean = mean;
    spec.std = std;
    spec.means = spec.stds = 3;
    spec.layout = (char *)"nhwc";
    return load_ok(&spec);
}

static void everything_but_the_values_comes_back(void **state)
{
    struct dataset *a = example(state);
    struct bytes b = {0};
    dataset_encode(a, &b);
    struct apex_error err = {""};
    struct dataset *c = dataset_decode(b.data, b.size, &err);
    if (!c)
        fail_msg("%s", err.text);
    assert_int_equal(c->total, 4);
    assert_int_equal(c->samples, 2);
    assert_int_equal(c->elements, 6);
    assert_int_equal(c->is_bytes, 1);
    assert_int_equal(c->nhwc, 1);
    assert_int_equal(c->channels, 3);
    assert_true(apex_shape_equal(&a->shape, &c->shape));
    assert_memory_equal(c->index, a->index, 2 * sizeof *c->index);
    assert_memory_equal(c->mean, a->mean, 3 * sizeof *c->mean);
    assert_memory_equal(c->std, a->std, 3 * sizeof *c->std);
    assert_memory_equal(c->sha256, a->sha256, 32);
    assert_memory_equal(dataset_labels(c, "true"), dataset_labels(a, "true"), 8);
    assert_memory_equal(dataset_labels(c, "random"), dataset_labels(a, "random"), 8);
    assert_string_equal(c->variable, "");
    assert_null(c->values);
    assert_int_equal(c->owns, 0);
    float x[6], y[6];
    c->values = a->values; /* as shared memory would be */
    for (int i = 0; i < 2; i++) {
        dataset_sample(a, i, x);
        dataset_sample(c, i, y);
        assert_memory_equal(x, y, sizeof x);
    }
    dataset_free(c);
    dataset_free(a);
    bytes_free(&b);
}

static void bytes_that_are_too_few_or_too_many_are_refused(void **state)
{
    struct dataset *a = example(state);
    struct bytes b = {0};
    dataset_encode(a, &b);
    for (size_t size = 0; size < b.size; size++) {
        struct apex_error err = {""};
        unsigned char *exact = malloc(size + 1); /* so that a sanitizer sees a read past the end */
        memcpy(exact, b.data, size);
        assert_null(dataset_decode(exact, size, &err));
        assert_says(err.text, "damaged");
        free(exact);
    }
    bytes_put_u8(&b, 0);
    assert_null(dataset_decode(b.data, b.size, NULL));
    dataset_free(a);
    bytes_free(&b);
}

/* Any byte may be wrong: an error or another data set, never a crash or gigabytes. */
static void flipped_bytes_do_no_harm(void **state)
{
    struct dataset *a = example(state);
    struct bytes b = {0};
    int refused = 0;
    dataset_encode(a, &b);
    for (size_t k = 0; k < b.size; k++) {
        b.data[k] ^= 0xff;
        struct dataset *c = dataset_decode(b.data, b.size, NULL);
        refused += !c;
        dataset_free(c);
        b.data[k] ^= 0xff;
    }
    assert_true(refused > 20);
    dataset_free(a);
    bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_but_the_values_comes_back),
        TEST(bytes_that_are_too_few_or_too_many_are_refused),
        TEST(flipped_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
