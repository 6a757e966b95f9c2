/* The grid file (YAML), parsed and validated on its own: nothing is opened but the file itself. docs/grid.md
 * is its reference. Every error names file, line and column; an unknown key comes with the nearest right one.
 */
#ifndef APEX_DIST_GRID_H
#define APEX_DIST_GRID_H

#include "core/error.h"
#include "core/noise.h"

#include <stddef.h>
#include <stdint.h>

struct grid_mark {
    int line, column; /* from 1 */
};

struct grid_range {
    int64_t first, last; /* samples first .. last - 1; last == -1: to the end */
};

/* Where labels come from: a file (format by content), with an optional variable or archive member behind ':'.
 */
struct grid_labels {
    char *name; /* "true", "random", ... as models refer to it */
    char *path; /* as written, variables expanded, made absolute against the YAML file; NULL: inside the data
                   file */
    char *variable; /* or NULL */
    struct grid_mark mark;
};

struct grid_data {
    char *name;
    int paths;
    char **path;     /* files read one after the other as one data set; absolute */
    char *format;    /* NULL: found from the content; else cifar10 cifar100 idx netcdf npy npz */
    char *variable;  /* images inside netcdf or npz; NULL: found */
    char *layout;    /* "nchw" (default) or "nhwc" */
    int means, stds; /* 0, 1 or one per channel */
    double *mean, *std;
    double divide; /* values are divided by this before mean and std; 0: not given (255 for unsigned bytes,
                      else 1) */
    int ranges;
    struct grid_range *range; /* ascending, not overlapping; none: all samples */
    int label_sets;
    struct grid_labels *labels;
    struct grid_mark mark;
};

struct grid_model {
    char *name; /* letters, digits, _ - . : it names the result file */
    char *path;
    int data;     /* index into grid.data */
    char *labels; /* name of a label set of that data; "true" is the data set's own; NULL: none */
    struct grid_mark mark;
};

struct grid_pattern {
    char *text;
    struct grid_mark mark;
};

/* A rule of `include` or `exclude`: matches cells whose model, site and sigma are all named; an absent key
 * names everything. */
struct grid_rule {
    int models, sites, sigmas; /* counts; 0: key absent */
    struct grid_pattern *model, *site;
    double *sigma;
    struct grid_mark mark;
};

/* `response`: what noise at one site becomes at the sites after it. */
struct grid_response {
    int asked;
    char *site; /* one site's name, index or pattern; "input" */
    int sigmas;
    double *sigma;           /* ascending, distinct, > 0, finite */
    uint32_t samples, draws; /* samples: at most */
    struct grid_mark mark;
};

struct grid {
    char *path;   /* of the YAML file */
    char *text;   /* the whole file, terminated */
    char *sweep;  /* its name */
    char *output; /* folder, absolute */
    uint64_t seed;
    uint32_t draws;
    enum apex_noise_kind noise;
    int relative;    /* scale: relative */
    int per_channel; /* per: channel */
    struct grid_range
        rms;       /* samples for the relative scale's root mean square; first == -1: the selected ones */
    int bf16;      /* precision: bf16 */
    char *kernels; /* "auto", or a set of that precision: "openblas", "onednn", "naive"; "emulated", "amx" */
    double memory; /* MB of work memory that a rank may take; 0: no bound */
    int class_count; /* -1: where classes <= 32; 0 never; 1 always */
    int class_rank;  /* reciprocal ranks of the classes too */
    int datas, models, sites, sigmas;
    struct grid_data *data;
    struct grid_model *model;
    struct grid_pattern *site;
    double *sigma; /* ascending, distinct, > 0; the last may be infinity */
    int includes, excludes;
    struct grid_rule *include, *exclude;
    struct grid_response response;
    struct grid_mark sites_mark, sigmas_mark, output_mark, memory_mark;
};

/* Reads a grid file. NULL with err. Freed with grid_free (accepts NULL). */
struct grid *grid_load(const char *path, struct apex_error *err);

/* The same from text that came by other ways (a broadcast); path is used for messages and for relative paths.
 */
struct grid *grid_parse(const char *text, size_t size, const char *path, struct apex_error *err);
void grid_free(struct grid *g);

/* "sweep.yaml:12:5: " + formatted text into err; returns -1. */
int grid_fail(const struct grid *g, struct grid_mark mark, struct apex_error *err, const char *format, ...)
    APEX_PRINTF(4, 5);

/* The nearest of n names by edit distance, or NULL if none is near. */
const char *grid_nearest(const char *word, const char *const *name, int n);

#endif
