#include "tests/analysis/result_maker.h"

static const double sigma[] = {0.1, 1, INFINITY};
static const int label[] = {0, 1, 2, 0}, clean[] = {0, 1, 0, 2};

/* Site 0: sample i stays with 10 - 3k - i draws, the rest goes to the next class. Site 1: sample 3 misses
 * scale 1. */
static int count(size_t s, size_t k, size_t i, size_t c)
{
    if (s == 1 && i == 3 && k == 1)
        return -2;
    const int stay = 10 - 3 * (int)k - (int)i;
    return c == (size_t)clean[i] ? stay : c == (size_t)(clean[i] + 1) % 3 ? 10 - stay : 0;
}

static struct maker base(void)
{
    return (struct maker){.sites = 2,
                          .sigmas = 3,
                          .samples = 4,
                          .classes = 3,
                          .draws = 10,
                          .sigma = sigma,
                          .label = label,
                          .clean_class = clean,
                          .count = count};
}

static void a_file_is_read_as_it_was_written(void **state)
{
    struct maker m = base();
    struct result *r = maker_open(&m, *state);
    char text[32];
    assert_string_equal(r->model, "made");
    assert_int_equal(r->sites, 2);
    assert_int_equal(r->draws, 10);
    assert_true(r->complete && r->has_class_count && r->has_transitions && !r->relative);
    assert_string_equal(r->site_name[1], "relu1");
    assert_string_equal(r->site_op[0], "Relu");
    assert_string_equal(r->site_tensor[1], "/relu1/out");
    assert_true(r->site_elements[0] == 100 && r->sample[3] == 13);
    assert_true(isinf(r->sigma[2]));
    assert_int_equal(r->label[2], 2);
    assert_int_equal(r->clean_class[2], 0);
    assert_int_equal(r->clean_second_class[1], 2);
    assert_int_equal(r->clean_wrong[2], 1);
    assert_true(r->clean_margin[1] == 2 && r->clean_loss[1] == 0.5);
    assert_close(r->stay_mean[0], 0.85, 1e-12, "(10 + 9 + 8 + 7) / 40");
    assert_close(r->class_share[1], 0.25 * (0 + 0.9 + 0.2 + 0), 1e-12, "class 1 at 0.1");
    assert_int_equal(result_find_site(r, "relu1"), 1);
    assert_int_equal(result_find_site(r, "relu"), -1);
    assert_int_equal(result_find_sigma(r, INFINITY), 2);
    assert_int_equal(result_find_sigma(r, 1 + 1e-9), 1);
    assert_int_equal(result_find_sigma(r, 1.1), -1);
    assert_string_equal(result_attribute(r, "apex_format"), "1");
    assert_null(result_attribute(r, "nothing"));
    assert_string_equal(result_sigma_text(INFINITY, text), "inf");
    assert_string_equal(result_sigma_text(0.05, text), "0.05");
    result_close(r);
}

static void a_site_is_loaded_with_its_arrays(void **state)
{
    struct maker m = base();
    struct result *r = maker_open(&m, *state);
    struct result_site *s = maker_site(r, 0);
    assert_int_equal(s->stay_count[1 * 4 + 2], 5);
    assert_int_equal(s->mode_class[2 * 4 + 1], 2); /* 3 draws stay, 7 go on */
    assert_int_equal(s->second_count[0 * 4 + 1], 1);
    assert_int_equal(s->class_count[(2 * 4 + 1) * 3 + 2], 7);
    assert_true(s->transition[(0 * 3 + 1) * 3 + 1] == 9);
    assert_true(isinf(s->escape[RESULT_ESCAPE_MODE][1]));
    assert_close(result_stay(s, 1, 2), 0.5, 1e-12, "stay");
    struct result_site *other = maker_site(r, 1);
    assert_int_equal(other->status[3], RESULT_INCOMPLETE);
    assert_int_equal(other->stay_count[1 * 4 + 3], -1);
    assert_nan(result_stay(other, 1, 3), "not computed");
    double mean[4];
    result_mean_stay(r, other, mean);
    assert_close(mean[0], 0.5 * (1.0 + 0.7), 1e-12, "finite scales only");
    assert_nan(mean[3], "a scale is missing");
    result_site_free(s);
    result_site_free(other);
    result_close(r);
}

static void class_counts_are_optional(void **state)
{
    struct maker m = base();
    m.no_class_count = m.no_transitions = 1;
    m.completeness = "23 of 24 cells";
    struct result *r = maker_open(&m, *state);
    struct result_site *s = maker_site(r, 0);
    assert_true(!r->has_class_count && !r->has_transitions && !r->complete);
    assert_string_equal(r->completeness, "23 of 24 cells");
    assert_null(s->class_count);
    assert_null(s->transition);
    result_site_free(s);
    result_close(r);
}

static void a_scale_factor_marks_a_relative_sweep(void **state)
{
    struct maker m = base();
    const double rms[] = {1, 2.5};
    m.rms = rms;
    struct result *r = maker_open(&m, *state);
    assert_true(r->relative);
    result_close(r);
}

