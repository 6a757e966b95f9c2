#include "analysis/regularity.h"
#include "analysis/escape.h"
#include "analysis/rank_data.h"
#include "analysis/sort.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

const char *regularity_name(enum regularity_measure m)
{
    static const char *const name[] = {
        "escape noise (mode)", "escape noise (half)", "escape noise (first flip)",
        "mean stay",           "clean margin",        "clean loss"};
    return m < REGULARITY_MEASURES ? name[m] : "?";
}

/* The same logarithms summed in another order differ in their last bits: what is tied must be ranked so. */
static double without_last_bits(double v)
{
    int exponent;
    const double part = frexp(v, &exponent);
    return isfinite(v) && v < DBL_MAX ? ldexp(nearbyint(ldexp(part, 40)), exponent - 40) : v;
}

void regularity_values(const struct result *r, const struct result_site *s, enum regularity_measure m,
                       double *out)
{
    switch (m) {
    case REGULARITY_ESCAPE_MODE:
    case REGULARITY_ESCAPE_HALF:
    case REGULARITY_ESCAPE_FIRST_FLIP:
        escape_values(s, (enum result_escape)m, 1, out);
        for (size_t i = 0; i < s->samples; i++)
            out[i] = without_last_bits(out[i]);
        break;
    case REGULARITY_MEAN_STAY:
        result_mean_stay(r, s, out);
        break;
    default:
        for (size_t i = 0; i < r->samples; i++)
            out[i] = m == REGULARITY_MARGIN ? r->clean_margin[i] : -r->clean_loss[i];
    }
}

static int of_site(enum regularity_measure m)
{
    return m <= REGULARITY_MEAN_STAY;
}

static struct regularity_row empty_row(void)
{
    const struct bootstrap none = {NAN, {NAN, NAN}, NAN, 0};
    return (struct regularity_row){.with_score = {0, none, none, 0}, .beyond_margin = none, .gain = none};
}

/* What one bootstrap looks at: variable 0 the score, 1 the margin, then the measures in the order of
 * `measure`. */
struct joint {
    struct rank_data ranks;
    int measures;
    enum regularity_measure measure[REGULARITY_MEASURES];
};

enum { SCORE, MARGIN, FIRST, PER_MEASURE = 3 };

/* For the margin its correlation with the score, then for each measure: the same, what is left of it beyond
 * the margin, and its lead over the margin. */
static void joint_statistics(void *context, const unsigned *times, size_t n, double *value)
{
    struct joint *j = context;
    (void)n;
    for (int k = 0; k < j->ranks.variables; k++)
        rank_data_resample(&j->ranks, k, times);
    const double margin = *value = rank_data_correlation(&j->ranks, MARGIN, SCORE, times);
    for (int k = 0; k < j->measures; k++) {
        double *to = value + 1 + PER_MEASURE * k;
        to[0] = rank_data_correlation(&j->ranks, FIRST + k, SCORE, times);
        to[1] = rank_partial_of(to[0], rank_data_correlation(&j->ranks, FIRST + k, MARGIN, times), margin);
        to[2] = to[0] - margin;
    }
}

/* The measures share their samples: those in which none is missing. */
static int correlate(struct joint *j, const double *const *x, size_t n, const struct bootstrap_options *o,
                     struct regularity *out, struct apex_error *err)
{
    struct bootstrap b[1 + PER_MEASURE * REGULARITY_MEASURES];
    int rc = rank_data_init(&j->ranks, x, FIRST + j->measures, n, err);
    if (rc == 0)
        rc = bootstrap_many(joint_statistics, j, j->ranks.n, (size_t)(1 + PER_MEASURE * j->measures), o, b,
                            err);
    for (int k = 0; k < j->measures && rc == 0; k++) {
        struct regularity_row *row = &out->row[j->measure[k]];
        row->with_score.pairs = j->ranks.n;
        row->with_score.spearman = b[1 + PER_MEASURE * k];
        row->beyond_margin = b[2 + PER_MEASURE * k];
        row->gain = b[3 + PER_MEASURE * k];
    }
    rank_data_free(&j->ranks);
    return rc;
}

static size_t censored(const double *value, const double *score, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += !isnan(score[i]) && isinf(value[i]) && value[i] > 0;
    return count;
}

/* Work memory: each [samples]. */
struct columns {
    double *score, *margin, *measure[REGULARITY_MEASURES];
};

static int reserve(struct columns *c, size_t n)
{
    int bad = !(c->score = malloc((n + 1) * sizeof *c->score));
    for (int m = 0; m < REGULARITY_MEASURES; m++)
        bad |= !(c->measure[m] = malloc((n + 1) * sizeof *c->measure[m]));
    c->margin = c->measure[REGULARITY_MARGIN];
    return bad ? -1 : 0;
}

