#include "analysis/interval.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static const struct interval none = {NAN, NAN};

struct interval interval_wilson(double k, double n, double level)
{
    if (!(n > 0) || !(k >= 0) || k > n)
        return none;
    const double z = gsl_cdf_ugaussian_Pinv(0.5 + level / 2), p = k / n, zz = z * z / n;
    const double middle = (p + zz / 2) / (1 + zz);
    const double half = sqrt(p * (1 - p) * zz + zz * zz / 4) / (1 + zz);
    /* at the ends the formula gives exactly 0 or 1 up to rounding */
    return (struct interval){k == 0 ? 0 : fmax(0, middle - half), k == n ? 1 : fmin(1, middle + half)};
}

/* The x with P(Beta(a, b) <= x) = p by halving: gsl_cdf_beta_Pinv gives up (and ends the program) for some
 * arguments. */
static double beta_quantile(double p, double a, double b)
{
    double low = 0, high = 1;
    for (int k = 0; k < 100; k++) {
        const double middle = 0.5 * (low + high);
        if (gsl_cdf_beta_P(middle, a, b) < p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

struct interval interval_clopper_pearson(double k, double n, double level)
{
    if (!(n > 0) || !(k >= 0) || k > n)
        return none;
    const double tail = (1 - level) / 2;
    return (struct interval){k == 0 ? 0 : beta_quantile(tail, k, n - k + 1),
                             k == n ? 1 : beta_quantile(1 - tail, k + 1, n - k)};
}

struct interval interval_mean(const double *x, size_t n, double level)
{
    double sum = 0, squares = 0;
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) {
            sum += x[i];
            used++;
        }
    if (used < 2)
        return none;
    const double mean = sum / (double)used;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            squares += (x[i] - mean) * (x[i] - mean);
    const double freedom = (double)used - 1;
    const double half = gsl_cdf_tdist_Pinv(0.5 + level / 2, freedom) * sqrt(squares / freedom / (double)used);
    return (struct interval){mean - half, mean + half};
}
