/* Escape noise of one site, summarised by definition. Values as stored in the file; censored samples
 * (never left on this grid) rank above every scale and are never replaced by one.
 *
 * - Quantiles: inverse of the empirical distribution (type 1 of Hyndman, Fan, American Statistician 50,
 *   1996): the smallest value that at least a share p of the samples does not exceed. With censoring at
 *   the end of the grid only, this is the Kaplan-Meier quantile.
 * - Interval of the median: order statistics with binomial ranks, which needs no distribution (David,
 *   Nagaraja, Order Statistics, 7.1); its coverage is at least the level. */
#ifndef APEX_ANALYSIS_ESCAPE_H
#define APEX_ANALYSIS_ESCAPE_H

#include "analysis/interval.h"
#include "analysis/result.h"

struct escape_summary {
    size_t samples;     /* looked at */
    size_t complete;    /* of these: escaped or censored; quantiles are over these */
    size_t censored;    /* never left (first_flip: no draw left at a finite scale) */
    size_t at_infinity; /* left only at sigma = inf; in `complete`, not in `censored` */
    size_t incomplete;  /* a scale of the grid is not computed yet, or none is in the grid */
    size_t clean_wrong; /* of the complete: the clean prediction is not the label */
    size_t no_label;    /* of the complete: it cannot be said whether the clean prediction is right */
    size_t partial;     /* first_flip: the mean is over fewer than all draws */
    double lower_quartile, median, upper_quartile; /* INFINITY: above the grid; NaN: no complete sample */
    struct interval median_interval; /* high may be INFINITY; low 0: no lower bound from so few */
    double largest_sigma;            /* largest finite scale of the site: ">" this is what INFINITY means */
};

/* "mode", "half", "first_flip". */
const char *escape_name(enum result_escape definition);

/* Values for ranking, out[samples]: the escape noise times factor (1; or the site's rms, which turns a
 * relative scale into an absolute one), DBL_MAX where the sample left only at sigma = inf, INFINITY where it
 * is censored, NaN where it is incomplete. */
void escape_values(const struct result_site *s, enum result_escape definition, double factor, double *out);

/* keep[samples]: 0 leaves a sample out; NULL keeps all. */
int escape_summarise(const struct result *r, const struct result_site *s, enum result_escape definition,
                     const unsigned char *keep, double level, struct escape_summary *out,
                     struct apex_error *err);

/* Type 1 quantile of x[n] (NaN skipped, not changed); NaN if there is none. */
int escape_quantile(const double *x, size_t n, double p, double *out, struct apex_error *err);

#endif
