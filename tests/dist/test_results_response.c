/* The response in result files. */
#include "dist/results/results.h"
#include "tiny_response.h"

#include <netcdf.h>

static const unsigned char every[8] = {1, 1, 1, 1, 1, 1, 1, 1};

static void must(int status, const char *what)
{
    if (status != NC_NOERR)
        fail_msg("%s: %s", what, nc_strerror(status));
}

static void get(int nc, const char *name, double *value)
{
    int id;
    must(nc_inq_varid(nc, name, &id), name);
    must(nc_get_var_double(nc, id, value), name);
}

/* The tiny grid whole; of its response the first samples at the second scale, and all that `complete` says.
 */
static int write_file(const char *path, const struct context *c, int samples, int complete)
{
    struct results *r = results_new(c, NULL);
    struct bytes cells = tiny_record(c, 0, 5, every), part = tiny_response_record(c, 0, samples, 1),
                 all = tiny_response_record(c, 0, 3, 0);
    struct apex_error err;
    int written = -1;
    assert_non_null(r);
    assert_int_equal(results_add(r, cells.data, cells.size, NULL), 0);
    assert_int_equal(results_add_response(r, part.data, part.size, NULL), 0);
    if (complete)
        assert_int_equal(results_add_response(r, all.data, all.size, NULL), 0);
    results_finish(r);
    if (results_write(r, path, &written, &err) != 0)
        fail_msg("%s", err.text);
    results_free(r);
    bytes_free(&cells);
    bytes_free(&part);
    bytes_free(&all);
    return written;
}

static void every_number_is_in_the_file_and_the_share_is_of_sums_over_samples(void **state)
{
    char path[128];
    int nc;
    double square[6], variance[6], energy[12], shift[12], rank[12], share[4], partner[3], sigma[2],
        elements[2];
    struct context *c = tiny_context();
    tiny_response(c);
    assert_int_equal(write_file(folder_file(*state, "tiny.nc", path), c, 2, 1), 1);
    must(nc_open(path, NC_NOWRITE, &nc), path);
    get(nc, "response_clean_square", square);
    get(nc, "response_clean_variance", variance);
    get(nc, "response_energy", energy);
    get(nc, "response_shift", shift);
    get(nc, "response_effective_rank", rank);
    get(nc, "response_share", share);
    get(nc, "response_partner", partner);
    get(nc, "response_sigma", sigma);
    get(nc, "response_site_elements", elements);
    assert_true(partner[2] == c->sample[0] && sigma[1] == 0.5 && elements[1] == 128);
    for (int l = 0; l < 2; l++)
        for (int k = 0; k < 2; k++) {
            double noise = 0, clean = 0;
            for (int i = 0; i < 3; i++) {
                const int at = (k * 2 + l) * 3 + i;
                assert_true(square[l * 3 + i] == tiny_clean(i, l).square);
                assert_true(variance[l * 3 + i] == tiny_clean(i, l).variance);
                assert_true(energy[at] == tiny_noise(i, k, l).energy);
                assert_true(shift[at] == tiny_noise(i, k, l).shift);
                assert_true(rank[at] == tiny_noise(i, k, l).rank);
                noise += energy[at] - shift[at];
                clean += variance[l * 3 + i];
            }
            assert_float_equal(share[k * 2 + l], noise / (noise + clean), 1e-15);
        }
    nc_close(nc);
    context_free(c);
}

static void what_is_not_computed_yet_is_missing(void **state)
{
    char path[128], text[64] = "";
    int nc;
    double energy[12], variance[6], share[4];
    struct context *c = tiny_context();
    tiny_response(c);
    write_file(folder_file(*state, "tiny.nc", path), c, 2, 0);
    must(nc_open(path, NC_NOWRITE, &nc), path);
    get(nc, "response_energy", energy);
    get(nc, "response_clean_variance", variance);
    get(nc, "response_share", share);
    for (int at = 0; at < 12; at++)
        assert_int_equal(isnan(energy[at]), at < 6 || at % 3 == 2);
    assert_true(isnan(variance[2]) && !isnan(variance[1]));
    assert_true(isnan(share[0]) && !isnan(share[2]));
    must(nc_get_att_text(nc, NC_GLOBAL, "response_completeness", text), "response_completeness");
    assert_string_equal(text, "2 of 6 samples x scales");
    nc_close(nc);
    assert_int_equal(write_file(path, c, 2, 0), 0); /* the same content is not written again */
    assert_int_equal(write_file(path, c, 3, 0), 1);
    context_free(c);
}

static void without_the_key_nothing_of_it_is_in_the_file(void **state)
{
    char path[128], name[NC_MAX_NAME + 1];
    int nc, variables, dims;
    struct context *c = tiny_context(), *other = tiny_context();
    tiny_response(other);
    struct results *r = results_new(c, NULL);
    struct bytes b = tiny_response_record(other, 0, 3, 0);
    assert_int_equal(results_add_response(r, b.data, b.size, NULL), 0); /* of an earlier grid */
    results_finish(r);
    assert_int_equal(results_write(r, folder_file(*state, "tiny.nc", path), NULL, NULL), 0);
    must(nc_open(path, NC_NOWRITE, &nc), path);
    must(nc_inq(nc, &dims, &variables, NULL, NULL), path);
    assert_int_equal(dims, 5);
    for (int id = 0; id < variables; id++) {
        must(nc_inq_varname(nc, id, name), "name");
        assert_null(strstr(name, "response"));
    }
    nc_close(nc);
    results_free(r);
    bytes_free(&b);
    context_free(c);
    context_free(other);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(every_number_is_in_the_file_and_the_share_is_of_sums_over_samples),
        WITH(what_is_not_computed_yet_is_missing),
        WITH(without_the_key_nothing_of_it_is_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
