/* How fast predictions stop depending on the input, at one scale of one site. n samples, T draws each,
 * p^_i the distribution of sample i's predictions, p- their mean.
 *
 * - Mutual information between sample and prediction: I = H(p-) - mean H(p^_i), in nats (Cover, Thomas,
 *   Elements of Information Theory, 2.4). From finite draws it is too large; Miller-Madow adds (K - 1) /
 *   2N to every entropy, K classes seen in N draws (Miller 1955; Paninski, Neural Computation 15, 2003).
 *   The permutation null deals all predictions out to the samples again: what I would be if nothing
 *   depended on the input.
 * - Total variation of sample i from q: (1/2) sum_c |p^_ic - q_c|. Under p_i = q it is not 0 but its mean
 *   deviation, (1/2T) sum_c E|Bin(T, q_c) - T q_c|, by de Moivre's formula 2 m C(T, m) q^m (1-q)^(T-m+1),
 *   m = floor(T q) + 1 (Diaconis, Zabell, Statistical Science 6, 1991). */
#ifndef APEX_ANALYSIS_INFORMATION_H
#define APEX_ANALYSIS_INFORMATION_H

#include "analysis/interval.h"
#include "analysis/result.h"

struct information {
    size_t samples;       /* with draws at this scale; 0: all else is NaN */
    double entropy;       /* H(p-), plug-in, nats */
    double mutual_plugin; /* nats, biased upwards */
    double mutual;        /* Miller-Madow; may be slightly negative */
    double mutual_null;   /* mean of the permutations' plug-in values; NaN where none were asked for */
    double of_entropy;    /* mutual / H(p-) (Theil's uncertainty coefficient), held to 0..1; NaN: H is 0 */
    double of_clean;      /* mutual / H(clean class), held to 0..1: what is left; NaN: H is 0 */
    double tv_average;    /* total variation from p-, mean over samples */
    struct interval tv_average_interval; /* over samples, Student */
    double tv_average_null;              /* expected of T draws from p- */
    double tv_limit; /* total variation from the sigma = inf distribution; NaN: not in the grid */
    struct interval tv_limit_interval;
    double tv_limit_null;
};

/* Scale k. permutations: 0 leaves mutual_null out. Needs class_count (result_site_load with class counts): -1
 * with err where there is none, or no memory. */
int information_at(const struct result *r, const struct result_site *s, size_t k, int permutations,
                   uint64_t seed, struct information *out, struct apex_error *err);

/* counts[n][classes]; the pieces, for anything else. Entropy in nats of counts[classes]; *seen classes > 0.
 */
double information_entropy(const int *counts, size_t classes, size_t *seen);
double information_mean_deviation(int draws, double p); /* E|Bin(T, p) - T p| / T */

#endif
