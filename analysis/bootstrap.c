/* The bootstrap of interval.h. */
#include "analysis/interval.h"
#include "analysis/sort.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

const struct bootstrap_options bootstrap_default = {1000, 1, 0.95, BOOTSTRAP_BCA};

struct bootstrap_options bootstrap_sized(const struct bootstrap_options *o, size_t n)
{
    enum { WORK = 2000000, LEAST = 200 };
    struct bootstrap_options sized = *o;
    const size_t most = n ? WORK / n : WORK;
    if ((size_t)sized.replicates > most)
        sized.replicates = most > LEAST ? (int)most : sized.replicates < LEAST ? sized.replicates : LEAST;
    return sized;
}

struct resampling {
    bootstrap_statistics *statistics;
    void *context;
    size_t n, many, groups;
    int replicates;
    unsigned *times;   /* [n] */
    double *value;     /* [many] of one resample */
    double *replicate; /* [many][replicates] */
    double *jackknife; /* [many][groups] */
};

static void evaluate(const struct resampling *s, double *to, size_t step)
{
    s->statistics(s->context, s->times, s->n, s->value);
    for (size_t k = 0; k < s->many; k++)
        to[k * step] = s->value[k];
}

/* The generator (MT19937) is seeded anew for every interval, so that no interval depends on another one. */
static int resample(const struct resampling *s, uint64_t seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    if (!rng)
        return -1;
    gsl_rng_set(rng, (unsigned long)(seed ^ seed >> 32));
    for (int r = 0; r < s->replicates; r++) {
        for (size_t i = 0; i < s->n; i++)
            s->times[i] = 0;
        for (size_t i = 0; i < s->n; i++)
            s->times[gsl_rng_uniform_int(rng, s->n)]++;
        evaluate(s, s->replicate + r, (size_t)s->replicates);
    }
    gsl_rng_free(rng);
    return 0;
}

/* Each time without one of the groups; a group is one sample where there are few. */
static void leave_out(const struct resampling *s)
{
    for (size_t g = 0; g < s->groups; g++) {
        for (size_t i = 0; i < s->n; i++)
            s->times[i] = 1;
        for (size_t i = g; i < s->n; i += s->groups)
            s->times[i] = 0;
        evaluate(s, s->jackknife + g, s->groups);
    }
}

/* The values that are not NaN to the front; returns how many. */
static size_t defined_values(double *x, size_t n)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            x[m++] = x[i];
    return m;
}

