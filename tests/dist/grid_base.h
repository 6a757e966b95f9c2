/* Whole grids from fragments: whatever top-level key a fragment lacks is taken from a small good grid. */
#ifndef APEX_TESTS_GRID_BASE_H
#define APEX_TESTS_GRID_BASE_H

#include "dist/grid/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline int grid_base_has(const char *fragment, const char *key)
{
    size_t n = strlen(key);
    for (const char *line = fragment; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!strncmp(line, key, n) && line[n] == ':')
            return 1;
    }
    return 0;
}

/* The fragment, then the missing lines, but for the key `without` (may be NULL). Freed by the caller. */
static inline char *grid_base(const char *fragment, const char *without)
{
    static const char *const base[][2] = {
        {"sweep", "sweep: base\n"},
        {"output", "output: results/base\n"},
        {"data", "data: {digits: {path: digits.nc}}\n"},
        {"models", "models: {a: {path: a.onnx}, b: {path: b.onnx}}\n"},
        {"sites", "sites: [input, \"relu*\"]\n"},
        {"sigmas", "sigmas: [0.1, 1]\n"},
    };
    size_t size = strlen(fragment) + 400;
    char *text = malloc(size);
    if (!text)
        abort();
    snprintf(text, size, "%s", fragment);
    for (size_t k = 0; k < sizeof base / sizeof *base; k++)
        if (!grid_base_has(fragment, base[k][0]) && !(without && !strcmp(without, base[k][0])))
            strcat(text, base[k][1]);
    return text;
}

/* The grid of a fragment that must parse. */
static inline struct grid *grid_base_parse(const char *fragment)
{
    struct apex_error err = {""};
    char *text = grid_base(fragment, NULL);
    struct grid *g = grid_parse(text, strlen(text), "sweep.yaml", &err);
    if (!g)
        fail_msg("%s\n%s", err.text, text);
    free(text);
    return g;
}

#endif
