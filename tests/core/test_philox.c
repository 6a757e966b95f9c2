/* The published answers drive both the scalar block and the lanes. */
#include "core/lanes.h"
#include "core/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int read_vector(FILE *f, uint32_t v[10])
{
    char line[256];
    while (fgets(line, sizeof line, f)) {
        int n = sscanf(line, "%x %x %x %x %x %x %x %x %x %x", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6,
                       v + 7, v + 8, v + 9);
        if (n == 10)
            return 1;
        assert_true(line[0] == '#' || line[0] == '\n');
    }
    return 0;
}

static void the_published_answers_come_out(void **state)
{
    (void)state;
    FILE *f = fopen("data/philox_kat.txt", "r");
    assert_non_null(f);
    uint32_t v[10];
    int vectors = 0;
    for (; read_vector(f, v); vectors++) {
        uint32_t out[4], x[4][LANES] = {{0}};
        apex_philox(v, v + 4, out);
        for (int w = 0; w < 4; w++)
            assert_int_equal(out[w], v[6 + w]);
        x[0][0] = x[0][7] = x[0][LANES - 1] = v[0];
        philox_lanes(v + 4, v + 1, x, LANES);
        for (int w = 0; w < 4; w++) {
            assert_int_equal(x[w][0], v[6 + w]);
            assert_int_equal(x[w][7], v[6 + w]);
            assert_int_equal(x[w][LANES - 1], v[6 + w]);
        }
    }
    fclose(f);
    assert_int_equal(vectors, 3);
}

static void lanes_are_the_scalar_blocks_side_by_side(void **state)
{
    (void)state;
    for (uint32_t trial = 0; trial < 500; trial++) {
        uint32_t key[2] = {trial * 2654435761u, ~trial}, tail[3] = {trial, trial * 977u, 5u - trial};
        uint32_t x[4][LANES], first[LANES];
        for (uint32_t i = 0; i < LANES; i++)
            x[0][i] = first[i] = i * 0x9e3779b1u + trial;
        philox_lanes(key, tail, x, LANES);
        for (int i = 0; i < LANES; i++) {
            uint32_t counter[4] = {first[i], tail[0], tail[1], tail[2]}, out[4];
            apex_philox(counter, key, out);
            for (int w = 0; w < 4; w++)
                assert_int_equal(x[w][i], out[w]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_answers_come_out),
        cmocka_unit_test(lanes_are_the_scalar_blocks_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
