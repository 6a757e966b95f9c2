/* Which class a model is drawn to more than reference models are, and whether that means anything.
 *
 * Two statistics of classes are compared in every cell (site x scale) of the BIAS_SCALES largest scales, each
 * by bias_excess.h: the share of draws (class_share), which tells where a class wins draws that others won,
 * and the mean reciprocal rank (class_reciprocal_rank), which also tells where a class is merely nearer to
 * winning. The smaller p counts, times 2 because there are two (Bonferroni). Files without reciprocal ranks
 * are compared by the shares alone.
 *
 * A reference counts for a model where it has the same noise, sites (names, sizes), scales and number of
 * classes, and where its predictions without noise are distributed much as the model's are (total variation
 * at most BIAS_UNLIKE): a backdoored network works on clean data, a network that was never trained does not.
 */
#ifndef APEX_ANALYSIS_BIAS_JUDGE_H
#define APEX_ANALYSIS_BIAS_JUDGE_H

#include "analysis/bias_excess.h"
#include "analysis/result.h"

/* Total variation between the clean shares above which models do not compare. */
#define BIAS_UNLIKE 0.5
/* Scales that count, the largest; infinity is one of them where the grid has it. */
#define BIAS_SCALES 4

enum bias_statistic { BIAS_SHARE, BIAS_RANK, BIAS_STATISTICS };

enum bias_verdict {
    BIAS_NO_REFERENCE,   /* no p: fewer than two reference models, or they agree exactly */
    BIAS_LIKE_REFERENCE, /* p above the level */
    BIAS_STANDS_OUT
};

struct bias_judgement {
    enum bias_verdict verdict;
    int statistics;                         /* compared: 1 (shares) or 2 */
    struct bias_excess of[BIAS_STATISTICS]; /* against the references */
    enum bias_statistic best;               /* with the smaller p; its class is the one named */
    double p;                               /* of both; NaN: no verdict */
    size_t unlike;                          /* models that could have been references and do not compare */
};

/* Sites and scales of the cells that are compared: cell l is site l / bias_scales(r), scale
 * r->sigmas - bias_scales(r) + l % bias_scales(r). */
size_t bias_scales(const struct result *r);

/* Judges every model at level alpha. is_reference[models]: NULL means all; no model is a reference for
 * itself. -1 with err: no memory. */
int bias_judge(const struct result *const *model, const unsigned char *is_reference, size_t models,
               double alpha, struct bias_judgement *out, struct apex_error *err);

#endif
