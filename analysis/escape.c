#include "analysis/escape.h"
#include "analysis/sort.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

const char *escape_name(enum result_escape definition)
{
    static const char *const name[] = {"mode", "half", "first_flip"};
    return definition < RESULT_ESCAPES ? name[definition] : "?";
}

static int has_any(const struct result_site *s, size_t sample)
{
    for (size_t k = 0; k < s->sigmas; k++)
        if (s->stay_count[k * s->samples + sample] >= 0)
            return 1;
    return 0;
}

void escape_values(const struct result_site *s, enum result_escape definition, double factor, double *out)
{
    for (size_t i = 0; i < s->samples; i++) {
        const double value = s->escape[definition][i];
        /* Nothing of a sample in the grid (all excluded) is stored as censored, but was never looked at. */
        if (s->status[i] == RESULT_INCOMPLETE || !has_any(s, i))
            out[i] = NAN;
        else if (isnan(value))
            out[i] = INFINITY;
        else
            out[i] = isinf(value) ? DBL_MAX : value * factor;
    }
}

/* x[n] ascending, n > 0. */
static double sorted_quantile(const double *x, size_t n, double p)
{
    /* the smallest k with k / n >= p, free of rounding: 0.1 * 30 is above 3 */
    const double at = ceil(p * (double)n - 1e-9 * (double)n);
    const size_t k = at < 1 ? 1 : at > (double)n ? n : (size_t)at;
    return x[k - 1];
}

int escape_quantile(const double *x, size_t n, double p, double *out, struct apex_error *err)
{
    double *sorted = malloc((n + 1) * sizeof *sorted);
    size_t m = 0;
    if (!sorted)
        return apex_fail(err, "no memory for a quantile of %zu values", n);
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            sorted[m++] = x[i];
    sort_values(sorted, m);
    *out = m ? sorted_quantile(sorted, m, p) : NAN;
    free(sorted);
    return 0;
}

/* The largest rank l with P(Bin(n, 1/2) < l) <= (1 - level) / 2; 0: n is too small. */
static size_t median_rank(size_t n, double level)
{
    size_t low = 0, high = n / 2 + 1; /* low fits, high does not */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (gsl_cdf_binomial_P((unsigned)(middle - 1), 0.5, (unsigned)n) <= (1 - level) / 2)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void summarise_sorted(const double *x, size_t n, double level, struct escape_summary *out)
{
    const size_t rank = median_rank(n, level);
    out->lower_quartile = sorted_quantile(x, n, 0.25);
    out->median = sorted_quantile(x, n, 0.5);
    out->upper_quartile = sorted_quantile(x, n, 0.75);
    out->median_interval =
        rank ? (struct interval){x[rank - 1], x[n - rank]} : (struct interval){0, INFINITY};
}

static double largest_sigma(const struct result *r, const struct result_site *s)
{
    double largest = NAN;
    for (size_t k = 0; k < s->sigmas; k++)
        for (size_t i = 0; i < s->samples && !isinf(r->sigma[k]); i++)
            if (s->stay_count[k * s->samples + i] >= 0) {
                largest = r->sigma[k];
                break;
            }
    return largest;
}

static void count_sample(const struct result *r, const struct result_site *s, enum result_escape definition,
                         size_t i, double value, struct escape_summary *out)
{
    out->samples++;
    if (isnan(value)) {
        out->incomplete++;
        return;
    }
    out->complete++;
    out->censored += isinf(value) != 0;
    out->at_infinity += value == DBL_MAX;
    out->clean_wrong += r->clean_wrong[i] == 1;
    out->no_label += r->clean_wrong[i] < 0;
    out->partial +=
        definition == RESULT_ESCAPE_FIRST_FLIP && !isinf(value) && s->first_flip_count[i] < s->draws;
}

int escape_summarise(const struct result *r, const struct result_site *s, enum result_escape definition,
                     const unsigned char *keep, double level, struct escape_summary *out,
                     struct apex_error *err)
{
    *out = (struct escape_summary){.lower_quartile = NAN,
                                   .median = NAN,
                                   .upper_quartile = NAN,
                                   .median_interval = {NAN, NAN},
                                   .largest_sigma = largest_sigma(r, s)};
    double *value = malloc((s->samples + 1) * sizeof *value);
    if (!value)
        return apex_fail(err, "no memory for %zu samples", s->samples);
    escape_values(s, definition, 1, value);
    size_t n = 0;
    for (size_t i = 0; i < s->samples; i++) {
        if (keep && !keep[i])
            continue;
        count_sample(r, s, definition, i, value[i], out);
        if (!isnan(value[i]))
            value[n++] =
                value[i] == DBL_MAX ? INFINITY : value[i]; /* n <= i: read before it is written over */
    }
    sort_values(value, n);
    if (n)
        summarise_sorted(value, n, level, out);
    free(value);
    return 0;
}
