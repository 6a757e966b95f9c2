/* A grid brought to life: its models loaded, its data read, its patterns matched, its cells known. Every rank
 * holds an equal one. */
#ifndef APEX_DIST_SWEEP_H
#define APEX_DIST_SWEEP_H

#include "core/model.h"
#include "core/runner.h"
#include "dist/data/dataset.h"
#include "dist/grid/grid.h"
#include "dist/results/context.h"
#include "dist/run/team.h"

struct sweep_model {
    const struct grid_model *entry;
    struct apex_model *model;
    const struct dataset *data;
    const int32_t *label;       /* [data->samples] or NULL */
    int tile_rows;              /* draws computed together: part of what results are known by */
    struct apex_scales at_once; /* no part of it */
    int sites, *site;           /* sites of the grid in canonical order: input, 0, 1, ..., all */
    unsigned char *wanted;      /* [sites * grid->sigmas], site-major */
    int response_source;        /* site where the noise of the grid's response enters */
    float *rms; /* [1 + apex_site_count(model)]: root mean square of the clean input and of each activation
                   over the data; NULL: not measured */
    const float
        *scale; /* factor of sigma, in the same order: rms where the grid is relative; NULL: absolute */
    struct context
        *context; /* what the journal and the result file say of this model; set by sweep_identify */
};

struct sweep {
    struct grid *grid;
    int datas, models;
    struct dataset **data; /* [grid->datas]; NULL where no model uses it */
    struct sweep_model *model;
    int64_t *removed;    /* [includes + excludes] cells that each rule keeps (include) or removes (exclude) */
    const char *kernels; /* name of the kernel set in use */
    int strangers;       /* ranks on another kind of processor than rank 0 (core/engine/kernels.h) */
};

/* Collective. Rank 0 reads the grid, the data and the models; the others get them. NULL with err, the same on
 * every rank. */
struct sweep *sweep_load(const char *path, struct team *team, struct apex_error *err);
void sweep_free(struct sweep *s);              /* accepts NULL */
void sweep_model_clear(struct sweep_model *m); /* releases what one model's struct owns */

/* Gives every model its context (identity, attributes), which needs scale to be set where the grid is
 * relative. */
int sweep_identify(struct sweep *s, struct apex_error *err);

/* Scale factor of each site (core/runner.h `scale`): one number for a single site, one per activation for
 * `all`; NULL: absolute. */
const float *sweep_scale(const struct sweep_model *m, int site);

/* Factor of sigma at the source of the response. */
float sweep_response_factor(const struct sweep_model *m);

/* What the grid's response asks for of this model, into m->context. -1 with err. */
int sweep_identify_response(const struct sweep *s, struct sweep_model *m, struct apex_error *err);

/* "numerics ... model ... data ...": what everything about a model depends on. */
void sweep_identity_text(struct bytes *out, const struct sweep *s, const struct sweep_model *m);

/* Hash of what a model's root mean squares depend on. */
void sweep_rms_key(const struct sweep *s, const struct sweep_model *m, unsigned char key[32]);

#endif
