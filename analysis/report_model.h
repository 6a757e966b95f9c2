/* One result file, digested once for all sections: every site is loaded one time, and what sections need of
 * it is kept small. */
#ifndef APEX_ANALYSIS_REPORT_MODEL_H
#define APEX_ANALYSIS_REPORT_MODEL_H

#include "analysis/curve.h"
#include "analysis/escape.h"
#include "analysis/figure.h"
#include "analysis/groups.h"
#include "analysis/information.h"
#include "analysis/regularity.h"
#include "analysis/result.h"

enum { REPORT_VALUES = REGULARITY_MEAN_STAY + 1, REPORT_SCALES = 3 };
#define REPORT_LEVEL 0.95

struct report_site {
    const char *name; /* of the result */
    enum series_look look;
    int rank, of;              /* depth among the layers */
    struct curve_point *curve; /* [sigmas] */
    struct escape_summary escape[RESULT_ESCAPES];
    double *value[REPORT_VALUES];     /* [samples] for ranking: escape noise by definition, mean stay */
    struct information *information;  /* [sigmas]; NULL: no class counts in the file */
    int scales, scale[REPORT_SCALES]; /* light, medium and strong noise: section 4 */
    int64_t *departures[REPORT_SCALES],
        departed[REPORT_SCALES]; /* [classes][classes]; NULL: not in the file */
};

struct report_model {
    struct result *result;
    char *name;               /* as shown: unique in the report */
    struct report_site *site; /* [sites] */
    struct groups *groups;    /* NULL: no --groups */
    size_t head;              /* the site that stands for the model: `all`, else the deepest layer */
    size_t computed, wrong, unlabelled; /* samples with a clean pass; of these */
};

/* Takes the result over, also when it fails (-1 with err). */
int report_model_digest(struct report_model *m, struct result *result, struct apex_error *err);
void report_model_clear(struct report_model *m);

const struct report_site *report_head(const struct report_model *m);

/* "relative sigma" or "sigma", for axes. */
const char *report_sigma_label(const struct report_model *m);

/* Escape noise of every sample at a site, at relative (1) or absolute (0) scale whatever the file's is:
 * out[samples], 0. -1: not known, because activation norms are not, or differ from activation to activation
 * (`all`, unless the file's own scale is asked for). */
int report_values_at(const struct report_model *m, size_t site, enum regularity_measure measure, int relative,
                     double *out);

#endif
