/* Figures drawn by gnuplot (Debian: gnuplot-nox), each as SVG and PNG. A chart is described, its gnuplot
 * commands and data are appended to one script, and one run of gnuplot draws them all. The script stays
 * beside the figures, so that anyone can restyle them.
 *
 * Colours are of Okabe and Ito, or run from blue to orange with the depth of a layer: both survive colour
 * blindness. Lines also differ by dash and mark. Black becomes the page's text colour when a figure is
 * inlined. */
#ifndef APEX_ANALYSIS_FIGURE_H
#define APEX_ANALYSIS_FIGURE_H

#include "analysis/text.h"

/* What a line stands for decides how it looks, the same on every figure. */
enum series_look {
    LOOK_INPUT, /* noise on the input: dashed, the colour of text */
    LOOK_LAYER, /* noise on one layer; rank of `of` is its depth */
    LOOK_ALL,   /* noise on every layer: thick, the colour of text */
    LOOK_ITEM,  /* models, groups, measures: rank chooses colour, dash and mark */
    LOOK_REST   /* everything else together: grey */
};

struct series {
    const char *label;
    enum series_look look;
    int rank, of;
    const double *y;          /* [points]; NaN leaves a gap */
    const double *low, *high; /* [points] or NULL: a band, or bars in a CHART_BARS */
};

enum chart_kind {
    CHART_LINES,  /* lines with bands over x */
    CHART_SHARES, /* series stacked from 0 to 1 over x */
    CHART_POINTS, /* one mark for each point */
    CHART_BARS    /* groups of bars, one group for each point, named by x_text */
};

struct chart {
    enum chart_kind kind;
    const char *name; /* file stem */
    const char *title, *x_label, *y_label;
    int points;
    const double *x; /* [points]; infinity is drawn apart, at the right end; not used by CHART_BARS */
    const char *const *x_text; /* [points], CHART_BARS */
    int log_x;
    double y_low, y_high; /* range of y; NaN: from the data */
    double level;         /* a horizontal reference line; NaN: none */
    const char *level_label;
    int series;
    const struct series *s;
};

struct heat {
    const char *name, *title, *x_label, *y_label, *value_label;
    int rows, columns;
    const double *value;          /* [rows][columns], row 0 at the top; NaN is left empty */
    const char *const *row_label; /* [rows] */
    const char *const *column_label;
    double low, high; /* of the colours */
    int diverging;    /* colours for a range with a neutral middle: orange, white, blue */
    int numbers;      /* print the values in the cells */
};

struct figures; /* the figures of one report, in a folder */

/* folder must exist and outlives the figures. NULL: no memory. */
struct figures *figures_new(const char *folder);
void figures_free(struct figures *f); /* accepts NULL */

/* Whether gnuplot can be started; -1 with err, which names the package. */
int figures_check(struct apex_error *err);

/* Describe one figure; a name may be used once. What lacks memory shows in figures_draw. */
void figure_chart(struct figures *f, const struct chart *c);
void figure_heat(struct figures *f, const struct heat *h);

int figures_count(const struct figures *f);
const char *figures_name(const struct figures *f, int i);

/* Writes <folder>/figures.gp and runs gnuplot on it: <name>.svg and <name>.png. -1 with err: no gnuplot, or
 * its own first words. */
int figures_draw(struct figures *f, struct apex_error *err);

/* Appends a drawn figure as an <svg> element to be part of an HTML page: identifiers made unique by the name,
 * black turned into currentColor, scaled by the page. */
int figures_inline(const struct figures *f, const char *name, const char *label, struct bytes *out,
                   struct apex_error *err);

#endif
