/* Records of tests/data/statistics_golden.txt: a name, then numbers. */
#ifndef APEX_TESTS_GOLDEN_H
#define APEX_TESTS_GOLDEN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GOLDEN_LINE = 1 << 16, GOLDEN_VALUES = 2048 };

struct golden {
    size_t n;
    double v[GOLDEN_VALUES];
};

/* Fails the test where the record is not there. The caller frees. */
static inline struct golden *golden_read(const char *format, ...)
{
    char name[128], *line = malloc(GOLDEN_LINE);
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    struct golden *g = calloc(1, sizeof *g);
    FILE *f = fopen("data/statistics_golden.txt", "r");
    if (!f)
        fail_msg("no data/statistics_golden.txt");
    int found = 0;
    while (!found && fgets(line, GOLDEN_LINE, f)) {
        const size_t length = strcspn(line, " ");
        found = length == strlen(name) && strncmp(line, name, length) == 0;
        for (char *at = line + length, *end; found && g->n < GOLDEN_VALUES; at = end) {
            g->v[g->n] = strtod(at, &end);
            if (end == at)
                break;
            g->n++;
        }
    }
    fclose(f);
    free(line);
    if (!found || g->n == 0)
        fail_msg("no golden record '%s'", name);
    return g;
}

/* One number of a record. */
static inline double golden_value(const char *name, size_t at)
{
    struct golden *g = golden_read("%s", name);
    const double v = g->v[at];
    free(g);
    return v;
}

static inline void assert_close(double got, double expected, double relative, const char *what)
{
    const int same = got == expected || (isnan(got) && isnan(expected));
    if (!same && !(fabs(got - expected) <= relative * fmax(1e-300, fabs(expected))))
        fail_msg("%s: %.17g, expected %.17g", what, got, expected);
}

static inline void assert_within(double got, double expected, double apart, const char *what)
{
    if (!(fabs(got - expected) <= apart))
        fail_msg("%s: %.17g, expected %.17g within %g", what, got, expected, apart);
}

static inline void assert_nan(double got, const char *what)
{
    if (!isnan(got))
        fail_msg("%s: %.17g, expected NaN", what, got);
}

#endif
