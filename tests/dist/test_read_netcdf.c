#include "data_files.h"

#include <math.h>
#include <netcdf.h>

static void ok(int status)
{
    if (status)
        fail_msg("%s", nc_strerror(status));
}

/* A file of one variable [n, width], without values, still in define mode; *variable is its number. */
static int new_file(void **state, const char *name, int mode, const char *variable_name, nc_type type,
                    size_t n, size_t width, int *variable)
{
    int id, dim[2];
    ok(nc_create(path_in(state, name), mode | NC_CLOBBER, &id));
    ok(nc_def_dim(id, "sample", n, &dim[0]));
    ok(nc_def_dim(id, "pixel", width, &dim[1]));
    ok(nc_def_var(id, variable_name, type, 2, dim, variable));
    return id;
}

/* The same plus labels 4 and 2, with values of 2 x 3 shorts: 1 -2 3 4 5 6. */
static char *put_shorts(void **state, const char *name, int mode, const char *label)
{
    const short value[6] = {1, -2, 3, 4, 5, 6};
    const int labels[2] = {4, 2};
    int variable, at = 0, sample_dim = 0,
                  id = new_file(state, name, mode, "images", NC_SHORT, 2, 3, &variable);
    if (label)
        ok(nc_def_var(id, label, NC_INT, 1, &sample_dim, &at));
    ok(nc_enddef(id));
    ok(nc_put_var_short(id, variable, value));
    if (label)
        ok(nc_put_var_int(id, at, labels));
    ok(nc_close(id));
    return path_in(state, name);
}

static void classic_and_netcdf4_are_read_gzipped_or_not(void **state)
{
    const int mode[] = {0, NC_64BIT_OFFSET, NC_CDF5, NC_NETCDF4};
    for (int k = 0; k < 8; k++) {
        char *path = put_shorts(state, "a.nc", mode[k / 2], "label");
        struct gzfile f;
        assert_int_equal(gzfile_read(path, NULL, &f, NULL), 0);
        if (k % 2)
            path = put_gzip(state, "b.nc.gz", f.data, f.size);
        gzfile_free(&f);
        struct grid_data spec = data_of(&path, 1);
        struct dataset *d = load_ok(&spec);
        assert_int_equal(d->samples, 2);
        assert_int_equal(d->elements, 3);
        assert_int_equal(d->is_bytes, 0);
        assert_float_equal(((float *)d->values)[1], -2, 0);
        assert_float_equal(((float *)d->values)[5], 6, 0);
        assert_int_equal(dataset_labels(d, "true")[0], 4);
        assert_int_equal(dataset_labels(d, "true")[1], 2);
        dataset_free(d);
    }
}

static void a_label_variable_of_any_name_is_used_when_named(void **state)
{
    char *path = put_shorts(state, "a.nc", NC_NETCDF4, "digit");
    struct grid_data spec = data_of(&path, 1);
    struct grid_labels set = {(char *)"true", NULL, (char *)"digit", {9, 5}};
    struct dataset *d = load_ok(&spec);
    assert_int_equal(d->label_sets, 0);
    dataset_free(d);
    spec.labels = &set;
    spec.label_sets = 1;
    d = load_ok(&spec);
    assert_int_equal(dataset_labels(d, "true")[0], 4);
    dataset_free(d);
    set.variable = (char *)"digits";
    load_fails(&spec, "holds no 'digits'; it has: images [2,3], digit [2]");
}

static void unsigned_bytes_stay_bytes_in_both_kinds(void **state)
{
    const signed char value[12] = {0, 1, 127, -128, -2, -1};
    char *path = path_in(state, "a.nc");
    struct grid_data spec = data_of(&path, 1);
    for (int k = 0; k < 2; k++) {
        int variable,
            id = new_file(state, "a.nc", k ? NC_NETCDF4 : 0, "x", k ? NC_UBYTE : NC_BYTE, 4, 3, &variable);
        if (!k)
            ok(nc_put_att_text(id, variable, "_Unsigned", 4, "true"));
        ok(nc_enddef(id));
        ok(nc_put_var(id, variable, value));
        ok(nc_close(id));
        struct dataset *d = load_ok(&spec);
        assert_int_equal(d->is_bytes, 1);
        assert_int_equal(((unsigned char *)d->values)[3], 128);
        assert_int_equal(((unsigned char *)d->values)[5], 255);
        dataset_free(d);
    }
}

