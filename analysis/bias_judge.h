/* Which class a model is drawn to more than reference models are, and whether that means anything.
 *
 * What is compared is each class's soft share (class_soft_share, docs/format.md), or its share of draws where
 * a file of the models has no soft shares; mean over the scales that count. The statistic: bias_excess.h.
 *
 * A reference counts for a model where it has the same noise, sites (names, sizes) and number of classes, and
 * where its predictions without noise are distributed much as the model's are (total variation at most
 * BIAS_UNLIKE): a backdoored network works on clean data, a network that was never trained does not. */
#ifndef APEX_ANALYSIS_BIAS_JUDGE_H
#define APEX_ANALYSIS_BIAS_JUDGE_H

#include "analysis/bias_excess.h"
#include "analysis/result.h"

/* Total variation between the clean shares above which models do not compare. */
#define BIAS_UNLIKE 0.5

enum bias_verdict {
    BIAS_NO_REFERENCE,   /* no p: fewer than two reference models, or they agree exactly */
    BIAS_LIKE_REFERENCE, /* p above the level */
    BIAS_STANDS_OUT
};

struct bias_judgement {
    enum bias_verdict verdict;
    struct bias_excess own; /* against the references */
    size_t unlike;          /* models that could have been references and do not compare */
    int soft;               /* soft shares were compared */
};

/* share[sites][classes]: mean shares (soft: soft shares, which the file must have) over the scales from
 * `from` on; NaN where a site has none. */
void bias_site_shares(const struct result *r, double from, int soft, double *share);

/* Judges every model at level alpha. from[models]: smallest scale that counts. is_reference[models]: NULL
 * means all; no model is a reference for itself. -1 with err: no memory. */
int bias_judge(const struct result *const *model, const double *from, const unsigned char *is_reference,
               size_t models, double alpha, struct bias_judgement *out, struct apex_error *err);

#endif
