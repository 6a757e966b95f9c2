/* How the noise is distributed. Seeds are fixed, so that nothing here is left to chance: a bound of 5
 * standard errors was met once and is met for ever. */
#include "core/noise.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PIECE (1 << 16)
#define PIECES 512 /* 33.5 million values */

static void assert_within(const char *what, double got, double expected, double error)
{
    if (!(fabs(got - expected) <= 5 * error))
        fail_msg("%s: %.9g, expected %.9g +- 5 * %.3g", what, got, expected, error);
}

/* Sums of powers 1..6 and counts beyond 4 and 5, over many samples and draws. */
struct sums {
    double power[7];
    double beyond_4, beyond_5, largest;
};

static void add(struct sums *s, float value)
{
    double z = value, p = 1;
    for (int k = 0; k <= 6; k++, p *= z)
        s->power[k] += p;
    s->beyond_4 += fabs(z) > 4;
    s->beyond_5 += fabs(z) > 5;
    s->largest = fmax(s->largest, fabs(z));
}

static struct sums sums_of(enum apex_noise_kind kind)
{
    static float xi[PIECE];
    struct apex_noise noise = {.kind = kind, .seed = 7};
    struct sums s = {{0}, 0, 0, 0};
    for (uint32_t piece = 0; piece < PIECES; piece++) {
        apex_noise_fill(&noise, piece % 5, piece / 3, piece % 3, 4 * piece, PIECE, xi);
        for (int i = 0; i < PIECE; i++)
            add(&s, xi[i]);
    }
    return s;
}

/* expected[2 k] are the moments, odd ones vanish; high[k] = moment 2 k, for the errors. */
static void check_moments(const struct sums *s, const double moment[13])
{
    double n = s->power[0];
    for (int k = 1; k <= 6; k++) {
        double error = sqrt((moment[2 * k] - moment[k] * moment[k]) / n);
        char what[32];
        snprintf(what, sizeof what, "moment %d", k);
        assert_within(what, s->power[k] / n, moment[k], error);
    }
}

static void gaussian_moments_and_tails_are_those_of_the_normal(void **state)
{
    (void)state;
    struct sums s = sums_of(APEX_NOISE_GAUSSIAN);
    check_moments(&s, (double[13]){1, 0, 1, 0, 3, 0, 15, 0, 105, 0, 945, 0, 10395});
    double n = s.power[0], four = n * erfc(4 / sqrt(2)), five = n * erfc(5 / sqrt(2));
    assert_within("beyond 4 sigma", s.beyond_4, four, sqrt(four));
    assert_within("beyond 5 sigma", s.beyond_5, five, sqrt(five));
    assert_true(s.largest > 5 && s.largest < 6.77);
}

static void uniform_moments_are_those_of_the_uniform(void **state)
{
    (void)state;
    struct sums s = sums_of(APEX_NOISE_UNIFORM);
    double moment[13] = {0};
    for (int k = 0; k <= 12; k += 2)
        moment[k] = pow(3, k / 2) / (k + 1);
    check_moments(&s, moment);
    assert_true(s.largest > 1.73205 && s.largest < 1.7320509);
}

static void laplace_moments_are_those_of_the_laplace(void **state)
{
    (void)state;
    struct sums s = sums_of(APEX_NOISE_LAPLACE);
    double moment[13] = {0};
    for (int k = 0; k <= 12; k += 2)
        moment[k] = tgamma(k + 1) * pow(0.5, k / 2);
    check_moments(&s, moment);
    double four = s.power[0] * exp(-4 * sqrt(2));
    assert_within("beyond 4", s.beyond_4, four, sqrt(four));
    assert_true(s.largest > 10 && s.largest < 15.7);
}

