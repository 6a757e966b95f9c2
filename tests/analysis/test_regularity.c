#include "analysis/regularity.h"
#include "tests/analysis/result_maker.h"

static const double sigma[] = {0.1, 1, 10};
enum { N = 60 };
static int clean[N];

/* Sample i keeps its class longer the larger i is: 8 draws, fewer and fewer. Samples from 50 on never leave.
 * Site 1 is not computed for even samples. */
static int count(size_t s, size_t k, size_t i, size_t c)
{
    if (s == 1 && i % 2 == 0 && k == 2)
        return -2;
    const int lost = i >= 50 ? 0 : (int)(8 * (k + 1) * (60 - i) / 180);
    return c == 0 ? 8 - lost : c == 1 ? lost : 0;
}

static struct result *open_model(const struct folder *f)
{
    const struct maker m = {.sites = 2,
                            .sigmas = 3,
                            .samples = N,
                            .classes = 3,
                            .draws = 8,
                            .sigma = sigma,
                            .label = clean,
                            .clean_class = clean,
                            .count = count};
    return maker_open(&m, f);
}

static void a_score_that_grows_with_the_sample_correlates_with_everything(void **state)
{
    struct result *r = open_model(*state);
    struct result_site *s = maker_site(r, 0);
    struct regularity x;
    double score[N], value[N], rho;
    for (size_t i = 0; i < N; i++)
        score[i] = (double)(i + 7 * (i % 3));
    assert_int_equal(regularity_correlate(r, s, score, NULL, &bootstrap_default, &x, NULL), 0);
    for (int m = 0; m < REGULARITY_MEASURES; m++) {
        const struct regularity_row *row = &x.row[m];
        regularity_values(r, s, (enum regularity_measure)m, value);
        assert_int_equal(rank_spearman(value, score, N, &rho, NULL), 0);
        assert_close(row->with_score.spearman.estimate, rho, 1e-12,
                     regularity_name((enum regularity_measure)m));
        assert_true(row->with_score.pairs == N && rho > 0.5);
        assert_true(row->with_score.spearman.interval.low <= rho &&
                    rho <= row->with_score.spearman.interval.high);
        assert_true(row->with_score.kendall.estimate > 0.4);
    }
    assert_true(x.row[REGULARITY_ESCAPE_MODE].censored >= 10);
    assert_int_equal(x.row[REGULARITY_ESCAPE_FIRST_FLIP].censored, 10);
    assert_int_equal(x.row[REGULARITY_MEAN_STAY].censored, 0);
    /* the margin grows with i: nothing is left beyond it that is better */
    assert_true(x.row[REGULARITY_MEAN_STAY].gain.estimate <= 0);
    assert_false(isnan(x.row[REGULARITY_MEAN_STAY].beyond_margin.estimate));
    assert_nan(x.row[REGULARITY_MARGIN].gain.estimate, "the margin against itself");
    /* minus the loss has the order of the margin */
    assert_true(x.row[REGULARITY_LOSS].with_score.spearman.estimate ==
                x.row[REGULARITY_MARGIN].with_score.spearman.estimate);
    result_site_free(s);
    result_close(r);
}

/* A mean of the same logarithms in another order. */
static void values_that_differ_in_their_last_bits_are_tied(void **state)
{
    struct result *r = open_model(*state);
    struct result_site *s = maker_site(r, 0);
    double value[N];
    s->escape[RESULT_ESCAPE_FIRST_FLIP][0] = 0.3;
    s->escape[RESULT_ESCAPE_FIRST_FLIP][1] = nextafter(nextafter(0.3, 1), 1);
    s->escape[RESULT_ESCAPE_FIRST_FLIP][2] = 0.3 * (1 + 1e-11);
    regularity_values(r, s, REGULARITY_ESCAPE_FIRST_FLIP, value);
    assert_true(value[0] == value[1] && value[0] < value[2]);
    assert_close(value[0], 0.3, 1e-12, "first flip");
    assert_true(isinf(value[N - 1]));
    result_site_free(s);
    result_close(r);
}

static void samples_without_score_or_result_are_left_out(void **state)
{
    struct result *r = open_model(*state);
    struct result_site *s = maker_site(r, 1);
    struct regularity x;
    double score[N];
    unsigned char keep[N];
    for (size_t i = 0; i < N; i++) {
        score[i] = i < 10 ? NAN : (double)i;
        keep[i] = i < 50;
    }
    assert_int_equal(regularity_correlate(r, s, score, keep, &bootstrap_default, &x, NULL), 0);
    assert_int_equal(x.row[REGULARITY_ESCAPE_MODE].with_score.pairs, 20);
    assert_int_equal(x.row[REGULARITY_MEAN_STAY].with_score.pairs, 20);
    assert_int_equal(x.row[REGULARITY_MARGIN].with_score.pairs, 40);
    assert_int_equal(x.row[REGULARITY_ESCAPE_FIRST_FLIP].censored, 0);
    assert_int_equal(regularity_correlate(r, NULL, score, keep, &bootstrap_default, &x, NULL), 0);
    assert_int_equal(x.row[REGULARITY_MARGIN].with_score.pairs, 40);
    assert_nan(x.row[REGULARITY_MEAN_STAY].with_score.spearman.estimate, "no site");
    for (size_t i = 0; i < N; i++)
        score[i] = NAN;
    assert_int_equal(regularity_correlate(r, s, score, NULL, &bootstrap_default, &x, NULL), 0);
    assert_int_equal(x.row[REGULARITY_ESCAPE_MODE].with_score.pairs, 0);
    assert_nan(x.row[REGULARITY_ESCAPE_MODE].with_score.spearman.interval.low, "no score");
    result_site_free(s);
    result_close(r);
}

static void deciles_hold_a_tenth_each(void **state)
{
    (void)state;
    double score[101], value[101];
    for (int i = 0; i < 101; i++) {
        score[i] = 100 - i;
        value[i] = i < 5 ? INFINITY : 100 - i;
    }
    score[100] = NAN;
    struct regularity_decile d[10];
    assert_int_equal(regularity_deciles(score, value, 101, d, NULL), 0);
    for (int k = 0; k < 10; k++) {
        assert_int_equal(d[k].samples, 10);
        assert_close(d[k].score_low, 10 * k + 1, 0, "low");
        assert_close(d[k].score_high, 10 * k + 10, 0, "high");
        assert_int_equal(d[k].infinite, k == 9 ? 5 : 0);
    }
    assert_true(d[0].median == 5 && d[0].lower_quartile == 3 && d[0].upper_quartile == 8);
    assert_true(d[9].median == 95 && isinf(d[9].upper_quartile));
    assert_int_equal(regularity_deciles(score, value, 3, d, NULL), 0);
    assert_int_equal(d[0].samples, 0);
    assert_nan(d[0].median, "empty tenth");
    assert_int_equal(regularity_deciles(score, value, 0, d, NULL), 0);
    assert_nan(d[9].score_high, "no sample");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_score_that_grows_with_the_sample_correlates_with_everything,
                                        folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(values_that_differ_in_their_last_bits_are_tied, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(samples_without_score_or_result_are_left_out, folder_make,
                                        folder_remove),
        cmocka_unit_test(deciles_hold_a_tenth_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
