#include "analysis/report_model.h"

#include "analysis/transition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct report_site *report_head(const struct report_model *m)
{
    return &m->site[m->head];
}

const char *report_sigma_label(const struct report_model *m)
{
    return m->result->relative ? "sigma / rms of the clean activation" : "sigma (absolute)";
}

void report_model_clear(struct report_model *m)
{
    for (size_t i = 0; m->site && i < m->result->sites; i++) {
        struct report_site *s = &m->site[i];
        free(s->curve);
        free(s->information);
        for (int v = 0; v < REPORT_VALUES; v++)
            free(s->value[v]);
        for (int k = 0; k < REPORT_SCALES; k++)
            free(s->departures[k]);
    }
    free(m->site);
    free(m->name);
    groups_free(m->groups);
    result_close(m->result);
    memset(m, 0, sizeof *m);
}

/* input, layers by depth, all; the head is `all`, else the last layer. */
static void place_sites(struct report_model *m)
{
    const struct result *r = m->result;
    int layers = 0;
    m->head = r->sites - 1;
    for (size_t i = 0; i < r->sites; i++) {
        struct report_site *s = &m->site[i];
        s->name = r->site_name[i];
        s->look = !strcmp(s->name, "input") ? LOOK_INPUT : !strcmp(s->name, "all") ? LOOK_ALL : LOOK_LAYER;
        s->rank = s->look == LOOK_LAYER ? layers++ : 0;
        if (s->look == LOOK_LAYER)
            m->head = i;
    }
    int all = result_find_site(r, "all");
    if (all >= 0)
        m->head = (size_t)all;
    for (size_t i = 0; i < r->sites; i++)
        m->site[i].of = layers;
}

/* The first scales at which less than 90, 60 and 30 % of the draws stay. */
static void choose_scales(const struct result *r, size_t site, struct report_site *s)
{
    static const double below[REPORT_SCALES] = {0.9, 0.6, 0.3};
    const double *stay = r->stay_mean + site * r->sigmas;
    for (int w = 0; w < REPORT_SCALES; w++)
        for (size_t k = 0; k < r->sigmas; k++)
            if (stay[k] < below[w] && isfinite(r->sigma[k])) {
                if (!s->scales || s->scale[s->scales - 1] != (int)k)
                    s->scale[s->scales++] = (int)k;
                break;
            }
}

static int digest_departures(const struct result *r, const struct result_site *loaded, struct report_site *s,
                             struct apex_error *err)
{
    if (!loaded->transition && !loaded->class_count)
        return 0;
    for (int w = 0; w < s->scales; w++) {
        s->departures[w] = calloc(r->classes * r->classes, sizeof *s->departures[w]);
        if (!s->departures[w])
            return apex_fail(err, "%s: out of memory", r->path);
        if (transition_departures(r, loaded, (size_t)s->scale[w], s->departures[w], &s->departed[w], err))
            return -1;
    }
    return 0;
}

static int digest_values(const struct result *r, const struct result_site *loaded, struct report_site *s,
                         struct apex_error *err)
{
    for (int v = 0; v < REPORT_VALUES; v++) {
        s->value[v] = malloc((r->samples + 1) * sizeof *s->value[v]);
        if (!s->value[v])
            return apex_fail(err, "%s: out of memory", r->path);
        regularity_values(r, loaded, (enum regularity_measure)v, s->value[v]);
    }
    for (int d = 0; d < RESULT_ESCAPES; d++)
        if (escape_summarise(r, loaded, (enum result_escape)d, NULL, REPORT_LEVEL, &s->escape[d], err))
            return -1;
    return 0;
}

static int digest_information(const struct result *r, const struct result_site *loaded, struct report_site *s,
                              struct apex_error *err)
{
    if (!loaded->class_count)
        return 0;
    s->information = calloc(r->sigmas, sizeof *s->information);
    if (!s->information)
        return apex_fail(err, "%s: out of memory", r->path);
    for (size_t k = 0; k < r->sigmas; k++)
        if (information_at(r, loaded, k, 0, 1, &s->information[k], err))
            return -1;
    return 0;
}

static int digest_site(struct report_model *m, size_t i, struct apex_error *err)
{
    const struct result *r = m->result;
    struct report_site *s = &m->site[i];
    struct result_site *loaded = result_site_load(r, i, 1, err);
    if (!loaded)
        return -1;
    s->curve = calloc(r->sigmas, sizeof *s->curve);
    choose_scales(r, i, s);
    int failed = !s->curve ? apex_fail(err, "%s: out of memory", r->path)
                           : curve_of_stay(r, loaded, NULL, REPORT_LEVEL, s->curve, err);
    failed = failed || digest_values(r, loaded, s, err) || digest_information(r, loaded, s, err) ||
             digest_departures(r, loaded, s, err);
    result_site_free(loaded);
    return failed ? apex_fail_in(err, "site %s", s->name) : 0;
}

int report_model_digest(struct report_model *m, struct result *result, struct apex_error *err)
{
    memset(m, 0, sizeof *m);
    m->result = result;
    m->name = strdup(result->model);
    m->site = calloc(result->sites, sizeof *m->site);
    if (!m->name || !m->site)
        return apex_fail(err, "%s: out of memory", result->path);
    place_sites(m);
    for (size_t i = 0; i < result->samples; i++) {
        m->computed += result->clean_class[i] >= 0;
        m->wrong += result->clean_class[i] >= 0 && result->clean_wrong[i] == 1;
        m->unlabelled += result->clean_class[i] >= 0 && result->clean_wrong[i] < 0;
    }
    for (size_t i = 0; i < result->sites; i++)
        if (digest_site(m, i, err))
            return apex_fail_in(err, "%s", result->path);
    return 0;
}

/* What the file's escape noise is multiplied by; NaN: not known. */
static double factor_of(const struct result *r, size_t site, int relative)
{
    if (!relative == !r->relative)
        return 1;
    double rms = r->activation_rms[site];
    return !(rms > 0) ? NAN : relative ? 1 / rms : rms;
}

int report_values_at(const struct report_model *m, size_t site, enum regularity_measure measure, int relative,
                     double *out)
{
    static const double never = 1e300; /* from there on: left at infinity only, or censored */
    double factor = factor_of(m->result, site, relative);
    const double *value = m->site[site].value[measure];
    if (isnan(factor))
        return -1;
    for (size_t i = 0; i < m->result->samples; i++)
        out[i] = value[i] > never ? value[i] : value[i] * factor;
    return 0;
}
