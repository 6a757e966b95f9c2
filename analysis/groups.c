#include "analysis/groups.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1 << 16 };

struct reader {
    const char *path;
    long long line;
    struct groups *g;
    struct apex_error *err;
};

static int fail(const struct reader *r, const char *what, const char *name)
{
    return apex_fail(r->err, "%s:%lld: %s '%.60s'", r->path, r->line, what, name);
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        text[--n] = '\0';
    return text;
}

/* The next item of a list with commas, trimmed; NULL at its end. */
static char *next_item(char **at)
{
    if (!*at)
        return NULL;
    char *item = *at, *comma = strchr(item, ',');
    *at = comma ? comma + 1 : NULL;
    if (comma)
        *comma = '\0';
    return trim(item);
}

static int read_class_names(const struct reader *r, char *list)
{
    size_t n = 0;
    if (r->g->class_name || r->g->groups)
        return fail(r, "the names of the classes come once, before every group:", "classes");
    r->g->class_name = calloc(r->g->classes, sizeof *r->g->class_name);
    for (char *item; r->g->class_name && (item = next_item(&list)); n++) {
        if (n == r->g->classes)
            return apex_fail(r->err, "%s:%lld: it names more than the model's %zu classes", r->path, r->line,
                             r->g->classes);
        if (*item == '\0')
            return fail(r, "an empty name of a class after", n ? r->g->class_name[n - 1] : "classes:");
        for (size_t k = 0; k < n; k++)
            if (strcmp(r->g->class_name[k], item) == 0)
                return fail(r, "two classes are named", item);
        if (!(r->g->class_name[n] = strdup(item)))
            return fail(r, "no memory for", item);
    }
    if (n < r->g->classes)
        return apex_fail(r->err, "%s:%lld: it names %zu classes; the model has %zu", r->path, r->line, n,
                         r->g->classes);
    return 0;
}

/* A class by its name, else by its number; -1: neither. */
static long find_class(const struct groups *g, const char *item)
{
    for (size_t k = 0; g->class_name && k < g->classes; k++)
        if (strcmp(g->class_name[k], item) == 0)
            return (long)k;
    char *end;
    errno = 0;
    const long number = strtol(item, &end, 10);
    const int whole = isdigit((unsigned char)*item) && *end == '\0' && errno == 0;
    return whole && (size_t)number < g->classes ? number : -1;
}

static int add_group(const struct reader *r, const char *name, char *list)
{
    struct groups *g = r->g;
    for (size_t k = 0; k < g->groups; k++)
        if (strcmp(g->name[k], name) == 0)
            return fail(r, "a second group named", name);
    char **more = realloc(g->name, (g->groups + 1) * sizeof *more);
    if (!more)
        return fail(r, "no memory for", name);
    g->name = more;
    if (!(g->name[g->groups] = strdup(name)))
        return fail(r, "no memory for", name);
    g->groups++;
    for (char *item; (item = next_item(&list));) {
        const long at = find_class(g, item);
        if (at < 0)
            return fail(r, "the model has no class", item);
        if (g->of[at] >= 0)
            return fail(r, "a second time in a group: class", item);
        g->of[at] = (int)(g->groups - 1);
    }
    return 0;
}

static int read_line(const struct reader *r, char *line)
{
    char *hash = strchr(line, '#');
    if (hash)
        *hash = '\0';
    line = trim(line);
    if (*line == '\0')
        return 0;
    char *colon = strchr(line, ':');
    if (!colon || colon == line)
        return fail(r, "expected 'group: class, class, ...', found", line);
    *colon = '\0';
    char *name = trim(line);
    return strcmp(name, "classes") == 0 ? read_class_names(r, colon + 1) : add_group(r, name, colon + 1);
}

static int read_file(struct reader *r, FILE *f)
{
    char *line = malloc(LINE);
    int rc = line ? 0 : apex_fail(r->err, "%s: no memory", r->path);
    while (rc == 0 && fgets(line, LINE, f)) {
        r->line++;
        const size_t n = strlen(line);
        rc = n == LINE - 1 && line[n - 1] != '\n'
                 ? apex_fail(r->err, "%s:%lld: a line of more than %d bytes", r->path, r->line, LINE - 2)
                 : read_line(r, line);
    }
    if (rc == 0 && ferror(f))
        rc = apex_fail(r->err, "%s: cannot read: %s", r->path, strerror(errno));
    if (rc == 0 && r->g->groups == 0)
        rc = apex_fail(r->err, "%s: it has no group", r->path);
    free(line);
    return rc;
}

struct groups *groups_read(const char *path, size_t classes, struct apex_error *err)
{
    struct groups *g = calloc(1, sizeof *g);
    FILE *f = fopen(path, "r");
    struct reader r = {.path = path, .g = g, .err = err};
    int rc = f ? 0 : apex_fail(err, "%s: cannot open: %s", path, strerror(errno));
    if (rc == 0 && (!g || !(g->of = malloc((classes + 1) * sizeof *g->of))))
        rc = apex_fail(err, "%s: no memory for %zu classes", path, classes);
    if (rc == 0) {
        g->classes = classes;
        for (size_t k = 0; k < classes; k++)
            g->of[k] = -1;
        rc = read_file(&r, f);
    }
    if (f)
        fclose(f);
    if (rc == 0)
        return g;
    groups_free(g);
    return NULL;
}

void groups_free(struct groups *g)
{
    if (!g)
        return;
    for (size_t k = 0; k < g->groups; k++)
        free(g->name[k]);
    for (size_t k = 0; g->class_name && k < g->classes; k++)
        free(g->class_name[k]);
    free(g->name);
    free(g->class_name);
    free(g->of);
    free(g);
}

const char *groups_class_name(const struct groups *g, size_t class_number, char text[24])
{
    if (g && g->class_name && class_number < g->classes)
        return g->class_name[class_number];
    snprintf(text, 24, "%zu", class_number);
    return text;
}
