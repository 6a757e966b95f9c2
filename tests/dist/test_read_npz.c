/* NPZ archives, and the rules by which an array is found among several (read_choose.c). */
#include "data_files.h"

#define IMAGES "|u1", "(2, 1, 1, 2)", "abcd", 4
#define LABELS "|u1", "(2,)", "\5\6", 2

static void the_label_found_is(struct grid_data *spec, int first)
{
    struct dataset *d = load_ok(spec);
    assert_int_equal(d->label_sets, 1);
    assert_int_equal(dataset_labels(d, "true")[0], first);
    dataset_free(d);
}

static void no_label_is_found(struct grid_data *spec)
{
    struct dataset *d = load_ok(spec);
    assert_int_equal(d->label_sets, 0);
    dataset_free(d);
}

static void images_and_labels_are_found_by_their_names(void **state)
{
    const struct member member[] = {
        {"other.npy", "|u1", "(2, 2)", "wxyz", 4}, {"images.npy", IMAGES}, {"label.npy", LABELS}};
    char *path = put_npz(state, "a.npz", member, 3);
    struct grid_data spec = data_of(&path, 1);
    struct dataset *d = load_ok(&spec);
    assert_memory_equal(d->values, "abcd", 4);
    assert_string_equal(d->variable, "images");
    assert_int_equal(d->shape.rank, 3);
    assert_int_equal(dataset_labels(d, "true")[1], 6);
    dataset_free(d);
}

static void the_only_array_of_two_dimensions_needs_no_known_name(void **state)
{
    const struct member member[] = {{"arr_0.npy", IMAGES}, {"arr_1.npy", LABELS}};
    char *path = put_npz(state, "a.npz", member, 2);
    struct grid_data spec = data_of(&path, 1);
    no_label_is_found(&spec); /* arr_1 may be anything */
}

static void labels_of_another_split_are_never_taken(void **state)
{
    const struct member member[] = {{"x_train.npy", IMAGES},
                                    {"y_train.npy", "|u1", "(2,)", "\1\2", 2},
                                    {"x_test.npy", IMAGES},
                                    {"y_test.npy", "|u1", "(2,)", "\3\4", 2}};
    char *path = put_npz(state, "mnist.npz", member, 4);
    struct grid_data spec = data_of(&path, 1);
    load_fails(&spec, "which variable holds the samples? Say it with `images:`. It has: x_train [2,1,1,2], "
                      "y_train [2], x_test [2,1,1,2], y_test [2]");
    spec.variable = (char *)"x_train";
    the_label_found_is(&spec, 1);
    spec.variable = (char *)"x_test.npy";
    the_label_found_is(&spec, 3);
}

static void a_split_in_front_goes_with_a_split_in_front(void **state)
{
    const struct member member[] = {{"test_images.npy", IMAGES},
                                    {"labels.npy", "|u1", "(2,)", "\1\2", 2},
                                    {"test_labels.npy", LABELS},
                                    {"next_labels.npy", "|u1", "(2,)", "\3\4", 2}};
    char *path = put_npz(state, "a.npz", member, 4);
    struct grid_data spec = data_of(&path, 1);
    the_label_found_is(&spec, 5);
}

static void labels_of_several_files_follow_their_samples(void **state)
{
    const struct member first[] = {{"x.npy", IMAGES}, {"y.npy", "|u1", "(2,)", "\1\2", 2}};
    const struct member second[] = {{"x.npy", IMAGES}, {"y.npy", "|u1", "(2,)", "\3\4", 2}};
    const struct member none[] = {{"x.npy", IMAGES}};
    char *path[] = {put_npz(state, "a.npz", first, 2), put_npz(state, "b.npz", second, 2)};
    struct grid_data spec = data_of(path, 2);
    struct grid_range range = {1, 4};
    spec.range = &range;
    spec.ranges = 1;
    struct dataset *d = load_ok(&spec);
    for (int i = 0; i < 3; i++)
        assert_int_equal(dataset_labels(d, "true")[i], 2 + i);
    dataset_free(d);
    put_npz(state, "b.npz", none, 1);
    load_fails(&spec, "b.npz: holds no labels for 'true'");
}

