/* Labels in files of their own: every format, text above all, counted by the sample's number in the data
 * files. */
#include "data_files.h"

static struct grid_labels set;

/* Four samples of one byte each, labels from a file. */
static struct grid_data four(void **state, char **path, char *labels, const char *variable)
{
    *path = put_npy(state, "x.npy", "|u1", "(4, 1)", "abcd", 4);
    set = (struct grid_labels){(char *)"true", labels, (char *)variable, {9, 5}};
    struct grid_data spec = data_of(path, 1);
    spec.labels = &set;
    spec.label_sets = 1;
    return spec;
}

static void labels_are(void **state, char *labels, const char *variable, int a, int b, int c, int d)
{
    char *path;
    struct grid_data spec = four(state, &path, labels, variable);
    struct dataset *data = load_ok(&spec);
    const int expected[] = {a, b, c, d};
    for (int i = 0; i < 4; i++)
        assert_int_equal(dataset_labels(data, "true")[i], expected[i]);
    dataset_free(data);
}

static void labels_fail(void **state, char *labels, const char *variable, const char *part)
{
    char *path;
    struct grid_data spec = four(state, &path, labels, variable);
    load_fails(&spec, part);
    load_fails(&spec, "sweep.yaml:9:5: data 'd': ");
}

static void one_integer_per_line(void **state)
{
    labels_are(state, put_text(state, "l.txt", "3\n1\n4\n1\n"), NULL, 3, 1, 4, 1);
    labels_are(state, put_text(state, "l.txt", "3\r\n 1 \r\n\n4\r\n1"), NULL, 3, 1, 4, 1);
    labels_are(state, put_gzip(state, "l.gz", "3\n1\n4\n1\n", 8), NULL, 3, 1, 4, 1);
}

static void a_header_line_is_allowed(void **state)
{
    labels_are(state, put_text(state, "l.csv", "label\n3\n1\n4\n1\n"), NULL, 3, 1, 4, 1);
    labels_are(state, put_text(state, "l.csv", "\xef\xbb\xbf\"label\"\n3\n1\n4\n1\n"), "label", 3, 1, 4, 1);
    labels_are(state,
               put_text(state, "l.csv",
                        "\xef\xbb\xbf"
                        "3\n1\n4\n1\n"),
               NULL, 3, 1, 4, 1);
}

static void a_column_of_a_table_is_taken_by_its_header(void **state)
{
    char *comma = put_text(state, "l.csv", "index,label,score\n0,3,0.5\n1,1,.25\n2,4,1\n3,1,1\n");
    char *tab = put_text(state, "l.tsv", "index\tlabel\n0\t\"3\"\n1\t1\n2\t4\n3\t1\n");
    char *semicolon = put_text(state, "l.ssv", "label;index\n3;0\n1;1\n4;2\n1;3\n");
    labels_are(state, comma, "label", 3, 1, 4, 1);
    labels_are(state, tab, "label", 3, 1, 4, 1);
    labels_are(state, semicolon, "label", 3, 1, 4, 1);
    labels_fail(state, comma, NULL, "name the one with the labels behind ':'");
    labels_fail(state, comma, "klass", "line 1 names no column 'klass': index,label,score");
    labels_fail(state, comma, "score", "l.csv:2: no integer: '0,3,0.5'");
}

static void a_line_that_is_no_integer_is_named(void **state)
{
    labels_fail(state, put_text(state, "l.txt", "3\n1\nfour\n1\n"), NULL, "l.txt:3: no integer: 'four'");
    labels_fail(state, put_text(state, "l.txt", "3\n1.5\n4\n1\n"), NULL, "l.txt:2: no integer: '1.5'");
    labels_fail(state, put_text(state, "l.txt", "3\n1 2\n4\n1\n"), NULL, "l.txt:2: no integer: '1 2'");
    labels_fail(state, put_text(state, "l.txt", "3\n99999999999999999999\n4\n1\n"), NULL,
                "l.txt:2: no integer");
    labels_fail(state, put_text(state, "l.txt", "label\n"), NULL, "l.txt: holds no labels");
    labels_fail(state, put_text(state, "l.txt", "\n"), NULL, "l.txt: holds no labels");
}

static void a_longer_label_file_is_fine_and_a_shorter_one_is_not(void **state)
{
    labels_are(state, put_text(state, "l.txt", "3\n1\n4\n1\n5\n9\n"), NULL, 3, 1, 4, 1);
    labels_fail(state, put_text(state, "l.txt", "3\n1\n4\n"), NULL, "l.txt: 3 labels for 4 samples");
}

