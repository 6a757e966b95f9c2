#include "dist/results/results.h"
#include "tiny.h"

#include <netcdf.h>
#include <signal.h>
#include <sys/resource.h>

static const unsigned char every[8] = {1, 1, 1, 1, 1, 1, 1, 1};

static void must(int status, const char *what)
{
    if (status != NC_NOERR)
        fail_msg("%s: %s", what, nc_strerror(status));
}

static struct results *make(const struct context *c, int samples)
{
    struct results *r = results_new(c, NULL);
    struct bytes b = tiny_record(c, 0, samples, every);
    assert_non_null(r);
    assert_int_equal(results_add(r, b.data, b.size, NULL), 0);
    bytes_free(&b);
    results_finish(r);
    return r;
}

/* Writes the results of the first samples of the tiny grid; returns `written`. */
static int write_tiny(const char *path, int samples)
{
    struct context *c = tiny_context();
    struct results *r = make(c, samples);
    struct apex_error err;
    int written = -1;
    if (results_write(r, path, &written, &err) != 0)
        fail_msg("results_write: %s", err.text);
    results_free(r);
    context_free(c);
    return written;
}

static int variable(int nc, const char *name)
{
    int id;
    must(nc_inq_varid(nc, name, &id), name);
    return id;
}

static void check_text(int nc, int id, const char *name, const char *expected)
{
    char text[256] = "";
    size_t size = 0;
    must(nc_inq_attlen(nc, id, name, &size), name);
    assert_true(size < sizeof text);
    must(nc_get_att_text(nc, id, name, text), name);
    assert_string_equal(text, expected);
}

static void every_variable_holds_what_the_results_hold(void **state)
{
    char path[128];
    int nc, i4[40], counts[120];
    double f8[40], share[24];
    long long i8[72];
    assert_int_equal(write_tiny(folder_file(*state, "tiny.nc", path), 5), 1);
    assert_int_equal(folder_count(*state), 1);
    must(nc_open(path, NC_NOWRITE, &nc), path);
    char *site[2];
    must(nc_get_var_string(nc, variable(nc, "site"), site), "site");
    assert_string_equal(site[0], "input");
    assert_string_equal(site[1], "relu0");
    nc_free_string(2, site);
    must(nc_get_var_double(nc, variable(nc, "sigma"), f8), "sigma");
    assert_true(f8[0] == 0.1 && isinf(f8[3]));
    must(nc_get_var_double(nc, variable(nc, "site_rms"), f8), "site_rms");
    assert_true(f8[0] == 1 && f8[1] == 1);
    must(nc_get_var_double(nc, variable(nc, "activation_rms"), f8), "activation_rms");
    assert_true(f8[0] == 0.5 && f8[1] == 2.5);
    must(nc_get_var_int(nc, variable(nc, "sample"), i4), "sample");
    assert_int_equal(i4[4], 128);
    must(nc_get_var_int(nc, variable(nc, "clean_wrong"), i4), "clean_wrong");
    for (int i = 0; i < 5; i++)
        assert_int_equal(i4[i], i == 4);
    must(nc_get_var_int(nc, variable(nc, "stay_count"), i4), "stay_count");
    must(nc_get_var_int(nc, variable(nc, "class_count"), counts), "class_count");
    must(nc_get_var_longlong(nc, variable(nc, "transition_count"), i8), "transition_count");
    must(nc_get_var_double(nc, variable(nc, "stay_mean"), f8), "stay_mean");
    must(nc_get_var_double(nc, variable(nc, "class_share"), share), "class_share");
    for (int s = 0; s < 2; s++)
        for (int g = 0; g < 4; g++) {
            int stay = 0, total[3] = {0}, move[3][3] = {{0}};
            for (int i = 0; i < 5; i++) {
                int count[3] = {0};
                for (uint32_t d = 0; d < 10; d++) {
                    uint32_t k = tiny_class(s, g, i, d);
                    count[k]++;
                    total[k]++;
                    move[i % 3][k]++;
                }
                stay += count[i % 3];
                assert_int_equal(i4[(s * 4 + g) * 5 + i], count[i % 3]);
                assert_memory_equal(counts + ((s * 4 + g) * 5 + i) * 3, count, sizeof count);
            }
            assert_float_equal(f8[s * 4 + g], stay / 50.0, 1e-15);
            for (int k = 0; k < 9; k++)
                assert_int_equal(i8[(s * 4 + g) * 9 + k], move[k / 3][k % 3]);
            for (int k = 0; k < 3; k++)
                assert_float_equal(share[(s * 4 + g) * 3 + k], total[k] / 50.0, 1e-15);
        }
    must(nc_get_var_double(nc, variable(nc, "escape_sigma"), f8), "escape_sigma");
    must(nc_get_var_int(nc, variable(nc, "escape_status"), i4), "escape_status");
    assert_true(isnan(f8[0]) && i4[0] == RESULTS_CENSORED);
    assert_true(f8[6] == 10 && i4[6] == RESULTS_ESCAPED);
    must(nc_get_var_int(nc, variable(nc, "first_flip_count"), i4), "first_flip_count");
    assert_int_equal(i4[6], 6);
    must(nc_get_var_int(nc, variable(nc, "second_class"), i4), "second_class");
    assert_int_equal(i4[1], -1);
    nc_close(nc);
}

