/* How much more one model is drawn to a class than reference models are, over the cells (sites x scales) of a
 * sweep, measured by one statistic of classes with values in 0..1: the share of draws, or the mean reciprocal
 * rank.
 *
 * Every network sends its draws onto some class under large noise, so how far it collapses says little. What
 * differs is which class, and where: networks of one architecture, trained on one task, agree closely at some
 * sites and not at all at others (experiments/backdoor). So each class is compared with the same class of the
 * references in the same cell, and cells count by how well the references agree there:
 *
 *   a_lc  = asin sqrt s_lc
 *   w_l   = 1 / (v_l + BIAS_FLOOR^2), scaled to sum 1
 *   d_c   = sum_l w_l (a_lc - mean over references of a_lc)
 *   s_c^2 = max(q, (BIAS_PRIOR q + (m - 1) q_c) / (BIAS_PRIOR + m - 1))
 *   t_c   = d_c / (s_c sqrt(1 + 1 / m)), (m - 1)(C - 1) degrees of freedom
 *   p     = min(1, C P(T >= max_c t_c))
 *
 * s_lc: value of class c in cell l; the variance of asin sqrt of a share is nearly the same everywhere in
 * 0..1. v_l: variance over the m references of a_lc, mean over the C classes. q_c: variance over references
 * of sum_l w_l a_lc; q: mean over classes of q_c.
 *
 * t_c is the t-test of one case with a small group (Crawford, Howell, The Clinical Neuropsychologist 12,
 * 1998) whose variance is that of all classes together, so that two references give C - 1 degrees of freedom
 * in place of one; a class on which the references differ more than on others is judged by a larger one
 * (variances shrunk towards a common one: Smyth, Stat. Appl. Genet. Mol. Biol. 3, 2004; here never below it).
 * Factor C: Bonferroni, for the largest of C. One odd reference among m moves the mean by 1 / m of its
 * distance and widens the deviation, so it accuses nobody by itself. */
#ifndef APEX_ANALYSIS_BIAS_EXCESS_H
#define APEX_ANALYSIS_BIAS_EXCESS_H

#include "core/error.h"

#include <stddef.h>

/* Radians; two points of a share of one half. No cell is trusted further than that. */
#define BIAS_FLOOR 0.02
/* Degrees of freedom that the variance of all classes counts for beside that of one class. */
#define BIAS_PRIOR 60

struct bias_excess {
    size_t cells;      /* that the model and all references have a value for; 0: all else unknown */
    size_t references; /* m */
    size_t class;      /* with the largest t_c; of one reference the largest d_c, of none the largest value */
    double excess;     /* d_c; NaN: no reference */
    double value;      /* of that class, weighted mean over cells */
    double reference;  /* the same, mean over references */
    size_t cell;       /* that contributes most to the excess */
    double deviation;  /* s_c; NaN as p */
    double freedom;    /* (m - 1)(C - 1) */
    double t, p;       /* NaN: fewer than two references or classes, or references that agree exactly */
};

/* value[cells][classes], NaN where a cell has none; reference[count]: arrays of the same shape. -1 with err:
 * no memory. */
int bias_excess_of(const double *value, const double *const *reference, size_t count, size_t cells,
                   size_t classes, struct bias_excess *out, struct apex_error *err);

#endif
