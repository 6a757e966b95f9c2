/* Internal to runner*.c: what a runner holds. */
#ifndef APEX_CORE_RUNNER_STATE_H
#define APEX_CORE_RUNNER_STATE_H

#include "core/engine/program.h"
#include "core/runner.h"

struct runner_site {
    int index; /* APEX_SITE_... or an activation */
    struct program *finite, *limit;
    struct program *wide; /* as finite, for several scales at once; NULL: none */
};

struct apex_runner {
    struct engine e;
    struct apex_noise noise;
    int tile_rows, sites;
    struct apex_scales at_once;
    struct runner_site *site;
    struct program *clean;
    int *probe;    /* graph values that the engine probes */
    double *sigma; /* those of one run, */
    int *place;    /* and their places in the caller's list */
    float *arena, *xi, *row_xi;
    struct kept_xi *kept; /* [sites of the model] */
    struct kept_start start;
    int64_t xi_room; /* floats */
    void *scratch;
    double *seconds;
    size_t bytes;
};

#endif
