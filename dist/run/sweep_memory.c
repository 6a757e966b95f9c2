#include "dist/run/sweep_memory.h"

#include "dist/run/compute.h"

#include <stdlib.h>

/* Fewer scales at once first: they change no result. 0: nothing is left to make smaller. */
static int make_smaller(struct sweep_model *m)
{
    struct apex_scales *n = &m->at_once;
    if (n->single > 1 || n->all > 1)
        *n = (struct apex_scales){(n->single + 1) / 2, (n->all + 1) / 2};
    else if (m->tile_rows > 1)
        m->tile_rows /= 2;
    else
        return 0;
    return 1;
}

static int bound_model(const struct sweep *s, struct sweep_model *m, struct apex_error *err)
{
    const double mb = 1e6;
    size_t bytes;
    while ((bytes = compute_bytes(s, m, err)) && (double)bytes > s->grid->memory * mb && make_smaller(m))
        ;
    if (!bytes)
        return -1;
    if ((double)bytes <= s->grid->memory * mb)
        return 0;
    return grid_fail(s->grid, s->grid->memory_mark, err,
                     "memory: model '%s' needs %.1f MB on each rank even with tiles of one draw",
                     m->entry->name, (double)bytes / mb);
}

int sweep_bound_memory(struct sweep *s, struct team *team, struct apex_error *err)
{
    if (!(s->grid->memory > 0))
        return 0;
    double *tile = calloc(3 * (size_t)s->models + 1, sizeof *tile); /* rows and scales of each model */
    int outcome = tile ? 0 : apex_fail(err, "out of memory");
    for (int k = 0; team_rank(team) == 0 && !outcome && k < s->models; k++) {
        outcome = bound_model(s, &s->model[k], err);
        tile[3 * k] = s->model[k].tile_rows;
        tile[3 * k + 1] = s->model[k].at_once.single;
        tile[3 * k + 2] = s->model[k].at_once.all;
    }
    outcome = team_agree(team, outcome, err);
    if (!outcome)
        team_sum(team, tile, 3 * s->models);
    for (int k = 0; !outcome && k < s->models; k++) {
        s->model[k].tile_rows = (int)tile[3 * k];
        s->model[k].at_once.single = (int)tile[3 * k + 1];
        s->model[k].at_once.all = (int)tile[3 * k + 2];
    }
    free(tile);
    return outcome;
}