static void activation_norms_are_read_and_older_files_have_those_of_a_relative_sweep(void **state)
{
    struct maker m = base();
    const double rms[] = {1, 2.5}, norms[] = {0.5, 4};
    m.rms = rms;
    struct result *r = maker_open(&m, *state);
    assert_true(isnan(r->activation_rms[0]) && r->activation_rms[1] == 2.5);
    assert_int_equal(r->response_sigmas, 0);
    result_close(r);
    m.activation_rms = norms;
    r = maker_open(&m, *state);
    assert_true(r->activation_rms[0] == 0.5 && r->activation_rms[1] == 4 && r->site_rms[1] == 2.5);
    result_close(r);
}

/* The error of opening. */
static void refused(const char *path, const char *part)
{
    struct apex_error err = {{0}};
    struct result *r = result_open(path, &err);
    result_close(r);
    if (r || !strstr(err.text, part) || !strstr(err.text, path))
        fail_msg("'%s', expected '%s' and the path", r ? "opened" : err.text, part);
}

static void what_is_not_a_result_file_is_refused(void **state)
{
    char path[128];
    refused(folder_file(*state, "absent.nc", path), "cannot open");
    FILE *f = fopen(folder_file(*state, "text.nc", path), "w");
    fputs("index,label\n", f);
    fclose(f);
    refused(path, "cannot open as a NetCDF file");
    int nc;
    maker_ok(nc_create(folder_file(*state, "other.nc", path), NC_NETCDF4, &nc), path);
    maker_ok(nc_close(nc), path);
    refused(path, "not a result file of apex");
    struct maker m = base();
    m.format = 2;
    maker_write(&m, folder_file(*state, "new.nc", path));
    refused(path, "result format version 2; this program reads version 1");
}

static void a_file_that_contradicts_itself_is_refused(void **state)
{
    char path[128];
    struct maker m = base();
    const double descending[] = {1, 0.1, INFINITY};
    m.sigma = descending;
    maker_write(&m, folder_file(*state, "sigma.nc", path));
    refused(path, "positive and ascending");
    m = base();
    const int high[] = {0, 1, 3, 0};
    m.label = high;
    maker_write(&m, folder_file(*state, "label.nc", path));
    refused(path, "sample 12 has label 3");
    m = base();
    m.draws = 0;
    maker_write(&m, folder_file(*state, "draws.nc", path));
    refused(path, "draws");
}

static int too_many(size_t s, size_t k, size_t i, size_t c)
{
    return count(s, k, i, c) + (s == 0 && k == 1 && i == 2 && c == 0 ? 9 : 0);
}

static int wrong_sum(size_t s, size_t k, size_t i, size_t c)
{
    return count(s, k, i, c) + (s == 0 && k == 1 && i == 2 && c == 1 ? 1 : 0);
}

static void counts_that_cannot_be_are_refused(void **state)
{
    struct apex_error err = {{0}};
    struct maker m = base();
    m.count = too_many;
    struct result *r = maker_open(&m, *state);
    assert_null(result_site_load(r, 0, 1, &err));
    assert_non_null(strstr(err.text, "site 'relu0', sigma 1, sample 12: stay_count"));
    result_close(r);
    m.count = wrong_sum;
    r = maker_open(&m, *state);
    assert_null(result_site_load(r, 0, 1, &err));
    assert_non_null(strstr(err.text, "sample 12: class_count"));
    struct result_site *s = result_site_load(r, 0, 0, &err);
    assert_non_null(s);
    result_site_free(s);
    assert_null(result_site_load(r, 2, 0, &err));
    assert_non_null(strstr(err.text, "no site number 2"));
    result_close(r);
}

static void a_variable_of_another_shape_is_refused(void **state)
{
    char path[128];
    struct maker m = base();
    maker_write(&m, folder_file(*state, "made.nc", path));
    int nc, id, dim;
    maker_ok(nc_open(path, NC_WRITE, &nc), path);
    maker_ok(nc_inq_varid(nc, "label", &id), "label");
    maker_ok(nc_rename_var(nc, id, "old_label"), "label");
    maker_ok(nc_inq_dimid(nc, "class", &dim), "class");
    maker_ok(nc_def_var(nc, "label", NC_INT, 1, &dim, &id), "label");
    maker_ok(nc_close(nc), path);
    refused(path, "variable 'label' has other dimensions");
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_file_is_read_as_it_was_written),
        WITH_FOLDER(a_site_is_loaded_with_its_arrays),
        WITH_FOLDER(class_counts_are_optional),
        WITH_FOLDER(a_scale_factor_marks_a_relative_sweep),
        WITH_FOLDER(activation_norms_are_read_and_older_files_have_those_of_a_relative_sweep),
        WITH_FOLDER(what_is_not_a_result_file_is_refused),
        WITH_FOLDER(a_file_that_contradicts_itself_is_refused),
        WITH_FOLDER(counts_that_cannot_be_are_refused),
        WITH_FOLDER(a_variable_of_another_shape_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
