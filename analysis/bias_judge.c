#include "analysis/bias_judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is compared, of one model. */
struct profile {
    const struct result *r;
    double *share; /* [sites][classes] */
    double *clean; /* [classes] */
};

void bias_site_shares(const struct result *r, double from, double *share)
{
    for (size_t s = 0; s < r->sites; s++) {
        double *mean = share + s * r->classes;
        size_t cells = 0;
        memset(mean, 0, r->classes * sizeof *mean);
        for (size_t k = 0; k < r->sigmas; k++) {
            const double *at = r->class_share + (s * r->sigmas + k) * r->classes;
            if (r->sigma[k] < from || isnan(at[0]))
                continue;
            cells++;
            for (size_t c = 0; c < r->classes; c++)
                mean[c] += at[c];
        }
        for (size_t c = 0; c < r->classes; c++)
            mean[c] = cells ? mean[c] / (double)cells : NAN;
    }
}

static double angle(double share)
{
    return asin(sqrt(fmin(1, fmax(0, share))));
}

/* Mean and variance of the references' angles at one class of one site; `at` is its place in the arrays. */
static double mean_and_variance(const double *const *reference, size_t count, size_t at, double *variance)
{
    double mean = 0, squares = 0;
    for (size_t k = 0; k < count; k++)
        mean += angle(reference[k][at]) / (double)count;
    for (size_t k = 0; k < count; k++)
        squares += (angle(reference[k][at]) - mean) * (angle(reference[k][at]) - mean);
    *variance = count > 1 ? squares / (double)(count - 1) : 0;
    return mean;
}

/* The weight of a site; 0 where somebody has no share there. */
static double weight_of(const double *share, const double *const *reference, size_t count, size_t first,
                        size_t classes)
{
    double variance, sum = 0;
    int missing = isnan(share[first]);
    for (size_t k = 0; k < count; k++)
        missing |= isnan(reference[k][first]);
    for (size_t c = 0; c < classes && !missing; c++) {
        mean_and_variance(reference, count, first + c, &variance);
        sum += variance;
    }
    return missing ? 0 : 1 / (sum / (double)classes + BIAS_FLOOR * BIAS_FLOOR);
}

/* d_c and what goes with it, of one class. */
static struct bias_excess excess_of_class(const double *share, const double *const *reference, size_t count,
                                          size_t sites, size_t classes, size_t class)
{
    struct bias_excess e = {.class = class};
    double all = 0, most = -INFINITY, variance;
    for (size_t s = 0; s < sites; s++) {
        const size_t at = s * classes + class;
        const double w = weight_of(share, reference, count, s * classes, classes);
        if (!(w > 0))
            continue;
        const double d = w * (angle(share[at]) - mean_and_variance(reference, count, at, &variance));
        e.site = d > most ? s : e.site;
        most = fmax(most, d);
        e.sites++;
        all += w;
        e.excess += d;
        e.share += w * share[at];
        for (size_t k = 0; k < count; k++)
            e.reference += w * reference[k][at] / (double)count;
    }
    e.excess = e.sites && count ? e.excess / all : NAN;
    e.reference = e.sites && count ? e.reference / all : NAN;
    e.share = e.sites ? e.share / all : NAN;
    return e;
}

struct bias_excess bias_excess_of(const double *share, const double *const *reference, size_t count,
                                  size_t sites, size_t classes)
{
    struct bias_excess best = {.excess = NAN, .share = NAN, .reference = NAN};
    for (size_t c = 0; c < classes; c++) {
        const struct bias_excess e = excess_of_class(share, reference, count, sites, classes, c);
        /* Without references there is no excess: the class with the largest share. */
        const int more = count ? e.excess > best.excess : e.share > best.share;
        if (c == 0 || more)
            best = e;
    }
    return best;
}

static int same_kind(const struct result *a, const struct result *b)
{
    int same = a->classes == b->classes && a->sites == b->sites;
    for (size_t s = 0; s < a->sites && same; s++)
        same = a->site_elements[s] == b->site_elements[s] && !strcmp(a->site_name[s], b->site_name[s]);
    return same;
}

static int comparable(const struct profile *a, const struct profile *b)
{
    double apart = 0;
    for (size_t c = 0; c < a->r->classes; c++)
        apart += fabs(a->clean[c] - b->clean[c]) / 2;
    return apart <= BIAS_UNLIKE;
}

/* The excess of each reference over the others, into own[count]; work[count] is for their pointers. */
static void excess_of_references(const double *const *reference, size_t count, const struct result *r,
                                 const double **work, double *own)
{
    for (size_t k = 0; k < count; k++) {
        size_t others = 0;
        for (size_t j = 0; j < count; j++)
            if (j != k)
                work[others++] = reference[j];
        own[k] = bias_excess_of(reference[k], work, others, r->sites, r->classes).excess;
    }
}

/* reference holds 2 x models pointers, own models values: scratch. */
static void judge_one(const struct profile *p, const unsigned char *is_reference, size_t models, size_t n,
                      double alpha, const double **reference, double *own, struct bias_judgement *out)
{
    size_t count = 0;
    out->unlike = 0;
    for (size_t k = 0; k < models; k++)
        if (k != n && (!is_reference || is_reference[k]) && same_kind(p[n].r, p[k].r)) {
            if (comparable(&p[n], &p[k]))
                reference[count++] = p[k].share;
            else
                out->unlike++;
        }
    out->own = bias_excess_of(p[n].share, reference, count, p[n].r->sites, p[n].r->classes);
    excess_of_references(reference, count, p[n].r, reference + models, own);
    out->against = bias_compare(out->own.excess, own, count, alpha);
}

static int fill_profile(struct profile *p, const struct result *r, double from, struct apex_error *err)
{
    p->r = r;
    p->share = calloc(r->sites * r->classes + 1, sizeof *p->share);
    p->clean = calloc(r->classes + 1, sizeof *p->clean);
    if (!p->share || !p->clean)
        return apex_fail(err, "%s: no memory for %zu classes", r->path, r->classes);
    bias_site_shares(r, from, p->share);
    bias_clean_share(r, p->clean);
    return 0;
}

int bias_judge(const struct result *const *model, const double *from, const unsigned char *is_reference,
               size_t models, double alpha, struct bias_judgement *out, struct apex_error *err)
{
    struct profile *p = calloc(models + 1, sizeof *p);
    const double **reference = calloc(2 * models + 1, sizeof *reference);
    double *own = calloc(models + 1, sizeof *own);
    int rc = p && reference && own ? 0 : apex_fail(err, "no memory to compare %zu models", models);
    for (size_t n = 0; n < models && !rc; n++)
        rc = fill_profile(&p[n], model[n], from[n], err);
    for (size_t n = 0; n < models && !rc; n++)
        judge_one(p, is_reference, models, n, alpha, reference, own, &out[n]);
    for (size_t n = 0; p && n < models; n++) {
        free(p[n].share);
        free(p[n].clean);
    }
    free(p);
    free(reference);
    free(own);
    return rc;
}
