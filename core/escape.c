#include "core/escape.h"

#include <math.h>

double apex_escape_mode(const double *sigma, int n, const unsigned char *have, const uint32_t *mode_class,
                        uint32_t clean_class)
{
    for (int k = 0; k < n; k++)
        if (have[k] && mode_class[k] != clean_class)
            return sigma[k];
    return NAN;
}

double apex_escape_half(const double *sigma, int n, const unsigned char *have, const uint32_t *stay_count,
                        uint32_t draws)
{
    int before = -1; /* the last scale at or above 1/2 */
    for (int k = 0; k < n; k++) {
        if (!have[k])
            continue;
        if (2 * (uint64_t)stay_count[k] >= draws) {
            before = k;
            continue;
        }
        if (before < 0)
            return sigma[k];
        if (isinf(sigma[k]))
            return sigma[before];
        double above = (double)stay_count[before] - 0.5 * draws;
        double part = above / ((double)stay_count[before] - stay_count[k]);
        return exp(log(sigma[before]) + part * (log(sigma[k]) - log(sigma[before])));
    }
    return NAN;
}

/* The first scale at which draw t left; -1: it never did. */
static int first_left(int n, const unsigned char *have, const unsigned char *const *stay, uint32_t t)
{
    for (int k = 0; k < n; k++)
        if (have[k] && !(stay[k][t / 8] >> (t % 8) & 1))
            return k;
    return -1;
}

double apex_escape_first_flip(const double *sigma, int n, const unsigned char *have,
                              const unsigned char *const *stay, uint32_t draws, uint32_t *flipped)
{
    double sum = 0;
    *flipped = 0;
    for (uint32_t t = 0; t < draws; t++) {
        int k = first_left(n, have, stay, t);
        if (k < 0 || isinf(sigma[k]))
            continue;
        sum += log(sigma[k]);
        ++*flipped;
    }
    return *flipped ? exp(sum / *flipped) : NAN;
}
