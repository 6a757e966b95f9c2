/* Reading a record against a grid: each of its results is handed over with its position in the context, and
 * what is outside the grid is left out. Result files, the plan of what is missing and fsck are made this way.
 */
#ifndef APEX_DIST_RECORD_MAP_H
#define APEX_DIST_RECORD_MAP_H

#include "core/unit.h"
#include "dist/results/context.h"

struct record_reader {
    void *user;
    /* The clean prediction of the sample at position i. May be NULL. */
    void (*sample)(void *user, uint32_t i, const struct apex_record_sample *s);
    /* One result inside the grid; t is valid during the call; t->clean_class is set. */
    void (*cell)(void *user, uint32_t site, uint32_t sigma, uint32_t sample, const struct apex_tally *t,
                 float mean_margin);
};

/* 1: read; 0: of another context, nothing was called; -1 with err: damaged, what came before the damage was
 * handed over. */
int record_read(const struct context *c, const void *record, size_t size, const struct record_reader *to,
                struct apex_error *err);

#endif
