/* A ray and the pooling behind it in one pass, against the definition, bit for bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/engine/builder.h"

#include <math.h>
#include <string.h>

enum { ROWS = 3, MOST = 7 * 6 * 16, CHANNELS = 16 };

static float number(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)((double)(*seed >> 8) / 8388608.0 - 1);
}

struct job {
    float a[MOST], direction[ROWS * MOST], xi[ROWS * MOST], y[ROWS * MOST];
    int high, wide, relu, noisy;
};

static float point(const struct job *j, int row, int h, int w, int c)
{
    int at = (h * j->wide + w) * CHANNELS + c, all = row * j->high * j->wide * CHANNELS + at;
    float v = j->a[at] + 0.75f * j->direction[all];
    v = j->relu && v < 0 ? 0 : v;
    return j->noisy ? v + 0.5f * j->xi[all] : v;
}

static float largest(const struct job *j, int row, int h, int w, int c)
{
    float v = point(j, row, 2 * h, 2 * w, c);
    for (int k = 1; k < 4; k++) {
        float x = point(j, row, 2 * h + k / 2, 2 * w + k % 2, c);
        v = x > v || isnan(x) ? x : v;
    }
    return v;
}

static void check(struct job *j)
{
    struct operand direction = {.shape = {.rank = 4, .dim = {ROWS, CHANNELS, j->high, j->wide}},
                                .layout = LAYOUT_NHWC,
                                .data = j->direction};
    const float *y = j->y;
    ray_pool(&direction, j->a, 0.75f, j->relu, j->noisy ? j->xi : NULL, 0.5f, j->y);
    for (int row = 0; row < ROWS; row++)
        for (int h = 0; h < j->high / 2; h++)
            for (int w = 0; w < j->wide / 2; w++)
                for (int c = 0; c < CHANNELS; c++, y++) {
                    float expected = largest(j, row, h, w, c);
                    if (isnan(expected) ? !isnan(*y) : memcmp(&expected, y, sizeof expected) != 0)
                        fail_msg("%dx%d, ReLU %d, noise %d: row %d, pixel (%d, %d), channel %d is %.9g, "
                                 "expected %.9g",
                                 j->high, j->wide, j->relu, j->noisy, row, h, w, c, *y, expected);
                }
}

/* A side may leave a line over; a NaN at any place of a window comes through. */
static void a_pooled_ray_is_the_largest_of_its_points(void **state)
{
    static struct job j;
    unsigned seed = 1;
    (void)state;
    for (int k = 0; k < 16; k++) {
        j.high = k & 1 ? 7 : 4, j.wide = k & 2 ? 6 : 5, j.relu = k >> 2 & 1, j.noisy = k >> 3;
        for (int i = 0; i < MOST; i++)
            j.a[i] = number(&seed);
        for (int i = 0; i < ROWS * MOST; i++) {
            j.direction[i] = i % 97 ? number(&seed) : NAN;
            j.xi[i] = number(&seed);
        }
        check(&j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pooled_ray_is_the_largest_of_its_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
