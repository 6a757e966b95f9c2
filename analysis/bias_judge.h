/* Which class a model is drawn to more than reference models are, and whether that means anything.
 *
 * Every network sends its draws onto some class under large noise, often all of them, so how far it collapses
 * says nothing (experiments/backdoor: on honest and backdoored networks of one architecture the shares
 * overlap completely). What differs is which class: networks of one architecture, trained on one task, agree
 * about the shares at their last site. So each class is compared with the same class of the references:
 *
 *   d_c = asin sqrt s_c - mean over references of asin sqrt s_c,   excess = max_c d_c
 *
 * s: class shares at the last site before `all`, mean over the scales that count; asin sqrt makes the
 * variance of a share nearly the same everywhere in 0..1. The excess is compared with what each reference has
 * against the other references, by the t-test of one case with a small group (bias.h).
 *
 * A reference counts for a model where it has the same last site (name, size) and the same number of classes,
 * and where its predictions without noise are distributed much as the model's are (total variation at most
 * 1/2): a backdoored network works on clean data, a network that was never trained does not. */
#ifndef APEX_ANALYSIS_BIAS_JUDGE_H
#define APEX_ANALYSIS_BIAS_JUDGE_H

#include "analysis/bias.h"

#define BIAS_UNLIKE 0.5 /* total variation of the clean shares from which on models do not compare */

struct bias_judgement {
    int site;         /* the last site before `all`; -1: there is none */
    size_t cells;     /* scales of it that count and have a share; 0: all else unknown */
    size_t class;     /* with the largest excess; without any reference, with the largest share */
    double share;     /* its mean share over those scales */
    double reference; /* the references' mean of that; NaN: none */
    double excess;    /* d_c, radians; NaN: no reference */
    size_t unlike;    /* models that could have been references and do not compare */
    struct bias_comparison against; /* of excesses */
};

/* The last site before `all`, -1 if there is none. */
int bias_last_site(const struct result *r);

/* share[classes]: mean shares at a site over the scales from `from` on. Returns the number of scales; 0: all
 * NaN.
 */
size_t bias_site_shares(const struct result *r, int site, double from, double *share);

/* The excess of share[classes] over references[count] (arrays of shares), and its class; NaN where count is
 * 0. */
double bias_excess(const double *share, const double *const *reference, size_t count, size_t classes,
                   size_t *class);

/* Judges every model. from[models]: smallest scale that counts. is_reference[models]: NULL means all; no
 * model is a reference for itself. -1 with err: no memory. */
int bias_judge(const struct result *const *model, const double *from, const unsigned char *is_reference,
               size_t models, double alpha, struct bias_judgement *out, struct apex_error *err);

#endif
