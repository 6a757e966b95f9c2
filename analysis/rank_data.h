/* Two or three variables over the same samples, sorted once: a resample then costs O(n) to rank. For rank.c
 * and kendall.c. */
#ifndef APEX_ANALYSIS_RANK_DATA_H
#define APEX_ANALYSIS_RANK_DATA_H

#include "analysis/rank.h"

#define RANK_VARIABLES 3

struct rank_variable {
    size_t groups;   /* different values */
    uint32_t *group; /* [n] which of them, ascending with the value */
    double *weight;  /* [groups] work: samples in the group, in the resample */
    double *rank;    /* [groups] work: their mid-rank */
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

bootstrap_statistic rank_kendall_statistic; /* context: struct rank_data of two variables */

/* Tau-b's interval from its infinitesimal jackknife, of all samples once. */
int rank_kendall_normal(struct rank_data *d, double level, struct bootstrap *out, struct apex_error *err);

#endif