static void names_units_and_attributes_explain_the_file(void **state)
{
    char path[128], name[NC_MAX_NAME + 1];
    int nc, variables;
    write_tiny(folder_file(*state, "tiny.nc", path), 5);
    must(nc_open(path, NC_NOWRITE, &nc), path);
    check_text(nc, NC_GLOBAL, "Conventions", "CF-1.8");
    check_text(nc, NC_GLOBAL, "completeness", "complete");
    check_text(nc, NC_GLOBAL, "sweep", "tiny");
    check_text(nc, NC_GLOBAL, "grid", "sweep: tiny\nseed: 1\n");
    check_text(nc, variable(nc, "escape_status"), "flag_meanings", "escaped censored incomplete");
    check_text(nc, variable(nc, "stay_count"), "coordinates", "site_op site_tensor site_elements site_rms");
    must(nc_inq_nvars(nc, &variables), "nvars");
    assert_int_equal(variables, 31);
    for (int id = 0; id < variables; id++) {
        nc_type type;
        size_t size;
        must(nc_inq_var(nc, id, name, &type, NULL, NULL, NULL), "variable");
        must(nc_inq_attlen(nc, id, "long_name", &size), name);
        assert_true(size > 4);
        if (type != NC_STRING)
            check_text(nc, id, "units", "1");
    }
    nc_close(nc);
}

static void what_is_missing_is_the_fill_value(void **state)
{
    char path[128];
    int nc, i4[120];
    float f4[40];
    write_tiny(folder_file(*state, "tiny.nc", path), 3);
    must(nc_open(path, NC_NOWRITE, &nc), path);
    check_text(nc, NC_GLOBAL, "completeness", "24 of 40 cells");
    must(nc_get_var_int(nc, variable(nc, "mode_class"), i4), "mode_class");
    must(nc_get_var_float(nc, variable(nc, "mean_margin"), f4), "mean_margin");
    for (int k = 0; k < 40; k++) {
        assert_int_equal(i4[k] == -1, k % 5 >= 3);
        assert_int_equal(isnan(f4[k]) != 0, k % 5 >= 3);
    }
    must(nc_get_var_int(nc, variable(nc, "class_count"), i4), "class_count");
    for (int k = 0; k < 120; k++)
        assert_int_equal(i4[k] == -1, k / 3 % 5 >= 3);
    must(nc_get_var_int(nc, variable(nc, "escape_status"), i4), "escape_status");
    assert_int_equal(i4[4], RESULTS_INCOMPLETE);
    must(nc_get_var_int(nc, variable(nc, "clean_wrong"), i4), "clean_wrong");
    assert_int_equal(i4[4], -1);
    must(nc_get_var_int(nc, variable(nc, "first_flip_count"), i4), "first_flip_count");
    assert_int_equal(i4[4], -1);
    nc_close(nc);
}

static void the_same_results_give_the_same_bytes_at_any_time(void **state)
{
    char one[128], two[128];
    size_t size, other;
    write_tiny(folder_file(*state, "one.nc", one), 5);
    sleep(2); /* HDF5 keeps times in seconds, if it keeps any */
    write_tiny(folder_file(*state, "two.nc", two), 5);
    unsigned char *a = file_read(one, &size), *b = file_read(two, &other);
    assert_int_equal(size, other);
    assert_memory_equal(a, b, size);
    free(a);
    free(b);
}

