/* Class bias: onto which class predictions collapse, and whether that means anything.
 *
 * - Normalised entropy: -sum_c s_c ln s_c / ln C of the class shares s.
 * - MAD anomaly index of class c: |s_c - median| / (1.4826 MAD) (Wang et al., Neural Cleanse, IEEE S&P
 *   2019; 1.4826: Rousseeuw, Croux, JASA 88, 1993). INFINITY where the MAD is 0 and s_c differs from the
 *   median, 0 where it does not.
 * - Agreement: over cells (sites x scales), the share whose top class is the class with the largest mean
 *   share. */
#ifndef APEX_ANALYSIS_BIAS_H
#define APEX_ANALYSIS_BIAS_H

#include "analysis/interval.h"
#include "analysis/result.h"

struct bias_share {
    double entropy;   /* normalised, 0..1; NaN: shares missing, or one class only */
    size_t top;       /* class with the largest share, the lower one on ties */
    double top_share; /* NaN: shares missing */
    double top_anomaly;
    double median, mad; /* of the shares; mad not multiplied by 1.4826 */
};
/* share[classes]; anomaly[classes] gets the MAD index of every class (NULL: not wanted). */
int bias_of_shares(const double *share, size_t classes, struct bias_share *out, double *anomaly,
                   struct apex_error *err);

/* The class share without noise: clean_class over the computed samples; out[classes] NaN if there are none.
 */
void bias_clean_share(const struct result *r, double *out);

struct bias_model {
    size_t cells;     /* looked at: sites x scales from `from` on that have a share; 0: all else NaN */
    size_t top;       /* class with the largest mean share over the cells */
    double collapse;  /* that mean share */
    double agreement; /* share of the cells whose own top class it is */
    struct interval agreement_interval; /* Wilson; cells are taken as independent, which they are not: a lower
                                           bound of the width */
    double clean_share;                 /* share of that class without noise */
    double entropy;                     /* normalised entropy of the mean shares */
    double anomaly;                     /* MAD index of `top` in the mean shares */
};
/* from: smallest scale that counts; INFINITY takes sigma = inf only. site: one site's number, or -1 for all.
 */
int bias_summarise(const struct result *r, double from, int site, struct bias_model *out,
                   struct apex_error *err);

#endif
