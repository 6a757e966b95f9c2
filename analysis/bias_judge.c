#include "analysis/bias_judge.h"

#include "analysis/bias.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is compared, of one model. */
struct profile {
    const struct result *r;
    double *share; /* [sites][classes] */
    double *clean; /* [classes] */
};

void bias_site_shares(const struct result *r, double from, int soft, double *share)
{
    const double *of_cell = soft ? r->class_soft_share : r->class_share;
    for (size_t s = 0; s < r->sites; s++) {
        double *mean = share + s * r->classes;
        size_t cells = 0;
        memset(mean, 0, r->classes * sizeof *mean);
        for (size_t k = 0; k < r->sigmas; k++) {
            const double *at = of_cell + (s * r->sigmas + k) * r->classes;
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

/* Of the attributes that say what the noise was. */
static int same_noise(const struct result *a, const struct result *b)
{
    static const char *const name[] = {"noise_kind", "noise_scale", "noise_per"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const char *x = result_attribute(a, name[i]), *y = result_attribute(b, name[i]);
        if (strcmp(x ? x : "", y ? y : "") != 0)
            return 0;
    }
    return 1;
}

static int same_kind(const struct result *a, const struct result *b)
{
    int same = a->classes == b->classes && a->sites == b->sites && same_noise(a, b);
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

/* reference[models]: scratch. */
static int judge_one(const struct profile *p, const unsigned char *is_reference, size_t models, size_t n,
                     double alpha, const double **reference, struct bias_judgement *out,
                     struct apex_error *err)
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
    if (bias_excess_of(p[n].share, reference, count, p[n].r->sites, p[n].r->classes, &out->own, err))
        return -1;
    out->verdict = isnan(out->own.p)     ? BIAS_NO_REFERENCE
                   : out->own.p <= alpha ? BIAS_STANDS_OUT
                                         : BIAS_LIKE_REFERENCE;
    return 0;
}

static int fill_profile(struct profile *p, const struct result *r, double from, int soft,
                        struct apex_error *err)
{
    p->r = r;
    p->share = calloc(r->sites * r->classes + 1, sizeof *p->share);
    p->clean = calloc(r->classes + 1, sizeof *p->clean);
    if (!p->share || !p->clean)
        return apex_fail(err, "%s: no memory for %zu classes", r->path, r->classes);
    bias_site_shares(r, from, soft, p->share);
    bias_clean_share(r, p->clean);
    return 0;
}

int bias_judge(const struct result *const *model, const double *from, const unsigned char *is_reference,
               size_t models, double alpha, struct bias_judgement *out, struct apex_error *err)
{
    struct profile *p = calloc(models + 1, sizeof *p);
    const double **reference = calloc(models + 1, sizeof *reference);
    int rc = p && reference ? 0 : apex_fail(err, "no memory to compare %zu models", models), soft = 1;
    for (size_t n = 0; n < models; n++)
        soft &= model[n]->class_soft_share != NULL;
    for (size_t n = 0; n < models && !rc; n++)
        rc = fill_profile(&p[n], model[n], from[n], soft, err);
    for (size_t n = 0; n < models && !rc; n++) {
        out[n].soft = soft;
        rc = judge_one(p, is_reference, models, n, alpha, reference, &out[n], err);
    }
    for (size_t n = 0; p && n < models; n++) {
        free(p[n].share);
        free(p[n].clean);
    }
    free(p);
    free(reference);
    return rc;
}
