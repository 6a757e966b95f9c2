#include "analysis/transition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The whole matrix of scale k, diagonal and all; zeros where nothing is computed. */
static int counts_at(const struct result *r, const struct result_site *s, size_t k, int64_t *out,
                     struct apex_error *err)
{
    const size_t c = s->classes;
    if (s->transition) {
        for (size_t at = 0; at < c * c; at++) {
            const int64_t count = s->transition[k * c * c + at];
            out[at] = count > 0 ? count : 0; /* the fill value is -1 */
        }
        return 0;
    }
    if (!s->class_count)
        return apex_fail(err, "%s: it has neither transition_count nor class_count", r->path);
    memset(out, 0, c * c * sizeof *out);
    for (size_t i = 0; i < s->samples; i++) {
        const int *count = s->class_count + (k * s->samples + i) * c;
        for (size_t to = 0; to < c && count[0] >= 0; to++)
            out[(size_t)r->clean_class[i] * c + to] += count[to];
    }
    return 0;
}

int transition_departures(const struct result *r, const struct result_site *s, size_t k, int64_t *out,
                          int64_t *departures, struct apex_error *err)
{
    if (counts_at(r, s, k, out, err) != 0)
        return -1;
    *departures = 0;
    for (size_t from = 0; from < s->classes; from++) {
        out[from * s->classes + from] = 0;
        for (size_t to = 0; to < s->classes; to++)
            *departures += out[from * s->classes + to];
    }
    return 0;
}

int transition_rates(const struct result *r, const struct result_site *s, size_t k, double *out,
                     struct apex_error *err)
{
    const size_t c = s->classes;
    int64_t *count = malloc(c * c * sizeof *count);
    int rc =
        count ? counts_at(r, s, k, count, err) : apex_fail(err, "%s: no memory for %zu classes", r->path, c);
    for (size_t from = 0; from < c && rc == 0; from++) {
        int64_t sum = 0;
        for (size_t to = 0; to < c; to++)
            sum += count[from * c + to];
        for (size_t to = 0; to < c; to++)
            out[from * c + to] = sum ? (double)count[from * c + to] / (double)sum : NAN;
    }
    free(count);
    return rc;
}

double transition_asymmetry(const int64_t *departures, size_t classes)
{
    double apart = 0, both = 0;
    for (size_t i = 0; i < classes; i++)
        for (size_t j = i + 1; j < classes; j++) {
            const double there = (double)departures[i * classes + j],
                         back = (double)departures[j * classes + i];
            apart += fabs(there - back);
            both += there + back;
        }
    return both > 0 ? apart / both : NAN;
}

struct totals {
    int64_t all, *row, *column; /* [classes] departures from, departures to */
};

static double lift_of(const int64_t *n, size_t classes, const struct totals *t, size_t i, size_t j)
{
    const double others = (double)(t->all - t->row[i] - t->row[j]);
    const double to_j = (double)(t->column[j] - n[i * classes + j]);
    const double rate = (double)n[i * classes + j] / (double)t->row[i];
    return others > 0 ? rate / (to_j / others) : NAN; /* nobody else goes to j: INFINITY */
}

/* Puts a pair among the largest so far, which are in order. */
static size_t keep_largest(struct transition_pair *out, size_t have, size_t most, struct transition_pair p)
{
    size_t at = have;
    while (at > 0 && out[at - 1].count < p.count)
        at--;
    if (at == most)
        return have;
    const size_t end = have < most ? have : most - 1;
    memmove(out + at + 1, out + at, (end - at) * sizeof *out);
    out[at] = p;
    return end + 1;
}

size_t transition_pairs(const int64_t *departures, size_t classes, size_t most, struct transition_pair *out)
{
    size_t have = 0;
    struct totals t = {0, calloc(classes + 1, sizeof(int64_t)), calloc(classes + 1, sizeof(int64_t))};
    for (size_t at = 0; t.row && t.column && at < classes * classes; at++) {
        t.row[at / classes] += departures[at];
        t.column[at % classes] += departures[at];
        t.all += departures[at];
    }
    for (size_t at = 0; t.row && t.column && most && at < classes * classes; at++)
        if (departures[at] > 0)
            have = keep_largest(
                out, have, most,
                (struct transition_pair){.from = at / classes, .to = at % classes, .count = departures[at]});
    for (size_t k = 0; k < have; k++) {
        struct transition_pair *p = &out[k];
        p->share = (double)p->count / (double)t.all;
        p->rate = (double)p->count / (double)t.row[p->from];
        p->lift = lift_of(departures, classes, &t, p->from, p->to);
    }
    free(t.row);
    free(t.column);
    return have;
}