static void a_label_file_may_end_after_the_last_selected_sample(void **state)
{
    char *path;
    struct grid_data spec = four(state, &path, put_text(state, "l.txt", "3\n1\n4\n"), NULL);
    struct grid_range range = {1, 3};
    spec.range = &range;
    spec.ranges = 1;
    struct dataset *d = load_ok(&spec);
    assert_int_equal(d->samples, 2);
    assert_int_equal(dataset_labels(d, "true")[0], 1);
    assert_int_equal(dataset_labels(d, "true")[1], 4);
    dataset_free(d);
    range.last = 4;
    load_fails(&spec, "l.txt: 3 labels for 4 samples");
}

static void labels_go_by_the_number_in_the_data_files(void **state)
{
    char *path;
    struct grid_data spec = four(state, &path, put_text(state, "l.txt", "3\n1\n4\n1\n5\n9\n2\n6\n"), NULL);
    char *twice[] = {path, path};
    struct grid_range range[] = {{2, 3}, {6, 8}};
    spec.path = twice;
    spec.paths = 2;
    spec.range = range;
    spec.ranges = 2;
    struct dataset *d = load_ok(&spec);
    assert_int_equal(d->samples, 3);
    assert_int_equal(dataset_labels(d, "true")[0], 4);
    assert_int_equal(dataset_labels(d, "true")[1], 2);
    assert_int_equal(dataset_labels(d, "true")[2], 6);
    dataset_free(d);
}

static void a_negative_label_names_the_sample_unless_it_is_not_selected(void **state)
{
    char *path, *labels = put_text(state, "l.txt", "3\n1\n-1\n1\n");
    labels_fail(state, labels, NULL, "l.txt: sample 2 has the label -1");
    struct grid_data spec = four(state, &path, labels, NULL);
    struct grid_range range = {0, 2};
    spec.range = &range;
    spec.ranges = 1;
    dataset_free(load_ok(&spec));
    labels_fail(state, put_text(state, "l.txt", "3\n1\n1\n2147483648\n"), NULL,
                "sample 3 has the label 2147483648");
}

static void npy_and_npz_files_of_labels(void **state)
{
    const int64_t wide[4] = {3, 1, 4, 1};
    const float real[4] = {3, 1, 4, 1};
    const struct member member[] = {{"scores.npy", "<f4", "(4,)", real, sizeof real},
                                    {"noisy.npy", "<i8", "(4,)", wide, sizeof wide}};
    labels_are(state, put_npy(state, "l.npy", "<i8", "(4,)", wide, sizeof wide), NULL, 3, 1, 4, 1);
    labels_are(state, put_npz(state, "l.npz", member, 2), NULL, 3, 1, 4, 1);
    labels_are(state, put_npz(state, "l.npz", member, 2), "noisy", 3, 1, 4, 1);
    labels_fail(state, put_npz(state, "l.npz", member, 2), "scores", "labels must be integers");
    labels_fail(state, put_npy(state, "l.npy", "<f4", "(4,)", real, sizeof real), NULL,
                "labels must be integers");
    labels_fail(state, put_npy(state, "l.npy", "<i8", "(4,)", wide, sizeof wide), "y", "has no variables");
    labels_fail(state, path_in(state, "missing.npy"), NULL, "missing.npy: No such file");
}

static void several_sets_keep_their_names(void **state)
{
    char *path;
    struct grid_data spec = four(state, &path, NULL, NULL);
    struct grid_labels sets[] = {{(char *)"true", put_text(state, "a.txt", "3\n1\n4\n1\n"), NULL, {9, 5}},
                                 {(char *)"random", put_text(state, "b.txt", "0\n2\n0\n2\n"), NULL, {10, 5}}};
    spec.labels = sets;
    spec.label_sets = 2;
    struct dataset *d = load_ok(&spec);
    assert_int_equal(d->label_sets, 2);
    assert_int_equal(dataset_labels(d, "true")[2], 4);
    assert_int_equal(dataset_labels(d, "random")[3], 2);
    assert_null(dataset_labels(d, "other"));
    dataset_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_integer_per_line),
        TEST(a_header_line_is_allowed),
        TEST(a_column_of_a_table_is_taken_by_its_header),
        TEST(a_line_that_is_no_integer_is_named),
        TEST(a_longer_label_file_is_fine_and_a_shorter_one_is_not),
        TEST(a_label_file_may_end_after_the_last_selected_sample),
        TEST(labels_go_by_the_number_in_the_data_files),
        TEST(a_negative_label_names_the_sample_unless_it_is_not_selected),
        TEST(npy_and_npz_files_of_labels),
        TEST(several_sets_keep_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
