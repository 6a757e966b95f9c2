#include "analysis/bias_excess.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

struct compared {
    const double *value, *const *reference;
    size_t count, cells, classes;
    double *weight; /* [cells], sum 1; 0: somebody has no value there */
};

static double angle(double value)
{
    return asin(sqrt(fmin(1, fmax(0, value))));
}

/* The references' mean of asin sqrt at one class of one cell; `at` is its place in the arrays. */
static double mean_of(const struct compared *x, size_t at)
{
    double mean = 0;
    for (size_t k = 0; k < x->count; k++)
        mean += angle(x->reference[k][at]) / (double)x->count;
    return mean;
}

static int is_known(const struct compared *x, size_t cell)
{
    int missing = isnan(x->value[cell * x->classes]);
    for (size_t k = 0; k < x->count; k++)
        missing |= isnan(x->reference[k][cell * x->classes]);
    return !missing;
}

/* v_l; 0 where there is only one reference. */
static double cell_variance(const struct compared *x, size_t cell)
{
    double squares = 0;
    for (size_t c = 0; c < x->classes; c++) {
        const size_t at = cell * x->classes + c;
        const double mean = mean_of(x, at);
        for (size_t k = 0; k < x->count; k++)
            squares += (angle(x->reference[k][at]) - mean) * (angle(x->reference[k][at]) - mean);
    }
    return x->count > 1 ? squares / (double)(x->classes * (x->count - 1)) : 0;
}

/* Returns the number of cells that count. */
static size_t weigh(const struct compared *x)
{
    double all = 0;
    size_t cells = 0;
    for (size_t l = 0; l < x->cells; l++) {
        x->weight[l] = is_known(x, l) ? 1 / (cell_variance(x, l) + BIAS_FLOOR * BIAS_FLOOR) : 0;
        all += x->weight[l];
        cells += x->weight[l] > 0;
    }
    for (size_t l = 0; l < x->cells && cells; l++)
        x->weight[l] /= all;
    return cells;
}

/* sum_l w_l (a_lc - mean) of a model, which may be one of the references. */
static double difference(const struct compared *x, const double *value, size_t class)
{
    double sum = 0;
    for (size_t l = 0; l < x->cells; l++)
        if (x->weight[l] > 0) {
            const size_t at = l * x->classes + class;
            sum += x->weight[l] * (angle(value[at]) - mean_of(x, at));
        }
    return sum;
}

/* q_c */
static double class_variance(const struct compared *x, size_t class)
{
    double squares = 0;
    for (size_t k = 0; k < x->count; k++) {
        const double d = difference(x, x->reference[k], class);
        squares += d * d;
    }
    return squares / (double)(x->count - 1);
}

static double weighted_value(const struct compared *x, const double *value, size_t class)
{
    double sum = 0;
    for (size_t l = 0; l < x->cells; l++)
        if (x->weight[l] > 0)
            sum += x->weight[l] * value[l * x->classes + class];
    return sum;
}

/* t_c of every class into t[classes] and s_c into deviation[classes]; -1: they are not defined. */
static int test_classes(const struct compared *x, double *t, double *deviation)
{
    const double m = (double)x->count;
    double common = 0;
    if (x->count < 2 || x->classes < 2)
        return -1;
    for (size_t c = 0; c < x->classes; c++) {
        deviation[c] = class_variance(x, c);
        common += deviation[c] / (double)x->classes;
    }
    if (!(common > 0))
        return -1; /* references that agree exactly say nothing about how far models differ */
    for (size_t c = 0; c < x->classes; c++) {
        const double shrunk = (BIAS_PRIOR * common + (m - 1) * deviation[c]) / (BIAS_PRIOR + m - 1);
        deviation[c] = sqrt(fmax(common, shrunk));
        t[c] = difference(x, x->value, c) / (deviation[c] * sqrt(1 + 1 / m));
    }
    return 0;
}

/* What is known without a test: rank[classes] is what the class is chosen by. */
static void rank_classes(const struct compared *x, double *rank)
{
    for (size_t c = 0; c < x->classes; c++)
        rank[c] = x->count ? difference(x, x->value, c) : weighted_value(x, x->value, c);
}

static void describe(const struct compared *x, struct bias_excess *out)
{
    double most = -INFINITY;
    out->value = weighted_value(x, x->value, out->class);
    if (!x->count)
        return;
    out->excess = difference(x, x->value, out->class);
    out->reference = 0;
    for (size_t k = 0; k < x->count; k++)
        out->reference += weighted_value(x, x->reference[k], out->class) / (double)x->count;
    for (size_t l = 0; l < x->cells; l++) {
        const size_t at = l * x->classes + out->class;
        const double part =
            x->weight[l] > 0 ? x->weight[l] * (angle(x->value[at]) - mean_of(x, at)) : -INFINITY;
        out->cell = part > most ? l : out->cell;
        most = fmax(most, part);
    }
}

int bias_excess_of(const double *value, const double *const *reference, size_t count, size_t cells,
                   size_t classes, struct bias_excess *out, struct apex_error *err)
{
    *out = (struct bias_excess){.references = count,
                                .excess = NAN,
                                .value = NAN,
                                .reference = NAN,
                                .deviation = NAN,
                                .t = NAN,
                                .p = NAN};
    double *work = calloc(cells + 2 * classes + 1, sizeof *work);
    if (!work)
        return apex_fail(err, "no memory to compare %zu cells", cells);
    const struct compared x = {value, reference, count, cells, classes, work};
    double *t = work + cells, *deviation = t + classes;
    out->cells = weigh(&x);
    if (out->cells) {
        const int tested = test_classes(&x, t, deviation) == 0;
        if (!tested)
            rank_classes(&x, t);
        for (size_t c = 1; c < classes; c++)
            out->class = t[c] > t[out->class] ? c : out->class;
        describe(&x, out);
        if (tested) {
            out->t = t[out->class];
            out->deviation = deviation[out->class];
            out->freedom = (double)((count - 1) * (classes - 1));
            out->p = fmin(1, (double)classes * gsl_cdf_tdist_Q(out->t, out->freedom));
        }
    }
    free(work);
    return 0;
}