/* Linear between order statistics (Hyndman and Fan's type 7). */
static double quantile(const double *x, size_t n, double p)
{
    const double at = p * (double)(n - 1), down = floor(at);
    const size_t k = (size_t)down;
    return k + 1 < n && at > down ? x[k] + (at - down) * (x[k + 1] - x[k]) : x[k];
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

/* Skewness of the jackknife values over 6; 0 where they all agree. */
static double acceleration(double *value, size_t n)
{
    const size_t used = defined_values(value, n);
    const double mean = mean_of(value, used);
    double square = 0, cube = 0;
    for (size_t g = 0; g < used; g++) {
        const double d = mean - value[g];
        square += d * d;
        cube += d * d * d;
    }
    return square > 0 ? cube / (6 * pow(square, 1.5)) : 0;
}

/* Share of the replicates below the estimate; ties count half, which matters for coarse statistics. */
static double share_below(const double *x, size_t n, double estimate)
{
    double below = 0;
    for (size_t i = 0; i < n; i++)
        below += x[i] < estimate ? 1 : x[i] == estimate ? 0.5 : 0;
    return below / (double)n;
}

static double bca_level(double z0, double a, double z)
{
    return gsl_cdf_ugaussian_P(z0 + (z0 + z) / (1 - a * (z0 + z)));
}

/* x[n] ascending. BCa cannot be made where every replicate lies on one side of the estimate, and shrinks to a
 * point where the estimate is at the end of its range: the percentile method's interval stands then. */
static struct interval from_quantiles(const struct resampling *s, size_t k, const struct bootstrap_options *o,
                                      const double *x, size_t n, double estimate)
{
    const double low = (1 - o->level) / 2, high = 1 - low, below = share_below(x, n, estimate);
    const struct interval percentile = {quantile(x, n, low), quantile(x, n, high)};
    if (o->method != BOOTSTRAP_BCA || !(below > 0 && below < 1))
        return percentile;
    const double z0 = gsl_cdf_ugaussian_Pinv(below), z = gsl_cdf_ugaussian_Pinv(high);
    const double a = acceleration(s->jackknife + k * s->groups, s->groups);
    const struct interval bca = {quantile(x, n, bca_level(z0, a, -z)), quantile(x, n, bca_level(z0, a, z))};
    return bca.low < bca.high ? bca : percentile;
}

static double standard_error(const double *x, size_t n)
{
    const double mean = mean_of(x, n);
    double square = 0;
    for (size_t i = 0; i < n; i++)
        square += (x[i] - mean) * (x[i] - mean);
    return n > 1 ? sqrt(square / (double)(n - 1)) : NAN;
}

static void conclude(const struct resampling *s, size_t k, const struct bootstrap_options *o,
                     struct bootstrap *out)
{
    double *x = s->replicate + k * (size_t)s->replicates;
    const size_t n = defined_values(x, (size_t)s->replicates);
    out->undefined = s->replicates - (int)n;
    if (isnan(out->estimate) || 2 * n < (size_t)s->replicates)
        return;
    sort_values(x, n);
    out->standard_error = standard_error(x, n);
    if (o->method != BOOTSTRAP_NORMAL) {
        out->interval = from_quantiles(s, k, o, x, n, out->estimate);
        return;
    }
    const double bias = mean_of(x, n) - out->estimate;
    const double half = gsl_cdf_ugaussian_Pinv(0.5 + o->level / 2) * out->standard_error;
    out->interval =
        (struct interval){out->estimate - fmax(0, bias) - half, out->estimate - fmin(0, bias) + half};
}

static void release(struct resampling *s)
{
    free(s->times);
    free(s->value);
    free(s->replicate);
    free(s->jackknife);
}

static int reserve(struct resampling *s, struct apex_error *err)
{
    s->groups = s->n < INTERVAL_JACKKNIFE_GROUPS ? s->n : INTERVAL_JACKKNIFE_GROUPS;
    s->times = malloc((s->n + 1) * sizeof *s->times);
    s->value = malloc((s->many + 1) * sizeof *s->value);
    s->replicate = calloc(s->many * (size_t)s->replicates + 1, sizeof *s->replicate);
    s->jackknife = calloc(s->many * s->groups + 1, sizeof *s->jackknife);
    return s->times && s->value && s->replicate && s->jackknife
               ? 0
               : apex_fail(err, "no memory for a bootstrap of %zu samples", s->n);
}

int bootstrap_many(bootstrap_statistics *statistics, void *context, size_t n, size_t many,
                   const struct bootstrap_options *o, struct bootstrap *out, struct apex_error *err)
{
    if (o->replicates < 2 || !(o->level > 0 && o->level < 1))
        return apex_fail(err, "a bootstrap of %d replicates and level %g cannot be made", o->replicates,
                         o->level);
    struct resampling s = {
        .statistics = statistics, .context = context, .n = n, .many = many, .replicates = o->replicates};
    int rc = reserve(&s, err), defined = 0;
    if (rc == 0) {
        for (size_t i = 0; i < n; i++)
            s.times[i] = 1;
        statistics(context, s.times, n, s.value);
    }
    for (size_t k = 0; k < many && rc == 0; k++) {
        out[k] = (struct bootstrap){s.value[k], {NAN, NAN}, NAN, 0};
        defined |= !isnan(s.value[k]);
    }
    if (rc == 0 && n >= 2 && defined) {
        rc = resample(&s, o->seed) == 0 ? 0 : apex_fail(err, "no memory for a bootstrap of %zu samples", n);
        if (rc == 0 && o->method == BOOTSTRAP_BCA)
            leave_out(&s);
        for (size_t k = 0; k < many && rc == 0; k++)
            conclude(&s, k, o, &out[k]);
    }
    release(&s);
    return rc;
}

struct single {
    bootstrap_statistic *statistic;
    void *context;
};

static void one_statistic(void *context, const unsigned *times, size_t n, double *value)
{
    const struct single *s = context;
    *value = s->statistic(s->context, times, n);
}

int bootstrap(bootstrap_statistic *statistic, void *context, size_t n, const struct bootstrap_options *o,
              struct bootstrap *out, struct apex_error *err)
{
    struct single s = {statistic, context};
    return bootstrap_many(one_statistic, &s, n, 1, o, out, err);
}
