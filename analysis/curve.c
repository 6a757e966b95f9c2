#include "analysis/curve.h"
#include "analysis/escape.h"

#include <math.h>
#include <stdlib.h>

/* Trials that the samples are worth: what gives the mean its variance. */
static double effective_trials(const double *stay, size_t n, double mean, int draws)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (stay[i] - mean) * (stay[i] - mean);
    if (n < 2 || !(squares > 0))
        return (double)n;
    const double variance = squares / (double)(n - 1) / (double)n;
    return fmin((double)n * draws, fmax((double)n, mean * (1 - mean) / variance));
}

static int quartiles(const double *stay, size_t n, struct curve_point *p, struct apex_error *err)
{
    return escape_quantile(stay, n, 0.25, &p->lower_quartile, err) ||
                   escape_quantile(stay, n, 0.5, &p->median, err) ||
                   escape_quantile(stay, n, 0.75, &p->upper_quartile, err)
               ? -1
               : 0;
}

/* Share of draws that give the label; margins. */
static void other_means(const struct result *r, const struct result_site *s, size_t k,
                        const unsigned char *keep, struct curve_point *p)
{
    double right = 0, margin = 0;
    size_t labelled = 0;
    for (size_t i = 0; i < s->samples; i++) {
        const size_t at = k * s->samples + i;
        if ((keep && !keep[i]) || s->stay_count[at] < 0)
            continue;
        margin += (double)s->mean_margin[at];
        if (s->class_count && r->label[i] >= 0) {
            right += s->class_count[at * s->classes + (size_t)r->label[i]];
            labelled++;
        }
    }
    p->accuracy = labelled ? right / ((double)labelled * s->draws) : NAN;
    p->margin = margin / (double)p->samples;
}

int curve_of_stay(const struct result *r, const struct result_site *s, const unsigned char *keep,
                  double level, struct curve_point *out, struct apex_error *err)
{
    double *stay = malloc((s->samples + 1) * sizeof *stay);
    int rc = stay ? 0 : apex_fail(err, "no memory for %zu samples", s->samples);
    for (size_t k = 0; k < s->sigmas && rc == 0; k++) {
        struct curve_point *p = &out[k];
        size_t n = 0;
        double sum = 0;
        *p = (struct curve_point){r->sigma[k], 0, NAN, {NAN, NAN}, NAN, NAN, NAN, NAN, NAN};
        for (size_t i = 0; i < s->samples; i++)
            if ((!keep || keep[i]) && s->stay_count[k * s->samples + i] >= 0)
                sum += stay[n++] = result_stay(s, k, i);
        p->samples = n;
        if (n == 0)
            continue;
        p->mean = sum / (double)n;
        const double trials = effective_trials(stay, n, p->mean, s->draws);
        p->band = interval_wilson(fmin(p->mean, 1) * trials, trials, level);
        other_means(r, s, k, keep, p);
        rc = quartiles(stay, n, p, err);
    }
    free(stay);
    return rc;
}

double curve_crossing(const struct curve_point *point, size_t n, double share)
{
    const struct curve_point *before = NULL;
    for (size_t k = 0; k < n; k++) {
        const struct curve_point *p = &point[k];
        if (isnan(p->mean))
            continue;
        if (isinf(p->sigma))
            return before ? INFINITY : NAN;
        if (p->mean < share) {
            if (!before)
                return p->sigma;
            const double part = (before->mean - share) / (before->mean - p->mean);
            return exp(log(before->sigma) + part * (log(p->sigma) - log(before->sigma)));
        }
        before = p;
    }
    return before ? INFINITY : NAN;
}

struct curve_point curve_at(const struct curve_point *point, size_t n, double sigma)
{
    struct curve_point at = {.sigma = sigma, .mean = NAN, .band = {NAN, NAN}};
    for (size_t k = 0; k < n; k++) {
        const struct curve_point *b = &point[k], *a = k ? b - 1 : b;
        if (b->sigma == sigma)
            return (struct curve_point){.sigma = sigma, .mean = b->mean, .band = b->band};
        if (!(a->sigma < sigma && sigma < b->sigma) || isinf(b->sigma))
            continue;
        double part = log(sigma / a->sigma) / log(b->sigma / a->sigma);
        at.mean = a->mean + part * (b->mean - a->mean);
        at.band.low = a->band.low + part * (b->band.low - a->band.low);
        at.band.high = a->band.high + part * (b->band.high - a->band.high);
    }
    return at;
}
