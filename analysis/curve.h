/* Stay against sigma over the samples of one site.
 *
 * - Band of the mean: draws of one sample are not independent trials, samples are. Wilson's interval with
 *   the effective number of trials n_e = m (1 - m) / Var(mean), Var(mean) = s^2 / n over samples, held to
 *   n .. n T (Kish, Survey Sampling, 1965; Dean, Pagano, Journal of Survey Statistics and Methodology 3,
 *   2015); n_e = n where all samples agree, so that the band of a mean of exactly 1 still has a width. */
#ifndef APEX_ANALYSIS_CURVE_H
#define APEX_ANALYSIS_CURVE_H

#include "analysis/interval.h"
#include "analysis/result.h"

struct curve_point {
    double sigma;
    size_t samples;                                /* with draws at this scale; 0: all else NaN */
    double mean;                                   /* of stay over samples */
    struct interval band;                          /* of the mean */
    double lower_quartile, median, upper_quartile; /* of stay over samples */
    double accuracy; /* share of draws that give the label, over labelled samples; NaN: no class_count or
                        label */
    double margin;   /* mean over samples of the mean margin, in logits */
};

/* out[s->sigmas]; keep[samples]: 0 leaves a sample out, NULL keeps all. -1 with err: no memory. */
int curve_of_stay(const struct result *r, const struct result_site *s, const unsigned char *keep,
                  double level, struct curve_point *out, struct apex_error *err);

/* The scale at which the mean falls below `share` (1/2), linear in log sigma between the scales around it,
 * from a curve's points: INFINITY where it never does at a finite scale, the first scale where it is below
 * already there, NaN for an empty curve. */
double curve_crossing(const struct curve_point *point, size_t n, double share);

/* The mean and its band at a scale between two of the curve, linear in log sigma; sigma infinite: the last
 * point's. NaN outside the curve's scales. Only sigma, mean and band of the result are set. */
struct curve_point curve_at(const struct curve_point *point, size_t n, double sigma);

#endif
