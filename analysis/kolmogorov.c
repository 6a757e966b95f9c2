#include "analysis/kolmogorov.h"
#include "analysis/separate.h"

#include <math.h>
#include <stdlib.h>

/* The series that converges faster: in exp(-2 k^2 x^2), or its theta transform for small x. */
double kolmogorov_tail(double x)
{
    const double pi = 3.14159265358979323846;
    double sum = 0;
    if (!(x > 0))
        return 1;
    if (x < 1.18) {
        for (int k = 1; k < 40; k += 2)
            sum += exp(-k * k * pi * pi / (8 * x * x));
        return 1 - sqrt(2 * pi) / x * sum;
    }
    for (int k = 1; k < 40; k++)
        sum += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * x * x);
    return sum;
}

/* All orders of the pooled values are equally likely. q[j], for i values of a and j of b: the share of orders
 * whose distance has reached d somewhere so far; the last one came from a with probability i / (i + j).
 * Counted this way round, a tiny p keeps all its digits. */
static double exact_p(double d, size_t na, size_t nb, double *q)
{
    const double a = (double)na, b = (double)nb, reached = floor(d * a * b + 0.5);
    for (size_t i = 0; i <= na; i++)
        for (size_t j = 0; j <= nb; j++) {
            const double apart = fabs((double)i * b - (double)j * a), from_a = (double)i / (double)(i + j);
            if (apart >= reached)
                q[j] = 1;
            else if (i + j == 0)
                q[j] = 0;
            else
                q[j] = (i ? from_a * q[j] : 0) + (j ? (1 - from_a) * q[j - 1] : 0);
        }
    return q[nb];
}

int kolmogorov_p(double d, size_t na, size_t nb, double *p, struct apex_error *err)
{
    const double a = (double)na, b = (double)nb;
    if (a * b > SEPARATE_EXACT) {
        *p = kolmogorov_tail(d * sqrt(a * b / (a + b)));
        return 0;
    }
    double *q = calloc(nb + 1, sizeof *q);
    if (!q)
        return apex_fail(err, "no memory to compare %zu with %zu values", na, nb);
    *p = exact_p(d, na, nb, q);
    free(q);
    return 0;
}
