/* The colours of figures, readable on white and on black and by colour-blind readers. */
#ifndef APEX_ANALYSIS_COLOUR_H
#define APEX_ANALYSIS_COLOUR_H

#include "analysis/figure.h"

#define COLOUR_TEXT 8
#define COLOUR_ITEMS 8 /* items before colours repeat */

/* "#0072b2" into text, which is returned. */
const char *colour_of(const struct series *s, char text[COLOUR_TEXT]);

/* gnuplot's dash type, mark and line width. */
int colour_dash(const struct series *s);
int colour_mark(const struct series *s);
double colour_width(const struct series *s);

#endif
