/* Intervals. Everything random is seeded: the same input gives the same bytes.
 *
 * - Wilson: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), p = k/n, z the normal quantile
 *   (E. B. Wilson, JASA 22, 1927; recommended by Brown, Cai, DasGupta, Statistical Science 16, 2001).
 * - Clopper-Pearson: beta quantiles, low B(alpha/2; k, n-k+1), high B(1-alpha/2; k+1, n-k) (Clopper,
 *   Pearson, Biometrika 26, 1934).
 * - Bootstrap over samples (Efron, Tibshirani, An Introduction to the Bootstrap, 1993): percentile
 *   (ch. 13), BCa (ch. 14) with acceleration from the jackknife; above INTERVAL_JACKKNIFE_GROUPS samples,
 *   from a delete-a-group jackknife. Percentile where BCa shrinks to a point (an estimate at the end of
 *   its range). */
#ifndef APEX_ANALYSIS_INTERVAL_H
#define APEX_ANALYSIS_INTERVAL_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

#define INTERVAL_JACKKNIFE_GROUPS 200

struct interval {
    double low, high; /* NaN: none can be given */
};

/* k of n independent trials (k, n may be effective, so not whole); n <= 0: NaN. level: 0.95. */
struct interval interval_wilson(double k, double n, double level);
struct interval interval_clopper_pearson(double k, double n, double level);

/* Mean of x[n] with Student's t; NaN values are skipped; fewer than two: NaN. */
struct interval interval_mean(const double *x, size_t n, double level);

/* A statistic of a resample: times[i] says how often sample i is in it (sums to n in the bootstrap, less in
 * the jackknife). NaN: not defined for this resample. */
typedef double bootstrap_statistic(void *context, const unsigned *times, size_t n);

enum bootstrap_method {
    BOOTSTRAP_PERCENTILE,
    BOOTSTRAP_BCA,
    BOOTSTRAP_NORMAL /* estimate -+ z standard errors, further out on the side that the replicates' bias
                        points away from (ch. 10): for statistics that chance only makes larger */
};

struct bootstrap_options {
    int replicates; /* 1000 */
    uint64_t seed;
    double level; /* 0.95 */
    enum bootstrap_method method;
};
extern const struct bootstrap_options bootstrap_default; /* 1000, seed 1, 0.95, BCa */

/* The options with so many replicates that replicates x n stays under 2 million, but at least 200: more
 * samples need fewer replicates for the same work, and their intervals are narrow anyway. */
struct bootstrap_options bootstrap_sized(const struct bootstrap_options *o, size_t n);

struct bootstrap {
    double estimate; /* of the samples themselves */
    struct interval
        interval; /* NaN where the statistic, or over half of its replicates, is not defined, or n < 2 */
    double standard_error; /* of the defined replicates */
    int undefined;         /* replicates that gave NaN */
};

/* Several statistics of the same resamples at once, so that what they share is computed once:
 * value[statistics]. */
typedef void bootstrap_statistics(void *context, const unsigned *times, size_t n, double *value);

int bootstrap_many(bootstrap_statistics *statistics, void *context, size_t n, size_t many,
                   const struct bootstrap_options *o, struct bootstrap *out, struct apex_error *err);

/* -1 with err: no memory, or options that make no sense. */
int bootstrap(bootstrap_statistic *statistic, void *context, size_t n, const struct bootstrap_options *o,
              struct bootstrap *out, struct apex_error *err);

#endif