static void release(struct columns *c)
{
    free(c->score);
    for (int m = 0; m < REGULARITY_MEASURES; m++)
        free(c->measure[m]);
}

/* The measures of a site together; margin and loss each on their own samples, which may be more. */
static int correlate_all(const struct columns *c, size_t n, int with_site, const struct bootstrap_options *o,
                         struct regularity *out, struct apex_error *err)
{
    struct joint site = {.measures = with_site ? REGULARITY_MEAN_STAY + 1 : 0}, loss = {.measures = 1};
    const double *x[RANK_VARIABLES] = {c->score, c->margin},
                 *y[] = {c->score, c->margin, c->measure[REGULARITY_LOSS]};
    loss.measure[0] = REGULARITY_LOSS;
    for (int m = 0; m < site.measures; m++) {
        site.measure[m] = (enum regularity_measure)m;
        x[FIRST + m] = c->measure[m];
    }
    if ((with_site && correlate(&site, x, n, o, out, err)) || correlate(&loss, y, n, o, out, err))
        return -1;
    for (int m = with_site ? 0 : REGULARITY_MARGIN; m < REGULARITY_MEASURES; m++) {
        struct regularity_row *row = &out->row[m];
        const int rc = m == REGULARITY_MARGIN
                           ? rank_correlate(c->measure[m], c->score, n, o, &row->with_score, err)
                           : rank_kendall_correlate(c->measure[m], c->score, n, o, &row->with_score, err);
        if (rc != 0)
            return -1;
        row->censored = censored(c->measure[m], c->score, n);
    }
    return 0;
}

int regularity_correlate(const struct result *r, const struct result_site *s, const double *score,
                         const unsigned char *keep, const struct bootstrap_options *o, struct regularity *out,
                         struct apex_error *err)
{
    const size_t n = r->samples;
    struct columns c = {0};
    int rc = reserve(&c, n) == 0 ? 0 : apex_fail(err, "%s: no memory for %zu samples", r->path, n);
    for (size_t i = 0; i < n && rc == 0; i++)
        c.score[i] = !keep || keep[i] ? score[i] : NAN;
    for (int m = 0; m < REGULARITY_MEASURES; m++) {
        out->row[m] = empty_row();
        if (rc == 0 && (s || !of_site((enum regularity_measure)m)))
            regularity_values(r, s, (enum regularity_measure)m, c.measure[m]);
    }
    if (rc == 0)
        rc = correlate_all(&c, n, s != NULL, o, out, err);
    release(&c);
    return rc;
}

static int fill_decile(const double *score, const double *value, const size_t *order, size_t n, double *work,
                       struct regularity_decile *d, struct apex_error *err)
{
    for (size_t k = 0; k < n; k++) {
        const double v = value[order[k]];
        work[k] = v < DBL_MAX ? v : INFINITY; /* left only at sigma = inf: above the grid too */
        d->infinite += isinf(work[k]) != 0;
    }
    d->samples = n;
    if (n) {
        d->score_low = score[order[0]];
        d->score_high = score[order[n - 1]];
    }
    return escape_quantile(work, n, 0.25, &d->lower_quartile, err) ||
                   escape_quantile(work, n, 0.5, &d->median, err) ||
                   escape_quantile(work, n, 0.75, &d->upper_quartile, err)
               ? -1
               : 0;
}

int regularity_deciles(const double *score, const double *value, size_t n, struct regularity_decile out[10],
                       struct apex_error *err)
{
    double *s = malloc((n + 1) * sizeof *s), *v = malloc((n + 1) * sizeof *v),
           *work = malloc((n + 1) * sizeof *work);
    size_t *order = malloc((n + 1) * sizeof *order), m = 0;
    int rc = s && v && work && order ? 0 : apex_fail(err, "no memory for %zu samples", n);
    for (size_t i = 0; i < n && rc == 0; i++)
        if (!isnan(score[i]) && !isnan(value[i])) {
            s[m] = score[i];
            v[m++] = value[i];
        }
    if (rc == 0 && sort_order(s, m, order) != 0)
        rc = apex_fail(err, "no memory for %zu samples", n);
    for (size_t d = 0; d < 10 && rc == 0; d++) {
        const size_t from = m * d / 10, to = m * (d + 1) / 10;
        out[d] = (struct regularity_decile){0, 0, NAN, NAN, NAN, NAN, NAN};
        rc = fill_decile(s, v, order + from, to - from, work, &out[d], err);
    }
    free(s);
    free(v);
    free(work);
    free(order);
    return rc;
}
