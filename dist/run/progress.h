/* How far a sweep is: a bar on a terminal, a line now and then in a log, and a small text file that `apex
 * status` reads from any shell. */
#ifndef APEX_DIST_PROGRESS_H
#define APEX_DIST_PROGRESS_H

#include "core/error.h"

#include <stdint.h>
#include <stdio.h>

#define PROGRESS_FILE "apex.status"

struct progress {
    const char *sweep, *state; /* state: "running", "finished", "stopped", "failed" */
    const char *why;           /* why it stopped; NULL: no reason */
    int ranks;
    uint32_t units, units_done, units_failed;
    uint64_t cells, cells_done; /* (site, sigma, sample) of the whole grid, and there */
    uint64_t draws_done;        /* sample-draws computed by this run */
    double flops, flops_done;   /* predicted work of this run's units */
    double busy_seconds;        /* CPU seconds of all compute threads */
    double coordinator_seconds; /* CPU seconds of rank 0's own thread */
};

struct progress_display;

/* Shows on `out` (a bar if it is a terminal) and writes <folder>/apex.status. quiet: no display. NULL: no
 * memory. */
struct progress_display *progress_start(const char *folder, FILE *out, int quiet);
/* Cheap to call often: shows and writes only when it is time to, or when `now` is set. */
void progress_show(struct progress_display *d, const struct progress *p, int now);
/* A message that does not tear the bar. */
void progress_say(struct progress_display *d, const char *format, ...) APEX_PRINTF(2, 3);
void progress_end(struct progress_display *d); /* accepts NULL */

double progress_seconds(const struct progress_display *d); /* since progress_start */
double progress_left(const struct progress_display *d,
                     const struct progress *p); /* predicted seconds; < 0: not known */

/* "1 h 02 min", "3 min 05 s", "12 s" into text. */
const char *progress_duration(double seconds, char text[32]);

/* Prints the status of an output folder in a few lines. -1 with err if no sweep ever ran there. */
int progress_print(const char *folder, FILE *out, struct apex_error *err);

#endif
