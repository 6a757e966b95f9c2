/* Loading as a whole: selection, several files, normalisation, what fits which model. Formats: test_read_*.c.
 */
#include "data_files.h"

#include <math.h>

static char *put_four_bytes_samples(void **state, const char *name, int n, int first)
{
    unsigned char value[4 * 16];
    char shape[32];
    for (int i = 0; i < 4 * n; i++)
        value[i] = (unsigned char)(4 * first + i);
    snprintf(shape, sizeof shape, "(%d, 1, 2, 2)", n);
    return put_npy(state, name, "|u1", shape, value, (size_t)(4 * n));
}

static void all_samples_are_kept_where_no_range_is_given(void **state)
{
    char *path = put_four_bytes_samples(state, "a.npy", 5, 0);
    struct grid_data spec = data_of(&path, 1);
    struct dataset *d = load_ok(&spec);
    assert_int_equal(d->total, 5);
    assert_int_equal(d->samples, 5);
    assert_int_equal(d->elements, 4);
    assert_int_equal(d->is_bytes, 1);
    assert_int_equal(d->label_sets, 0);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(d->index[i], i);
    assert_int_equal(((unsigned char *)d->values)[19], 19);
    dataset_free(d);
}

static void ranges_across_files_keep_the_numbers_of_the_whole(void **state)
{
    char *path[] = {put_four_bytes_samples(state, "a.npy", 5, 0),
                    put_four_bytes_samples(state, "b.npy", 4, 5)};
    struct grid_data spec = data_of(path, 2);
    struct grid_range range[] = {{1, 2}, {4, 6}, {8, -1}};
    const uint32_t expected[] = {1, 4, 5, 8};
    spec.range = range;
    spec.ranges = 3;
    struct dataset *d = load_ok(&spec);
    assert_int_equal(d->total, 9);
    assert_int_equal(d->samples, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(d->index[i], expected[i]);
        assert_int_equal(((unsigned char *)d->values)[4 * i], 4 * expected[i]);
    }
    dataset_free(d);
}

static void a_range_beyond_the_end_is_an_error_at_the_grids_line(void **state)
{
    char *path = put_four_bytes_samples(state, "a.npy", 5, 0);
    struct grid_data spec = data_of(&path, 1);
    struct grid_range range[] = {{0, 6}};
    spec.range = range;
    spec.ranges = 1;
    load_fails(&spec, "sweep.yaml:7:3: data 'd': samples 0 to 5 are asked for, but there are only 5");
    range[0] = (struct grid_range){5, -1};
    load_fails(&spec, "there are only 5");
}

static void files_of_other_shape_or_type_do_not_go_together(void **state)
{
    const float real[4] = {0};
    char *path[] = {put_four_bytes_samples(state, "a.npy", 2, 0),
                    put_npy(state, "wide.npy", "|u1", "(1, 4)", "abcd", 4)};
    struct grid_data spec = data_of(path, 2);
    load_fails(&spec, "wide.npy: samples of shape [4], but those of ");
    path[1] = put_npy(state, "real.npy", "<f4", "(1, 1, 2, 2)", real, sizeof real);
    load_fails(&spec, "real.npy: numbers of another type");
}

static void the_digest_is_of_all_files_one_after_the_other(void **state)
{
    char *path[] = {put_four_bytes_samples(state, "a.npy", 2, 0),
                    put_four_bytes_samples(state, "b.npy", 3, 2)};
    struct grid_data spec = data_of(path, 2);
    struct sha256 *both = sha256_new();
    unsigned char expected[32];
    for (int k = 0; k < 2; k++) {
        struct gzfile f;
        assert_int_equal(gzfile_read(path[k], both, &f, NULL), 0);
        gzfile_free(&f);
    }
    sha256_end(both, expected);
    struct dataset *d = load_ok(&spec);
    assert_memory_equal(d->sha256, expected, 32);
    dataset_free(d);
}

static void bytes_are_divided_by_255_and_other_numbers_by_1(void **state)
{
    const float real[2] = {3.5f, -2};
    float out[2];
    char *path = put_npy(state, "a.npy", "|u1", "(1, 2)", "\xff\x33", 2);
    struct grid_data spec = data_of(&path, 1);
    struct dataset *d = load_ok(&spec);
    dataset_sample(d, 0, out);
    assert_float_equal(out[0], 1, 0);
    assert_float_equal(out[1], 51.0f / 255.0f, 0);
    dataset_free(d);
    path = put_npy(state, "b.npy", "<f4", "(1, 2)", real, sizeof real);
    d = load_ok(&spec);
    dataset_sample(d, 0, out);
    assert_float_equal(out[0], 3.5f, 0);
    assert_float_equal(out[1], -2, 0);
    dataset_free(d);
}

