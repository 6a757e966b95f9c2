/* The samples of a sweep's data sets as pictures, for the report's contact sheets. */
#ifndef APEX_DIST_SAMPLE_IMAGES_H
#define APEX_DIST_SAMPLE_IMAGES_H

#include "analysis/report.h"

struct sample_images;

/* Reads the grid file; data sets are read when first needed. NULL with err. */
struct sample_images *sample_images_open(const char *grid, struct apex_error *err);
void sample_images_close(struct sample_images *s); /* accepts NULL */

/* A report_image_fn; context is the struct sample_images. Bytes are drawn from 0 to the grid's `divide`,
 * floating point from the data set's smallest to its largest value. 1 for models that are not in the grid,
 * samples that are not selected and data that are not [H,W], [1,H,W] or [3,H,W] (or channels last). */
int sample_images_get(void *context, const char *model, int64_t sample, struct report_image *image,
                      struct apex_error *err);

#endif
