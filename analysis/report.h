/* The report: one self-contained page, the figures, and every number as CSV and JSON, from result files.
 *
 *     <folder>/report.html            the page
 *     <folder>/figures/NAME.svg .png  its figures, and figures.gp, which draws them again
 *     <folder>/tables/NAME.csv .json  its numbers
 *     <folder>/files.txt              what this report wrote; the next one removes what it no longer writes
 *
 * docs/report.md explains every section and file. The same input gives the same bytes. */
#ifndef APEX_ANALYSIS_REPORT_H
#define APEX_ANALYSIS_REPORT_H

#include "core/error.h"

#include <stdint.h>

struct report_image {
    int width, height;
    unsigned char *rgb; /* [height][width][3], malloc'ed by the callback, freed by the report */
};

/* The picture of a sample of a model's data set, by the sample's number there. 0; 1: there is none; -1 with
 * err. */
typedef int report_image_fn(void *context, const char *model, int64_t sample, struct report_image *image,
                            struct apex_error *err);

struct report_options {
    const char *folder;    /* made where it is missing */
    const char *reference; /* score per sample (score.h), or NULL */
    const char *groups;    /* groups of classes (groups.h), or NULL */
    int clean_models;      /* models that are known to be honest, for section 6 */
    const char *const *clean_model;
    int against[2]; /* two groups of models for section 3; 0 and 0: by the files' attribute `labels` */
    const char *const *against_model[2];
    report_image_fn *image; /* or NULL: no contact sheets */
    void *image_context;
    int replicates; /* of every bootstrap; 0: 1000, fewer for very large sweeps */
};

/* Reads the files and writes the report. Every file appears whole or not at all; when -1 is returned with
 * err, a report that was there before is as it was. */
int report_write(const char *const *file, int files, const struct report_options *o, struct apex_error *err);

#endif
