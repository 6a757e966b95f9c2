/* The grid file on every rank. */
#ifndef APEX_DIST_SWEEP_GRID_H
#define APEX_DIST_SWEEP_GRID_H

#include "dist/grid/grid.h"
#include "dist/run/team.h"

/* Collective: rank 0 reads the file, every rank parses it, with rank 0's environment. NULL with err. */
struct grid *sweep_load_grid(const char *path, struct team *team, struct apex_error *err);

#endif
