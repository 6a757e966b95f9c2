/* One model's results in memory, put together from the journal's records, and the NetCDF file made of them.
 */
#ifndef APEX_DIST_RESULTS_H
#define APEX_DIST_RESULTS_H

#include "core/unit.h"
#include "dist/journal/journal.h"
#include "dist/results/context.h"

#include <stdio.h>

/* What the grid's `response` found; all 0 where it asks for none. Values that are not there are 0 in memory.
 */
struct results_response {
    uint64_t wanted, have;         /* samples x scales */
    unsigned char *done;           /* [sigmas][samples] */
    unsigned char *clean_done;     /* [samples] */
    double *clean_square;          /* [places][samples] */
    double *clean_variance;        /* [places][samples] */
    double *energy, *shift, *rank; /* [sigmas][places][samples] */
    double *share;                 /* [sigmas][places]; NAN: not known. Set by results_finish */
};

struct results {
    const struct context *context;        /* borrowed */
    uint64_t wanted, have;                /* cells x samples inside the grid; how many are there */
    unsigned char *done;                  /* [sites][sigmas][samples] */
    unsigned char *clean_done;            /* [samples] */
    uint32_t *clean_class, *clean_second; /* [samples] */
    float *clean_margin, *clean_loss;     /* [samples] */
    uint32_t *stay_count, *mode_class, *mode_count, *second_class,
        *second_count;          /* [sites][sigmas][samples] */
    float *mean_margin;         /* [sites][sigmas][samples] */
    uint32_t *class_count;      /* [sites][sigmas][samples][classes] or NULL */
    uint64_t *class_total;      /* [sites][sigmas][classes] draws of all samples that fell into each class */
    uint64_t *rank_total;       /* [sites][sigmas][classes] apex_tally_rank summed over samples, or NULL */
    uint64_t *transition_count; /* [sites][sigmas][clean class][class], or NULL above
                                   RESULTS_TRANSITION_CLASSES */
    unsigned char *stay;        /* [sites][samples][sigmas][(draws + 7) / 8] */
    double *escape_mode, *escape_half,
        *escape_first_flip;     /* [sites][samples]; NAN: censored or not complete */
    uint32_t *first_flip_count; /* [sites][samples] draws that left */
    struct results_response response;
    struct results_curve *curve; /* work memory of results_finish */
};

#define RESULTS_TRANSITION_CLASSES 128

/* mode_class and second_class are lower on ties; second_class is RESULTS_NO_CLASS where every draw fell into
 * one class. */
#define RESULTS_NO_CLASS UINT32_MAX

/* How the search for a sample's escape noise at a site ended, by the `mode` definition. */
enum results_status {
    RESULTS_ESCAPED = 0,
    RESULTS_CENSORED = 1,  /* never left on this grid */
    RESULTS_INCOMPLETE = 2 /* a wanted cell is missing: not known yet */
};

struct results *results_new(const struct context *c, struct apex_error *err);
void results_free(struct results *r); /* accepts NULL */

/* Takes one record: ignores it if it is of another context; cells or samples outside the grid, or with
 * another label, are ignored; a cell that is already there is left as it is. -1 with err if damaged. */
int results_add(struct results *r, const void *record, size_t size, struct apex_error *err);

/* The same for a JOURNAL_RESPONSE payload. */
int results_add_response(struct results *r, const void *record, size_t size, struct apex_error *err);

/* Computes escape noise, and shares of the response, from what is there. */
void results_finish(struct results *r);

/* After results_finish. */
enum results_status results_escape_status(const struct results *r, uint32_t site, uint32_t sample);

/* Writes <path> (temporary name, fsync, rename). Same results, same bytes. Nothing is written where the file
 * is there already with the same content digest; *written (may be NULL) says which. -1 with err. */
int results_write(const struct results *r, const char *path, int *written, struct apex_error *err);

/* Reads the newest set of contexts of a journal: *list of *n, the caller frees each and the list. -1 with err
 * (none in the journal). */
int results_contexts(const char *journal, struct context ***list, int *n, struct apex_error *err);

/* Prints per model and site: stay against sigma, median escape noise, censored count, top class at the
 * largest sigma. */
void results_summary(const struct results *r, FILE *out);

#endif
