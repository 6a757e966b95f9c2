/* Inside figures: how charts write their part of the gnuplot script. */
#ifndef APEX_ANALYSIS_FIGURE_SCRIPT_H
#define APEX_ANALYSIS_FIGURE_SCRIPT_H

#include "analysis/figure.h"

struct figures {
    const char *folder;
    struct bytes script;
    int count;
    char **name; /* [count] */
    int failed;
};

void script_begin(struct figures *f, const char *name);
void script_text(struct bytes *script, const char *text); /* a gnuplot string with its quotes */
void script_number(struct bytes *script, double x);       /* with a space before it; NaN and infinity: NaN */

/* `plot` draws it; width and height in units of the page, 12 of which are a line of text. */
void script_end(struct figures *f, int width, int height, const char *plot);

#endif
