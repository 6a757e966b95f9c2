/* Several variables over the same samples, sorted once: a resample then costs O(n) to rank. For rank.c
 * and kendall.c. */
#ifndef APEX_ANALYSIS_RANK_DATA_H
#define APEX_ANALYSIS_RANK_DATA_H

#include "analysis/rank.h"

#define RANK_VARIABLES 7

struct rank_variable {
    size_t groups;   /* different values */
    uint32_t *group; /* [n] which of them, ascending with the value */
    double *weight;  /* [groups] work: samples in the group, in the resample */
    double *rank;    /* [groups] work: their mid-rank, less the mean rank */
    double *centred; /* [n] work: the same of every sample */
    double spread;   /* work: sum over the resample of its square */
};

struct rank_data {
    size_t n; /* samples in which no variable is NaN */
    int variables;
    struct rank_variable v[RANK_VARIABLES];
    size_t *order; /* [n] samples by variable 0, ascending */
    double *tree;  /* [n + 1] work of Kendall's tau */
};

/* -1 with err: no memory. rank_data_free either way. */
int rank_data_init(struct rank_data *d, const double *const *x, int variables, size_t n,
                   struct apex_error *err);
void rank_data_free(struct rank_data *d);

/* Weights and mid-ranks of variable k in the resample. Returns the number of samples in it. */
double rank_data_resample(struct rank_data *d, int k, const unsigned *times);

/* Spearman's rho of variables a and b, both ranked for this resample. */
double rank_data_correlation(const struct rank_data *d, int a, int b, const unsigned *times);

/* Partial correlation from three correlations; NaN where z leaves nothing. */
double rank_partial_of(double xy, double xz, double yz);

bootstrap_statistic rank_kendall_statistic; /* context: struct rank_data of two variables */

/* Tau-b's interval from its infinitesimal jackknife, of all samples once. */
int rank_kendall_normal(struct rank_data *d, double level, struct bootstrap *out, struct apex_error *err);

#endif
