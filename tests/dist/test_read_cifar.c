/* CIFAR and IDX: formats without names, of which CIFAR has no magic either. */
#include "data_files.h"

static char *put_cifar(void **state, const char *name, int label_bytes, const unsigned char *label, int n)
{
    struct bytes b = {0};
    cifar_bytes(&b, label_bytes, label, n);
    char *path = put_gzip(state, name, b.data, b.size);
    bytes_free(&b);
    return path;
}

static void cifar10_is_known_by_its_size_and_labels(void **state)
{
    char *path = put_cifar(state, "a.bin", 1, (const unsigned char *)"\3\1\x09", 3);
    struct grid_data spec = data_of(&path, 1);
    struct dataset *d = load_ok(&spec);
    const unsigned char *value = d->values;
    assert_int_equal(d->total, 3);
    assert_int_equal(d->shape.rank, 3);
    assert_int_equal(d->shape.dim[0], 3);
    assert_int_equal(d->shape.dim[2], 32);
    assert_int_equal(d->label_sets, 1);
    assert_int_equal(dataset_labels(d, "true")[0], 3);
    assert_int_equal(dataset_labels(d, "true")[2], 9);
    assert_int_equal(value[0], 0);
    assert_int_equal(value[3072], 1);
    assert_int_equal(value[2 * 3072 + 3071], (2 + 3071) % 251);
    dataset_free(d);
}

static void cifar100_offers_fine_and_coarse_labels(void **state)
{
    char *path = put_cifar(state, "a.bin", 2, (const unsigned char *)"\x13\x63\x02\x0b", 2);
    struct grid_data spec = data_of(&path, 1);
    struct dataset *d = load_ok(&spec);
    assert_int_equal(d->label_sets, 2);
    assert_int_equal(dataset_labels(d, "true")[0], 99);
    assert_int_equal(dataset_labels(d, "true")[1], 11);
    assert_int_equal(dataset_labels(d, "coarse")[0], 19);
    assert_int_equal(dataset_labels(d, "coarse")[1], 2);
    assert_int_equal(((unsigned char *)d->values)[1], 1);
    assert_null(dataset_labels(d, "fine"));
    dataset_free(d);
}

static void a_label_set_of_the_grid_may_be_the_coarse_one(void **state)
{
    char *path = put_cifar(state, "a.bin", 2, (const unsigned char *)"\x13\x63\x02\x0b", 2);
    struct grid_data spec = data_of(&path, 1);
    struct grid_labels set = {(char *)"true", NULL, (char *)"coarse", {9, 5}};
    spec.labels = &set;
    spec.label_sets = 1;
    struct dataset *d = load_ok(&spec);
    assert_int_equal(dataset_labels(d, "true")[0], 19);
    dataset_free(d);
    set.variable = (char *)"medium";
    load_fails(&spec, "sweep.yaml:9:5: data 'd': ");
    load_fails(&spec, "no labels called 'medium', only 'coarse' and 'fine'");
}

static void a_size_that_fits_no_record_is_an_error(void **state)
{
    struct bytes b = {0};
    cifar_bytes(&b, 1, (const unsigned char *)"\1\2", 2);
    char *path = put_file(state, "cut.bin", b.data, b.size - 1);
    struct grid_data spec = data_of(&path, 1);
    load_fails(&spec, "cut.bin: none of the formats");
    spec.format = (char *)"cifar10";
    load_fails(&spec, "cut.bin: 6145 bytes are not a whole number of CIFAR-10 records of 3073 bytes");
    bytes_free(&b);
}

static void a_label_beyond_the_classes_is_an_error_that_names_the_record(void **state)
{
    char *path = put_cifar(state, "a.bin", 1, (const unsigned char *)"\3\x0a", 2);
    struct grid_data spec = data_of(&path, 1);
    spec.format = (char *)"cifar10";
    load_fails(&spec, "not a CIFAR-10 file: record 1 has the label 10");
}

/* 3074 records of CIFAR-10 are as long as 3073 of CIFAR-100. */
static void where_both_sizes_fit_the_label_bytes_decide(void **state)
{
    struct bytes b = {0};
    static const unsigned char ten[3074] = {5};
    cifar_bytes(&b, 1, ten, 3074);
    char *path = put_file(state, "both.bin", b.data, b.size);
    struct grid_data spec = data_of(&path, 1);
    struct grid_range range = {0, 1};
    spec.range = &range;
    spec.ranges = 1;
    struct dataset *d = load_ok(&spec);
    assert_int_equal(d->total, 3074);
    dataset_free(d);
    memset(b.data, 0, b.size);
    path = put_file(state, "both.bin", b.data, b.size);
    load_fails(&spec, "say which with format: cifar10 or format: cifar100");
    spec.format = (char *)"cifar100";
    d = load_ok(&spec);
    assert_int_equal(d->total, 3073);
    dataset_free(d);
    bytes_free(&b);
}

