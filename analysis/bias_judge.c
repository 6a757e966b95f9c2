#include "analysis/bias_judge.h"

#include "analysis/bias.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is compared, of one model. */
struct profile {
    const struct result *r;
    size_t cells;
    double *value[BIAS_STATISTICS]; /* [cells][classes] */
    double *clean;                  /* [classes] */
};

size_t bias_scales(const struct result *r)
{
    return r->sigmas < BIAS_SCALES ? r->sigmas : BIAS_SCALES;
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

static int same_scales(const struct result *a, const struct result *b)
{
    const size_t scales = bias_scales(a);
    int same = scales == bias_scales(b);
    for (size_t k = 1; k <= scales && same; k++)
        same = a->sigma[a->sigmas - k] == b->sigma[b->sigmas - k];
    return same;
}

static int same_kind(const struct result *a, const struct result *b)
{
    int same = a->classes == b->classes && a->sites == b->sites && same_scales(a, b) && same_noise(a, b);
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

/* The models that model n is compared with, into number[]. */
static size_t find_references(const struct profile *p, const unsigned char *is_reference, size_t models,
                              size_t n, size_t *number, size_t *unlike)
{
    size_t count = 0;
    *unlike = 0;
    for (size_t k = 0; k < models; k++)
        if (k != n && (!is_reference || is_reference[k]) && same_kind(p[n].r, p[k].r)) {
            if (comparable(&p[n], &p[k]))
                number[count++] = k;
            else
                ++*unlike;
        }
    return count;
}

/* The class of the smaller p, or of the shares where there is none. */
static void conclude(double alpha, struct bias_judgement *out)
{
    out->best = BIAS_SHARE;
    if (out->statistics > BIAS_RANK && out->of[BIAS_RANK].p < out->of[BIAS_SHARE].p)
        out->best = BIAS_RANK;
    out->p = fmin(1, out->statistics * out->of[out->best].p);
    if (isnan(out->of[out->best].p))
        out->p = NAN; /* fmin prefers numbers */
    out->verdict = isnan(out->p)     ? BIAS_NO_REFERENCE
                   : out->p <= alpha ? BIAS_STANDS_OUT
                                     : BIAS_LIKE_REFERENCE;
}

/* number[models], reference[models]: scratch. */
static int judge_one(const struct profile *p, const unsigned char *is_reference, size_t models, size_t n,
                     double alpha, size_t *number, const double **reference, struct bias_judgement *out,
                     struct apex_error *err)
{
    const size_t count = find_references(p, is_reference, models, n, number, &out->unlike);
    out->statistics = 0;
    for (int s = 0; s < BIAS_STATISTICS; s++) {
        int missing = !p[n].value[s];
        for (size_t k = 0; k < count; k++) {
            missing |= !p[number[k]].value[s];
            reference[k] = p[number[k]].value[s];
        }
        if (missing)
            break;
        out->statistics++;
        if (bias_excess_of(p[n].value[s], reference, count, p[n].cells, p[n].r->classes, &out->of[s], err))
            return -1;
    }
    conclude(alpha, out);
    return 0;
}

static double *values_of(const struct profile *p, const double *of_file)
{
    const struct result *r = p->r;
    const size_t scales = bias_scales(r), row = scales * r->classes;
    double *value = malloc((p->cells * r->classes + 1) * sizeof *value);
    for (size_t s = 0; s < r->sites && value; s++)
        memcpy(value + s * row, of_file + (s * r->sigmas + r->sigmas - scales) * r->classes,
               row * sizeof *value);
    return value;
}

static int fill_profile(struct profile *p, const struct result *r, struct apex_error *err)
{
    p->r = r;
    p->cells = r->sites * bias_scales(r);
    p->value[BIAS_SHARE] = values_of(p, r->class_share);
    p->value[BIAS_RANK] = r->class_reciprocal_rank ? values_of(p, r->class_reciprocal_rank) : NULL;
    p->clean = calloc(r->classes + 1, sizeof *p->clean);
    if (!p->value[BIAS_SHARE] || (r->class_reciprocal_rank && !p->value[BIAS_RANK]) || !p->clean)
        return apex_fail(err, "%s: no memory for %zu classes", r->path, r->classes);
    bias_clean_share(r, p->clean);
    return 0;
}

int bias_judge(const struct result *const *model, const unsigned char *is_reference, size_t models,
               double alpha, struct bias_judgement *out, struct apex_error *err)
{
    struct profile *p = calloc(models + 1, sizeof *p);
    size_t *number = calloc(models + 1, sizeof *number);
    const double **reference = calloc(models + 1, sizeof *reference);
    int rc = p && number && reference ? 0 : apex_fail(err, "no memory to compare %zu models", models);
    for (size_t n = 0; n < models && !rc; n++)
        rc = fill_profile(&p[n], model[n], err);
    for (size_t n = 0; n < models && !rc; n++)
        rc = judge_one(p, is_reference, models, n, alpha, number, reference, &out[n], err);
    for (size_t n = 0; p && n < models; n++) {
        for (int s = 0; s < BIAS_STATISTICS; s++)
            free(p[n].value[s]);
        free(p[n].clean);
    }
    free(p);
    free(number);
    free(reference);
    return rc;
}
