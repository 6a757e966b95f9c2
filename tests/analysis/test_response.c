/* Summaries of a response against sums over its samples by hand. */
#include "analysis/response.h"
#include "tests/analysis/result_maker.h"

static const double sigma[] = {0.1, 1};
static const int clean[] = {0, 1, 0, 1};

enum { N = MAKER_RESPONSE_SAMPLES };

static int staying(size_t s, size_t k, size_t i, size_t c)
{
    (void)s, (void)k;
    return c == (size_t)clean[i] ? 10 : 0;
}

static struct result *open_made(const struct folder *f, int response)
{
    struct maker m = {.sites = 1,
                      .sigmas = 2,
                      .samples = 4,
                      .classes = 2,
                      .draws = 10,
                      .sigma = sigma,
                      .clean_class = clean,
                      .response = response,
                      .count = staying};
    return maker_open(&m, f);
}

static struct response *load(const struct result *r)
{
    struct apex_error err = {{0}};
    struct response *p = response_load(r, &err);
    if (!p)
        fail_msg("%s", err.text);
    return p;
}

static struct response_summary summarise(const struct response *p, size_t k, size_t l)
{
    struct response_summary s;
    struct apex_error err = {{0}};
    if (response_summarise(p, k, l, &bootstrap_default, &s, &err))
        fail_msg("%s", err.text);
    return s;
}

static void the_response_is_read_as_it_was_written(void **state)
{
    struct result *r = open_made(*state, 1);
    struct response *p = load(r);
    assert_int_equal(p->sigmas, 2);
    assert_int_equal(p->sites, 3);
    assert_int_equal(p->samples, N);
    assert_int_equal(p->draws, 16);
    assert_true(p->factor == 1 && p->sigma[1] == 0.5);
    assert_string_equal(p->site[1], "relu0");
    assert_int_equal(p->elements[2], 20);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(p->partner[i], (i + 1) % N);
    assert_true(p->energy[(1 * 3 + 2) * N + 3] == maker_energy(1, 2, 3));
    response_free(p);
    result_close(r);
    response_free(NULL);
}

static void every_measure_is_a_ratio_of_means_over_samples(void **state)
{
    struct result *r = open_made(*state, 1);
    struct response *p = load(r);
    for (size_t k = 0; k < 2; k++)
        for (size_t l = 0; l < 3; l++) {
            double energy = 0, variance = 0, square = 0, rank = 0;
            for (size_t i = 0; i < N; i++) {
                energy += maker_energy(k, l, i);
                variance += maker_variance(l, i);
                square += 10 * (double)(i + 1);
                rank += (3 + (double)(i + l)) / N;
            }
            struct response_summary s = summarise(p, k, l);
            assert_int_equal(s.samples, N);
            assert_close(s.measure[RESPONSE_SHARE].estimate, 0.75 * energy / (0.75 * energy + variance),
                         1e-12, "share");
            assert_close(s.measure[RESPONSE_RELATIVE].estimate, energy / square, 1e-12, "relative energy");
            assert_close(s.measure[RESPONSE_SHIFT].estimate, 0.25, 1e-12, "shift");
            assert_close(s.measure[RESPONSE_RANK].estimate, rank, 1e-12, "rank");
            const struct interval i = s.measure[RESPONSE_RANK].interval;
            assert_true(i.low < rank && rank < i.high && i.low >= 3 + (double)l && i.high <= 6 + (double)l);
        }
    response_free(p);
    result_close(r);
}

static void samples_that_are_not_computed_are_left_out(void **state)
{
    struct result *r = open_made(*state, 1);
    struct response *p = load(r);
    p->energy[1] = p->shift[1] = p->rank[1] = NAN; /* sample 1 at the first scale and site */
    p->rank[2] = NAN;                              /* sample 2: the noise changes nothing there */
    struct response_summary s = summarise(p, 0, 0);
    assert_int_equal(s.samples, N - 1);
    assert_close(s.measure[RESPONSE_RANK].estimate, (3.0 + 6) / 2, 1e-12, "rank");
    double energy = maker_energy(0, 0, 0) + maker_energy(0, 0, 2) + maker_energy(0, 0, 3);
    assert_close(s.measure[RESPONSE_RELATIVE].estimate, energy / (10 + 30 + 40), 1e-12, "relative energy");
    for (size_t i = 0; i < N; i++)
        p->energy[i] = NAN;
    s = summarise(p, 0, 0);
    assert_int_equal(s.samples, 0);
    for (int m = 0; m < RESPONSE_MEASURES - 1; m++)
        assert_nan(s.measure[m].estimate, "nothing computed");
    response_free(p);
    result_close(r);
}

static void one_sample_has_no_share_of_variance(void **state)
{
    struct result *r = open_made(*state, 1);
    struct response *p = load(r);
    p->samples = 1;
    p->partner[0] = 0;
    struct response_summary s = summarise(p, 0, 0);
    assert_nan(s.measure[RESPONSE_SHARE].estimate, "share");
    assert_close(s.measure[RESPONSE_RANK].estimate, 3, 1e-12, "rank");
    assert_nan(s.measure[RESPONSE_RANK].interval.low, "its interval");
    response_free(p);
    result_close(r);
}

static void a_partner_that_is_not_there_is_an_error(void **state)
{
    char path[128];
    const long long stranger[] = {10, 11, 12, 999};
    int nc, id;
    result_close(open_made(*state, 1));
    maker_ok(nc_open(folder_file(*state, "made.nc", path), NC_WRITE, &nc), path);
    maker_ok(nc_inq_varid(nc, "response_partner", &id), path);
    maker_ok(nc_put_var_longlong(nc, id, stranger), path);
    maker_ok(nc_close(nc), path);
    struct apex_error err = {{0}};
    struct result *r = result_open(path, &err);
    assert_non_null(r);
    assert_null(response_load(r, &err));
    assert_non_null(strstr(err.text, "999 is no sample"));
    result_close(r);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(the_response_is_read_as_it_was_written),
        WITH(every_measure_is_a_ratio_of_means_over_samples),
        WITH(samples_that_are_not_computed_are_left_out),
        WITH(one_sample_has_no_share_of_variance),
        WITH(a_partner_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
