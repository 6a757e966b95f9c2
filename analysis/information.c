#include "analysis/information.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

double information_entropy(const int *counts, size_t classes, size_t *seen)
{
    double total = 0, sum = 0;
    *seen = 0;
    for (size_t c = 0; c < classes; c++)
        total += counts[c] > 0 ? counts[c] : 0;
    for (size_t c = 0; c < classes; c++)
        if (counts[c] > 0) {
            sum -= counts[c] / total * log(counts[c] / total);
            ++*seen;
        }
    return total > 0 ? fmax(0, sum) : NAN;
}

double information_mean_deviation(int draws, double p)
{
    if (!(p > 0) || p >= 1)
        return isnan(p) ? NAN : 0;
    const double t = draws, m = floor(t * p) + 1;
    if (m > t) /* only where t * p rounds up to t: all but certain */
        return 0;
    const double choose = lgamma(t + 1) - lgamma(m + 1) - lgamma(t - m + 1);
    return 2 * m * exp(choose + m * log(p) + (t - m + 1) * log1p(-p)) / t;
}

/* Distribution from whole numbers. */
static double entropy_of(const double *share, size_t classes, size_t *seen)
{
    double sum = 0;
    *seen = 0;
    for (size_t c = 0; c < classes; c++)
        if (share[c] > 0) {
            sum -= share[c] * log(share[c]);
            ++*seen;
        }
    return fmax(0, sum);
}

struct work {
    const struct result *r;
    const struct result_site *s;
    const int *count; /* [samples][classes] of this scale */
    double *average;  /* [classes] p- */
    double *clean;    /* [classes] share of the clean classes among the same samples */
    double *distance; /* [samples] */
};

static const int *row_of(const struct work *w, size_t i)
{
    const int *row = w->count + i * w->s->classes;
    return row[0] >= 0 ? row : NULL;
}

/* p- and the clean shares; returns the number of samples with draws. */
static size_t average(const struct work *w)
{
    const size_t classes = w->s->classes;
    size_t n = 0;
    for (size_t c = 0; c < classes; c++)
        w->average[c] = w->clean[c] = 0;
    for (size_t i = 0; i < w->s->samples; i++) {
        const int *row = row_of(w, i);
        if (!row)
            continue;
        n++;
        w->clean[w->r->clean_class[i]]++;
        for (size_t c = 0; c < classes; c++)
            w->average[c] += row[c];
    }
    for (size_t c = 0; c < classes && n; c++) {
        w->average[c] /= (double)n * w->s->draws;
        w->clean[c] /= (double)n;
    }
    return n;
}

static double held(double x)
{
    return isnan(x) ? x : fmax(0, fmin(1, x));
}

static void mutual(const struct work *w, size_t n, struct information *out)
{
    const double draws = w->s->draws;
    size_t seen;
    double within = 0, correction;
    out->entropy = entropy_of(w->average, w->s->classes, &seen);
    correction = ((double)seen - 1) / (2 * (double)n * draws);
    for (size_t i = 0; i < w->s->samples; i++) {
        const int *row = row_of(w, i);
        if (!row)
            continue;
        within += information_entropy(row, w->s->classes, &seen) / (double)n;
        correction -= ((double)seen - 1) / (2 * draws) / (double)n;
    }
    const double clean = entropy_of(w->clean, w->s->classes, &seen);
    out->mutual_plugin = fmax(0, out->entropy - within);
    out->mutual = out->entropy - within + correction;
    out->of_entropy = out->entropy > 0 ? held(out->mutual / out->entropy) : NAN;
    out->of_clean = clean > 0 ? held(out->mutual / clean) : NAN;
}

/* Mean total variation from q, its interval over samples, and what T draws from q itself would give. */
static double variation(const struct work *w, const double *q, struct interval *interval, double *null)
{
    const size_t classes = w->s->classes;
    size_t n = 0;
    double sum = 0;
    *null = 0;
    for (size_t i = 0; i < w->s->samples; i++) {
        const int *row = row_of(w, i);
        double distance = 0;
        for (size_t c = 0; c < classes && row; c++)
            distance += 0.5 * fabs((double)row[c] / w->s->draws - q[c]);
        if (row)
            sum += w->distance[n++] = distance;
    }
    for (size_t c = 0; c < classes; c++)
        *null += 0.5 * information_mean_deviation(w->s->draws, q[c]);
    *interval = interval_mean(w->distance, n, 0.95);
    return sum / (double)n;
}

