/* p of the two-sample Kolmogorov-Smirnov statistic d; formulas in separate.h. */
#ifndef APEX_ANALYSIS_KOLMOGOROV_H
#define APEX_ANALYSIS_KOLMOGOROV_H

#include "core/error.h"

#include <stddef.h>

int kolmogorov_p(double d, size_t na, size_t nb, double *p, struct apex_error *err);

/* P(sup |Brownian bridge| > x). */
double kolmogorov_tail(double x);

#endif
