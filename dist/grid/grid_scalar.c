#include "dist/grid/grid_yaml.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *grid_scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static int is_plain(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static int is_one_of(const char *text, const char *const *word, int words)
{
    for (int i = 0; i < words; i++)
        if (!strcmp(text, word[i]))
            return 1;
    return 0;
}

int grid_is_null(const yaml_node_t *node)
{
    static const char *const word[] = {"", "~", "null", "Null", "NULL"};
    return is_plain(node) && is_one_of(grid_scalar(node), word, 5);
}

int grid_is_true(const yaml_node_t *node)
{
    static const char *const word[] = {"true", "True", "TRUE"};
    return is_one_of(grid_scalar(node), word, 3);
}

int grid_is_false(const yaml_node_t *node)
{
    static const char *const word[] = {"false", "False", "FALSE"};
    return is_one_of(grid_scalar(node), word, 3);
}

/* What a person would call the node, for "expected ..., found ...". */
static void describe(const yaml_node_t *node, char *out, size_t size)
{
    if (node->type == YAML_SEQUENCE_NODE)
        snprintf(out, size, "a list");
    else if (node->type == YAML_MAPPING_NODE)
        snprintf(out, size, "a map");
    else if (!*grid_scalar(node))
        snprintf(out, size, "nothing");
    else
        snprintf(out, size, "'%.80s'", grid_scalar(node));
}

static int fail_type(struct grid_reader *r, const char *key, const yaml_node_t *node, const char *expected)
{
    char found[128];
    describe(node, found, sizeof found);
    return grid_fail_at(r, node, "%s: expected %s, found %s", key, expected, found);
}

int grid_check_text(struct grid_reader *r, const char *key, yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE || grid_is_null(node) || !*grid_scalar(node))
        return fail_type(r, key, node, "a text");
    return 0;
}

int grid_read_text(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    if (grid_check_text(r, key, node))
        return -1;
    char **text = field;
    *text = strdup(grid_scalar(node));
    return *text ? 0 : apex_fail(r->err, "%s: out of memory", r->grid->path);
}

/* A decimal number and nothing else: strtod alone would also take "inf", "nan", "0x1p3" and leading blanks.
 */
static int is_decimal(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t whole = strspn(s, "0123456789");
    s += whole;
    size_t fraction = 0;
    if (*s == '.')
        s += 1 + (fraction = strspn(s + 1, "0123456789"));
    if (whole + fraction == 0)
        return 0;
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        size_t exponent = strspn(s, "0123456789");
        if (exponent == 0)
            return 0;
        s += exponent;
    }
    return *s == '\0';
}

int grid_read_number(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    static const char *const infinite[] = {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"};
    static const char *const word[] = {"inf", "Inf", "INF", "infinity", "Infinity", "+inf"};
    double *out = field;
    const char *text = grid_scalar(node);
    if (is_one_of(text, infinite, 6)) {
        *out = INFINITY;
        return 0;
    }
    if (is_one_of(text, word, 6))
        return grid_fail_at(r, node, "%s: expected a number, found '%s'; infinity is written .inf", key,
                            text);
    if (!is_decimal(text))
        return fail_type(r, key, node, "a number");
    errno = 0;
    *out = strtod(text, NULL);
    if (errno == ERANGE)
        return grid_fail_at(r, node, "%s: '%.80s' is outside the range of a double", key, text);
    return 0;
}

int grid_read_whole(struct grid_reader *r, const char *key, yaml_node_t *node, uint64_t low, uint64_t high,
                    uint64_t *out)
{
    const char *text = grid_scalar(node);
    char expected[96];
    snprintf(expected, sizeof expected, "a whole number from %llu to %llu", (unsigned long long)low,
             (unsigned long long)high);
    if (!*text || text[strspn(text, "0123456789")])
        return fail_type(r, key, node, expected);
    errno = 0;
    unsigned long long v = strtoull(text, NULL, 10);
    if (errno == ERANGE || v < low || v > high)
        return fail_type(r, key, node, expected);
    *out = v;
    return 0;
}

void grid_suggest(char *out, size_t size, const char *word, const char *const *name, int names)
{
    const char *near = grid_nearest(word, name, names);
    if (near) {
        snprintf(out, size, "; did you mean '%.80s'?", near);
        return;
    }
    size_t used = (size_t)snprintf(out, size, "; it can be");
    for (int i = 0; i < names && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s %.80s", i ? "," : "", name[i]);
    if (used >= size && size > 3)
        memcpy(out + size - 4, "...", 4);
}

int grid_read_choice(struct grid_reader *r, const char *key, yaml_node_t *node, const char *const *name,
                     int names)
{
    if (grid_check_text(r, key, node))
        return -1;
    for (int i = 0; i < names; i++)
        if (!strcmp(grid_scalar(node), name[i]))
            return i;
    char near[400];
    grid_suggest(near, sizeof near, grid_scalar(node), name, names);
    return grid_fail_at(r, node, "%s: unknown value '%.80s'%s", key, grid_scalar(node), near);
}
