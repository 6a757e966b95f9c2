/* The output folder of a sweep, owned by rank 0: lock, journal, what is done already, and the NetCDF files at
 * the end. */
#ifndef APEX_DIST_OUTPUT_H
#define APEX_DIST_OUTPUT_H

#include "dist/journal/journal.h"
#include "dist/journal/lock.h"
#include "dist/run/done.h"
#include "dist/run/sweep.h"

#include <stdio.h>

struct output {
    char *folder, *journal_path;
    struct lock *lock;
    struct journal *journal;
    struct done *done; /* [sweep->models] */
    int models;
};

/* Makes the folder, takes the lock, opens the journal. NULL with err. */
struct output *output_open(const struct sweep *s, struct apex_error *err);

/* Writes who runs (an attempt), the sweep's contexts if they changed, and reads what is done. The contexts
 * must be set. -1 with err. */
int output_begin(struct output *o, const struct sweep *s, int ranks, struct apex_error *err);

/* Builds <folder>/<model>.nc for every model of the sweep from the journal; prints each name and, if asked
 * for, the summary. */
int output_export(const char *folder, struct context *const *context, int n, FILE *summary, FILE *names,
                  struct apex_error *err);

void output_close(struct output *o); /* accepts NULL */

#endif