/* What torchvision's ToTensor and Normalize make of these bytes, in single precision step by step. */
static void mean_and_std_go_by_channel_whatever_the_layout(void **state)
{
    const unsigned char nchw[12] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120};
    const unsigned char nhwc[12] = {10, 50, 90, 20, 60, 100, 30, 70, 110, 40, 80, 120};
    double mean[3] = {0.1, 0.2, 0.3}, std[3] = {0.5, 0.25, 0.125};
    float out[12];
    for (int last = 0; last < 2; last++) {
        char *path =
            put_npy(state, "a.npy", "|u1", last ? "(1, 2, 2, 3)" : "(1, 3, 2, 2)", last ? nhwc : nchw, 12);
        struct grid_data spec = data_of(&path, 1);
        spec.layout = (char *)(last ? "nhwc" : "nchw");
        spec.mean = mean;
        spec.std = std;
        spec.means = spec.stds = 3;
        struct dataset *d = load_ok(&spec);
        dataset_sample(d, 0, out);
        for (int e = 0; e < 12; e++) {
            volatile float v = (float)nchw[e] / 255.0f;
            v = v - (float)mean[e / 4];
            assert_float_equal(out[e], v / (float)std[e / 4], 0);
        }
        dataset_free(d);
    }
}

static void one_mean_serves_all_channels(void **state)
{
    double mean[1] = {1}, std[3] = {1, 2, 4};
    float out[3];
    char *path = put_npy(state, "a.npy", "|u1", "(1, 3, 1, 1)", "\x03\x03\x03", 3);
    struct grid_data spec = data_of(&path, 1);
    spec.mean = mean;
    spec.std = std;
    spec.means = 1;
    spec.stds = 3;
    spec.divide = 1;
    struct dataset *d = load_ok(&spec);
    dataset_sample(d, 0, out);
    assert_float_equal(out[0], 2, 0);
    assert_float_equal(out[1], 1, 0);
    assert_float_equal(out[2], 0.5, 0);
    dataset_free(d);
}

static void a_list_that_is_not_one_per_channel_is_an_error(void **state)
{
    double two[2] = {1, 1}, zero[1] = {0};
    char *path = put_npy(state, "a.npy", "|u1", "(1, 3, 1, 1)", "abc", 3);
    struct grid_data spec = data_of(&path, 1);
    spec.mean = two;
    spec.means = 2;
    load_fails(&spec, "mean has 2 numbers, but the samples have 3 channels");
    spec.means = 0;
    spec.std = zero;
    spec.stds = 1;
    load_fails(&spec, "std finite and not 0");
}

static void a_value_that_is_not_finite_names_file_and_sample(void **state)
{
    const float bad[] = {NAN, INFINITY, -INFINITY};
    const double huge[2] = {0, 1e39}; /* finite, but not in single precision */
    char *path = NULL;
    struct grid_data spec = data_of(&path, 1);
    struct grid_range range[] = {{0, 1}};
    for (int k = 0; k < 3; k++) {
        const float real[4] = {0, 0, 0, bad[k]};
        path = put_npy(state, "bad.npy", "<f4", "(2, 2)", real, sizeof real);
        load_fails(&spec, "bad.npy: sample 1, element 1 is not a finite number");
    }
    spec.range = range;
    spec.ranges = 1;
    dataset_free(load_ok(&spec)); /* sample 1 is not selected */
    spec.ranges = 0;
    path = put_npy(state, "bad.npy", "<f8", "(2, 1)", huge, sizeof huge);
    load_fails(&spec, "bad.npy: sample 1, element 0");
}

static void nhwc_needs_three_dimensions_and_is_wrong_for_cifar(void **state)
{
    struct bytes b = {0};
    cifar_bytes(&b, 1, (const unsigned char *)"\x01", 1);
    char *path = put_npy(state, "a.npy", "|u1", "(1, 4)", "abcd", 4);
    struct grid_data spec = data_of(&path, 1);
    spec.layout = (char *)"nhwc";
    load_fails(&spec, "needs samples of three dimensions; these are [4]");
    path = put_file(state, "c.bin", b.data, b.size);
    load_fails(&spec, "CIFAR files hold channel, height, width");
    bytes_free(&b);
}

static void shapes_with_nothing_in_them_are_errors(void **state)
{
    char *path = put_npy(state, "a.npy", "|u1", "(4,)", "abcd", 4);
    struct grid_data spec = data_of(&path, 1);
    load_fails(&spec, "shape [4] holds no samples");
    path = put_npy(state, "a.npy", "|u1", "(0, 4)", "", 0);
    load_fails(&spec, "shape [0,4] holds no samples");
    path = put_npy(state, "a.npy", "|u1", "(4, 0)", "", 0);
    load_fails(&spec, "shape [4,0] holds no samples");
}

static struct apex_shape shape_of(int rank, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return (struct apex_shape){rank, {a, b, c, d}};
}

