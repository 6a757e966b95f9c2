/* What a sweep will take, for `apex plan`: each model is measured for about a second. */
#ifndef APEX_DIST_ESTIMATE_H
#define APEX_DIST_ESTIMATE_H

#include "dist/run/plan.h"

struct estimate {
    struct plan plan;
    double *seconds;    /* [models] on one core, for what is missing */
    double *tflop;      /* [models] of the whole model */
    size_t *bytes;      /* [models] work memory of a rank */
    double all_seconds; /* sum of seconds */
    double rank_bytes;  /* memory of a rank: the largest of `bytes`, the loaded models, the program and MPI */
    double shared;      /* bytes of data, once for each node */
    double journal;     /* bytes still to be written */
};

/* Plans for `ranks` ranks and measures; t is the team that loaded the sweep. -1 with err. */
int estimate_make(struct estimate *e, const struct sweep *s, const struct team *t, const struct done *done,
                  double ranks, struct apex_error *err);
void estimate_free(struct estimate *e);

double estimate_seconds(const struct estimate *e, double ranks); /* of the run, on so many ranks */

#endif