static void packed_values_are_unpacked(void **state)
{
    const short value[2] = {0, 100};
    const double scale = 0.5, offset = 10;
    int variable, id = new_file(state, "a.nc", NC_NETCDF4, "x", NC_SHORT, 1, 2, &variable);
    ok(nc_put_att_double(id, variable, "scale_factor", NC_DOUBLE, 1, &scale));
    ok(nc_put_att_double(id, variable, "add_offset", NC_DOUBLE, 1, &offset));
    ok(nc_enddef(id));
    ok(nc_put_var_short(id, variable, value));
    ok(nc_close(id));
    char *path = path_in(state, "a.nc");
    struct grid_data spec = data_of(&path, 1);
    struct dataset *d = load_ok(&spec);
    assert_float_equal(((float *)d->values)[0], 10, 0);
    assert_float_equal(((float *)d->values)[1], 60, 0);
    dataset_free(d);
}

static void values_that_were_never_written_are_an_error(void **state)
{
    const float row[3] = {1, 2, 3};
    const size_t start[2] = {0, 0}, count[2] = {1, 3};
    int variable, id = new_file(state, "half.nc", NC_NETCDF4, "x", NC_FLOAT, 2, 3, &variable);
    ok(nc_enddef(id));
    ok(nc_put_vara_float(id, variable, start, count, row));
    ok(nc_close(id));
    char *path = path_in(state, "half.nc");
    struct grid_data spec = data_of(&path, 1);
    load_fails(&spec, "half.nc: sample 1, element 0 is not a finite number");
}

static void a_huge_variable_that_is_not_there_is_refused_before_memory_is_taken(void **state)
{
    int variable;
    int id =
        new_file(state, "huge.nc", NC_NETCDF4, "x", NC_DOUBLE, (size_t)1 << 30, (size_t)1 << 20, &variable);
    ok(nc_close(id));
    char *path = path_in(state, "huge.nc");
    struct grid_data spec = data_of(&path, 1);
    load_fails(&spec, "huge.nc: variable 'x' of shape [1073741824,1048576] is more than a file of");
}

static void text_is_no_samples(void **state)
{
    int variable, id = new_file(state, "a.nc", NC_NETCDF4, "x", NC_CHAR, 2, 3, &variable);
    ok(nc_close(id));
    char *path = path_in(state, "a.nc");
    struct grid_data spec = data_of(&path, 1);
    load_fails(&spec, "It has: x (not numbers)");
}

static void damaged_files_are_errors_that_name_the_file(void **state)
{
    const int mode[] = {0, NC_NETCDF4};
    for (int k = 0; k < 2; k++) {
        struct gzfile f;
        assert_int_equal(gzfile_read(put_shorts(state, "a.nc", mode[k], "label"), NULL, &f, NULL), 0);
        for (size_t size = 8; size < f.size; size += k ? 97 : 1) {
            char *path = put_file(state, "cut.nc", f.data, size);
            struct grid_data spec = data_of(&path, 1);
            load_fails(&spec, "cut.nc: ");
        }
        gzfile_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(classic_and_netcdf4_are_read_gzipped_or_not),
        TEST(a_label_variable_of_any_name_is_used_when_named),
        TEST(unsigned_bytes_stay_bytes_in_both_kinds),
        TEST(packed_values_are_unpacked),
        TEST(values_that_were_never_written_are_an_error),
        TEST(a_huge_variable_that_is_not_there_is_refused_before_memory_is_taken),
        TEST(text_is_no_samples),
        TEST(damaged_files_are_errors_that_name_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
