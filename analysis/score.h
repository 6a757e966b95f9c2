/* A reference score per sample (C-score, memorisation, ...) joined with a result file by sample number.
 *
 * CSV (comma, semicolon or tab; may be gzipped) with a header line, or NetCDF with one-dimensional variables.
 * Columns by name, upper or lower case, "-" and " " as "_":
 *   sample number  index, sample, idx, id, sample_index          (none: the row number, labels required)
 *   label          label, labels, target, y, class               (may be absent)
 *   score          score, scores, value, or a name that ends in score (cscore, c_score); otherwise the only
 *                  column left. More than one candidate is an error that names them.
 * An empty field, "nan" or "na" is a missing score. */
#ifndef APEX_ANALYSIS_SCORE_H
#define APEX_ANALYSIS_SCORE_H

#include "analysis/result.h"

struct score {
    char *path, *name; /* name of the score's column */
    size_t rows;
    int64_t *index; /* [rows] ascending, no number twice */
    int *label;     /* [rows] or NULL: the file has none */
    double *value;  /* [rows] NaN: missing */
};

/* NULL with err, which names file and line (CSV) or variable (NetCDF). The caller frees. */
struct score *score_read(const char *path, struct apex_error *err);
void score_free(struct score *s); /* accepts NULL */

struct score_join {
    size_t joined;    /* samples of the result that have a score */
    size_t unmatched; /* samples of the result that have none */
    size_t checked;   /* joined samples whose labels were compared: 0 means that the join is unchecked */
};

/* out[r->samples] gets the score of each sample, NaN without one. Where both files have labels they must
 * agree: the first sample that does not is an error that names it and both labels. No sample in common is an
 * error. */
int score_join(const struct score *s, const struct result *r, double *out, struct score_join *join,
               struct apex_error *err);

#endif
