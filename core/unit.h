/* The two things that cross ranks. A unit says what to compute: a model, a run of its samples and which cells
 * (site, sigma) of the grid, or which scales of its response. A record is what came out; its bytes are
 * appended to the journal as they are. Both start with a version. */
#ifndef APEX_CORE_UNIT_H
#define APEX_CORE_UNIT_H

#include "core/bytes.h"
#include "core/error.h"

#define APEX_UNIT_VERSION 2
#define APEX_RECORD_VERSION 1
#define APEX_RECORD_VERSION_RANK 2 /* with reciprocal ranks */
#define APEX_RANK_ONE 4294967295.0 /* a reciprocal rank of 1 in a record */

enum apex_unit_kind {
    APEX_UNIT_CELLS,   /* cells of the grid: apex_record */
    APEX_UNIT_RESPONSE /* samples and scales of the model's response: dist/results/response_record.h */
};

struct apex_unit {
    uint32_t id;           /* number within this run's plan */
    uint32_t model;        /* position in the sweep's list of models */
    uint32_t first, count; /* positions in that model's list of samples, or of its response's */
    uint32_t cells;        /* sites * sigmas of the model's grid; sigmas of its response */
    unsigned char *wanted; /* [cells], site-major: 1 = compute; owned */
    enum apex_unit_kind kind;
};

void apex_unit_encode(const struct apex_unit *u, struct bytes *out);
int apex_unit_decode(struct apex_unit *u, const void *data, size_t size, struct apex_error *err);
void apex_unit_free(struct apex_unit *u); /* releases what the struct owns */

/* Record layout, little-endian:
 *   u32 version; u8 context[16]; u32 draws, classes, samples, cells;
 *   cells   x { u64 site key; f64 sigma };
 *   samples x { u32 sample index in the data set; i32 label (-1: none); u32 clean class, clean second class;
 *               f32 clean margin, clean loss (NaN without a label);
 *               cells x { f32 mean margin; u8 stay[(draws + 7) / 8]; u16 pairs; pairs x { u16 class; u32
 * count } [; classes x u32 rank] } } stay: bit t % 8 of byte t / 8 is set where draw t kept the clean class.
 * pairs: classes with count > 0, ascending. rank: only in version 2; reciprocal rank times 2^32 - 1, rounded,
 * so that sums over samples do not depend on their order. */
struct apex_record_head {
    unsigned char context[16];
    uint32_t draws, classes, samples, cells;
    int rank; /* cells have reciprocal ranks */
};
struct apex_record_cell {
    uint64_t site_key;
    double sigma;
};
struct apex_record_sample {
    uint32_t index;
    int32_t label;
    uint32_t clean_class, clean_second;
    float clean_margin, clean_loss;
};

void apex_record_put_head(struct bytes *out, const struct apex_record_head *head,
                          const struct apex_record_cell *cell);
void apex_record_put_sample(struct bytes *out, const struct apex_record_sample *s);

/* What came of one (sample, site, sigma). */
struct apex_tally {
    uint32_t draws, classes;
    uint32_t clean_class;
    double margin_sum;   /* over draws, of z[clean class] - max of the others */
    uint32_t *count;     /* [classes], owned */
    unsigned char *stay; /* [(draws + 7) / 8], owned */
    double *rank;        /* [classes], owned, or NULL: not wanted. Sum over draws of the reciprocal rank */
};

int apex_tally_init(struct apex_tally *t, uint32_t draws, uint32_t classes, struct apex_error *err);
/* Reciprocal ranks too: 1 for the largest logit of a draw, 1/2 for the next, ...; ties go to the lower class.
 */
int apex_tally_init_rank(struct apex_tally *t, struct apex_error *err);
void apex_tally_free(struct apex_tally *t);
void apex_tally_reset(struct apex_tally *t, uint32_t clean_class);
/* Adds draw number `draw` with logits[classes]; ties of top-1 go to the lower class. -1: a logit is NaN. */
int apex_tally_add(struct apex_tally *t, uint32_t draw, const float *logits);
/* The same for draws draw .. draw + n - 1, logits[n][classes]. Returns n, or the first row that holds a NaN
 * (those before it are added). */
uint32_t apex_tally_add_rows(struct apex_tally *t, uint32_t draw, uint32_t n, const float *logits);
/* Mean reciprocal rank of a class over the draws, times APEX_RANK_ONE, rounded. */
uint32_t apex_tally_rank(const struct apex_tally *t, uint32_t class);
/* With reciprocal ranks where the tally has them. */
void apex_record_put_cell(struct bytes *out, const struct apex_tally *t);

/* top-1, runner-up, margin (top-1 minus runner-up) and, where label >= 0, cross-entropy loss of clean logits.
 * -1: not finite. */
int apex_clean_stats(const float *logits, uint32_t classes, int32_t label, struct apex_record_sample *s);

/* Reading. The head is checked against the size of the bytes before anything else is believed. */
struct apex_record {
    struct apex_record_head head;
    const unsigned char *cells; /* the cell table; use apex_record_cell_at */
    struct cursor at;           /* next sample or cell */
};
int apex_record_open(struct apex_record *r, const void *data, size_t size, struct apex_error *err);
void apex_record_cell_at(const struct apex_record *r, uint32_t k, struct apex_record_cell *cell);
int apex_record_next_sample(struct apex_record *r, struct apex_record_sample *s); /* -1: damaged */
/* Fills count (all classes) and stay of a tally made by apex_tally_init, and *mean_margin. -1: damaged. */
int apex_record_next_cell(struct apex_record *r, struct apex_tally *t, float *mean_margin);

#endif