static void a_dark_cifar_file_that_begins_like_idx_stays_cifar(void **state)
{
    struct bytes b = {0};
    cifar_bytes(&b, 1, (const unsigned char *)"\0", 1);
    memcpy(b.data, "\0\0\x08\x03", 4); /* label 0, then pixels 0, 8, 3 */
    char *path = put_file(state, "dark.bin", b.data, b.size);
    struct grid_data spec = data_of(&path, 1);
    struct dataset *d = load_ok(&spec);
    assert_int_equal(d->shape.rank, 3);
    assert_int_equal(((unsigned char *)d->values)[1], 8);
    dataset_free(d);
    bytes_free(&b);
}

static void idx_images_are_read_and_labels_come_from_their_own_file(void **state)
{
    struct bytes image = {0}, label = {0};
    idx_bytes(&image, 0x08, 3, (const uint32_t[]){2, 2, 3}, "abcdefghijkl", 12);
    idx_bytes(&label, 0x08, 1, (const uint32_t[]){2}, "\7\2", 2);
    char *path = put_gzip(state, "images.gz", image.data, image.size);
    struct grid_data spec = data_of(&path, 1);
    struct dataset *d = load_ok(&spec);
    assert_int_equal(d->label_sets, 0);
    assert_int_equal(d->shape.rank, 2);
    assert_int_equal(d->is_bytes, 1);
    assert_memory_equal(d->values, "abcdefghijkl", 12);
    dataset_free(d);
    struct grid_labels set = {
        (char *)"true", put_gzip(state, "labels.gz", label.data, label.size), NULL, {9, 5}};
    spec.labels = &set;
    spec.label_sets = 1;
    d = load_ok(&spec);
    assert_int_equal(dataset_labels(d, "true")[0], 7);
    assert_int_equal(dataset_labels(d, "true")[1], 2);
    dataset_free(d);
    set.path = NULL;
    load_fails(&spec, "holds no labels for 'true'");
    bytes_free(&image);
    bytes_free(&label);
}

static void every_idx_type_is_read_high_byte_first(void **state)
{
    static const struct {
        int code, size;
        const char *bytes;
        double value;
    } cases[] = {{0x08, 1, "\xfe", 254},          {0x09, 1, "\xfe", -2},
                 {0x0b, 2, "\x01\x02", 258},      {0x0c, 4, "\xff\xff\xff\xfd", -3},
                 {0x0d, 4, "\xc0\x20\0\0", -2.5}, {0x0e, 8, "\x3f\xf8\0\0\0\0\0\0", 1.5}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct bytes b = {0};
        struct apex_error err = {""};
        idx_bytes(&b, cases[k].code, 2, (const uint32_t[]){1, 1}, cases[k].bytes, (size_t)cases[k].size);
        struct apex_tensor *t = dataset_array(put_file(state, "a.idx", b.data, b.size), NULL, &err);
        if (!t)
            fail_msg("%s", err.text);
        assert_float_equal(((float *)t->data)[0], (float)cases[k].value, 0);
        apex_tensor_free(t);
        bytes_free(&b);
    }
}

static void idx_sizes_that_do_not_multiply_are_errors(void **state)
{
    struct bytes b = {0};
    idx_bytes(&b, 0x08, 3, (const uint32_t[]){0xffffffff, 0xffffffff, 0xffffffff}, "abc", 3);
    char *path = put_file(state, "huge.idx", b.data, b.size);
    struct grid_data spec = data_of(&path, 1);
    load_fails(&spec,
               "huge.idx: the IDX header says [4294967295,4294967295,4294967295] elements of 1 bytes, but 3");
    path = put_file(state, "huge.idx", b.data, 10);
    load_fails(&spec, "cut short inside the IDX header");
    b.data[2] = 0x0a; /* no such type */
    path = put_file(state, "huge.idx", b.data, b.size);
    load_fails(&spec, "not an IDX file");
    bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cifar10_is_known_by_its_size_and_labels),
        TEST(cifar100_offers_fine_and_coarse_labels),
        TEST(a_label_set_of_the_grid_may_be_the_coarse_one),
        TEST(a_size_that_fits_no_record_is_an_error),
        TEST(a_label_beyond_the_classes_is_an_error_that_names_the_record),
        TEST(where_both_sizes_fit_the_label_bytes_decide),
        TEST(a_dark_cifar_file_that_begins_like_idx_stays_cifar),
        TEST(idx_images_are_read_and_labels_come_from_their_own_file),
        TEST(every_idx_type_is_read_high_byte_first),
        TEST(idx_sizes_that_do_not_multiply_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
