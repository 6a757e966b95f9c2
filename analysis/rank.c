#include "analysis/rank_data.h"

#include <math.h>
#include <stdlib.h>

double rank_partial_of(double xy, double xz, double yz)
{
    const double left = (1 - xz * xz) * (1 - yz * yz);
    return left > 1e-12 ? fmax(-1, fmin(1, (xy - xz * yz) / sqrt(left))) : NAN;
}

static double spearman(void *context, const unsigned *times, size_t n)
{
    (void)n;
    struct rank_data *d = context;
    rank_data_resample(d, 0, times);
    rank_data_resample(d, 1, times);
    return rank_data_correlation(d, 0, 1, times);
}

/* Variables x, y, z: of x and y, z held fixed. */
static double partial(void *context, const unsigned *times, size_t n)
{
    (void)n;
    struct rank_data *d = context;
    for (int k = 0; k < 3; k++)
        rank_data_resample(d, k, times);
    return rank_partial_of(rank_data_correlation(d, 0, 1, times), rank_data_correlation(d, 0, 2, times),
                           rank_data_correlation(d, 1, 2, times));
}

/* Variables x, z, y: how much more x says about y than z does. */
static double difference(void *context, const unsigned *times, size_t n)
{
    (void)n;
    struct rank_data *d = context;
    for (int k = 0; k < 3; k++)
        rank_data_resample(d, k, times);
    return rank_data_correlation(d, 0, 2, times) - rank_data_correlation(d, 1, 2, times);
}

/* The statistic of all samples, each once. */
static int of_all(bootstrap_statistic *statistic, const double *const *x, int variables, size_t n,
                  double *out, struct apex_error *err)
{
    struct rank_data d;
    unsigned *once = malloc((n + 1) * sizeof *once);
    int rc = rank_data_init(&d, x, variables, n, err);
    if (rc == 0 && !once)
        rc = apex_fail(err, "no memory to rank %zu samples", n);
    for (size_t i = 0; rc == 0 && i < d.n; i++)
        once[i] = 1;
    if (rc == 0)
        *out = statistic(&d, once, d.n);
    rank_data_free(&d);
    free(once);
    return rc;
}

static int resampled(bootstrap_statistic *statistic, const double *const *x, int variables, size_t n,
                     const struct bootstrap_options *o, struct bootstrap *out, struct apex_error *err)
{
    struct rank_data d;
    int rc = rank_data_init(&d, x, variables, n, err);
    if (rc == 0)
        rc = bootstrap(statistic, &d, d.n, o, out, err);
    rank_data_free(&d);
    return rc;
}

int rank_spearman(const double *x, const double *y, size_t n, double *rho, struct apex_error *err)
{
    return of_all(spearman, (const double *[]){x, y}, 2, n, rho, err);
}

int rank_kendall(const double *x, const double *y, size_t n, double *tau, struct apex_error *err)
{
    return of_all(rank_kendall_statistic, (const double *[]){x, y}, 2, n, tau, err);
}

int rank_partial(const double *x, const double *y, const double *z, size_t n, double *rho,
                 struct apex_error *err)
{
    return of_all(partial, (const double *[]){x, y, z}, 3, n, rho, err);
}

int rank_partial_interval(const double *x, const double *y, const double *z, size_t n,
                          const struct bootstrap_options *o, struct bootstrap *out, struct apex_error *err)
{
    return resampled(partial, (const double *[]){x, y, z}, 3, n, o, out, err);
}

int rank_difference(const double *x, const double *z, const double *y, size_t n,
                    const struct bootstrap_options *o, struct bootstrap *out, struct apex_error *err)
{
    return resampled(difference, (const double *[]){x, z, y}, 3, n, o, out, err);
}

static int kendall(struct rank_data *d, const struct bootstrap_options *o, struct rank_correlation *out,
                   struct apex_error *err)
{
    out->kendall_resampled = (double)d->n * o->replicates <= RANK_KENDALL_WORK;
    return out->kendall_resampled ? bootstrap(rank_kendall_statistic, d, d->n, o, &out->kendall, err)
                                  : rank_kendall_normal(d, o->level, &out->kendall, err);
}

int rank_kendall_correlate(const double *x, const double *y, size_t n, const struct bootstrap_options *o,
                           struct rank_correlation *out, struct apex_error *err)
{
    struct rank_data d;
    int rc = rank_data_init(&d, (const double *[]){x, y}, 2, n, err);
    if (rc == 0)
        rc = kendall(&d, o, out, err);
    rank_data_free(&d);
    return rc;
}

int rank_correlate(const double *x, const double *y, size_t n, const struct bootstrap_options *o,
                   struct rank_correlation *out, struct apex_error *err)
{
    struct rank_data d;
    *out = (struct rank_correlation){0};
    int rc = rank_data_init(&d, (const double *[]){x, y}, 2, n, err);
    if (rc == 0) {
        out->pairs = d.n;
        rc = bootstrap(spearman, &d, d.n, o, &out->spearman, err);
    }
    if (rc == 0)
        rc = kendall(&d, o, out, err);
    rank_data_free(&d);
    return rc;
}
