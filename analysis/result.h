/* One result file (docs/format.md, apex_format 1) for the statistics. What is small is in memory from
 * result_open on; the arrays over scales and samples are loaded for one site at a time, so that a file of
 * 10,000 samples x 20 sites x 16 scales x 10 classes never needs more than some tens of megabytes. */
#ifndef APEX_ANALYSIS_RESULT_H
#define APEX_ANALYSIS_RESULT_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

#define RESULT_FORMAT 1 /* the attribute apex_format that is read */

struct result_attribute {
    char *name, *text; /* a number attribute is printed into text */
};

struct result {
    char *path, *model;
    int nc; /* open NetCDF file */
    size_t sites, sigmas, samples, classes;
    int draws;
    char **site_name, **site_op, **site_tensor; /* [sites] */
    int64_t *site_elements;                     /* [sites] values for one sample */
    double *site_rms;       /* [sites] noise added = sigma * site_rms; 0: each activation has its own */
    double *activation_rms; /* [sites] root mean square of the clean activation; NaN: not known, or `all` */
    size_t response_sigmas, response_sites, response_samples; /* 0: no response in the file (response.h) */
    int relative;             /* the sweep's scale is relative: some site_rms is not 1 */
    double *sigma;            /* [sigmas] ascending; the last may be INFINITY */
    int64_t *sample;          /* [samples] number in the data set, ascending */
    int *label;               /* [samples] -1: none */
    int *clean_class;         /* [samples] -1: not computed yet */
    int *clean_second_class;  /* [samples] -1: not computed yet */
    double *clean_margin;     /* [samples] NaN: not computed yet */
    double *clean_loss;       /* [samples] nats; NaN: not computed yet, or no label */
    signed char *clean_wrong; /* [samples] 0 right, 1 wrong, -1 unknown */
    double *stay_mean;        /* [sites][sigmas] NaN: no sample computed */
    double *class_share;      /* [sites][sigmas][classes] NaN: no sample computed */
    double
        *class_reciprocal_rank; /* [sites][sigmas][classes] NaN: no sample computed. NULL: not in the file */
    int has_class_count;        /* draws by class of every sample are in the file */
    int has_transitions;        /* transition counts are in the file */
    int complete;               /* attribute completeness is "complete" */
    char *completeness;         /* "complete" or "k of n cells" */
    size_t attributes;          /* all global attributes, in the file's order */
    struct result_attribute *attribute; /* [attributes] */
};

/* The arrays of one site. Missing: -1 for integers, NaN for floating point. */
enum result_escape { RESULT_ESCAPE_MODE, RESULT_ESCAPE_HALF, RESULT_ESCAPE_FIRST_FLIP, RESULT_ESCAPES };
enum result_status { RESULT_ESCAPED = 0, RESULT_CENSORED = 1, RESULT_INCOMPLETE = 2 };

struct result_site {
    size_t site, sigmas, samples, classes;
    int draws;
    int *stay_count, *mode_class, *mode_count, *second_class, *second_count; /* [sigmas][samples] */
    float *mean_margin;                                                      /* [sigmas][samples] */
    int *class_count;    /* [sigmas][samples][classes]; NULL: not in the file or not asked for */
    int64_t *transition; /* [sigmas][classes][classes] clean class x class under noise; NULL as above */
    double *escape[RESULT_ESCAPES]; /* [samples] as stored: NaN where not escaped; may be INFINITY (mode) */
    int *first_flip_count;          /* [samples] draws that left at a finite scale */
    signed char *status;            /* [samples] enum result_status of the definition mode */
};

/* Opens and checks the file: NULL with err where it is not NetCDF, not a result file of apex, of another
 * format version, or contradicts itself (sizes, order of the scales, counts above the draws are checked when
 * a site is loaded). */
struct result *result_open(const char *path, struct apex_error *err);
void result_close(struct result *r); /* accepts NULL */

/* Position by name; -1: there is none. */
int result_find_site(const struct result *r, const char *name);
int result_find_sigma(const struct result *r, double sigma); /* nearest within 1e-6 relative; INFINITY too */
const char *result_attribute(const struct result *r, const char *name); /* NULL: there is none */

/* "sigma = 0.5" as people write it: 0.5, 10, inf. text needs 32 bytes; returns text. */
char *result_sigma_text(double sigma, char text[32]);

/* Loads the arrays of one site; with class_counts also class_count, where the file has it. The caller frees.
 * NULL with err. */
struct result_site *result_site_load(const struct result *r, size_t site, int class_counts,
                                     struct apex_error *err);
void result_site_free(struct result_site *s); /* accepts NULL */

/* p^(clean class) of one sample at scale k: stay_count / draws; NaN where missing. */
double result_stay(const struct result_site *s, size_t k, size_t sample);

/* Mean over the computed finite scales of a sample's stay: the area under its stay curve over the grid (equal
 * weights: on a logarithmic grid, the area in log sigma). out[samples]; NaN where a scale that any sample has
 * is missing, because sums over different scales do not compare. */
void result_mean_stay(const struct result *r, const struct result_site *s, double *out);

#endif
