/* The health of an output folder's journal, for a reader. */
#ifndef APEX_DIST_FSCK_H
#define APEX_DIST_FSCK_H

#include "core/error.h"

#include <stdio.h>

/* Prints entries, records, holes, the torn tail, starts, and for each model of the newest sweep how much is
 * there and how much will run again. Works while a sweep runs. 0: no damage (a torn tail is none), 1:
 * damaged, -1 with err. */
int fsck_report(const char *output_folder, FILE *out, struct apex_error *err);

#endif