static void the_same_content_is_not_written_again(void **state)
{
    char path[128];
    struct stat before, after;
    assert_int_equal(write_tiny(folder_file(*state, "tiny.nc", path), 4), 1);
    stat(path, &before);
    assert_int_equal(write_tiny(path, 4), 0);
    stat(path, &after);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(write_tiny(path, 5), 1);
    assert_int_equal(write_tiny(path, 5), 0);
    /* a file cut short is written anew */
    assert_int_equal(truncate(path, 3000), 0);
    assert_int_equal(write_tiny(path, 5), 1);
    file_write(path, "junk", 4);
    assert_int_equal(write_tiny(path, 5), 1);
    assert_int_equal(folder_count(*state), 1);
}

static void a_change_of_attributes_alone_is_written(void **state)
{
    char path[128];
    int written, nc;
    write_tiny(folder_file(*state, "tiny.nc", path), 5);
    struct context *c = tiny_context();
    strcpy(c->attribute_text[0], "twin");
    struct results *r = make(c, 5);
    assert_int_equal(results_write(r, path, &written, NULL), 0);
    assert_int_equal(written, 1);
    must(nc_open(path, NC_NOWRITE, &nc), path);
    check_text(nc, NC_GLOBAL, "sweep", "twin");
    nc_close(nc);
    results_free(r);
    context_free(c);
}

static char *alphabet(size_t size)
{
    char *text = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + i % 26);
    text[size] = '\0';
    return text;
}

static void a_long_grid_text_fits(void **state)
{
    char path[128], *back = NULL, *text = alphabet(60000);
    int nc;
    size_t got = 0;
    struct context *c = tiny_context();
    for (int i = 0; i < 2; i++)
        free(c->attribute_text[i]);
    c->attribute_text[0] = alphabet(60000);
    c->attribute_text[1] = alphabet(200000);
    struct results *r = make(c, 5);
    struct apex_error err;
    if (results_write(r, folder_file(*state, "tiny.nc", path), NULL, &err) != 0)
        fail_msg("%s", err.text);
    must(nc_open(path, NC_NOWRITE, &nc), path);
    must(nc_inq_attlen(nc, NC_GLOBAL, "sweep", &got), "sweep");
    assert_int_equal(got, 60000);
    must(nc_get_att_text(nc, NC_GLOBAL, "sweep", text), "sweep");
    assert_memory_equal(text, c->attribute_text[0], 60000);
    must(nc_get_att_string(nc, NC_GLOBAL, "grid", &back), "grid");
    assert_string_equal(back, c->attribute_text[1]);
    nc_free_string(1, &back);
    nc_close(nc);
    free(text);
    results_free(r);
    context_free(c);
}

/* Every size at which the disk may be full: the old file stays as it was and no temporary file is left. */
static void a_full_disk_leaves_the_old_file_and_a_message(void **state)
{
    char path[128];
    size_t size, left;
    struct apex_error err;
    struct rlimit old, small;
    write_tiny(folder_file(*state, "tiny.nc", path), 3);
    unsigned char *before = file_read(path, &size);
    struct context *c = tiny_context();
    struct results *r = make(c, 5);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    int failures = 0;
    for (size_t limit = 0; limit < size; limit += 1500) {
        small = old;
        small.rlim_cur = limit;
        setrlimit(RLIMIT_FSIZE, &small);
        int rc = results_write(r, path, NULL, &err);
        setrlimit(RLIMIT_FSIZE, &old);
        if (rc == 0)
            fail_msg("wrote a file of more than %zu bytes with a limit of %zu", size, limit);
        failures++;
        if (!strstr(err.text, path) || !strstr(err.text, "disk full"))
            fail_msg("'%s' does not name %s or the cause", err.text, path);
        if (folder_count(*state) != 1)
            fail_msg("limit %zu: %d files are left", limit, folder_count(*state));
        unsigned char *after = file_read(path, &left);
        assert_int_equal(left, size);
        assert_memory_equal(after, before, size);
        free(after);
    }
    assert_true(failures > 5);
    if (results_write(r, path, NULL, &err) != 0) /* and with room again it works */
        fail_msg("%s", err.text);
    results_free(r);
    context_free(c);
    free(before);
}

