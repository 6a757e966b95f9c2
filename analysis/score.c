#include "analysis/score.h"
#include "analysis/score_table.h"

#include <ctype.h>
#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 64 };

/* Lower case, "-" and " " as "_". */
static void plain_name(const char *name, char out[NAME])
{
    size_t k = 0;
    for (; name[k] && k < NAME - 1; k++)
        out[k] = name[k] == '-' || name[k] == ' ' ? '_' : (char)tolower((unsigned char)name[k]);
    out[k] = '\0';
}

static int is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0)
            return 1;
    return 0;
}

static int ends_in_score(const char *name)
{
    const size_t n = strlen(name);
    return (n >= 5 && strcmp(name + n - 5, "score") == 0) || (n >= 6 && strcmp(name + n - 6, "scores") == 0);
}

static int two_columns(const char *path, const char *what, const char *a, const char *b,
                       struct apex_error *err)
{
    return apex_fail(err, "%s: columns '%s' and '%s' could both be the %s; rename one", path, a, b, what);
}

int score_find_columns(const char *path, const char *const *name, int n, struct score_columns *c,
                       struct apex_error *err)
{
    static const char *const index[] = {"index", "sample", "idx", "id", "sample_index", NULL};
    static const char *const label[] = {"label", "labels", "target", "y", "class", NULL};
    int only = -1, others = 0;
    *c = (struct score_columns){-1, -1, -1};
    for (int k = 0; k < n; k++) {
        char plain[NAME];
        plain_name(name[k], plain);
        const int is_score = ends_in_score(plain) || strcmp(plain, "value") == 0;
        const int is_index = !is_score && is_one_of(plain, index),
                  is_label = !is_score && is_one_of(plain, label);
        int *to = is_index ? &c->index : is_label ? &c->label : is_score ? &c->score : NULL;
        if (to && *to >= 0)
            return two_columns(path,
                               is_index   ? "sample number"
                               : is_label ? "label"
                                          : "score",
                               name[*to], name[k], err);
        if (to)
            *to = k;
        else if (others++ == 0)
            only = k;
    }
    if (c->score < 0 && others > 1)
        return apex_fail(err, "%s: no column is named 'score'", path);
    if (c->score < 0)
        c->score = only;
    if (c->score < 0)
        return apex_fail(err, "%s: it has no column of scores", path);
    if (c->index < 0 && c->label < 0)
        return apex_fail(
            err, "%s: it has neither a column 'index' to join by nor one 'label' to check the order by",
            path);
    return 0;
}

static int grow(struct score *s, size_t room, struct apex_error *err)
{
    int64_t *index = realloc(s->index, room * sizeof *index);
    s->index = index ? index : s->index;
    int *label = realloc(s->label, room * sizeof *label);
    s->label = label ? label : s->label;
    double *value = realloc(s->value, room * sizeof *value);
    s->value = value ? value : s->value;
    return index && label && value ? 0 : apex_fail(err, "%s: no memory for %zu rows", s->path, room);
}

int score_add(struct score *s, size_t *room, int64_t index, int label, double value, struct apex_error *err)
{
    if (s->rows == *room) {
        *room = *room ? 2 * *room : 1024;
        if (grow(s, *room, err) != 0)
            return -1;
    }
    s->index[s->rows] = index;
    s->label[s->rows] = label;
    s->value[s->rows++] = value;
    return 0;
}

struct row {
    int64_t index;
    int label;
    double value;
};

static int by_index(const void *a, const void *b)
{
    const int64_t x = ((const struct row *)a)->index, y = ((const struct row *)b)->index;
    return (x > y) - (x < y);
}

static int sort_rows(struct score *s, struct apex_error *err)
{
    struct row *row = malloc((s->rows + 1) * sizeof *row);
    if (!row)
        return apex_fail(err, "%s: no memory for %zu rows", s->path, s->rows);
    for (size_t i = 0; i < s->rows; i++)
        row[i] = (struct row){s->index[i], s->label[i], s->value[i]};
    qsort(row, s->rows, sizeof *row, by_index);
    int rc = 0;
    for (size_t i = 0; i < s->rows && rc == 0; i++) {
        if (i && row[i].index == row[i - 1].index)
            rc = apex_fail(err, "%s: sample %lld is in it twice", s->path, (long long)row[i].index);
        s->index[i] = row[i].index;
        s->label[i] = row[i].label;
        s->value[i] = row[i].value;
    }
    free(row);
    return rc;
}

static int has_labels(const struct score *s)
{
    for (size_t i = 0; i < s->rows; i++)
        if (s->label[i] >= 0)
            return 1;
    return 0;
}

static int read_any(struct score *s, struct apex_error *err)
{
    int nc, rc;
    /* NetCDF is known by its content; everything else is text. */
    if (nc_open(s->path, NC_NOWRITE, &nc) == NC_NOERR) {
        rc = score_read_netcdf(s, nc, err);
        nc_close(nc);
    } else {
        rc = score_read_csv(s, err);
    }
    if (rc == 0 && s->rows == 0)
        rc = apex_fail(err, "%s: it holds no score", s->path);
    if (rc == 0)
        rc = sort_rows(s, err);
    if (rc == 0 && !has_labels(s)) {
        free(s->label);
        s->label = NULL;
    }
    return rc;
}

struct score *score_read(const char *path, struct apex_error *err)
{
    struct score *s = calloc(1, sizeof *s);
    if (!s || !(s->path = strdup(path))) {
        free(s);
        apex_fail(err, "%s: no memory", path);
        return NULL;
    }
    if (read_any(s, err) != 0) {
        score_free(s);
        return NULL;
    }
    return s;
}

void score_free(struct score *s)
{
    if (!s)
        return;
    free(s->path);
    free(s->name);
    free(s->index);
    free(s->label);
    free(s->value);
    free(s);
}

int score_join(const struct score *s, const struct result *r, double *out, struct score_join *join,
               struct apex_error *err)
{
    *join = (struct score_join){0};
    for (size_t i = 0, k = 0; i < r->samples; i++) {
        out[i] = NAN;
        while (k < s->rows && s->index[k] < r->sample[i])
            k++;
        if (k == s->rows || s->index[k] != r->sample[i]) {
            join->unmatched++;
            continue;
        }
        const int expected = s->label ? s->label[k] : -1;
        if (expected >= 0 && r->label[i] >= 0) {
            join->checked++;
            if (expected != r->label[i])
                return apex_fail(err,
                                 "%s: sample %lld has label %d, in %s label %d: these are not the same data",
                                 s->path, (long long)r->sample[i], expected, r->path, r->label[i]);
        }
        out[i] = s->value[k];
        if (isnan(s->value[k]))
            join->unmatched++;
        else
            join->joined++;
    }
    return join->joined ? 0 : apex_fail(err, "%s: no sample of %s has a score in it", s->path, r->path);
}
