#include "analysis/bias_judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is compared, of one model. */
struct profile {
    const struct result *r;
    int site;
    size_t cells;
    double *share, *clean; /* [classes] */
};

int bias_last_site(const struct result *r)
{
    for (size_t s = r->sites; s-- > 0;)
        if (strcmp(r->site_name[s], "all") != 0)
            return (int)s;
    return -1;
}

size_t bias_site_shares(const struct result *r, int site, double from, double *share)
{
    size_t cells = 0;
    for (size_t c = 0; c < r->classes; c++)
        share[c] = 0;
    for (size_t k = 0; k < r->sigmas && site >= 0; k++) {
        const double *at = r->class_share + ((size_t)site * r->sigmas + k) * r->classes;
        if (r->sigma[k] < from || isnan(at[0]))
            continue;
        cells++;
        for (size_t c = 0; c < r->classes; c++)
            share[c] += at[c];
    }
    for (size_t c = 0; c < r->classes; c++)
        share[c] = cells ? share[c] / (double)cells : NAN;
    return cells;
}

static double angle(double share)
{
    return asin(sqrt(fmin(1, fmax(0, share))));
}

double bias_excess(const double *share, const double *const *reference, size_t count, size_t classes,
                   size_t *class)
{
    double best = NAN;
    for (size_t c = 0; c < classes && count; c++) {
        double mean = 0;
        for (size_t k = 0; k < count; k++)
            mean += angle(reference[k][c]);
        const double d = angle(share[c]) - mean / (double)count;
        if (isnan(best) || d > best) {
            best = d;
            *class = c;
        }
    }
    return best;
}

/* Same site and classes: shares of the two can be put side by side. */
static int same_kind(const struct profile *a, const struct profile *b)
{
    return a->cells && b->cells && a->r->classes == b->r->classes &&
           a->r->site_elements[a->site] == b->r->site_elements[b->site] &&
           !strcmp(a->r->site_name[a->site], b->r->site_name[b->site]);
}

static int comparable(const struct profile *a, const struct profile *b)
{
    double apart = 0;
    for (size_t c = 0; c < a->r->classes; c++)
        apart += fabs(a->clean[c] - b->clean[c]) / 2;
    return apart <= BIAS_UNLIKE;
}

static size_t top_of(const double *share, size_t classes)
{
    size_t top = 0;
    for (size_t c = 1; c < classes; c++)
        top = share[c] > share[top] ? c : top;
    return top;
}

/* The excess of each reference over the others, into own[count]; work[count] is for their pointers. */
static void excess_of_references(const double *const *reference, size_t count, size_t classes,
                                 const double **work, double *own)
{
    for (size_t k = 0; k < count; k++) {
        size_t others = 0, class;
        for (size_t j = 0; j < count; j++)
            if (j != k)
                work[others++] = reference[j];
        own[k] = bias_excess(reference[k], work, others, classes, &class);
    }
}

/* reference and work hold 2 x models pointers, own models values. */
static void judge_one(const struct profile *p, const unsigned char *is_reference, size_t models, size_t n,
                      double alpha, const double **reference, double *own, struct bias_judgement *out)
{
    const size_t classes = p[n].r->classes;
    size_t count = 0;
    *out = (struct bias_judgement){
        .site = p[n].site, .cells = p[n].cells, .share = NAN, .reference = NAN, .excess = NAN};
    for (size_t k = 0; k < models; k++)
        if (k != n && (!is_reference || is_reference[k]) && same_kind(&p[n], &p[k])) {
            if (comparable(&p[n], &p[k]))
                reference[count++] = p[k].share;
            else
                out->unlike++;
        }
    if (out->cells) {
        out->class = top_of(p[n].share, classes);
        out->excess = bias_excess(p[n].share, reference, count, classes, &out->class);
        out->share = p[n].share[out->class];
        double sum = 0;
        for (size_t k = 0; k < count; k++)
            sum += reference[k][out->class];
        out->reference = count ? sum / (double)count : NAN;
    }
    excess_of_references(reference, count, classes, reference + models, own);
    out->against = bias_compare(out->excess, own, count, alpha);
}

int bias_judge(const struct result *const *model, const double *from, const unsigned char *is_reference,
               size_t models, double alpha, struct bias_judgement *out, struct apex_error *err)
{
    int rc = -1;
    struct profile *p = calloc(models + 1, sizeof *p);
    const double **reference = calloc(2 * models + 1, sizeof *reference);
    double *own = calloc(models + 1, sizeof *own);
    if (!p || !reference || !own) {
        apex_fail(err, "no memory to compare %zu models", models);
        goto end;
    }
    for (size_t n = 0; n < models; n++) {
        p[n].r = model[n];
        p[n].share = calloc(model[n]->classes, sizeof *p[n].share);
        p[n].clean = calloc(model[n]->classes, sizeof *p[n].clean);
        if (!p[n].share || !p[n].clean) {
            apex_fail(err, "%s: no memory for %zu classes", model[n]->path, model[n]->classes);
            goto end;
        }
        p[n].site = bias_last_site(model[n]);
        p[n].cells = bias_site_shares(model[n], p[n].site, from[n], p[n].share);
        bias_clean_share(model[n], p[n].clean);
    }
    for (size_t n = 0; n < models; n++)
        judge_one(p, is_reference, models, n, alpha, reference, own, &out[n]);
    rc = 0;
end:
    for (size_t n = 0; p && n < models; n++) {
        free(p[n].share);
        free(p[n].clean);
    }
    free(p);
    free(reference);
    free(own);
    return rc;
}
