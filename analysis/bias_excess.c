#include "analysis/bias_excess.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

struct compared {
    const double *share, *const *reference;
    size_t count, sites, classes;
    double *weight; /* [sites], sum 1; 0: somebody has no share there */
};

static double angle(double share)
{
    return asin(sqrt(fmin(1, fmax(0, share))));
}

/* The references' mean of asin sqrt at one class of one site; `at` is its place in the arrays. */
static double mean_of(const struct compared *x, size_t at)
{
    double mean = 0;
    for (size_t k = 0; k < x->count; k++)
        mean += angle(x->reference[k][at]) / (double)x->count;
    return mean;
}

static int is_known(const struct compared *x, size_t site)
{
    int missing = isnan(x->share[site * x->classes]);
    for (size_t k = 0; k < x->count; k++)
        missing |= isnan(x->reference[k][site * x->classes]);
    return !missing;
}

/* v_l; 0 where there is only one reference. */
static double site_variance(const struct compared *x, size_t site)
{
    double squares = 0;
    for (size_t c = 0; c < x->classes; c++) {
        const size_t at = site * x->classes + c;
        const double mean = mean_of(x, at);
        for (size_t k = 0; k < x->count; k++)
            squares += (angle(x->reference[k][at]) - mean) * (angle(x->reference[k][at]) - mean);
    }
    return x->count > 1 ? squares / (double)(x->classes * (x->count - 1)) : 0;
}

/* Returns the number of sites that count. */
static size_t weigh(const struct compared *x)
{
    double all = 0;
    size_t sites = 0;
    for (size_t s = 0; s < x->sites; s++) {
        x->weight[s] = is_known(x, s) ? 1 / (site_variance(x, s) + BIAS_FLOOR * BIAS_FLOOR) : 0;
        all += x->weight[s];
        sites += x->weight[s] > 0;
    }
    for (size_t s = 0; s < x->sites && sites; s++)
        x->weight[s] /= all;
    return sites;
}

/* sum_l w_l (a_lc - mean) of a model, which may be one of the references. */
static double difference(const struct compared *x, const double *share, size_t class)
{
    double sum = 0;
    for (size_t s = 0; s < x->sites; s++)
        if (x->weight[s] > 0) {
            const size_t at = s * x->classes + class;
            sum += x->weight[s] * (angle(share[at]) - mean_of(x, at));
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

static double weighted_share(const struct compared *x, const double *share, size_t class)
{
    double sum = 0;
    for (size_t s = 0; s < x->sites; s++)
        if (x->weight[s] > 0)
            sum += x->weight[s] * share[s * x->classes + class];
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
        t[c] = difference(x, x->share, c) / (deviation[c] * sqrt(1 + 1 / m));
    }
    return 0;
}

/* What is known without a test: rank[classes] is what the class is chosen by. */
static void rank_classes(const struct compared *x, double *rank)
{
    for (size_t c = 0; c < x->classes; c++)
        rank[c] = x->count ? difference(x, x->share, c) : weighted_share(x, x->share, c);
}

static void describe(const struct compared *x, struct bias_excess *out)
{
    double most = -INFINITY;
    out->share = weighted_share(x, x->share, out->class);
    if (!x->count)
        return;
    out->excess = difference(x, x->share, out->class);
    out->reference = 0;
    for (size_t k = 0; k < x->count; k++)
        out->reference += weighted_share(x, x->reference[k], out->class) / (double)x->count;
    for (size_t s = 0; s < x->sites; s++) {
        const size_t at = s * x->classes + out->class;
        const double part =
            x->weight[s] > 0 ? x->weight[s] * (angle(x->share[at]) - mean_of(x, at)) : -INFINITY;
        out->site = part > most ? s : out->site;
        most = fmax(most, part);
    }
}

int bias_excess_of(const double *share, const double *const *reference, size_t count, size_t sites,
                   size_t classes, struct bias_excess *out, struct apex_error *err)
{
    *out = (struct bias_excess){.references = count,
                                .excess = NAN,
                                .share = NAN,
                                .reference = NAN,
                                .deviation = NAN,
                                .t = NAN,
                                .p = NAN};
    double *work = calloc(sites + 2 * classes + 1, sizeof *work);
    if (!work)
        return apex_fail(err, "no memory to compare %zu sites", sites);
    const struct compared x = {share, reference, count, sites, classes, work};
    double *t = work + sites, *deviation = t + classes;
    out->sites = weigh(&x);
    if (out->sites) {
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
