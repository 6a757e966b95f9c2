#include "analysis/score.h"
#include "tests/analysis/result_maker.h"

#include <zlib.h>

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static struct score *read_csv(const struct folder *f, const char *text)
{
    char path[128];
    struct apex_error err = {{0}};
    write_text(folder_file(f, "score.csv", path), text);
    struct score *s = score_read(path, &err);
    if (!s)
        fail_msg("%s", err.text);
    return s;
}

static void refused(const struct folder *f, const char *text, const char *part)
{
    char path[128];
    struct apex_error err = {{0}};
    write_text(folder_file(f, "score.csv", path), text);
    struct score *s = score_read(path, &err);
    if (s || !strstr(err.text, part) || !strstr(err.text, "score.csv"))
        fail_msg("'%s', expected '%s'", s ? "read" : err.text, part);
    score_free(s);
}

static void columns_are_found_by_name_in_any_order(void **state)
{
    struct score *s = read_csv(*state, "\xef\xbb\xbf"
                                       "Label;file name; C-Score ;sample index\r\n"
                                       "3;\"a;b.png\";0.25;12\r\n\r\n1;c.png;nan;4\r\n");
    assert_string_equal(s->name, "C-Score");
    assert_int_equal(s->rows, 2);
    assert_true(s->index[0] == 4 && s->index[1] == 12); /* ascending */
    assert_true(s->label[0] == 1 && s->label[1] == 3);
    assert_nan(s->value[0], "nan");
    assert_true(s->value[1] == 0.25);
    score_free(s);
    s = read_csv(*state, "idx\tdifficulty\n0\t1e-3\n");
    assert_string_equal(s->name, "difficulty");
    assert_null(s->label);
    score_free(s);
    s = read_csv(*state, "label,score\n5,0.5\n,\n7,0.25\n"); /* rows in order, checked by their labels */
    assert_true(s->rows == 3 && s->index[2] == 2 && s->label[1] == -1 && s->label[2] == 7);
    score_free(s);
}

static void a_gzipped_file_is_read(void **state)
{
    char path[128];
    struct apex_error err = {{0}};
    gzFile f = gzopen(folder_file(*state, "score.csv.gz", path), "wb");
    gzputs(f, "index,score\n3,0.5\n");
    gzclose(f);
    struct score *s = score_read(path, &err);
    assert_non_null(s);
    assert_true(s->rows == 1 && s->index[0] == 3 && s->value[0] == 0.5);
    score_free(s);
}

static void bad_files_are_refused_with_their_line(void **state)
{
    refused(*state, "", "empty");
    refused(*state, "index,score\n", "no score");
    refused(*state, "index,a,b\n1,2,3\n", "no column is named 'score'");
    refused(*state, "index,label\n1,2\n", "no column of scores");
    refused(*state, "index,score,cscore\n1,2,3\n", "'score' and 'cscore' could both be the score");
    refused(*state, "score\n1\n", "neither a column 'index'");
    refused(*state, "index,score\n1,2\nx,3\n", "score.csv:3: sample number 'x' is not a number");
    refused(*state, "index,score\n1.5,2\n", "score.csv:2: sample number '1.5' is not a whole number");
    refused(*state, "index,score\n-1,2\n", "not a whole number from 0 on");
    refused(*state, "index,score\n1,two\n", "score.csv:2: score 'two' is not a number");
    refused(*state, "index,label,score\n1,cat,2\n", "score.csv:2: label 'cat'");
    refused(*state, "index,score\n1\n", "score.csv:2: 1 columns, the header has 2");
    refused(*state, "index,score\n1,2\n0,3\n1,4\n", "sample 1 is in it twice");
    struct apex_error err;
    assert_null(score_read("/nonexistent/score.csv", &err));
    assert_non_null(strstr(err.text, "cannot open"));
}

static const double sigma[] = {1};
static const int label[] = {0, 1, 1}, clean[] = {0, 1, 0};

static int count(size_t s, size_t k, size_t i, size_t c)
{
    (void)s, (void)k;
    return c == (size_t)clean[i] ? 4 : 0;
}

