/* include and exclude rules of the grid, applied to one model's cells (site, sigma). With include rules only
 * cells that match at least one are kept; then every exclude rule removes what it matches. */
#ifndef APEX_DIST_CELL_RULES_H
#define APEX_DIST_CELL_RULES_H

#include "core/model.h"
#include "dist/grid/grid.h"

/* Clears the cells of wanted[n_sites * g->sigmas] (site-major) that the rules leave out for the grid's model
 * number `model`. removed[includes + excludes] grows by the cells that each include rule keeps and each
 * exclude rule removes. */
int rules_apply(const struct grid *g, int model, const struct apex_model *m, const int *site, int n_sites,
                unsigned char *wanted, int64_t *removed);

/* -1 with err, which names the line, if a rule matched no cell of any model. */
int rules_check(const struct grid *g, const int64_t *removed, struct apex_error *err);

#endif
