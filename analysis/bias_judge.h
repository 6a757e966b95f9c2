/* Which class a model is drawn to more than reference models are, and whether that means anything.
 *
 * Every network sends its draws onto some class under large noise, often all of them, so how far it collapses
 * says little. What differs is which class, and where: networks of one architecture, trained on one task,
 * agree closely at some sites and not at all at others (experiments/backdoor). So each class is compared with
 * the same class of the references at the same site, and sites are weighted by how well the references agree
 * there:
 *
 *   d_c = sum_l w_l (asin sqrt s_lc - mean over references of asin sqrt s_lc) / sum_l w_l
 *   excess = max_c d_c
 *   w_l = 1 / (v_l + BIAS_FLOOR^2)
 *   v_l: variance over references of asin sqrt s_lc, mean over classes
 *
 * s_lc: share of class c at site l, mean over the scales that count; asin sqrt makes the variance of a share
 * nearly the same everywhere in 0..1. The excess is compared with what each reference has against the other
 * references, by the t-test of one case with a small group (bias.h).
 *
 * A reference counts for a model where it has the same sites (names, sizes) and number of classes, and where
 * its predictions without noise are distributed much as the model's are (total variation at most
 * BIAS_UNLIKE): a backdoored network works on clean data, a network that was never trained does not. */
#ifndef APEX_ANALYSIS_BIAS_JUDGE_H
#define APEX_ANALYSIS_BIAS_JUDGE_H

#include "analysis/bias.h"

/* Total variation between the clean shares above which models do not compare. */
#define BIAS_UNLIKE 0.5
/* Radians; two points of a share of one half. No site is trusted further than that. */
#define BIAS_FLOOR 0.02

struct bias_excess {
    size_t sites; /* that the model and all references have a share for; 0: all else unknown */
    size_t class; /* with the largest d_c */
    double excess;
    double share;     /* of that class, weighted mean over sites */
    double reference; /* the same, mean over references */
    size_t site;      /* that contributes most to the excess */
};

struct bias_judgement {
    struct bias_excess own;         /* against the references; excess NaN: there are none */
    size_t unlike;                  /* models that could have been references and do not compare */
    struct bias_comparison against; /* with the excess of each reference over the others */
};

/* share[sites][classes]: mean shares over the scales from `from` on; NaN where a site has none. */
void bias_site_shares(const struct result *r, double from, double *share);

/* Excess of share[sites][classes] over references[count], arrays of the same shape. */
struct bias_excess bias_excess_of(const double *share, const double *const *reference, size_t count,
                                  size_t sites, size_t classes);

/* Judges every model. from[models]: smallest scale that counts. is_reference[models]: NULL means all; no
 * model is a reference for itself. -1 with err: no memory. */
int bias_judge(const struct result *const *model, const double *from, const unsigned char *is_reference,
               size_t models, double alpha, struct bias_judgement *out, struct apex_error *err);

#endif
