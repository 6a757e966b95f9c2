#include "analysis/score_table.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { LINE = 1 << 16, FIELDS = 256 };

struct lines {
    gzFile file; /* reads plain text too */
    const char *path;
    long long number;
    char delimiter;
    char text[LINE];
    char *field[FIELDS];
    int fields;
};

/* The next line that is not empty, without its end. 1: there is one, 0: the end, -1 with err. */
static int next_line(struct lines *l, struct apex_error *err)
{
    while (gzgets(l->file, l->text, LINE)) {
        size_t n = strlen(l->text);
        l->number++;
        if (n == LINE - 1 && l->text[n - 1] != '\n')
            return apex_fail(err, "%s:%lld: a line of more than %d bytes", l->path, l->number, LINE - 2);
        while (n && (l->text[n - 1] == '\n' || l->text[n - 1] == '\r'))
            l->text[--n] = '\0';
        if (n)
            return 1;
    }
    int code = Z_OK;
    const char *text = gzerror(l->file, &code);
    if (code == Z_ERRNO)
        return apex_fail(err, "%s: cannot read: %s", l->path, strerror(errno));
    return code == Z_OK || code == Z_STREAM_END ? 0 : apex_fail(err, "%s: cannot read: %s", l->path, text);
}

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    size_t n = strlen(text);
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        text[--n] = '\0';
    if (n >= 2 && text[0] == '"' && text[n - 1] == '"') {
        text[n - 1] = '\0';
        text++;
    }
    return text;
}

/* Cuts the line into fields; a delimiter between quotes belongs to its field. */
static int split(struct lines *l, struct apex_error *err)
{
    char *at = l->text, *start = at;
    int quoted = 0;
    l->fields = 0;
    for (;; at++) {
        if (*at == '"')
            quoted = !quoted;
        if (*at && (quoted || *at != l->delimiter))
            continue;
        if (l->fields == FIELDS)
            return apex_fail(err, "%s:%lld: more than %d columns", l->path, l->number, FIELDS);
        const int last = *at == '\0';
        *at = '\0';
        l->field[l->fields++] = trim(start);
        start = at + 1;
        if (last)
            return 0;
    }
}

static char choose_delimiter(const char *header)
{
    static const char candidate[] = {',', ';', '\t'};
    char best = ',';
    int most = 0;
    for (size_t k = 0; k < sizeof candidate; k++) {
        int n = 0;
        for (const char *at = header; *at; at++)
            n += *at == candidate[k];
        if (n > most) {
            most = n;
            best = candidate[k];
        }
    }
    return best;
}

static int read_header(struct lines *l, struct score_columns *c, struct score *s, struct apex_error *err)
{
    const int rc = next_line(l, err);
    if (rc <= 0)
        return rc < 0 ? -1 : apex_fail(err, "%s: it is empty", l->path);
    if (strncmp(l->text, "\xef\xbb\xbf", 3) == 0) /* byte order mark */
        memmove(l->text, l->text + 3, strlen(l->text + 3) + 1);
    l->delimiter = choose_delimiter(l->text);
    if (split(l, err) != 0 ||
        score_find_columns(l->path, (const char *const *)l->field, l->fields, c, err) != 0)
        return -1;
    s->name = strdup(l->field[c->score]);
    return s->name ? 0 : apex_fail(err, "%s: no memory", l->path);
}

static int is_missing(const char *text)
{
    return *text == '\0' || strcasecmp(text, "nan") == 0 || strcasecmp(text, "na") == 0;
}

static int number(const struct lines *l, int column, const char *what, double *out, struct apex_error *err)
{
    char *end;
    const char *text = l->field[column];
    *out = strtod(text, &end);
    if (*text == '\0' || *end != '\0')
        return apex_fail(err, "%s:%lld: %s '%.40s' is not a number", l->path, l->number, what, text);
    return 0;
}

static int whole_number(const struct lines *l, int column, const char *what, double most, double *out,
                        struct apex_error *err)
{
    if (number(l, column, what, out, err) != 0)
        return -1;
    if (!(*out >= 0 && *out <= most && floor(*out) == *out))
        return apex_fail(err, "%s:%lld: %s '%.40s' is not a whole number from 0 on", l->path, l->number, what,
                         l->field[column]);
    return 0;
}

static int read_row(struct lines *l, const struct score_columns *c, int columns, struct score *s,
                    size_t *room, struct apex_error *err)
{
    double index = (double)s->rows, label = -1, value = NAN;
    if (split(l, err) != 0)
        return -1;
    if (l->fields != columns)
        return apex_fail(err, "%s:%lld: %d columns, the header has %d", l->path, l->number, l->fields,
                         columns);
    if (c->index >= 0 && whole_number(l, c->index, "sample number", 9e15, &index, err) != 0)
        return -1;
    if (c->label >= 0 && !is_missing(l->field[c->label]) && strcmp(l->field[c->label], "-1") != 0 &&
        whole_number(l, c->label, "label", INT_MAX, &label, err) != 0)
        return -1;
    if (!is_missing(l->field[c->score]) && number(l, c->score, "score", &value, err) != 0)
        return -1;
    return score_add(s, room, (int64_t)index, (int)label, value, err);
}

int score_read_csv(struct score *s, struct apex_error *err)
{
    struct score_columns c;
    size_t room = 0;
    struct lines *l = calloc(1, sizeof *l);
    if (!l)
        return apex_fail(err, "%s: no memory", s->path);
    l->path = s->path;
    l->file = gzopen(s->path, "rb");
    int rc = l->file ? read_header(l, &c, s, err)
                     : apex_fail(err, "%s: cannot open: %s", s->path, strerror(errno));
    const int columns = l->fields;
    while (rc == 0 && (rc = next_line(l, err)) == 1)
        rc = read_row(l, &c, columns, s, &room, err);
    if (l->file)
        gzclose_r(l->file);
    free(l);
    return rc;
}