static void labels_that_are_no_integers_or_one_hot_are_not_taken_by_themselves(void **state)
{
    const float real[2] = {0, 1};
    const struct member member[] = {{"x.npy", IMAGES},
                                    {"y.npy", "<f4", "(2,)", real, sizeof real},
                                    {"label.npy", "|u1", "(2, 2)", "\0\1\1\0", 4}};
    char *path = put_npz(state, "a.npz", member, 3);
    struct grid_data spec = data_of(&path, 1);
    no_label_is_found(&spec);
    struct grid_labels set = {(char *)"true", NULL, (char *)"y", {9, 5}};
    spec.labels = &set;
    spec.label_sets = 1;
    load_fails(&spec, "sweep.yaml:9:5: data 'd': ");
    load_fails(&spec, "labels must be integers");
    set.variable = (char *)"label";
    load_fails(&spec, "labels must be one integer per sample; these have the shape [2,2]");
    set.variable = (char *)"z";
    load_fails(&spec, "holds no 'z'; it has: x [2,1,1,2], y [2], label [2,2]");
}

static void a_column_of_labels_is_as_good_as_a_row(void **state)
{
    const struct member member[] = {{"x.npy", IMAGES},
                                    {"y.npy", "<i8", "(2, 1)", "\5\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0", 16}};
    char *path = put_npz(state, "a.npz", member, 2);
    struct grid_data spec = data_of(&path, 1);
    the_label_found_is(&spec, 5);
}

static void as_many_labels_as_samples_are_needed_beside_them(void **state)
{
    const struct member member[] = {{"x.npy", IMAGES}, {"y.npy", "|u1", "(3,)", "\1\2\3", 3}};
    char *path = put_npz(state, "a.npz", member, 2);
    struct grid_data spec = data_of(&path, 1);
    load_fails(&spec, "3 labels beside 2 samples");
}

static void members_that_are_no_npy_are_listed_but_never_read(void **state)
{
    const struct member member[] = {{"readme.txt", IMAGES}, {"objects.npy", "|O", "(1, 1)", "x", 1}};
    char *path = put_npz(state, "a.npz", member, 2);
    struct grid_data spec = data_of(&path, 1);
    load_fails(&spec, "readme.txt (not numbers), objects (not numbers)");
    spec.variable = (char *)"objects";
    load_fails(&spec, "'objects' does not hold numbers");
}

static void a_member_with_a_wrong_checksum_is_an_error(void **state)
{
    const struct member member[] = {{"x.npy", IMAGES}};
    struct gzfile f;
    assert_int_equal(gzfile_read(put_npz(state, "a.npz", member, 1), NULL, &f, NULL), 0);
    for (size_t at = 0; at + 10 < f.size; at++)
        if (memcmp(f.data + at, "PK\1\2", 4) == 0)
            f.data[at + 16] ^= 1; /* CRC in the directory */
    char *path = put_file(state, "bad.npz", f.data, f.size);
    struct grid_data spec = data_of(&path, 1);
    load_fails(&spec, "bad.npz");
    gzfile_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(images_and_labels_are_found_by_their_names),
        TEST(the_only_array_of_two_dimensions_needs_no_known_name),
        TEST(labels_of_another_split_are_never_taken),
        TEST(a_split_in_front_goes_with_a_split_in_front),
        TEST(labels_of_several_files_follow_their_samples),
        TEST(labels_that_are_no_integers_or_one_hot_are_not_taken_by_themselves),
        TEST(a_column_of_labels_is_as_good_as_a_row),
        TEST(as_many_labels_as_samples_are_needed_beside_them),
        TEST(members_that_are_no_npy_are_listed_but_never_read),
        TEST(a_member_with_a_wrong_checksum_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
