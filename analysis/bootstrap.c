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
    bootstrap_statistic *statistic;
    void *context;
    size_t n;
    unsigned *times;   /* [n] */
    double *replicate; /* [replicates] the defined ones first, ascending after resample() */
    size_t defined;
};

/* The generator (MT19937) is seeded anew for every interval, so that no interval depends on another one. */
static int resample(struct resampling *s, const struct bootstrap_options *o)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    if (!rng)
        return -1;
    gsl_rng_set(rng, (unsigned long)(o->seed ^ o->seed >> 32));
    for (int r = 0; r < o->replicates; r++) {
        for (size_t i = 0; i < s->n; i++)
            s->times[i] = 0;
        for (size_t i = 0; i < s->n; i++)
            s->times[gsl_rng_uniform_int(rng, s->n)]++;
        const double value = s->statistic(s->context, s->times, s->n);
        if (!isnan(value))
            s->replicate[s->defined++] = value;
    }
    gsl_rng_free(rng);
    sort_values(s->replicate, s->defined);
    return 0;
}

/* Linear between order statistics (Hyndman and Fan's type 7). */
static double quantile(const double *x, size_t n, double p)
{
    const double at = p * (double)(n - 1), down = floor(at);
    const size_t k = (size_t)down;
    return k + 1 < n && at > down ? x[k] + (at - down) * (x[k + 1] - x[k]) : x[k];
}

/* Skewness of the jackknife values over 6; 0 where they all agree. */
static double acceleration(struct resampling *s)
{
    const size_t n = s->n, groups = n < INTERVAL_JACKKNIFE_GROUPS ? n : INTERVAL_JACKKNIFE_GROUPS;
    double value[INTERVAL_JACKKNIFE_GROUPS], mean = 0, square = 0, cube = 0;
    size_t used = 0;
    for (size_t g = 0; g < groups; g++) {
        for (size_t i = 0; i < n; i++)
            s->times[i] = i % groups != g;
        const double v = s->statistic(s->context, s->times, n);
        if (!isnan(v))
            mean += value[used++] = v;
    }
    mean /= (double)used;
    for (size_t g = 0; g < used; g++) {
        const double d = mean - value[g];
        square += d * d;
        cube += d * d * d;
    }
    return square > 0 ? cube / (6 * pow(square, 1.5)) : 0;
}

/* Share of the replicates below the estimate; ties count half, which matters for coarse statistics. */
static double share_below(const struct resampling *s, double estimate)
{
    double below = 0;
    for (size_t i = 0; i < s->defined; i++)
        below += s->replicate[i] < estimate ? 1 : s->replicate[i] == estimate ? 0.5 : 0;
    return below / (double)s->defined;
}

static double bca_level(double z0, double a, double z)
{
    return gsl_cdf_ugaussian_P(z0 + (z0 + z) / (1 - a * (z0 + z)));
}

static struct interval between(const struct resampling *s, double low, double high)
{
    return (struct interval){quantile(s->replicate, s->defined, low),
                             quantile(s->replicate, s->defined, high)};
}

/* BCa cannot be made where every replicate lies on one side of the estimate, and shrinks to a point where the
 * estimate is at the end of its range: the percentile method's interval stands then. */
static struct interval find_interval(struct resampling *s, const struct bootstrap_options *o, double estimate)
{
    const double low = (1 - o->level) / 2, high = 1 - low, below = share_below(s, estimate);
    const struct interval percentile = between(s, low, high);
    if (o->method != BOOTSTRAP_BCA || !(below > 0 && below < 1))
        return percentile;
    const double z0 = gsl_cdf_ugaussian_Pinv(below), a = acceleration(s), z = gsl_cdf_ugaussian_Pinv(high);
    const struct interval bca = between(s, bca_level(z0, a, -z), bca_level(z0, a, z));
    return bca.low < bca.high ? bca : percentile;
}

static double standard_error(const struct resampling *s)
{
    double mean = 0, square = 0;
    if (s->defined < 2)
        return NAN;
    for (size_t i = 0; i < s->defined; i++)
        mean += s->replicate[i];
    mean /= (double)s->defined;
    for (size_t i = 0; i < s->defined; i++)
        square += (s->replicate[i] - mean) * (s->replicate[i] - mean);
    return sqrt(square / (double)(s->defined - 1));
}

static void estimate_first(struct resampling *s, struct bootstrap *out)
{
    for (size_t i = 0; i < s->n; i++)
        s->times[i] = 1;
    *out = (struct bootstrap){
        .estimate = s->statistic(s->context, s->times, s->n), .interval = {NAN, NAN}, .standard_error = NAN};
}

int bootstrap(bootstrap_statistic *statistic, void *context, size_t n, const struct bootstrap_options *o,
              struct bootstrap *out, struct apex_error *err)
{
    if (o->replicates < 2 || !(o->level > 0 && o->level < 1))
        return apex_fail(err, "a bootstrap of %d replicates and level %g cannot be made", o->replicates,
                         o->level);
    struct resampling s = {.statistic = statistic, .context = context, .n = n};
    s.times = calloc(n + 1, sizeof *s.times);
    s.replicate = calloc((size_t)o->replicates, sizeof *s.replicate);
    int rc = s.times && s.replicate ? 0 : apex_fail(err, "no memory for a bootstrap of %zu samples", n);
    if (rc == 0) {
        estimate_first(&s, out);
        if (n >= 2 && !isnan(out->estimate)) {
            rc = resample(&s, o) == 0 ? 0 : apex_fail(err, "no memory for a bootstrap of %zu samples", n);
            out->undefined = o->replicates - (int)s.defined;
            if (rc == 0 && 2 * s.defined >= (size_t)o->replicates) {
                out->interval = find_interval(&s, o, out->estimate);
                out->standard_error = standard_error(&s);
            }
        }
    }
    free(s.times);
    free(s.replicate);
    return rc;
}
