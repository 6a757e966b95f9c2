/* How far two samples a[na] and b[nb] of values lie apart (escape noise or mean stay of two models). NaN
 * values are left out; INFINITY ranks above every number (censored).
 *
 * - AUC: P(a > b) + P(a = b) / 2 = U / (na nb), the Mann-Whitney statistic (Hanley, McNeil, Radiology 143,
 *   1982); its interval from the placements' variance (DeLong, DeLong, Clarke-Pearson, Biometrics 44,
 *   1988) on the logit scale; where a and b do not overlap at all, Clopper-Pearson with min(na, nb)
 *   trials.
 * - U's two-sided p: normal approximation with tie and continuity correction (Mann, Whitney 1947; Lehmann,
 *   Nonparametrics, 1.4).
 * - Cliff's delta: P(a > b) - P(a < b) = 2 AUC - 1 (Cliff, Psychological Bulletin 114, 1993).
 * - Kolmogorov-Smirnov: D = max |F_a - F_b|; p exact by counting lattice paths (Hodges, Arkiv Mat. 3,
 *   1957) where na nb <= SEPARATE_EXACT, else Kolmogorov's series at D sqrt(na nb / (na + nb)).
 * - Hedges' g: (mean a - mean b) / pooled s * J, J = Gamma(m/2) / (sqrt(m/2) Gamma((m-1)/2)), m = na + nb
 *   - 2; variance (na+nb)/(na nb) + g^2 / (2 (na+nb)) (Hedges, Olkin, Statistical Methods for
 *   Meta-Analysis, 1985, ch. 5). NaN where a value is infinite: a mean of censored values means nothing. */
#ifndef APEX_ANALYSIS_SEPARATE_H
#define APEX_ANALYSIS_SEPARATE_H

#include "analysis/interval.h"

#define SEPARATE_EXACT 1000000.0

struct separate {
    size_t a, b; /* values used */
    size_t infinite_a, infinite_b;
    double auc;
    struct interval auc_interval;
    double auc_p; /* two-sided p of U */
    double cliff_delta;
    struct interval cliff_interval; /* 2 auc_interval - 1 */
    double ks, ks_p;
    double hedges_g;
    struct interval hedges_interval;
    double median_a, median_b; /* lower median; INFINITY: censored */
};

/* Every field that cannot be computed (an empty side, ...) is NaN. -1 with err: no memory. */
int separate(const double *a, size_t na, const double *b, size_t nb, double level, struct separate *out,
             struct apex_error *err);

#endif
