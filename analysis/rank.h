/* Rank correlation of pairs. NaN: the pair is left out. INFINITY ranks above every number, so that
 * censored values go in as INFINITY (escape_values gives them so).
 *
 * - Spearman's rho: Pearson correlation of mid-ranks (Kendall, Gibbons, Rank Correlation Methods, 5th ed.,
 *   1990, ch. 3).
 * - Kendall's tau-b: (C - D) / sqrt((N - Tx)(N - Ty)), N pairs, T tied pairs (ibid.), in O(n log n) by a
 *   Fenwick tree (Christensen, Computational Statistics 20, 2005).
 * - Intervals: bootstrap over samples; for tau-b also without resampling, from the infinitesimal jackknife
 *   of its three U-statistics (Efron, Tibshirani 1993, ch. 22; Samara, Randles, Comm. Stat. 17, 1988), on
 *   Fisher's z. */
#ifndef APEX_ANALYSIS_RANK_H
#define APEX_ANALYSIS_RANK_H

#include "analysis/interval.h"

/* NaN for fewer than two pairs, or where one variable is constant. */
int rank_spearman(const double *x, const double *y, size_t n, double *rho, struct apex_error *err);
int rank_kendall(const double *x, const double *y, size_t n, double *tau, struct apex_error *err);

/* Spearman of x and y with the ranks' linear dependence on z removed:
 * (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2)(1 - r_yz^2)) (Kendall, Gibbons, ch. 8 for ranks). Triples with a
 * NaN are left out. */
int rank_partial(const double *x, const double *y, const double *z, size_t n, double *rho,
                 struct apex_error *err);

struct rank_correlation {
    size_t pairs; /* used */
    struct bootstrap spearman;
    struct bootstrap kendall;
    int kendall_resampled; /* 0: above RANK_KENDALL_WORK, interval from the infinitesimal jackknife */
};

#define RANK_KENDALL_WORK 500000.0 /* pairs x replicates up to which tau-b is resampled */

int rank_correlate(const double *x, const double *y, size_t n, const struct bootstrap_options *o,
                   struct rank_correlation *out, struct apex_error *err);

/* The same for the fields of tau-b only. */
int rank_kendall_correlate(const double *x, const double *y, size_t n, const struct bootstrap_options *o,
                           struct rank_correlation *out, struct apex_error *err);

/* rank_partial with its bootstrap interval. */
int rank_partial_interval(const double *x, const double *y, const double *z, size_t n,
                          const struct bootstrap_options *o, struct bootstrap *out, struct apex_error *err);

/* rho(x, y) - rho(z, y) over the same samples, with a paired bootstrap interval: does x say more about y than
 * z does? */
int rank_difference(const double *x, const double *z, const double *y, size_t n,
                    const struct bootstrap_options *o, struct bootstrap *out, struct apex_error *err);

#endif
