/* A part of a sweep's models, for job arrays. */
#ifndef APEX_DIST_SWEEP_PART_H
#define APEX_DIST_SWEEP_PART_H

#include "dist/run/sweep.h"

struct sweep_part {
    int number, of; /* part `number` of `of`, from 1; of == 0: the model with this number; number == 0: all */
};

/* "K" or "K/N". -1 with err. */
int sweep_part_parse(const char *text, struct sweep_part *part, struct apex_error *err);

/* The output folder of a part, malloc'ed: <output>/<model> or <output>/part-K-of-N; the grid's own for all.
 * NULL with err, also when the grid has no such part. */
char *sweep_part_output(const struct grid *g, struct sweep_part part, struct apex_error *err);

/* Keeps only the models of a part, and moves the output to the part's folder. The whole grid has been checked
 * by then, so that a rule for another part's model is no error. -1 with err. */
int sweep_keep_part(struct sweep *s, struct sweep_part part, struct apex_error *err);

#endif
