/* The published answers drive both the scalar block and the lanes. */
#include "core/noise.h"
#include "core/philox_lanes.h"

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

static void check_lanes(philox_lanes_fn *run, const char *name)
{
    for (uint32_t trial = 0; trial < 500; trial++) {
        uint32_t key[2] = {trial * 2654435761u, ~trial}, tail[3] = {trial, trial * 977u, 5u - trial};
        uint32_t x[4][LANES], first[LANES];
        int lanes = LANE_STEP * (1 + (int)trial % (LANES / LANE_STEP));
        for (uint32_t i = 0; i < LANES; i++)
            x[0][i] = first[i] = i * 0x9e3779b1u + trial;
        run(key, tail, x, lanes);
        for (int i = 0; i < lanes; i++) {
            uint32_t counter[4] = {first[i], tail[0], tail[1], tail[2]}, out[4];
            apex_philox(counter, key, out);
            for (int w = 0; w < 4; w++)
                if (x[w][i] != out[w])
                    fail_msg("%s, lane %d, word %d: %08x, expected %08x", name, i, w, x[w][i], out[w]);
        }
    }
}

static void lanes_are_the_scalar_blocks_side_by_side(void **state)
{
    (void)state;
    check_lanes(philox_lanes, "as chosen");
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2"))
        check_lanes(philox_lanes_avx2, "avx2");
    if (__builtin_cpu_supports("avx512f"))
        check_lanes(philox_lanes_avx512, "avx512");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_answers_come_out),
        cmocka_unit_test(lanes_are_the_scalar_blocks_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
