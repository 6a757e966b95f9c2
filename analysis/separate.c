#include "analysis/separate.h"
#include "analysis/kolmogorov.h"
#include "analysis/sort.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

/* The values that are not NaN, both sides ascending. */
struct sides {
    double *a, *b;
    size_t na, nb;
};

static size_t copy_values(const double *x, size_t n, double *to)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            to[m++] = x[i];
    sort_values(to, m);
    return m;
}

/* For each x, the share of y below it, ties counted half. Both ascending. Returns the mean; *variance over x.
 */
static double placements(const double *x, size_t n, const double *y, size_t m, double *variance)
{
    double mean = 0, square = 0;
    for (int pass = 0; pass < 2; pass++) {
        size_t less = 0, upto = 0;
        for (size_t i = 0; i < n; i++) {
            while (less < m && y[less] < x[i])
                less++;
            while (upto < m && y[upto] <= x[i])
                upto++;
            const double place = 0.5 * ((double)less + (double)upto) / (double)m;
            if (pass == 0)
                mean += place / (double)n;
            else
                square += (place - mean) * (place - mean);
        }
    }
    *variance = n > 1 ? square / (double)(n - 1) : NAN;
    return mean;
}

static struct interval auc_interval(const struct sides *s, double auc, double variance, double level)
{
    const double na = (double)s->na, nb = (double)s->nb, fewer = fmin(na, nb);
    if (s->na < 2 || s->nb < 2)
        return (struct interval){NAN, NAN};
    if (auc <= 0 || auc >= 1)
        return interval_clopper_pearson(auc <= 0 ? 0 : fewer, fewer, level);
    if (!(variance >
          0)) /* every value is tied with every other: what untied samples of one distribution have */
        variance = (na + nb + 1) / (12 * na * nb);
    const double middle = log(auc / (1 - auc));
    const double half = gsl_cdf_ugaussian_Pinv(0.5 + level / 2) * sqrt(variance) / (auc * (1 - auc));
    return (struct interval){1 / (1 + exp(half - middle)), 1 / (1 + exp(-half - middle))};
}

/* Sum of t^3 - t over the groups of tied values of both sides. */
static double tie_sum(const struct sides *s)
{
    double sum = 0;
    for (size_t i = 0, j = 0; i < s->na || j < s->nb;) {
        const double x = j == s->nb || (i < s->na && s->a[i] < s->b[j]) ? s->a[i] : s->b[j];
        double t = 0;
        for (; i < s->na && s->a[i] == x; i++)
            t++;
        for (; j < s->nb && s->b[j] == x; j++)
            t++;
        sum += t * t * t - t;
    }
    return sum;
}

static double mann_whitney_p(const struct sides *s, double auc)
{
    const double na = (double)s->na, nb = (double)s->nb, n = na + nb;
    const double variance = na * nb / 12 * (n + 1 - tie_sum(s) / (n * (n - 1)));
    if (!(variance > 0))
        return 1; /* all values are equal */
    const double z = (fabs(auc - 0.5) * na * nb - 0.5) / sqrt(variance);
    return fmin(1, 2 * gsl_cdf_ugaussian_Q(z));
}

static double largest_distance(const struct sides *s)
{
    double most = 0;
    for (size_t i = 0, j = 0; i < s->na && j < s->nb;) {
        const double x = fmin(s->a[i], s->b[j]);
        while (i < s->na && s->a[i] <= x)
            i++;
        while (j < s->nb && s->b[j] <= x)
            j++;
        most = fmax(most, fabs((double)i / (double)s->na - (double)j / (double)s->nb));
    }
    return most;
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static double squares_about(const double *x, size_t n, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

static void effect_size(const struct sides *s, double level, struct separate *out)
{
    const double na = (double)s->na, nb = (double)s->nb, m = na + nb - 2;
    if (s->na < 2 || s->nb < 2 || out->infinite_a || out->infinite_b)
        return;
    const double mean_a = mean_of(s->a, s->na), mean_b = mean_of(s->b, s->nb);
    const double pooled = sqrt((squares_about(s->a, s->na, mean_a) + squares_about(s->b, s->nb, mean_b)) / m);
    if (!(pooled > 0))
        return;
    const double correction = exp(lgamma(m / 2) - lgamma((m - 1) / 2)) / sqrt(m / 2);
    const double g = (mean_a - mean_b) / pooled * correction;
    const double deviation = sqrt((na + nb) / (na * nb) + g * g / (2 * (na + nb)));
    const double half = gsl_cdf_ugaussian_Pinv(0.5 + level / 2) * deviation;
    out->hedges_g = g;
    out->hedges_interval = (struct interval){g - half, g + half};
}

static size_t infinities(const double *x, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += isinf(x[i]) != 0;
    return k;
}

static int compare(const struct sides *s, double level, struct separate *out, struct apex_error *err)
{
    double va, vb;
    out->auc = placements(s->a, s->na, s->b, s->nb, &va);
    placements(s->b, s->nb, s->a, s->na, &vb);
    out->auc_interval = auc_interval(s, out->auc, va / (double)s->na + vb / (double)s->nb, level);
    out->auc_p = mann_whitney_p(s, out->auc);
    out->cliff_delta = 2 * out->auc - 1;
    out->cliff_interval = (struct interval){2 * out->auc_interval.low - 1, 2 * out->auc_interval.high - 1};
    out->ks = largest_distance(s);
    effect_size(s, level, out);
    return kolmogorov_p(out->ks, s->na, s->nb, &out->ks_p, err);
}

int separate(const double *a, size_t na, const double *b, size_t nb, double level, struct separate *out,
             struct apex_error *err)
{
    const struct interval none = {NAN, NAN};
    *out = (struct separate){.auc = NAN,
                             .auc_interval = none,
                             .auc_p = NAN,
                             .cliff_delta = NAN,
                             .cliff_interval = none,
                             .ks = NAN,
                             .ks_p = NAN,
                             .hedges_g = NAN,
                             .hedges_interval = none,
                             .median_a = NAN,
                             .median_b = NAN};
    struct sides s = {malloc((na + 1) * sizeof *s.a), malloc((nb + 1) * sizeof *s.b), 0, 0};
    int rc = s.a && s.b ? 0 : apex_fail(err, "no memory to compare %zu with %zu values", na, nb);
    if (rc == 0) {
        out->a = s.na = copy_values(a, na, s.a);
        out->b = s.nb = copy_values(b, nb, s.b);
        out->infinite_a = infinities(s.a, s.na);
        out->infinite_b = infinities(s.b, s.nb);
        out->median_a = s.na ? s.a[(s.na - 1) / 2] : NAN;
        out->median_b = s.nb ? s.b[(s.nb - 1) / 2] : NAN;
        if (s.na && s.nb)
            rc = compare(&s, level, out, err);
    }
    free(s.a);
    free(s.b);
    return rc;
}