static void a_folder_that_is_absent_is_an_error(void **state)
{
    (void)state;
    struct apex_error err;
    struct context *c = tiny_context();
    struct results *r = make(c, 5);
    assert_int_equal(results_write(r, "/nowhere/tiny.nc", NULL, &err), -1);
    assert_non_null(strstr(err.text, "/nowhere/tiny.nc"));
    results_free(r);
    context_free(c);
}

/* A draw of class c has reciprocal rank 1 for c, 1/2 for the lower and 1/3 for the higher of the others. */
static void reciprocal_ranks_are_written_where_the_records_have_them(void **state)
{
    char path[128];
    int nc, id;
    struct apex_error err;
    double rank[TINY_SITES * TINY_SIGMAS * 3], share[TINY_SITES * TINY_SIGMAS * 3];
    for (int asked = 0; asked < 2; asked++) {
        struct context *c = tiny_context();
        c->class_rank = asked;
        struct results *r = make(c, 5);
        if (results_write(r, folder_file(*state, "tiny.nc", path), NULL, &err) != 0)
            fail_msg("%s", err.text);
        must(nc_open(path, NC_NOWRITE, &nc), path);
        if (asked) {
            must(nc_get_var_double(nc, variable(nc, "class_reciprocal_rank"), rank), "class_reciprocal_rank");
            must(nc_get_var_double(nc, variable(nc, "class_share"), share), "class_share");
        } else {
            assert_int_equal(nc_inq_varid(nc, "class_reciprocal_rank", &id), NC_ENOTVAR);
        }
        for (int k = 0; k < TINY_SITES * TINY_SIGMAS && asked; k++) {
            const double *s = share + 3 * k, *q = rank + 3 * k;
            assert_float_equal(q[0], s[0] + s[1] / 2 + s[2] / 2, 1e-9);
            assert_float_equal(q[1], s[0] / 2 + s[1] + s[2] / 3, 1e-9);
            assert_float_equal(q[2], s[0] / 3 + s[1] / 3 + s[2], 1e-9);
        }
        nc_close(nc);
        results_free(r);
        context_free(c);
    }
}

static void many_classes_go_without_transitions(void **state)
{
    char path[128];
    int nc, id;
    struct context *c = tiny_context();
    c->classes = RESULTS_TRANSITION_CLASSES + 1;
    c->class_count = 0;
    struct results *r = results_new(c, NULL);
    struct apex_error err;
    results_finish(r);
    if (results_write(r, folder_file(*state, "tiny.nc", path), NULL, &err) != 0)
        fail_msg("%s", err.text);
    must(nc_open(path, NC_NOWRITE, &nc), path);
    check_text(nc, NC_GLOBAL, "completeness", "0 of 40 cells");
    assert_int_equal(nc_inq_varid(nc, "transition_count", &id), NC_ENOTVAR);
    assert_int_equal(nc_inq_varid(nc, "class_count", &id), NC_ENOTVAR);
    assert_int_equal(nc_inq_dimid(nc, "perturbed_class", &id), NC_EBADDIM);
    assert_int_equal(nc_inq_varid(nc, "class_share", &id), NC_NOERR);
    nc_close(nc);
    results_free(r);
    context_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(every_variable_holds_what_the_results_hold),
        IN_FOLDER(names_units_and_attributes_explain_the_file),
        IN_FOLDER(what_is_missing_is_the_fill_value),
        IN_FOLDER(the_same_results_give_the_same_bytes_at_any_time),
        IN_FOLDER(the_same_content_is_not_written_again),
        IN_FOLDER(a_change_of_attributes_alone_is_written),
        IN_FOLDER(a_long_grid_text_fits),
        IN_FOLDER(a_full_disk_leaves_the_old_file_and_a_message),
        IN_FOLDER(a_folder_that_is_absent_is_an_error),
        IN_FOLDER(reciprocal_ranks_are_written_where_the_records_have_them),
        IN_FOLDER(many_classes_go_without_transitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
