#include "dist/program/check.h"

#include <math.h>

int64_t check_top(const float *logits, int64_t classes)
{
    int64_t top = 0;
    float most = -INFINITY;
    for (int64_t c = 0; c < classes; c++)
        if (logits[c] > most) {
            most = logits[c];
            top = c;
        }
    return top;
}

/* Equal infinities are equal; anything else that is not finite is infinitely wrong. */
static double error_of(double computed, double expected)
{
    if (computed == expected)
        return 0;
    return isfinite(computed) && isfinite(expected) ? fabs(computed - expected) : INFINITY;
}

/* Adds sample i; mean_error is a sum until the end. */
static void add_errors(struct check *c, int64_t i, const float *computed, const float *expected)
{
    for (int64_t k = 0; k < c->classes; k++) {
        double error = error_of(computed[k], expected[k]);
        if (error > c->max_error) {
            c->max_error = error;
            c->worst = i;
            c->worst_class = k;
        }
        if (isinf(error))
            c->not_finite++;
        else
            c->mean_error += error;
        if (isfinite(expected[k]) && fabs(expected[k]) > c->largest)
            c->largest = fabs(expected[k]);
    }
}

static void add_classes(struct check *c, int64_t i, const float *computed, const float *expected,
                        const int32_t *labels)
{
    int64_t a = check_top(computed, c->classes), b = check_top(expected, c->classes);
    if (a != b && c->changed++ == 0)
        c->first_changed = i;
    if (labels) {
        c->computed_correct += a == labels[i];
        c->expected_correct += b == labels[i];
    }
}

struct check check_compare(const float *computed, const float *expected, int64_t samples, int64_t classes,
                           const int32_t *labels)
{
    struct check c = {.samples = samples,
                      .classes = classes,
                      .first_changed = -1,
                      .computed_correct = labels ? 0 : -1,
                      .expected_correct = labels ? 0 : -1};
    for (int64_t i = 0; i < samples; i++) {
        add_errors(&c, i, computed + i * classes, expected + i * classes);
        add_classes(&c, i, computed + i * classes, expected + i * classes, labels);
    }
    int64_t finite = samples * classes - c.not_finite;
    c.mean_error = finite ? c.mean_error / (double)finite : 0;
    c.max_relative = c.max_error == 0 ? 0 : c.max_error / c.largest;
    return c;
}
