/* Never hang: a thread of rank 0 that ends the process with EXIT_INCOMPLETE, whatever the main thread is
 * inside of (a send to a dead rank, a file system that does not answer), after telling where each rank stood.
 * The launcher then ends the other ranks, and the sweep goes on from its journal when it is run again. */
#ifndef APEX_DIST_WATCHDOG_H
#define APEX_DIST_WATCHDOG_H

#include "core/error.h"

#include <stdint.h>

struct watchdog;

/* Bites when no beat has come for so many seconds. NULL with err. */
struct watchdog *watchdog_start(int ranks, double seconds, struct apex_error *err);
void watchdog_beat(struct watchdog *w);
/* What a rank works on, for the last words; unit -1: nothing. Cheap, from the main thread only. */
void watchdog_note(struct watchdog *w, int rank, int64_t unit);
void watchdog_end(struct watchdog *w); /* accepts NULL */

#endif
