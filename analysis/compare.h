/* The head-to-head of two models, for a terminal. */
#ifndef APEX_ANALYSIS_COMPARE_H
#define APEX_ANALYSIS_COMPARE_H

#include "core/error.h"

#include <stdio.h>

/* Reads two result files and prints: what they are, escape noise and stay at every common site with
 * intervals, the site and scale that separate them best, and their class bias. -1 with err: a file is not a
 * result file, or they have no site in common. */
int compare_print(const char *a, const char *b, FILE *out, struct apex_error *err);

#endif
