#include "dist/run/sweep_memory.h"

#include "dist/run/compute.h"

#include <stdlib.h>

/* Fewer scales at once first: they change no result. */
static void make_smaller(struct sweep_model *m)
{
    if (m->tile_scales > 1)
        m->tile_scales = (m->tile_scales + 1) / 2;
    else
        m->tile_rows /= 2;
}

static int bound_model(const struct sweep *s, struct sweep_model *m, struct apex_error *err)
{
    const double mb = 1e6;
    size_t bytes;
    while ((bytes = compute_bytes(s, m, err)) && (double)bytes > s->grid->memory * mb &&
           (m->tile_rows > 1 || m->tile_scales > 1))
        make_smaller(m);
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
    double *tile = calloc(2 * (size_t)s->models + 1, sizeof *tile); /* rows and scales of each model */
    int outcome = tile ? 0 : apex_fail(err, "out of memory");
    for (int k = 0; team_rank(team) == 0 && !outcome && k < s->models; k++) {
        outcome = bound_model(s, &s->model[k], err);
        tile[2 * k] = s->model[k].tile_rows;
        tile[2 * k + 1] = s->model[k].tile_scales;
    }
    outcome = team_agree(team, outcome, err);
    if (!outcome)
        team_sum(team, tile, 2 * s->models);
    for (int k = 0; !outcome && k < s->models; k++) {
        s->model[k].tile_rows = (int)tile[2 * k];
        s->model[k].tile_scales = (int)tile[2 * k + 1];
    }
    free(tile);
    return outcome;
}
