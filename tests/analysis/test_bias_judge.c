#include "analysis/bias_judge.h"
#include "tests/analysis/result_maker.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { DRAWS = 400, CLASSES = 4, MODELS = 8 };
#define PI 3.14159265358979323846

/* Draws by class of each made model at its two sites and two scales, [class]. */
static int now[2][2][CLASSES];

static const double sigma[] = {1, INFINITY};
static const int spread[] = {0, 1, 2, 3}, collapsed[] = {3, 3, 3, 3};

static int count(size_t s, size_t k, size_t i, size_t c)
{
    (void)i;
    return now[s][k][c];
}

/* A model whose last site (relu1) has the same shares at both scales; the first site sends all to class 0. */
static struct result *make(const struct folder *f, const int *clean, int a, int b, int c, int d)
{
    const int last[CLASSES] = {a, b, c, d};
    memset(now, 0, sizeof now);
    for (int k = 0; k < 2; k++) {
        now[0][k][0] = DRAWS;
        memcpy(now[1][k], last, sizeof last);
    }
    const struct maker m = {.sites = 2,
                            .sigmas = 2,
                            .samples = 4,
                            .classes = CLASSES,
                            .draws = DRAWS,
                            .sigma = sigma,
                            .clean_class = clean,
                            .count = count};
    struct result *r = maker_open(&m, f);
    unlink(r->path); /* so that the next can be made while this one is open */
    return r;
}

static void the_excess_is_that_of_the_class_furthest_above_the_references(void **state)
{
    (void)state;
    /* asin sqrt: 0 -> 0, 1/4 -> pi/6, 1/2 -> pi/4, 3/4 -> pi/3, 1 -> pi/2 */
    const double a[] = {0, 0.25, 0.75}, b[] = {0, 0.75, 0.25}, x[] = {0.5, 0.5, 0}, far[] = {0, 1, 0};
    const double *const reference[] = {a, b};
    size_t class = 9;
    assert_close(bias_excess(x, reference, 2, 3, &class), PI / 4, 1e-12, "class 0 is new");
    assert_int_equal(class, 0);
    assert_close(bias_excess(far, reference, 2, 3, &class), PI / 2 - (PI / 6 + PI / 3) / 2, 1e-12, "class 1");
    assert_int_equal(class, 1);
    assert_nan(bias_excess(x, reference, 0, 3, &class), "no reference");
}

static void a_new_favourite_stands_out_where_all_collapse_alike(void **state)
{
    const struct folder *f = *state;
    /* Class 0 takes most of every honest model; the sixth model is drawn to class 2, no further. */
    struct result *m[MODELS] = {
        make(f, spread, 300, 100, 0, 0), make(f, spread, 320, 80, 0, 0),  make(f, spread, 280, 110, 5, 5),
        make(f, spread, 310, 85, 0, 5),  make(f, spread, 290, 105, 5, 0), make(f, spread, 60, 40, 300, 0),
    };
    const double from[MODELS] = {0};
    const unsigned char honest[MODELS] = {1, 1, 1, 1, 1, 0};
    struct bias_judgement j[MODELS];
    assert_int_equal(bias_judge((const struct result *const *)m, from, honest, 6, 0.05, j, NULL), 0);
    for (int n = 0; n < 5; n++) {
        assert_int_equal(j[n].against.references, 4);
        assert_int_equal(j[n].against.verdict, BIAS_LIKE_REFERENCE);
    }
    assert_int_equal(j[5].against.references, 5);
    assert_int_equal(j[5].against.verdict, BIAS_STANDS_OUT);
    assert_true(j[5].class == 2 && j[5].cells == 2 && j[5].site == 1);
    assert_close(j[5].share, 0.75, 1e-12, "its share");
    assert_close(j[5].reference, 10.0 / 400 / 5, 1e-12, "theirs");
    const double mean = 2 * asin(sqrt(5.0 / 400)) / 5;
    assert_close(j[5].excess, PI / 3 - mean, 1e-12, "excess");
    for (int n = 0; n < 6; n++)
        result_close(m[n]);
}

static void what_does_not_predict_alike_is_no_reference_and_is_not_judged(void **state)
{
    const struct folder *f = *state;
    struct result *m[] = {make(f, spread, 300, 100, 0, 0), make(f, spread, 320, 80, 0, 0),
                          make(f, spread, 280, 110, 5, 5), make(f, collapsed, 0, 0, 0, 400)};
    const double from[4] = {0};
    struct bias_judgement j[4];
    assert_int_equal(bias_judge((const struct result *const *)m, from, NULL, 4, 0.05, j, NULL), 0);
    assert_int_equal(j[0].against.references, 2);
    assert_int_equal(j[0].unlike, 1);
    assert_int_equal(j[3].against.verdict, BIAS_NO_REFERENCE);
    assert_int_equal(j[3].unlike, 3);
    assert_nan(j[3].excess, "none to compare with");
    assert_true(j[3].class == 3 && j[3].share == 1);
    for (int n = 0; n < 4; n++)
        result_close(m[n]);
}

static void scales_below_the_first_that_counts_do_not_count(void **state)
{
    struct result *r = make(*state, spread, 100, 300, 0, 0);
    double share[CLASSES];
    assert_int_equal(bias_site_shares(r, 1, INFINITY, share), 1);
    assert_close(share[1], 0.75, 1e-12, "share");
    assert_int_equal(bias_site_shares(r, 0, 0, share), 2);
    assert_close(share[0], 1, 1e-12, "the other site");
    assert_int_equal(bias_site_shares(r, -1, 0, share), 0);
    assert_nan(share[0], "no site");
    assert_int_equal(bias_last_site(r), 1);
    result_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_excess_is_that_of_the_class_furthest_above_the_references),
        cmocka_unit_test_setup_teardown(a_new_favourite_stands_out_where_all_collapse_alike, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(what_does_not_predict_alike_is_no_reference_and_is_not_judged,
                                        folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(scales_below_the_first_that_counts_do_not_count, folder_make,
                                        folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
