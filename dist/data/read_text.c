/* Labels as text: one integer per line, or a table (comma, semicolon or tab) of which the query names a
 * column by its header. A first line that does not begin a number is a header. */
#include "dist/data/dataset_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
    const char *at, *end; /* without the end of line and surrounding blanks */
};

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct line trim(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    return (struct line){at, end};
}

/* Takes the next line off *at; 0: no more. */
static int next_line(const char **at, const char *end, struct line *line)
{
    if (*at == end)
        return 0;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    stop = stop ? stop : end;
    *line = trim(*at, stop);
    *at = stop < end ? stop + 1 : end;
    return 1;
}

/* Field number `column` (from 0) of a line, quotes taken off; 0: the line has fewer. */
static int field_of(struct line line, char separator, int column, struct line *field)
{
    const char *at = line.at;
    for (;; column--) {
        const char *stop = separator ? memchr(at, separator, (size_t)(line.end - at)) : NULL;
        if (column == 0) {
            *field = trim(at, stop ? stop : line.end);
            if (field->end - field->at >= 2 && *field->at == '"' && field->end[-1] == '"')
                *field = (struct line){field->at + 1, field->end - 1};
            return 1;
        }
        if (!stop)
            return 0;
        at = stop + 1;
    }
}

/* The file's bytes end with a zero, so strtoll cannot run away. */
static int parse_integer(struct line field, int64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoll(field.at, &end, 10);
    return field.at < field.end && end == field.end && !errno ? 0 : -1;
}

static char separator_of(struct line line)
{
    for (const char *c = ",;\t"; *c; c++)
        if (memchr(line.at, *c, (size_t)(line.end - line.at)))
            return *c;
    return 0;
}

/* The column that the query means, from the first line. *header gets whether that line is one. */
static int which_column(const struct gzfile *f, struct line line, const char *name, char separator,
                        int *header, struct apex_error *err)
{
    struct line field;
    int64_t number;
    field_of(line, separator, 0, &field);
    *header = parse_integer(field, &number) != 0;
    if (!name && separator)
        return apex_fail(err, "%s: a table of several columns: name the one with the labels behind ':'",
                         f->path);
    if (!name)
        return 0;
    for (int k = 0; *header && field_of(line, separator, k, &field); k++)
        if ((size_t)(field.end - field.at) == strlen(name) && strncmp(field.at, name, strlen(name)) == 0)
            return k;
    return apex_fail(err, "%s: line 1 names no column '%s': %.*s", f->path, name,
                     (int)(line.end - line.at > 80 ? 80 : line.end - line.at), line.at);
}

static int read_lines(const struct gzfile *f, const char *at, const char *end, char separator, int column,
                      int number, int64_t *label, int64_t *n, struct apex_error *err)
{
    struct line line, field;
    for (; next_line(&at, end, &line); number++) {
        if (line.at == line.end)
            continue;
        if (!field_of(line, separator, column, &field) || parse_integer(field, &label[*n]))
            return apex_fail(err, "%s:%d: no integer: '%.*s'", f->path, number,
                             (int)(line.end - line.at > 80 ? 80 : line.end - line.at), line.at);
        ++*n;
    }
    return *n ? 0 : apex_fail(err, "%s: holds no labels", f->path);
}

static int64_t count_lines(const char *at, const char *end)
{
    int64_t lines = 1;
    for (; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    return lines;
}

int read_text(const struct gzfile *f, const struct raw_query *q, struct raw_array *a, struct apex_error *err)
{
    if (q->role != RAW_LABEL_FILE)
        return apex_fail(err, "%s: text is read for labels only; give samples as NPY, NPZ or NetCDF",
                         f->path);
    const char *at = (const char *)f->data, *end = at + f->size;
    if (f->size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3; /* a byte order mark, as Excel writes it */
    int64_t *label = malloc((size_t)count_lines(at, end) * sizeof *label), n = 0;
    if (!label)
        return apex_fail(err, "%s: no memory", f->path);
    const char *rest = at;
    struct line first = {at, at};
    next_line(&rest, end, &first);
    char separator = separator_of(first);
    int header, column = which_column(f, first, q->variable, separator, &header, err);
    int rc = column < 0
                 ? -1
                 : read_lines(f, header ? rest : at, end, separator, column, 1 + header, label, &n, err);
    if (rc) {
        free(label);
        return -1;
    }
    raw_init(a, RAW_I64, raw_host_is_big(), &(struct apex_shape){1, {n}});
    a->data = (const unsigned char *)label;
    a->owned = label;
    return 0;
}
