/* How much more one model is drawn to a class than reference models are, over sites.
 *
 * Every network sends its draws onto some class under large noise, so how far it collapses says little. What
 * differs is which class, and where: networks of one architecture, trained on one task, agree closely at some
 * sites and not at all at others (experiments/backdoor). So each class is compared with the same class of the
 * references at the same site, and sites count by how well the references agree there:
 *
 *   a_lc  = asin sqrt s_lc             s_lc: share of class c at site l; the variance of asin sqrt is nearly
 * the same everywhere in 0..1 w_l   = 1 / (v_l + BIAS_FLOOR^2), scaled to sum 1;  v_l: variance over the m
 * references of a_lc, mean over the C classes d_c   = sum_l w_l (a_lc - mean over references of a_lc) q_c   =
 * variance over references of sum_l w_l a_lc, q = mean over classes of q_c s_c^2 = max(q, (BIAS_PRIOR q + (m
 * - 1) q_c) / (BIAS_PRIOR + m - 1)) t_c   = d_c / (s_c sqrt(1 + 1 / m)), (m - 1)(C - 1) degrees of freedom p
 * = min(1, C P(T >= max_c t_c))
 *
 * t_c is the t-test of one case with a small group (Crawford, Howell, The Clinical Neuropsychologist 12,
 * 1998) whose variance is that of all classes together, so that two references give C - 1 degrees of freedom
 * in place of one; a class on which the references differ more than on others is judged by a larger one
 * (variances shrunk towards a common one: Smyth, Stat. Appl. Genet. Mol. Biol. 3, 2004; here never below it).
 * Factor C: Bonferroni, for the largest of C. What one odd reference does cannot accuse: it moves the mean by
 * 1 / m of what it adds to the deviation. */
#ifndef APEX_ANALYSIS_BIAS_EXCESS_H
#define APEX_ANALYSIS_BIAS_EXCESS_H

#include "core/error.h"

#include <stddef.h>

/* Radians; two points of a share of one half. No site is trusted further than that. */
#define BIAS_FLOOR 0.02
/* Degrees of freedom that the variance of all classes counts for beside that of one class. */
#define BIAS_PRIOR 20

struct bias_excess {
    size_t sites;      /* that the model and all references have a share for; 0: all else unknown */
    size_t references; /* m */
    size_t class;      /* with the largest t_c; of one reference the largest d_c, of none the largest share */
    double excess;     /* d_c; NaN: no reference */
    double share;      /* of that class, weighted mean over sites */
    double reference;  /* the same, mean over references */
    size_t site;       /* that contributes most to the excess */
    double deviation;  /* s_c; NaN as p */
    double freedom;    /* (m - 1)(C - 1) */
    double t, p;       /* NaN: fewer than two references or classes, or references that agree exactly */
};

/* share[sites][classes], NaN where a site has none; reference[count]: arrays of the same shape. -1 with err:
 * no memory. */
int bias_excess_of(const double *share, const double *const *reference, size_t count, size_t sites,
                   size_t classes, struct bias_excess *out, struct apex_error *err);

#endif
