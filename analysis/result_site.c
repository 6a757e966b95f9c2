/* The arrays of one site, and what follows from them directly. */
#include "analysis/result_nc.h"

#include <math.h>
#include <stdlib.h>

static int read_grid(struct result_site *s, const struct result *r, struct apex_error *err)
{
    const long long site = (long long)s->site;
    return (s->stay_count = result_read(r, "stay_count", RESULT_INT, "sgn", site, err)) &&
                   (s->mode_class = result_read(r, "mode_class", RESULT_INT, "sgn", site, err)) &&
                   (s->mode_count = result_read(r, "mode_count", RESULT_INT, "sgn", site, err)) &&
                   (s->second_class = result_read(r, "second_class", RESULT_INT, "sgn", site, err)) &&
                   (s->second_count = result_read(r, "second_count", RESULT_INT, "sgn", site, err)) &&
                   (s->mean_margin = result_read(r, "mean_margin", RESULT_FLOAT, "sgn", site, err))
               ? 0
               : -1;
}

static int read_escape(struct result_site *s, const struct result *r, struct apex_error *err)
{
    static const char *const name[] = {"escape_sigma", "escape_sigma_half", "escape_sigma_first_flip"};
    const long long site = (long long)s->site;
    for (int k = 0; k < RESULT_ESCAPES; k++)
        if (!(s->escape[k] = result_read(r, name[k], RESULT_DOUBLE, "sn", site, err)))
            return -1;
    return (s->first_flip_count = result_read(r, "first_flip_count", RESULT_INT, "sn", site, err)) &&
                   (s->status = result_read(r, "escape_status", RESULT_BYTE, "sn", site, err))
               ? 0
               : -1;
}

static int read_optional(struct result_site *s, const struct result *r, int class_counts,
                         struct apex_error *err)
{
    const long long site = (long long)s->site;
    if (r->has_transitions &&
        !(s->transition = result_read(r, "transition_count", RESULT_INT64, "sgcp", site, err)))
        return -1;
    if (class_counts && r->has_class_count &&
        !(s->class_count = result_read(r, "class_count", RESULT_INT, "sgnc", site, err)))
        return -1;
    return 0;
}

static int out_of_range(const struct result *r, const struct result_site *s, const char *name, size_t at,
                        struct apex_error *err)
{
    return apex_fail(err, "%s: site '%s', sigma %g, sample %lld: %s is out of range", r->path,
                     r->site_name[s->site], r->sigma[at / s->samples], (long long)r->sample[at % s->samples],
                     name);
}

static int check_counts(const struct result *r, const struct result_site *s, struct apex_error *err)
{
    for (size_t i = 0; i < s->sigmas * s->samples; i++) {
        if (s->stay_count[i] < -1 || s->stay_count[i] > s->draws)
            return out_of_range(r, s, "stay_count", i, err);
        if (s->stay_count[i] >= 0 && r->clean_class[i % s->samples] < 0)
            return out_of_range(r, s, "clean_class", i, err);
        if (s->mode_class[i] < -1 || s->mode_class[i] >= (int)s->classes)
            return out_of_range(r, s, "mode_class", i, err);
    }
    for (size_t i = 0; i < s->samples; i++)
        if (s->status[i] < RESULT_ESCAPED || s->status[i] > RESULT_INCOMPLETE)
            return out_of_range(r, s, "escape_status", i, err);
    return 0;
}

/* All of a sample's draws are in its classes, or the sample is missing as a whole. */
static int check_class_counts(const struct result *r, const struct result_site *s, struct apex_error *err)
{
    for (size_t i = 0; s->class_count && i < s->sigmas * s->samples; i++) {
        const int *count = s->class_count + i * s->classes;
        long long sum = 0;
        int least = 0;
        for (size_t c = 0; c < s->classes; c++) {
            sum += count[c];
            least = count[c] < least ? count[c] : least;
        }
        const int missing = s->stay_count[i] < 0;
        if (missing ? count[0] >= 0 : least < 0 || sum != s->draws)
            return out_of_range(r, s, "class_count", i, err);
    }
    return 0;
}

struct result_site *result_site_load(const struct result *r, size_t site, int class_counts,
                                     struct apex_error *err)
{
    struct result_site *s = calloc(1, sizeof *s);
    if (!s) {
        apex_fail(err, "%s: no memory", r->path);
        return NULL;
    }
    s->site = site;
    s->sigmas = r->sigmas;
    s->samples = r->samples;
    s->classes = r->classes;
    s->draws = r->draws;
    if (site >= r->sites)
        apex_fail(err, "%s: it has no site number %zu", r->path, site);
    else if (read_grid(s, r, err) == 0 && read_escape(s, r, err) == 0 &&
             read_optional(s, r, class_counts, err) == 0 && check_counts(r, s, err) == 0 &&
             check_class_counts(r, s, err) == 0)
        return s;
    result_site_free(s);
    return NULL;
}

void result_site_free(struct result_site *s)
{
    if (!s)
        return;
    void *owned[] = {s->stay_count,  s->mode_class,  s->mode_count, s->second_class,     s->second_count,
                     s->mean_margin, s->class_count, s->transition, s->first_flip_count, s->status,
                     s->escape[0],   s->escape[1],   s->escape[2]};
    for (size_t k = 0; k < sizeof owned / sizeof owned[0]; k++)
        free(owned[k]);
    free(s);
}

double result_stay(const struct result_site *s, size_t k, size_t sample)
{
    const int count = s->stay_count[k * s->samples + sample];
    return count < 0 ? NAN : (double)count / s->draws;
}

static int scale_has_any(const struct result_site *s, size_t k)
{
    for (size_t i = 0; i < s->samples; i++)
        if (s->stay_count[k * s->samples + i] >= 0)
            return 1;
    return 0;
}

void result_mean_stay(const struct result *r, const struct result_site *s, double *out)
{
    size_t scales = 0;
    for (size_t i = 0; i < s->samples; i++)
        out[i] = 0;
    for (size_t k = 0; k < s->sigmas; k++) {
        if (isinf(r->sigma[k]) || !scale_has_any(s, k))
            continue;
        scales++;
        for (size_t i = 0; i < s->samples; i++)
            out[i] += result_stay(s, k, i);
    }
    for (size_t i = 0; i < s->samples; i++)
        out[i] = scales ? out[i] / (double)scales : NAN;
}
