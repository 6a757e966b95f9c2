/* bfloat16: rounding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/engine/bf16.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The definition, in real numbers: 8 significant bits, ties to the even one, subnormals are zero. */
static double rounded(float x)
{
    int exponent;
    if (isnan(x) || isinf(x) || x == 0 || fabs((double)x) < 0x1p-126)
        return isnan(x) || isinf(x) ? (double)x : copysign(0.0, (double)x);
    double fraction = frexp((double)x, &exponent), y = ldexp(nearbyint(ldexp(fraction, 8)), exponent - 8);
    return fabs(y) >= 0x1p128 ? copysign((double)INFINITY, y) : y;
}

static void ties_go_to_the_even_number(void **state)
{
    static const uint32_t pairs[][2] = {{0x3f800000, 0x3f80}, {0x3f807fff, 0x3f80}, {0x3f808000, 0x3f80},
                                        {0x3f808001, 0x3f81}, {0x3f818000, 0x3f82}, {0x3f817fff, 0x3f81},
                                        {0xbf808000, 0xbf80}, {0xbf818000, 0xbf82}, {0x3fffffff, 0x4000},
                                        {0x00800000, 0x0080}, {0x80800000, 0x8080}};
    (void)state;
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (bf16_of(from_bits(pairs[k][0])) != pairs[k][1])
            fail_msg("%08x gives %04x, expected %04x", pairs[k][0], bf16_of(from_bits(pairs[k][0])),
                     pairs[k][1]);
}

static void infinities_stay_and_what_is_too_large_becomes_one(void **state)
{
    (void)state;
    assert_int_equal(bf16_of(INFINITY), 0x7f80);
    assert_int_equal(bf16_of(-INFINITY), 0xff80);
    assert_int_equal(bf16_of(from_bits(0x7f7fffff)), 0x7f80);
    assert_int_equal(bf16_of(from_bits(0xff7f8000)), 0xff80);
    assert_int_equal(bf16_of(from_bits(0x7f7f7fff)), 0x7f7f);
}

static void every_nan_stays_one(void **state)
{
    static const uint32_t nans[] = {0x7f800001, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffffffff, 0x7f80ffff};
    (void)state;
    for (size_t k = 0; k < sizeof nans / sizeof *nans; k++)
        if (!isnan(bf16_value(bf16_of(from_bits(nans[k])))))
            fail_msg("%08x became %g", nans[k], (double)bf16_value(bf16_of(from_bits(nans[k]))));
}

static void subnormal_numbers_are_zeros_of_their_sign(void **state)
{
    (void)state;
    assert_int_equal(bf16_of(from_bits(0x007fffff)), 0);
    assert_int_equal(bf16_of(from_bits(0x00000001)), 0);
    assert_int_equal(bf16_of(from_bits(0x807fffff)), 0x8000);
    assert_int_equal(bf16_of(-0.0f), 0x8000);
}

/* Also at lengths that are no multiple of any vector. */
static void bulk_rounding_equals_the_definition(void **state)
{
    enum { N = 100003 };
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    uint16_t *half = malloc(N * sizeof *half);
    uint32_t seed = 1;
    (void)state;
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = from_bits(seed ^ seed >> 15);
    }
    bf16_store(x, N, half);
    bf16_round(x, N, y);
    for (int i = 0; i < N; i++) {
        double expected = rounded(x[i]);
        if (isnan(x[i]) ? !isnan(y[i]) : (double)y[i] != expected || signbit(y[i]) != signbit(x[i]))
            fail_msg("%a gives %a, expected %a", (double)x[i], (double)y[i], expected);
        float back = bf16_value(half[i]);
        assert_memory_equal(&back, &y[i], sizeof back);
    }
    bf16_load(half, N, x);
    assert_memory_equal(x, y, N * sizeof *x);
    free(x), free(y), free(half);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ties_go_to_the_even_number),
        cmocka_unit_test(infinities_stay_and_what_is_too_large_becomes_one),
        cmocka_unit_test(every_nan_stays_one),
        cmocka_unit_test(subnormal_numbers_are_zeros_of_their_sign),
        cmocka_unit_test(bulk_rounding_equals_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