static void samples_fit_a_model_up_to_ones_and_flattening(void **state)
{
    (void)state;
    struct dataset d = {.shape = shape_of(2, 28, 28, 0, 0)};
    struct apex_shape image = shape_of(4, 1, 1, 28, 28), flat = shape_of(2, 1, 784, 0, 0);
    struct apex_shape wide = shape_of(4, 1, 1, 14, 56);
    struct apex_error err = {""};
    assert_int_equal(dataset_fits(&d, &image, &err), 0);
    assert_int_equal(dataset_fits(&d, &flat, &err), 0);
    assert_int_equal(dataset_fits(&d, &wide, &err), -1);
    assert_string_equal(err.text, "samples of shape [28,28] do not fit the input [1,1,14,56]");
    d.shape = shape_of(1, 784, 0, 0, 0);
    assert_int_equal(dataset_fits(&d, &image, &err), 0);
}

static void a_wrong_layout_is_suggested(void **state)
{
    (void)state;
    struct dataset d = {.shape = shape_of(3, 32, 16, 3, 0)};
    struct apex_shape input = shape_of(4, 1, 3, 32, 16);
    struct apex_error err = {""};
    assert_int_equal(dataset_fits(&d, &input, &err), -1);
    assert_says(err.text, "with `layout: nhwc` they would fit");
    d.nhwc = 1;
    assert_int_equal(dataset_fits(&d, &input, &err), 0);
    d.shape = shape_of(3, 3, 32, 16, 0);
    assert_int_equal(dataset_fits(&d, &input, &err), -1);
    assert_says(err.text, "without `layout: nhwc` they would fit");
}

static void an_array_is_read_as_float_tensor_in_row_major_order(void **state)
{
    const int16_t value[6] = {1, -2, 3, 4, 5, 6}; /* column-major 2 x 3: rows 1 3 5 and -2 4 6 */
    struct bytes b = {0};
    npy_bytes(&b, 1, "<i2", "True", "(2, 3)", value, sizeof value);
    struct apex_error err = {""};
    struct apex_tensor *t = dataset_array(put_gzip(state, "a.npy", b.data, b.size), NULL, &err);
    if (!t)
        fail_msg("%s", err.text);
    const float expected[6] = {1, 3, 5, -2, 4, 6};
    assert_int_equal(t->shape.rank, 2);
    assert_int_equal(t->shape.dim[0], 2);
    for (int i = 0; i < 6; i++)
        assert_float_equal(((float *)t->data)[i], expected[i], 0);
    apex_tensor_free(t);
    bytes_free(&b);
    assert_null(dataset_array(path_in(state, "missing.npy"), NULL, &err));
    assert_says(err.text, "missing.npy");
}

/* TensorProto by hand: dims = 1, data_type = 2, raw_data = 9. */
static void a_tensor_proto_is_read_by_its_name(void **state)
{
    const unsigned char floats[] = {0x08, 2, 0x08, 1, 0x10, 1, 0x4a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0};
    const unsigned char longs[] = {0x08, 1, 0x08, 2, 0x10, 7,    0x4a, 16,   7,    0,    0,    0,
                                   0,    0, 0,    0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct apex_error err = {""};
    struct apex_tensor *t = dataset_array(put_file(state, "a.pb", floats, sizeof floats), NULL, &err);
    if (!t)
        fail_msg("%s", err.text);
    assert_int_equal(t->shape.rank, 2);
    assert_int_equal(t->shape.dim[0], 2);
    assert_float_equal(((float *)t->data)[0], 1, 0);
    assert_float_equal(((float *)t->data)[1], -2, 0);
    apex_tensor_free(t);
    t = dataset_array(put_file(state, "b.pb", longs, sizeof longs), NULL, &err);
    if (!t)
        fail_msg("%s", err.text);
    assert_int_equal(t->type, APEX_F32);
    assert_float_equal(((float *)t->data)[0], 7, 0);
    assert_float_equal(((float *)t->data)[1], -2, 0);
    apex_tensor_free(t);
    for (size_t size = 1; size < sizeof floats; size++) {
        assert_null(dataset_array(put_file(state, "a.pb", floats, size), NULL, &err));
        assert_says(err.text, "a.pb: ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_samples_are_kept_where_no_range_is_given),
        TEST(ranges_across_files_keep_the_numbers_of_the_whole),
        TEST(a_range_beyond_the_end_is_an_error_at_the_grids_line),
        TEST(files_of_other_shape_or_type_do_not_go_together),
        TEST(the_digest_is_of_all_files_one_after_the_other),
        TEST(bytes_are_divided_by_255_and_other_numbers_by_1),
        TEST(mean_and_std_go_by_channel_whatever_the_layout),
        TEST(one_mean_serves_all_channels),
        TEST(a_list_that_is_not_one_per_channel_is_an_error),
        TEST(a_value_that_is_not_finite_names_file_and_sample),
        TEST(nhwc_needs_three_dimensions_and_is_wrong_for_cifar),
        TEST(shapes_with_nothing_in_them_are_errors),
        TEST(samples_fit_a_model_up_to_ones_and_flattening),
        TEST(a_wrong_layout_is_suggested),
        TEST(an_array_is_read_as_float_tensor_in_row_major_order),
        TEST(a_tensor_proto_is_read_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
