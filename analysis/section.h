/* Inside the report: what its sections share. A section appends to the page, adds figures and tables, and
 * returns 0, or -1 with err. What it cannot show it says, with the option that would fill it. */
#ifndef APEX_ANALYSIS_SECTION_H
#define APEX_ANALYSIS_SECTION_H

#include "analysis/groups.h"
#include "analysis/page.h"
#include "analysis/report.h"
#include "analysis/report_model.h"
#include "analysis/score.h"

struct report {
    const struct report_options *options;
    const char *folder; /* being written */
    struct page *page;
    struct figures *figures;
    int models;
    struct report_model *model; /* [models] */
    struct score *score;        /* NULL: no --reference */
    struct bytes files;         /* "tables/NAME.csv\n" for everything written */
};

int section_stay(struct report *r, struct apex_error *err);        /* 1 stay and escape */
int section_regularity(struct report *r, struct apex_error *err);  /* 2 */
int section_structure(struct report *r, struct apex_error *err);   /* 3 structured or random labels */
int section_transition(struct report *r, struct apex_error *err);  /* 4 */
int section_information(struct report *r, struct apex_error *err); /* 5 from sample to model */
int section_bias(struct report *r, struct apex_error *err);        /* 6 */
int section_input(struct report *r, struct apex_error *err);       /* 7 input against activations */

/* What input noise becomes at each layer, after section 7's curves. */
int section_response(struct report *r, struct apex_error *err);

/* The most and the least regular samples of each class, after section 2's numbers. */
int section_sheets(struct report *r, struct apex_error *err);

/* Writes the table's files, puts it on the page (at most `most` rows, 0: all; -1: not on the page) and frees
 * it. A NULL table means that there was no memory for it. */
int report_table(struct report *r, struct table *t, int most, struct apex_error *err);

/* Figure names are "<what>-<number>"; text needs 64 bytes. */
const char *report_figure_name(const char *what, int number, char text[64]);

/* The position of a model by its name as shown; -1: there is none. */
int report_find(const struct report *r, const char *name);

/* Says something about model `number`: the first model's sentence is a finding, the others are text. Frees
 * the text. */
int report_say(struct report *r, int first, struct bytes *text, struct apex_error *err);

/* Replicates of a bootstrap over n samples that is done `times` over. */
struct bootstrap_options report_bootstrap(const struct report *r, size_t n, size_t times);

/* "0.316", "inf" as people write a scale. */
const char *report_sigma(double sigma, char text[32]);

/* "0.43 [0.40, 0.46]" into text. */
#define REPORT_INTERVAL 96
const char *report_interval(double x, struct interval i, char text[REPORT_INTERVAL]);

/* A line over the scales of one site, or over one site of many models: y of every scale with its band. The
 * arrays belong to the lines and are freed by report_lines_free. */
struct report_lines {
    size_t points;
    int lines;
    struct series *series; /* [lines] */
    double *room;          /* [lines][3][points] */
};
int report_lines_new(struct report_lines *l, size_t points, int lines, struct apex_error *err);
void report_lines_free(struct report_lines *l);
double *report_lines_y(struct report_lines *l, int line);
double *report_lines_low(struct report_lines *l, int line);
double *report_lines_high(struct report_lines *l, int line);

/* A figure of lines from 0 to 1 over the scales of a model, the page's usual one, with its caption. Frees the
 * lines. `lines`: how many of them to draw. */
struct report_lines_text { /* x_label NULL: the sigma of the model */
    const char *name, *title, *x_label, *y_label, *caption;
};
void report_lines_draw(struct report *r, const struct report_model *m, struct report_lines *l, int lines,
                       const struct report_lines_text *text);

#endif
