/* Few vectors, what they say about the covariance behind them: against explicit loops over all quadruples,
 * and against distributions whose covariance is known. */
#include "core/spread.h"

#include "core/noise.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_DRAWS = 64 };

static double gram[MOST_DRAWS * MOST_DRAWS];

static void check(const char *what, double expected, double got, double tolerance)
{
    if (!(fabs(expected - got) <= tolerance * (1 + fabs(expected))))
        fail_msg("%s is %.12g, expected %.12g", what, got, expected);
}

/* N(0, 1), repeatable. */
static void normals(uint32_t stream, int64_t count, float *x)
{
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 3};
    apex_noise_fill(&noise, stream, 0, 0, 0, count, x);
}

static double product_of(const float *a, const float *b, const float *c, const float *d, int n)
{
    double sum = 0;
    for (int e = 0; e < n; e++)
        sum += ((double)a[e] - (double)b[e]) * ((double)c[e] - (double)d[e]);
    return sum;
}

/* The definitions of spread.h, by loops over every quadruple of different draws. */
static void by_hand(const float *x, int t, int n, struct apex_spread *s)
{
    double quadruples = 0;
    memset(s, 0, sizeof *s);
    for (int i = 0; i < t; i++)
        for (int j = 0; j < t; j++)
            for (int e = 0; e < n; e++) {
                double a = (double)x[i * n + e], b = (double)x[j * n + e];
                s->energy += i == j ? a * a / t : 0;
                s->shift += i != j ? a * b / (t * (t - 1)) : 0;
                s->trace += (a - b) * (a - b) / 2 / (t * (t - 1));
            }
    for (int i = 0; i < t; i++)
        for (int j = 0; j < t; j++)
            for (int k = 0; k < t; k++)
                for (int l = 0; l < t; l++) {
                    const float *a = x + i * n, *b = x + j * n, *c = x + k * n, *d = x + l * n;
                    if (i == j || i == k || i == l || j == k || j == l || k == l)
                        continue;
                    quadruples++;
                    s->square += product_of(a, b, a, b, n) * product_of(c, d, c, d, n) / 4;
                    s->product += pow(product_of(a, b, c, d, n), 2) / 4;
                }
    s->square /= quadruples;
    s->product /= quadruples;
    s->rank = s->square / s->product;
}

static void sums_over_the_gram_matrix_are_the_means_over_all_quadruples(void **state)
{
    (void)state;
    for (int t = APEX_SPREAD_LEAST; t <= 9; t++)
        for (int n = 1; n <= 40; n += 13) {
            float x[9 * 40];
            struct apex_spread expected, got;
            normals((uint32_t)(100 * t + n), t * n, x);
            for (int i = 0; i < t * n; i++)
                x[i] = x[i] * (float)(1 + i % n) + 20; /* a mean far from zero */
            by_hand(x, t, n, &expected);
            apex_spread_of(x, t, n, gram, &got);
            check("energy", expected.energy, got.energy, 1e-9);
            check("shift", expected.shift, got.shift, 1e-9);
            check("trace", expected.trace, got.trace, 1e-9);
            check("square", expected.square, got.square, 1e-9);
            check("product", expected.product, got.product, 1e-9);
            check("rank", expected.rank, got.rank, 1e-9);
            check("energy", got.trace + got.shift, got.energy, 1e-9);
        }
}

static void draws_on_a_line_have_rank_one_exactly(void **state)
{
    (void)state;
    float t[8], x[8 * 100];
    struct apex_spread s;
    normals(1, 8, t);
    for (int i = 0; i < 8 * 100; i++)
        x[i] = 5 + t[i / 100] * (float)(i % 100 % 7);
    apex_spread_of(x, 8, 100, gram, &s);
    check("rank", 1, s.rank, 1e-6);
}

/* Means over many clouds of four draws: what a plug-in estimate would get wrong by factors. */
static void four_draws_give_the_right_traces_on_average(void **state)
{
    (void)state;
    enum { CLOUDS = 40000, N = 3, T = APEX_SPREAD_LEAST };
    static float xi[CLOUDS * T * N];
    static const float deviation[N] = {2, 1, 0.5f}, mean[N] = {1, -1, 3};
    double sum[4] = {0};
    normals(2, CLOUDS * T * N, xi);
    for (int c = 0; c < CLOUDS; c++) {
        float *x = xi + c * T * N;
        struct apex_spread s;
        for (int i = 0; i < T * N; i++)
            x[i] = mean[i % N] + deviation[i % N] * x[i];
        apex_spread_of(x, T, N, gram, &s);
        sum[0] += s.trace / CLOUDS;
        sum[1] += s.shift / CLOUDS;
        sum[2] += s.square / CLOUDS;
        sum[3] += s.product / CLOUDS;
    }
    const double trace = 4 + 1 + 0.25, product = 16 + 1 + 0.0625; /* of diag(4, 1, 1/4) */
    check("tr C", trace, sum[0], 0.02);
    check("|mu|^2", 11, sum[1], 0.02);
    check("(tr C)^2", trace * trace, sum[2], 0.05);
    check("tr C^2", product, sum[3], 0.05);
}

static void isotropic_noise_has_the_rank_of_its_space_far_above_the_number_of_draws(void **state)
{
    (void)state;
    enum { N = 5000, T = 32, CLOUDS = 10 };
    float *x = malloc(sizeof *x * N * T);
    double rank = 0;
    for (uint32_t c = 0; c < CLOUDS; c++) {
        struct apex_spread s;
        normals(10 + c, N * T, x);
        apex_spread_of(x, T, N, gram, &s);
        check("rank of one cloud", 1, s.rank / N, 0.2);
        rank += s.rank / CLOUDS;
    }
    check("mean rank", 1, rank / N, 0.03);
    free(x);
}

static void draws_that_are_all_the_same_have_no_rank(void **state)
{
    (void)state;
    float x[4 * 50];
    struct apex_spread s;
    for (int i = 0; i < 4 * 50; i++)
        x[i] = 1e6f + 0.1f * (float)(i % 50);
    apex_spread_of(x, 4, 50, gram, &s);
    assert_true(isnan(s.rank));
    check("shift", s.energy, s.shift, 1e-12);
    memset(x, 0, sizeof x);
    apex_spread_of(x, 4, 50, gram, &s);
    assert_true(isnan(s.rank));
    assert_true(s.energy == 0 && s.trace == 0 && s.shift == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_over_the_gram_matrix_are_the_means_over_all_quadruples),
        cmocka_unit_test(draws_on_a_line_have_rank_one_exactly),
        cmocka_unit_test(four_draws_give_the_right_traces_on_average),
        cmocka_unit_test(isotropic_noise_has_the_rank_of_its_space_far_above_the_number_of_draws),
        cmocka_unit_test(draws_that_are_all_the_same_have_no_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
