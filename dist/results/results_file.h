/* A result file while it is written: the code that lays it out and the code that fills it. Not for others. */
#ifndef APEX_DIST_RESULTS_FILE_H
#define APEX_DIST_RESULTS_FILE_H

#include "dist/results/results.h"

#define RESULTS_FORMAT 1 /* of the file; raise it when a variable changes its meaning */

struct results_file {
    int nc; /* netCDF handle */
    const struct results *results;
    const char *path; /* for messages */
};

/* -1 with err when status is a netCDF error. */
int results_file_check(const struct results_file *f, int status, const char *what, struct apex_error *err);

/* Dimensions, variables, their attributes, and the global ones; digest is content_sha256. */
int results_file_define(const struct results_file *f, const char *digest, struct apex_error *err);

/* The values of every variable. */
int results_file_fill(const struct results_file *f, struct apex_error *err);

/* Of these, the ones of the response. */
int results_file_fill_response(const struct results_file *f, struct apex_error *err);

#endif
