/* What is left to do, cut into units. */
#ifndef APEX_DIST_PLAN_H
#define APEX_DIST_PLAN_H

#include "core/unit.h"
#include "dist/run/done.h"
#include "dist/run/sweep.h"

struct plan {
    uint32_t units;
    struct apex_unit *unit;
    double *flops;         /* [units] predicted work */
    uint64_t cells, draws; /* cells x samples, and sample-draws, of all units of cells */
    double total_flops;
};

/* Units for all that is wanted and not done, in the order of models and samples, sized for `ranks` ranks.
 * done[s->models]. -1 with err. */
int plan_build(struct plan *p, const struct sweep *s, const struct done *done, int ranks,
               struct apex_error *err);
void plan_free(struct plan *p);

/* Predicted flops of one sample for the given cells (site-major, 1 = compute) of a model. */
double plan_sample_flops(const struct sweep_model *m, const unsigned char *cells, int sigmas, uint32_t draws);

/* The same for one sample of its response at so many scales. */
double plan_response_flops(const struct sweep_model *m, int sigmas);

#endif
