#include "analysis/bias.h"
#include "analysis/sort.h"

#include <math.h>
#include <stdlib.h>

/* Turns a distance into standard deviations of a normal distribution: 1 / Phi^-1(3/4). */
#define MAD_TO_DEVIATION 1.4826

static double middle_of(const double *sorted, size_t n)
{
    return 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
}

static double anomaly_of(double share, const struct bias_share *b)
{
    const double apart = fabs(share - b->median);
    return !(apart > 0) ? 0 : b->mad > 0 ? apart / (MAD_TO_DEVIATION * b->mad) : INFINITY;
}

static void median_and_mad(const double *share, size_t classes, double *work, struct bias_share *out)
{
    for (size_t c = 0; c < classes; c++)
        work[c] = share[c];
    sort_values(work, classes);
    out->median = middle_of(work, classes);
    for (size_t c = 0; c < classes; c++)
        work[c] = fabs(share[c] - out->median);
    sort_values(work, classes);
    out->mad = middle_of(work, classes);
}

int bias_of_shares(const double *share, size_t classes, struct bias_share *out, double *anomaly,
                   struct apex_error *err)
{
    *out = (struct bias_share){NAN, 0, NAN, NAN, NAN, NAN};
    int missing = classes == 0;
    for (size_t c = 0; c < classes; c++) {
        missing |= isnan(share[c]);
        if (anomaly)
            anomaly[c] = NAN;
    }
    if (missing)
        return 0;
    double *work = malloc(classes * sizeof *work), entropy = 0;
    if (!work)
        return apex_fail(err, "no memory for %zu classes", classes);
    median_and_mad(share, classes, work, out);
    free(work);
    for (size_t c = 0; c < classes; c++) {
        entropy -= share[c] > 0 ? share[c] * log(share[c]) : 0;
        out->top = share[c] > share[out->top] ? c : out->top;
        if (anomaly)
            anomaly[c] = anomaly_of(share[c], out);
    }
    out->entropy = classes > 1 ? fmax(0, entropy) / log((double)classes) : NAN;
    out->top_share = share[out->top];
    out->top_anomaly = anomaly_of(out->top_share, out);
    return 0;
}

void bias_clean_share(const struct result *r, double *out)
{
    size_t n = 0;
    for (size_t c = 0; c < r->classes; c++)
        out[c] = 0;
    for (size_t i = 0; i < r->samples; i++)
        if (r->clean_class[i] >= 0) {
            out[r->clean_class[i]]++;
            n++;
        }
    for (size_t c = 0; c < r->classes; c++)
        out[c] = n ? out[c] / (double)n : NAN;
}

/* The shares of a cell that counts, or NULL. */
static const double *cell_shares(const struct result *r, size_t cell, double from, int site)
{
    const double *share = r->class_share + cell * r->classes;
    const int counts = (site < 0 || cell / r->sigmas == (size_t)site) && r->sigma[cell % r->sigmas] >= from;
    return counts && !isnan(share[0]) ? share : NULL;
}

static size_t top_class(const double *share, size_t classes)
{
    size_t top = 0;
    for (size_t c = 1; c < classes; c++)
        top = share[c] > share[top] ? c : top;
    return top;
}

static int summarise_cells(const struct result *r, double from, int site, double *mean,
                           struct bias_model *out, struct apex_error *err)
{
    const size_t cells = r->sites * r->sigmas;
    const double *share;
    size_t agree = 0;
    for (size_t cell = 0; cell < cells; cell++)
        if ((share = cell_shares(r, cell, from, site))) {
            out->cells++;
            for (size_t c = 0; c < r->classes; c++)
                mean[c] += share[c];
        }
    if (out->cells == 0)
        return 0;
    for (size_t c = 0; c < r->classes; c++)
        mean[c] /= (double)out->cells;
    struct bias_share b;
    if (bias_of_shares(mean, r->classes, &b, NULL, err) != 0)
        return -1;
    for (size_t cell = 0; cell < cells; cell++)
        if ((share = cell_shares(r, cell, from, site)))
            agree += top_class(share, r->classes) == b.top;
    out->top = b.top;
    out->collapse = b.top_share;
    out->entropy = b.entropy;
    out->anomaly = b.top_anomaly;
    out->agreement = (double)agree / (double)out->cells;
    out->agreement_interval = interval_wilson((double)agree, (double)out->cells, 0.95);
    bias_clean_share(r, mean);
    out->clean_share = mean[b.top];
    return 0;
}

int bias_summarise(const struct result *r, double from, int site, struct bias_model *out,
                   struct apex_error *err)
{
    *out = (struct bias_model){.collapse = NAN,
                               .agreement = NAN,
                               .agreement_interval = {NAN, NAN},
                               .clean_share = NAN,
                               .entropy = NAN,
                               .anomaly = NAN};
    double *mean = calloc(r->classes, sizeof *mean);
    int rc = mean ? summarise_cells(r, from, site, mean, out, err)
                  : apex_fail(err, "%s: no memory for %zu classes", r->path, r->classes);
    free(mean);
    return rc;
}