static void dropout_has_mean_1_and_deviation_sigma(void **state)
{
    (void)state;
    static float xi[PIECE], one[PIECE], y[PIECE];
    struct apex_noise noise = {.kind = APEX_NOISE_DROPOUT, .seed = 7};
    for (int i = 0; i < PIECE; i++)
        one[i] = 1;
    for (float sigma = 0.25f; sigma < 5; sigma *= 2) {
        double n = 0, mean = 0, square = 0, kept = 1 + (double)sigma * sigma;
        for (uint32_t draw = 0; draw < 64; draw++) {
            apex_noise_fill(&noise, 1, 2, draw, 0, PIECE, xi);
            apex_noise_apply(APEX_NOISE_DROPOUT, sigma, one, xi, PIECE, y);
            for (int i = 0; i < PIECE; i++, n++) {
                mean += y[i];
                square += (y[i] - 1.0) * (y[i] - 1.0);
                assert_true(y[i] == 0 || fabs(y[i] - kept) < 1e-5);
            }
        }
        assert_within("mean", mean / n, 1, sigma / sqrt(n));
        /* (m - 1)^2 is 1 with probability p and sigma^4 otherwise. */
        double variance = (double)sigma * sigma, p = variance / kept;
        double fourth = p + (1 - p) * pow(variance, 4);
        assert_within("variance", square / n, variance, sqrt((fourth - variance * variance) / n) + 1e-7);
    }
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void the_distribution_is_normal_by_kolmogorov_and_smirnov(void **state)
{
    (void)state;
    enum { N = 1 << 21 };
    float *xi = malloc(N * sizeof *xi);
    assert_non_null(xi);
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 11};
    apex_noise_fill(&noise, 2, 0, 0, 0, N, xi);
    qsort(xi, N, sizeof *xi, ascending);
    double distance = 0;
    for (int i = 0; i < N; i++) {
        double cdf = 0.5 * erfc(-xi[i] * sqrt(0.5));
        distance = fmax(distance, fmax(cdf - (double)i / N, (i + 1.0) / N - cdf));
    }
    free(xi);
    if (distance * sqrt(N) > 1.95) /* one in a thousand */
        fail_msg("distance %.3g, %.3g in units of 1 / sqrt(n)", distance, distance * sqrt(N));
}

#define N 400000

/* Correlation of values and of squares: Box-Muller shares a radius between neighbours. */
static void check_uncorrelated(const char *what, const float *a, const float *b, int count)
{
    double ab = 0, squares = 0;
    for (int i = 0; i < count; i++) {
        ab += (double)a[i] * b[i];
        squares += ((double)a[i] * a[i] - 1) * ((double)b[i] * b[i] - 1) / 2;
    }
    assert_within(what, ab / count, 0, 1 / sqrt(count));
    assert_within(what, squares / count, 0, 1 / sqrt(count));
}

static void neighbouring_elements_are_uncorrelated(void **state)
{
    (void)state;
    static float xi[N];
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 1};
    apex_noise_fill(&noise, 1, 0, 0, 0, N, xi);
    for (int lag = 1; lag <= 64; lag++)
        check_uncorrelated("elements", xi, xi + lag, N - lag);
}

static void neighbouring_samples_draws_streams_and_seeds_are_uncorrelated(void **state)
{
    (void)state;
    static float a[N], b[N];
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 1},
                      next = {.kind = APEX_NOISE_GAUSSIAN, .seed = 2};
    struct apex_noise high = {.kind = APEX_NOISE_GAUSSIAN, .seed = 1 + (1ull << 32)};
    apex_noise_fill(&noise, 1, 5, 9, 0, N, a);
    apex_noise_fill(&noise, 1, 6, 9, 0, N, b);
    check_uncorrelated("samples", a, b, N);
    apex_noise_fill(&noise, 1, 5, 10, 0, N, b);
    check_uncorrelated("draws", a, b, N);
    apex_noise_fill(&noise, 2, 5, 9, 0, N, b);
    check_uncorrelated("streams", a, b, N);
    apex_noise_fill(&next, 1, 5, 9, 0, N, b);
    check_uncorrelated("seeds", a, b, N);
    apex_noise_fill(&high, 1, 5, 9, 0, N, b);
    check_uncorrelated("high half of the seed", a, b, N);
    apex_noise_fill(&noise, 1, 9, 5, 0, N, b);
    check_uncorrelated("sample and draw exchanged", a, b, N);
}

/* The same element in consecutive draws and samples, as an ensemble over many of them uses it. */
static void one_element_over_draws_and_samples_is_uncorrelated(void **state)
{
    (void)state;
    enum { DRAWS = 200, SAMPLES = 500 };
    static float xi[SAMPLES * DRAWS];
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 1};
    for (uint32_t s = 0; s < SAMPLES; s++)
        for (uint32_t d = 0; d < DRAWS; d++)
            apex_noise_fill(&noise, 1, s, d, 0, 1, xi + s * DRAWS + d);
    check_uncorrelated("draws", xi, xi + 1, SAMPLES * DRAWS - 1);
    check_uncorrelated("samples", xi, xi + DRAWS, (SAMPLES - 1) * DRAWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaussian_moments_and_tails_are_those_of_the_normal),
        cmocka_unit_test(uniform_moments_are_those_of_the_uniform),
        cmocka_unit_test(laplace_moments_are_those_of_the_laplace),
        cmocka_unit_test(dropout_has_mean_1_and_deviation_sigma),
        cmocka_unit_test(the_distribution_is_normal_by_kolmogorov_and_smirnov),
        cmocka_unit_test(neighbouring_elements_are_uncorrelated),
        cmocka_unit_test(neighbouring_samples_draws_streams_and_seeds_are_uncorrelated),
        cmocka_unit_test(one_element_over_draws_and_samples_is_uncorrelated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
