/* Where predictions go: counts[classes][classes] of draws, row the clean class, column the class under
 * noise.
 *
 * - Within-group share: of the departures between classes that are in groups, those that stay inside the
 *   group. Against permuted groups (which class is in which group; the sizes stay): all distinct
 *   assignments where there are at most TRANSITION_EXACT, p = share of them with at least this share; else
 *   `permutations` random ones, p = (1 + more extreme) / (1 + permutations) (Phipson, Smyth, SAGMB 9,
 *   2010). The classes are permuted, not the draws: draws of one sample are not independent.
 * - Asymmetry: sum_{i<j} |n_ij - n_ji| / sum_{i<j} (n_ij + n_ji): 0 every exchange goes both ways, 1 all
 *   go one way (what Bowker's test of symmetry looks at, JASA 43, 1948).
 * - Lift of a pair: its share of the departures of its clean class over the share of that target among the
 *   departures of the clean classes other than the two: 1 is a target that everybody goes to. */
#ifndef APEX_ANALYSIS_TRANSITION_H
#define APEX_ANALYSIS_TRANSITION_H

#include "analysis/groups.h"
#include "analysis/interval.h"
#include "analysis/result.h"

#define TRANSITION_EXACT 20000

/* Copies scale k's matrix without its diagonal to out[classes * classes]; returns the departures. Where the
 * file has no transition counts, they are made of class_count. -1 with err where it has neither. */
int transition_departures(const struct result *r, const struct result_site *s, size_t k, int64_t *out,
                          int64_t *departures, struct apex_error *err);

/* The same with the diagonal, each row divided by its sum (NaN: no sample of that clean class). */
int transition_rates(const struct result *r, const struct result_site *s, size_t k, double *out,
                     struct apex_error *err);

struct transition_coherence {
    int64_t departures; /* between classes that are in groups */
    double share;       /* within the group; NaN without a departure */
    double expected;    /* mean over the permutations */
    double p;           /* one-sided: groups explain more than chance; NaN: cannot be tested */
    int permutations;   /* how many were looked at */
    int exact;          /* they were all */
};
int transition_coherence(const int64_t *departures, size_t classes, const struct groups *g, int permutations,
                         uint64_t seed, struct transition_coherence *out, struct apex_error *err);

/* NaN without a departure. */
double transition_asymmetry(const int64_t *departures, size_t classes);

struct transition_pair {
    size_t from, to;
    int64_t count;
    double share; /* of all departures */
    double rate;  /* of the departures of `from` */
    double lift;  /* NaN: no other class departs */
};
/* The `most` pairs with the largest count (then lower from, lower to) into out; returns how many there are.
 */
size_t transition_pairs(const int64_t *departures, size_t classes, size_t most, struct transition_pair *out);

/* Bootstrap over samples of the share (g may be NULL: then share is all NaN) and of the asymmetry at scale k;
 * needs class_count, without it both are NaN. Chance alone makes |n_ij - n_ji| larger than 0, so the
 * asymmetry's interval is BOOTSTRAP_NORMAL, which reaches down by that much, held to 0..1. */
int transition_intervals(const struct result *r, const struct result_site *s, size_t k,
                         const struct groups *g, const struct bootstrap_options *o, struct bootstrap *share,
                         struct bootstrap *asymmetry, struct apex_error *err);

#endif