/* Shares at sigma = inf of the same site, or NULL. */
static const double *limit(const struct result *r, const struct result_site *s)
{
    const double *share = r->class_share + (s->site * r->sigmas + r->sigmas - 1) * r->classes;
    return isinf(r->sigma[r->sigmas - 1]) && !isnan(share[0]) ? share : NULL;
}

/* Plug-in information of predictions dealt out to n samples at random. */
static double null_once(const int *pool, size_t n, const struct work *w, double entropy, int *row)
{
    const size_t draws = (size_t)w->s->draws;
    double within = 0;
    for (size_t i = 0; i < n; i++) {
        size_t seen;
        for (size_t c = 0; c < w->s->classes; c++)
            row[c] = 0;
        for (size_t t = 0; t < draws; t++)
            row[pool[i * draws + t]]++;
        within += information_entropy(row, w->s->classes, &seen) / (double)n;
    }
    return fmax(0, entropy - within);
}

static int permute(const struct work *w, size_t n, int permutations, uint64_t seed, struct information *out,
                   struct apex_error *err)
{
    const size_t draws = (size_t)w->s->draws;
    if (n > SIZE_MAX / sizeof(int) / draws / 2)
        return apex_fail(err, "%s: too many draws to permute", w->r->path);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    int *pool = malloc((n * draws + 1) * sizeof *pool), *row = malloc(w->s->classes * sizeof *row), rc = 0;
    size_t at = 0;
    if (!rng || !pool || !row)
        rc = apex_fail(err, "%s: no memory to permute %zu samples of %zu draws", w->r->path, n, draws);
    for (size_t i = 0; i < w->s->samples && rc == 0; i++) {
        const int *count = row_of(w, i);
        for (size_t c = 0; c < w->s->classes && count; c++)
            for (int t = 0; t < count[c]; t++)
                pool[at++] = (int)c;
    }
    if (rc == 0) {
        gsl_rng_set(rng, (unsigned long)(seed ^ seed >> 32));
        out->mutual_null = 0;
        for (int k = 0; k < permutations; k++) {
            gsl_ran_shuffle(rng, pool, at, sizeof *pool);
            out->mutual_null += null_once(pool, n, w, out->entropy, row) / permutations;
        }
    }
    if (rng)
        gsl_rng_free(rng);
    free(pool);
    free(row);
    return rc;
}

int information_at(const struct result *r, const struct result_site *s, size_t k, int permutations,
                   uint64_t seed, struct information *out, struct apex_error *err)
{
    const struct interval none = {NAN, NAN};
    *out = (struct information){0,   NAN,  NAN, NAN, NAN,  NAN, NAN, /* samples to of_clean */
                                NAN, none, NAN, NAN, none, NAN};
    if (!s->class_count)
        return apex_fail(err, "%s: it has no class_count: ask the grid for it (class_count: true)", r->path);
    struct work w = {r, s, s->class_count + k * s->samples * s->classes, NULL, NULL, NULL};
    w.average = malloc(s->classes * sizeof *w.average);
    w.clean = malloc(s->classes * sizeof *w.clean);
    w.distance = malloc(s->samples * sizeof *w.distance);
    int rc = w.average && w.clean && w.distance ? 0 : apex_fail(err, "%s: no memory", r->path);
    if (rc == 0 && (out->samples = average(&w)) > 0) {
        mutual(&w, out->samples, out);
        out->tv_average = variation(&w, w.average, &out->tv_average_interval, &out->tv_average_null);
        if (limit(r, s))
            out->tv_limit = variation(&w, limit(r, s), &out->tv_limit_interval, &out->tv_limit_null);
        if (permutations > 0)
            rc = permute(&w, out->samples, permutations, seed, out, err);
    }
    free(w.average);
    free(w.clean);
    free(w.distance);
    return rc;
}
