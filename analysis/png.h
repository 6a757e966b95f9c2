/* Small RGB images as PNG files in memory, for contact sheets. */
#ifndef APEX_ANALYSIS_PNG_H
#define APEX_ANALYSIS_PNG_H

#include "core/bytes.h"
#include "core/error.h"

/* Appends a PNG file of rgb[height][width][3]. -1 with err: a size outside 1 to 65,535, or no memory. */
int png_encode(const unsigned char *rgb, int width, int height, struct bytes *out, struct apex_error *err);

#endif
