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
    struct bias_excess e = bias_excess_of(x, reference, 2, 1, 3);
    assert_close(e.excess, PI / 4, 1e-12, "class 0 is new");
    assert_true(e.class == 0 && e.share == 0.5 && e.reference == 0 && e.sites == 1);
    e = bias_excess_of(far, reference, 2, 1, 3);
    assert_close(e.excess, PI / 2 - (PI / 6 + PI / 3) / 2, 1e-12, "class 1");
    assert_close(e.reference, 0.5, 1e-12, "the references' share");
    assert_int_equal(e.class, 1);
    e = bias_excess_of(far, NULL, 0, 1, 3);
    assert_true(e.class == 1 && e.share == 1);
    assert_nan(e.excess, "no reference");
}

static void sites_count_by_how_well_the_references_agree_there(void **state)
{
    (void)state;
    /* At site 0 the references are opposite (variance of the angles pi^2 / 8), at site 1 they are the same;
     * at site 2 one has nothing. */
    const double a[] = {1, 0, 0.25, 0.75, 1, 0}, b[] = {0, 1, 0.25, 0.75, NAN, NAN}, x[] = {1, 0, 0, 1, 1, 0};
    const double *const reference[] = {a, b};
    const struct bias_excess e = bias_excess_of(x, reference, 2, 3, 2);
    const double rough = 1 / (PI * PI / 8 + BIAS_FLOOR * BIAS_FLOOR), fine = 1 / (BIAS_FLOOR * BIAS_FLOOR);
    assert_close(e.excess, (fine * PI / 6 - rough * PI / 4) / (fine + rough), 1e-12, "site 1 decides");
    assert_close(e.share, fine / (fine + rough), 1e-12, "its share");
    assert_true(e.class == 1 && e.sites == 2 && e.site == 1);
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
    assert_true(j[5].own.class == 2 && j[5].own.sites == 2 && j[5].own.site == 1);
    assert_true(j[5].own.share > 0.05 &&
                j[5].own.share < 0.75); /* the other site, where all agree, weighs more */
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
    assert_nan(j[3].own.excess, "none to compare with");
    assert_true(j[3].own.class == 0 && j[3].own.share == 0.5);
    for (int n = 0; n < 4; n++)
        result_close(m[n]);
}

static void scales_below_the_first_that_counts_do_not_count(void **state)
{
    struct result *r = make(*state, spread, 100, 300, 0, 0);
    double share[2 * CLASSES];
    bias_site_shares(r, INFINITY, share);
    assert_close(share[0], 1, 1e-12, "site 0");
    assert_close(share[CLASSES + 1], 0.75, 1e-12, "site 1");
    r->class_share[0] = r->class_share[CLASSES] = NAN; /* both scales of site 0 */
    bias_site_shares(r, 0, share);
    assert_nan(share[0], "site 0 has none");
    assert_close(share[CLASSES + 1], 0.75, 1e-12, "site 1");
    result_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_excess_is_that_of_the_class_furthest_above_the_references),
        cmocka_unit_test(sites_count_by_how_well_the_references_agree_there),
        cmocka_unit_test_setup_teardown(a_new_favourite_stands_out_where_all_collapse_alike, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(what_does_not_predict_alike_is_no_reference_and_is_not_judged,
                                        folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(scales_below_the_first_that_counts_do_not_count, folder_make,
                                        folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
