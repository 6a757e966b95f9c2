/* Kendall's tau-b of rank.h, with samples counted several times (a resample). */
#include "analysis/rank_data.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

/* Fenwick tree over the values of y: tree[1..groups]. */
static void add(double *tree, size_t groups, size_t at, double weight)
{
    for (size_t k = at + 1; k <= groups; k += k & -k)
        tree[k] += weight;
}

/* Weight of the values numbered below `at`. */
static double below(const double *tree, size_t at)
{
    double sum = 0;
    for (size_t k = at; k > 0; k -= k & -k)
        sum += tree[k];
    return sum;
}

/* For every sample, from the samples with a smaller x: weight with smaller y minus weight with larger y,
 * added to score[i] (or only summed up where score is NULL). turned: larger x instead. Returns the weighted
 * sum. */
static double sweep(struct rank_data *d, const unsigned *times, int turned, double *score)
{
    const struct rank_variable *x = &d->v[0], *y = &d->v[1];
    double total = 0, seen = 0;
    for (size_t k = 0; k <= y->groups; k++)
        d->tree[k] = 0;
    for (size_t k = 0; k < d->n;) {
        size_t end = k;
        const uint32_t tie = x->group[d->order[turned ? d->n - 1 - k : k]];
        for (; end < d->n; end++) {
            const size_t i = d->order[turned ? d->n - 1 - end : end];
            if (x->group[i] != tie)
                break;
            const double less = below(d->tree, y->group[i]), upto = below(d->tree, y->group[i] + (size_t)1);
            const double value = turned ? seen - upto - less : less - (seen - upto);
            total += times[i] * value;
            if (score)
                score[i] += value;
        }
        for (; k < end; k++) {
            const size_t i = d->order[turned ? d->n - 1 - k : k];
            add(d->tree, y->groups, y->group[i], times[i]);
            seen += times[i];
        }
    }
    return total;
}

/* Pairs of the resample that differ in the variable. */
static double untied(const struct rank_variable *v, double n)
{
    double pairs = 0.5 * n * (n - 1);
    for (size_t g = 0; g < v->groups; g++)
        pairs -= 0.5 * v->weight[g] * (v->weight[g] - 1);
    return pairs;
}

double rank_kendall_statistic(void *context, const unsigned *times, size_t n)
{
    (void)n;
    struct rank_data *d = context;
    const double total = rank_data_resample(d, 0, times);
    rank_data_resample(d, 1, times);
    const double scale = sqrt(untied(&d->v[0], total)) * sqrt(untied(&d->v[1], total));
    return scale > 0 ? fmax(-1, fmin(1, sweep(d, times, 0, NULL) / scale)) : NAN;
}

/* Standard error of tau = S / sqrt(A B), all three means over pairs; score[i] is sample i's sum over the
 * others. */
static double infinitesimal(const struct rank_data *d, const double *score, double *tau)
{
    const struct rank_variable *x = &d->v[0], *y = &d->v[1];
    const double n = (double)d->n, a = untied(x, n) / (0.5 * n * (n - 1)),
                 b = untied(y, n) / (0.5 * n * (n - 1));
    double s = 0, squares = 0;
    for (size_t i = 0; i < d->n; i++)
        s += score[i] / (n * (n - 1));
    for (size_t i = 0; i < d->n; i++) {
        const double si = score[i] / (n - 1), ai = (n - x->weight[x->group[i]]) / (n - 1),
                     bi = (n - y->weight[y->group[i]]) / (n - 1);
        const double influence = 2 * ((si - s) - 0.5 * s * ((ai - a) / a + (bi - b) / b)) / sqrt(a * b);
        squares += influence * influence;
    }
    *tau = fmax(-1, fmin(1, s / sqrt(a * b)));
    return sqrt(squares) / n;
}

int rank_kendall_normal(struct rank_data *d, double level, struct bootstrap *out, struct apex_error *err)
{
    unsigned *once = malloc((d->n + 1) * sizeof *once);
    double *score = calloc(d->n + 1, sizeof *score);
    *out = (struct bootstrap){.estimate = NAN, .interval = {NAN, NAN}, .standard_error = NAN};
    int rc = once && score ? 0 : apex_fail(err, "no memory to rank %zu samples", d->n);
    for (size_t i = 0; rc == 0 && i < d->n; i++)
        once[i] = 1;
    if (rc == 0 && !isnan(rank_kendall_statistic(d, once, d->n))) {
        sweep(d, once, 0, score);
        sweep(d, once, 1, score);
        out->standard_error = infinitesimal(d, score, &out->estimate);
        const double z = atanh(out->estimate), left = 1 - out->estimate * out->estimate;
        const double half = gsl_cdf_ugaussian_Pinv(0.5 + level / 2) * out->standard_error / left;
        out->interval = left > 0 ? (struct interval){tanh(z - half), tanh(z + half)}
                                 : (struct interval){out->estimate, out->estimate};
    }
    free(once);
    free(score);
    return rc;
}
