/* The float32 transforms against libm in double, word by word. */
#include "core/lanes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BATCHES 20000 /* of LANES lanes of 4 words: 5 million values */

/* Words where something happens: ends, quarter turns and their middles, the ends of the logarithm's range. */
static const uint32_t special[] = {
    0,          1,          2,          0x1fffffff, 0x20000000, 0x3fffffff, 0x40000000, 0x5fffffff,
    0x60000000, 0x7fffff7f, 0x7fffff80, 0x7fffffff, 0x80000000, 0x80000001, 0x9fffffff, 0xa0000000,
    0xb504f332, 0xb504f333, 0xb504f334, 0xbfffffff, 0xc0000000, 0xdfffffff, 0xe0000000, 0xffffff7f,
    0xfffffffd, 0xfffffffe, 0xffffffff, 0x00ffffff, 0x01000001, 0x5a827999, 0x5a827998, 0xfeffffff};
#define SPECIALS (sizeof special / sizeof *special)

static uint32_t hash(uint32_t v)
{
    v = (v ^ (v >> 16)) * 0x85ebca6bu;
    v = (v ^ (v >> 13)) * 0xc2b2ae35u;
    return v ^ (v >> 16);
}

/* Every pair of special words first, then words spread over the whole range, some of them small. */
static void words_of_batch(uint32_t batch, uint32_t x[4][LANES])
{
    for (uint32_t i = 0; i < LANES; i++)
        for (uint32_t w = 0; w < 4; w++) {
            uint32_t n = (batch * LANES + i) * 4 + w, pair = n / 2;
            x[w][i] = hash(n) >> (hash(n + 77) % 4 ? 0 : hash(n + 99) % 32);
            if (pair < SPECIALS * SPECIALS)
                x[w][i] = n % 2 ? special[pair / SPECIALS] : special[pair % SPECIALS];
        }
}

static double unit(uint32_t x)
{
    return (x + 0.5) / 4294967296.0;
}

static void assert_close(float got, double expected, double tolerance, uint32_t word)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("word %08x: %.9g, expected %.12g +- %.3g", word, got, expected, tolerance);
}

static void normals_are_box_muller_to_the_last_bits(void **state)
{
    (void)state;
    uint32_t x[4][LANES];
    float xi[4][LANES];
    for (uint32_t b = 0; b < BATCHES; b++) {
        words_of_batch(b, x);
        normal_lanes(x, xi, LANES);
        for (int i = 0; i < LANES; i++)
            for (int w = 0; w < 4; w += 2) {
                double radius = sqrt(-2 * log(unit(x[w][i]))), angle = 2 * M_PI * unit(x[w + 1][i]);
                /* 2 to 4 units in the last place of the radius */
                assert_close(xi[w][i], radius * cos(angle), 2.7e-7 * radius, x[w][i]);
                assert_close(xi[w + 1][i], radius * sin(angle), 2.7e-7 * radius, x[w][i]);
            }
    }
}

static void the_tails_use_all_32_bits(void **state)
{
    (void)state;
    uint32_t x[4][LANES] = {{0}};
    float xi[4][LANES];
    x[0][1] = 1;
    normal_lanes(x, xi, LANES); /* angle 0: all of the radius is in the cosine */
    assert_close(xi[0][0], sqrt(66 * log(2)), 1e-6, 0);
    assert_close(xi[0][1], sqrt(-2 * log(1.5 / 4294967296.0)), 1e-6, 1);
    x[0][0] = UINT32_MAX;
    normal_lanes(x, xi, LANES);
    assert_close(xi[0][0], sqrt(-2 * log1p(-0.5 / 4294967296.0)), 1e-11, UINT32_MAX);
    assert_true(xi[0][0] > 0);
}

static void laplace_is_sign_and_logarithm(void **state)
{
    (void)state;
    uint32_t x[4][LANES];
    float xi[4][LANES];
    for (uint32_t b = 0; b < BATCHES; b++) {
        words_of_batch(b, x);
        laplace_lanes(x, xi, LANES);
        for (int i = 0; i < LANES; i++)
            for (int w = 0; w < 4; w++) {
                double v = x[w][i] & 0x7fffffffu, size = -log((v + 0.5) / 2147483648.0) * sqrt(0.5);
                assert_close(xi[w][i], x[w][i] >> 31 ? -size : size, 4e-7 * size, x[w][i]);
            }
    }
}

static void uniform_and_unit_are_linear(void **state)
{
    (void)state;
    uint32_t x[4][LANES];
    float xi[4][LANES], u[4][LANES];
    for (uint32_t b = 0; b < BATCHES; b++) {
        words_of_batch(b, x);
        uniform_lanes(x, xi, LANES);
        unit_lanes(x, u, LANES);
        for (int i = 0; i < LANES; i++)
            for (int w = 0; w < 4; w++) {
                double expected = sqrt(3) * (2 * unit(x[w][i]) - 1);
                assert_close(xi[w][i], expected, 2.1e-7 * fabs(expected), x[w][i]);
                assert_close(u[w][i], unit(x[w][i]), 1.3e-7 * unit(x[w][i]), x[w][i]);
                assert_true(u[w][i] > 0 && u[w][i] < 1);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normals_are_box_muller_to_the_last_bits),
        cmocka_unit_test(the_tails_use_all_32_bits),
        cmocka_unit_test(laplace_is_sign_and_logarithm),
        cmocka_unit_test(uniform_and_unit_are_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
