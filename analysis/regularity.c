#include "analysis/regularity.h"
#include "analysis/escape.h"
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

void regularity_values(const struct result *r, const struct result_site *s, enum regularity_measure m,
                       double *out)
{
    switch (m) {
    case REGULARITY_ESCAPE_MODE:
    case REGULARITY_ESCAPE_HALF:
    case REGULARITY_ESCAPE_FIRST_FLIP:
        escape_values(s, (enum result_escape)m, 1, out);
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

/* One measure against the score; score, margin and value are over all samples. */
static int correlate(const double *value, const double *margin, const double *score, size_t n, int is_margin,
                     const struct bootstrap_options *o, struct regularity_row *row, struct apex_error *err)
{
    for (size_t i = 0; i < n; i++)
        row->censored += !isnan(score[i]) && isinf(value[i]) && value[i] > 0;
    if (rank_correlate(value, score, n, o, &row->with_score, err) != 0)
        return -1;
    if (is_margin)
        return 0;
    return rank_partial_interval(value, score, margin, n, o, &row->beyond_margin, err) ||
                   rank_difference(value, margin, score, n, o, &row->gain, err)
               ? -1
               : 0;
}

int regularity_correlate(const struct result *r, const struct result_site *s, const double *score,
                         const unsigned char *keep, const struct bootstrap_options *o, struct regularity *out,
                         struct apex_error *err)
{
    const size_t n = r->samples;
    double *value = malloc(n * sizeof *value), *margin = malloc(n * sizeof *margin),
           *kept = malloc(n * sizeof *kept);
    int rc = value && margin && kept ? 0 : apex_fail(err, "%s: no memory for %zu samples", r->path, n);
    for (size_t i = 0; i < n && rc == 0; i++)
        kept[i] = !keep || keep[i] ? score[i] : NAN;
    if (rc == 0)
        regularity_values(r, s, REGULARITY_MARGIN, margin);
    for (int m = 0; m < REGULARITY_MEASURES && rc == 0; m++) {
        out->row[m] = empty_row();
        if (of_site((enum regularity_measure)m) && !s)
            continue;
        regularity_values(r, s, (enum regularity_measure)m, value);
        rc = correlate(value, margin, kept, n, m == REGULARITY_MARGIN, o, &out->row[m], err);
    }
    free(value);
    free(margin);
    free(kept);
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
