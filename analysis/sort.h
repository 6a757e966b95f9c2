/* Sorting values that are not NaN; infinities sort as numbers do. */
#ifndef APEX_ANALYSIS_SORT_H
#define APEX_ANALYSIS_SORT_H

#include <stddef.h>

void sort_values(double *x, size_t n); /* ascending, in place */

/* order[n] gets the positions of x[n] in ascending order, equal values by position. -1: no memory. */
int sort_order(const double *x, size_t n, size_t *order);

#endif
