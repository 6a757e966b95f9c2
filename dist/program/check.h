/* How far two sets of logits of the same samples are from each other: the arithmetic of `apex check`. */
#ifndef APEX_DIST_CHECK_H
#define APEX_DIST_CHECK_H

#include <stdint.h>

struct check {
    int64_t samples, classes;
    double largest;    /* largest |expected| of all: the yardstick of max_relative */
    double max_error;  /* largest |computed - expected|; infinite if one of the two is not a finite number */
    double mean_error; /* mean |computed - expected| over the pairs that are finite */
    double max_relative;   /* max_error / largest; 0 where both are 0 */
    int64_t worst;         /* sample of max_error, the first of equals */
    int64_t worst_class;   /* and its class */
    int64_t not_finite;    /* pairs of which one is NaN or infinite (two equal infinities are no error) */
    int64_t changed;       /* samples whose top-1 class differs */
    int64_t first_changed; /* the first of them; -1: none */
    int64_t computed_correct,
        expected_correct; /* samples whose top-1 class is the label; -1 without labels */
};

/* The class of the largest logit; ties go to the lower class, NaN never wins. */
int64_t check_top(const float *logits, int64_t classes);

/* computed and expected: [samples][classes], at least one of each; labels: [samples] or NULL. */
struct check check_compare(const float *computed, const float *expected, int64_t samples, int64_t classes,
                           const int32_t *labels);

#endif
