/* Escape noise and mean stay of one site against a reference score per sample, beside what costs nothing:
 * clean margin and clean loss. All are turned so that more means more regular (the loss is negated), so that
 * a good measure has a positive correlation with a score like the C-score. The measures of a site are
 * compared over the same resamples of the same samples: those in which none is missing. Formulas: rank.h. */
#ifndef APEX_ANALYSIS_REGULARITY_H
#define APEX_ANALYSIS_REGULARITY_H

#include "analysis/rank.h"
#include "analysis/result.h"

enum regularity_measure {
    REGULARITY_ESCAPE_MODE, /* the first three as enum result_escape */
    REGULARITY_ESCAPE_HALF,
    REGULARITY_ESCAPE_FIRST_FLIP,
    REGULARITY_MEAN_STAY,
    REGULARITY_MARGIN,
    REGULARITY_LOSS,
    REGULARITY_MEASURES
};
const char *
regularity_name(enum regularity_measure m); /* "escape noise (mode)", "mean stay", "clean margin" */

/* A sample's values for ranking (escape_values, result_mean_stay, clean margin, minus clean loss);
 * out[samples]. */
void regularity_values(const struct result *r, const struct result_site *s, enum regularity_measure m,
                       double *out);

struct regularity_row {
    struct rank_correlation with_score;
    size_t censored; /* of the pairs used: escape noise that is above the grid */
    struct bootstrap
        beyond_margin;     /* partial Spearman with the score, clean margin held fixed; NaN for the margin */
    struct bootstrap gain; /* Spearman minus that of the clean margin, paired; NaN for the margin */
};
struct regularity {
    struct regularity_row row[REGULARITY_MEASURES];
};

/* score[r->samples], NaN where a sample has none (score_join); keep[samples] as in escape.h, may be NULL.
 * margin and loss do not depend on the site: with s = NULL only their rows are computed, the others are NaN.
 */
int regularity_correlate(const struct result *r, const struct result_site *s, const double *score,
                         const unsigned char *keep, const struct bootstrap_options *o, struct regularity *out,
                         struct apex_error *err);

/* Tenths of the samples by score, from low to high: mean of a measure in each. Censored values do not enter
 * the mean but are counted. */
struct regularity_decile {
    size_t samples, infinite;
    double score_low, score_high;
    double lower_quartile, median,
        upper_quartile; /* of the measure, type 1 (escape.h); INFINITY: above the grid */
};
int regularity_deciles(const double *score, const double *value, size_t n, struct regularity_decile out[10],
                       struct apex_error *err);

#endif
