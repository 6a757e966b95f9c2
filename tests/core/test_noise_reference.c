/* The library against values computed from docs/noise.md alone, in double precision, by another program
 * (tests/tools/noise_reference.py). */
#include "core/noise.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
    char kind[32];
    uint64_t seed;
    uint32_t stream, sample, draw;
    int64_t first;
    double value[8];
};

static int read_row(FILE *f, struct row *r)
{
    char line[512];
    do
        if (!fgets(line, sizeof line, f))
            return 0;
    while (line[0] == '#');
    double *v = r->value;
    int n = sscanf(line,
                   "%31s %" SCNu64 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNd64
                   " %lf %lf %lf %lf %lf %lf %lf %lf",
                   r->kind, &r->seed, &r->stream, &r->sample, &r->draw, &r->first, v, v + 1, v + 2, v + 3,
                   v + 4, v + 5, v + 6, v + 7);
    assert_int_equal(n, 14);
    return 1;
}

static void every_value_agrees_to_a_millionth(void **state)
{
    (void)state;
    FILE *f = fopen("data/noise_reference.txt", "r");
    assert_non_null(f);
    struct row r;
    int rows = 0;
    for (; read_row(f, &r); rows++) {
        struct apex_noise noise = {.seed = r.seed};
        float xi[8];
        assert_int_equal(apex_noise_kind(r.kind, &noise.kind), 0);
        apex_noise_fill(&noise, r.stream, r.sample, r.draw, r.first, 8, xi);
        for (int i = 0; i < 8; i++)
            if (fabs(xi[i] - r.value[i]) > 1e-6)
                fail_msg("%s, element %" PRId64 ": %.9g, expected %.9g", r.kind, r.first + i, xi[i],
                         r.value[i]);
    }
    fclose(f);
    assert_int_equal(rows, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_value_agrees_to_a_millionth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
