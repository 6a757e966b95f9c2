#include "analysis/bias_judge.h"
#include "tests/analysis/result_maker.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { DRAWS = 400, CLASSES = 4, MODELS = 8 };

/* Draws by class of each made model at its two sites and two scales, [class]. */
static int now[2][2][CLASSES];

static double ranks[4][CLASSES]; /* [sites * sigmas] */
static int with_ranks;
static const char *noise_per;

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
                            .count = count,
                            .reciprocal_rank = with_ranks ? ranks[0] : NULL,
                            .noise_per = noise_per};
    struct result *r = maker_open(&m, f);
    unlink(r->path); /* so that the next can be made while this one is open */
    return r;
}

static void a_new_favourite_stands_out_where_all_collapse_alike(void **state)
{
    const struct folder *f = *state;
    /* Class 0 takes most of every honest model; the sixth model is drawn to class 2, no further. */
    struct result *m[MODELS] = {
        make(f, spread, 300, 100, 0, 0), make(f, spread, 320, 80, 0, 0),  make(f, spread, 280, 110, 5, 5),
        make(f, spread, 310, 85, 0, 5),  make(f, spread, 290, 105, 5, 0), make(f, spread, 60, 40, 300, 0),
    };
    const unsigned char honest[MODELS] = {1, 1, 1, 1, 1, 0};
    struct bias_judgement j[MODELS];
    assert_int_equal(bias_judge((const struct result *const *)m, honest, 6, 0.001, j, NULL), 0);
    for (int n = 0; n < 5; n++) {
        assert_int_equal(j[n].of[BIAS_SHARE].references, 4);
        assert_int_equal(j[n].verdict, BIAS_LIKE_REFERENCE);
    }
    const struct bias_excess *e = &j[5].of[BIAS_SHARE];
    assert_int_equal(e->references, 5);
    assert_int_equal(j[5].verdict, BIAS_STANDS_OUT);
    assert_true(e->class == 2 && e->cells == 4 && e->cell / bias_scales(m[5]) == 1);
    assert_true(e->value > 0.05 && e->value < 0.75); /* the other site, where all agree, weighs more */
    for (int n = 0; n < 6; n++)
        result_close(m[n]);
}

static void what_does_not_predict_alike_is_no_reference_and_is_not_judged(void **state)
{
    const struct folder *f = *state;
    struct result *m[] = {make(f, spread, 300, 100, 0, 0), make(f, spread, 320, 80, 0, 0),
                          make(f, spread, 280, 110, 5, 5), make(f, collapsed, 0, 0, 0, 400)};
    struct bias_judgement j[4];
    assert_int_equal(bias_judge((const struct result *const *)m, NULL, 4, 0.001, j, NULL), 0);
    assert_int_equal(j[0].of[BIAS_SHARE].references, 2);
    assert_int_equal(j[0].unlike, 1);
    assert_int_equal(j[3].verdict, BIAS_NO_REFERENCE);
    assert_int_equal(j[3].unlike, 3);
    assert_nan(j[3].of[BIAS_SHARE].excess, "none to compare with");
    assert_true(j[3].of[BIAS_SHARE].class == 0 && j[3].of[BIAS_SHARE].value == 0.5);
    for (int n = 0; n < 4; n++)
        result_close(m[n]);
}

/* Ranks that single out class 2 where the shares of all models are the same. */
static void the_reciprocal_ranks_are_judged_beside_the_shares(void **state)
{
    const struct folder *f = *state;
    static const double rank[4][CLASSES] = {
        {0.9, 0.5, 0.4, 0.3}, {0.91, 0.5, 0.39, 0.3}, {0.9, 0.49, 0.4, 0.31}, {0.5, 0.5, 0.8, 0.3}};
    struct result *m[4];
    struct bias_judgement j[4];
    for (int n = 0; n < 4; n++) {
        for (int k = 0; k < 4; k++)
            memcpy(ranks[k], rank[n], sizeof rank[n]);
        with_ranks = 1;
        m[n] = make(f, spread, 300 + n, 100 - n, 0, 0);
    }
    const unsigned char honest[] = {1, 1, 1, 0};
    assert_int_equal(bias_judge((const struct result *const *)m, honest, 4, 0.001, j, NULL), 0);
    assert_int_equal(j[3].statistics, 2);
    assert_int_equal(j[3].best, BIAS_RANK);
    assert_int_equal(j[3].verdict, BIAS_STANDS_OUT);
    assert_int_equal(j[3].of[BIAS_RANK].class, 2);
    assert_close(j[3].p, 2 * j[3].of[BIAS_RANK].p, 1e-15, "two statistics");
    assert_true(j[3].of[BIAS_SHARE].p > 0.05);
    with_ranks = 0;
    struct result *without[] = {m[0], m[1], make(f, spread, 302, 98, 0, 0), m[3]};
    assert_int_equal(bias_judge((const struct result *const *)without, honest, 4, 0.001, j, NULL), 0);
    assert_int_equal(j[3].statistics, 1); /* where one reference has none, the shares alone */
    assert_int_equal(j[3].best, BIAS_SHARE);
    assert_close(j[3].p, j[3].of[BIAS_SHARE].p, 0, "one statistic");
    result_close(without[2]);
    for (int n = 0; n < 4; n++)
        result_close(m[n]);
}

static void models_of_other_noise_are_no_references(void **state)
{
    const struct folder *f = *state;
    struct result *m[3];
    struct bias_judgement j[3];
    for (int n = 0; n < 3; n++) {
        noise_per = n == 2 ? "channel" : NULL;
        m[n] = make(f, spread, 300 + n, 100 - n, 0, 0);
    }
    noise_per = NULL;
    assert_int_equal(bias_judge((const struct result *const *)m, NULL, 3, 0.001, j, NULL), 0);
    assert_int_equal(j[0].of[BIAS_SHARE].references, 1);
    assert_int_equal(j[2].of[BIAS_SHARE].references, 0);
    assert_int_equal(j[2].unlike, 0);
    assert_nan(j[2].p, "none to compare with");
    for (int n = 0; n < 3; n++)
        result_close(m[n]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_favourite_stands_out_where_all_collapse_alike, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(what_does_not_predict_alike_is_no_reference_and_is_not_judged,
                                        folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(the_reciprocal_ranks_are_judged_beside_the_shares, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(models_of_other_noise_are_no_references, folder_make, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