static struct result *three_samples(const struct folder *f) /* numbers 10, 11, 12 */
{
    const struct maker m = {.sites = 1,
                            .sigmas = 1,
                            .samples = 3,
                            .classes = 2,
                            .draws = 4,
                            .sigma = sigma,
                            .label = label,
                            .clean_class = clean,
                            .count = count};
    return maker_open(&m, f);
}

static void scores_are_joined_by_sample_number(void **state)
{
    struct result *r = three_samples(*state);
    struct score *s = read_csv(*state, "index,label,score\n99,5,9\n12,1,0.3\n10,0,0.1\n2,1,7\n");
    double out[3];
    struct score_join join;
    struct apex_error err = {{0}};
    assert_int_equal(score_join(s, r, out, &join, &err), 0);
    assert_true(out[0] == 0.1 && out[2] == 0.3);
    assert_nan(out[1], "no score");
    assert_true(join.joined == 2 && join.unmatched == 1 && join.checked == 2);
    score_free(s);
    s = read_csv(*state, "index,score\n11,0.2\n12,\n");
    assert_int_equal(score_join(s, r, out, &join, &err), 0);
    assert_true(join.joined == 1 && join.unmatched == 2 && join.checked == 0 && out[1] == 0.2);
    score_free(s);
    result_close(r);
}

static void labels_that_disagree_name_the_first_sample(void **state)
{
    struct result *r = three_samples(*state);
    struct score *s = read_csv(*state, "index,label,score\n10,0,1\n11,0,1\n12,0,1\n");
    double out[3];
    struct score_join join;
    struct apex_error err = {{0}};
    assert_int_equal(score_join(s, r, out, &join, &err), -1);
    assert_non_null(strstr(err.text, "sample 11 has label 0"));
    assert_non_null(strstr(err.text, "label 1: these are not the same data"));
    score_free(s);
    s = read_csv(*state, "index,score\n1,1\n");
    assert_int_equal(score_join(s, r, out, &join, &err), -1);
    assert_non_null(strstr(err.text, "no sample of"));
    score_free(s);
    result_close(r);
}

static void netcdf_scores_are_read_like_columns(void **state)
{
    char path[128];
    int nc, dim, id[3];
    const long long sample[] = {12, 10, 11};
    const signed char labels[] = {1, 0, -1};
    const float score[] = {0.5f, -9, 0.25f}, fill = -9;
    struct apex_error err = {{0}};
    maker_ok(nc_create(folder_file(*state, "score.nc", path), NC_NETCDF4, &nc), path);
    maker_ok(nc_def_dim(nc, "row", 3, &dim), "row");
    maker_ok(nc_def_var(nc, "sample", NC_INT64, 1, &dim, &id[0]), "sample");
    maker_ok(nc_def_var(nc, "label", NC_BYTE, 1, &dim, &id[1]), "label");
    maker_ok(nc_def_var(nc, "cscore", NC_FLOAT, 1, &dim, &id[2]), "cscore");
    maker_ok(nc_put_att_float(nc, id[2], "_FillValue", NC_FLOAT, 1, &fill), "fill");
    maker_ok(nc_put_var_longlong(nc, id[0], sample), "sample");
    maker_ok(nc_put_var_schar(nc, id[1], labels), "label");
    maker_ok(nc_put_var_float(nc, id[2], score), "cscore");
    maker_ok(nc_close(nc), path);
    struct score *s = score_read(path, &err);
    if (!s)
        fail_msg("%s", err.text);
    assert_string_equal(s->name, "cscore");
    assert_true(s->rows == 3 && s->index[0] == 10 && s->label[0] == 0 && s->label[1] == -1 &&
                s->label[2] == 1);
    assert_nan(s->value[0], "fill value");
    assert_true(s->value[1] == 0.25 && s->value[2] == 0.5);
    score_free(s);
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(columns_are_found_by_name_in_any_order),
        WITH_FOLDER(a_gzipped_file_is_read),
        WITH_FOLDER(bad_files_are_refused_with_their_line),
        WITH_FOLDER(scores_are_joined_by_sample_number),
        WITH_FOLDER(labels_that_disagree_name_the_first_sample),
        WITH_FOLDER(netcdf_scores_are_read_like_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
