#include "analysis/response.h"

#include "analysis/result_nc.h"

#include <math.h>
#include <stdlib.h>

static double attribute(const struct result *r, const char *name)
{
    const char *text = result_attribute(r, name);
    return text ? strtod(text, NULL) : NAN;
}

/* Partners are named by their number in the data set. */
static int find_partners(struct response *p, const struct result *r, struct apex_error *err)
{
    int64_t *sample = result_read(r, "response_sample", RESULT_INT64, "N", -1, err);
    int64_t *partner = sample ? result_read(r, "response_partner", RESULT_INT64, "N", -1, err) : NULL;
    p->partner = calloc(p->samples, sizeof *p->partner);
    int failed = !partner ? -1 : !p->partner ? apex_fail(err, "%s: no memory", r->path) : 0;
    for (size_t i = 0; !failed && i < p->samples; i++) {
        while (p->partner[i] < p->samples && sample[p->partner[i]] != partner[i])
            p->partner[i]++;
        if (p->partner[i] == p->samples)
            failed = apex_fail(err, "%s: response_partner: %lld is no sample of the response", r->path,
                               (long long)partner[i]);
    }
    free(sample);
    free(partner);
    return failed;
}

static int read_all(struct response *p, const struct result *r, struct apex_error *err)
{
    return (p->sigma = result_read(r, "response_sigma", RESULT_DOUBLE, "G", -1, err)) &&
                   (p->site = result_read_texts(r, "response_site", 'S', p->sites, err)) &&
                   (p->elements = result_read(r, "response_site_elements", RESULT_INT64, "S", -1, err)) &&
                   (p->clean_square =
                        result_read(r, "response_clean_square", RESULT_DOUBLE, "SN", -1, err)) &&
                   (p->clean_variance =
                        result_read(r, "response_clean_variance", RESULT_DOUBLE, "SN", -1, err)) &&
                   (p->energy = result_read(r, "response_energy", RESULT_DOUBLE, "GSN", -1, err)) &&
                   (p->shift = result_read(r, "response_shift", RESULT_DOUBLE, "GSN", -1, err)) &&
                   (p->rank = result_read(r, "response_effective_rank", RESULT_DOUBLE, "GSN", -1, err))
               ? 0
               : -1;
}

struct response *response_load(const struct result *r, struct apex_error *err)
{
    struct response *p = calloc(1, sizeof *p);
    if (!p) {
        apex_fail(err, "%s: no memory", r->path);
        return NULL;
    }
    p->sigmas = r->response_sigmas;
    p->sites = r->response_sites;
    p->samples = r->response_samples;
    p->draws = (int)attribute(r, "response_draws");
    p->factor = attribute(r, "response_factor");
    int failed = read_all(p, r, err) || find_partners(p, r, err);
    for (size_t k = 0; !failed && k < p->sites; k++)
        if (p->elements[k] < 1)
            failed = apex_fail(err, "%s: response_site_elements: %s has %lld", r->path, p->site[k],
                               (long long)p->elements[k]);
    if (!failed)
        return p;
    response_free(p);
    return NULL;
}

void response_free(struct response *p)
{
    if (!p)
        return;
    result_free_texts(p->site, p->sites);
    void *owned[] = {p->sigma,          p->elements, p->partner, p->clean_square,
                     p->clean_variance, p->energy,   p->shift,   p->rank};
    for (size_t k = 0; k < sizeof owned / sizeof owned[0]; k++)
        free(owned[k]);
    free(p);
}

/* One scale at one site. */
struct view {
    const double *energy, *shift, *rank, *square, *variance; /* [samples] */
    const size_t *partner;
};

static struct view view_of(const struct response *p, size_t sigma, size_t site)
{
    size_t at = (sigma * p->sites + site) * p->samples, clean = site * p->samples;
    return (struct view){
        p->energy + at, p->shift + at, p->rank + at, p->clean_square + clean, p->clean_variance + clean,
        p->partner};
}

static double over(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

static void measure(void *context, const unsigned *times, size_t n, double *value)
{
    const struct view *v = context;
    double energy = 0, shift = 0, square = 0, variance = 0, rank = 0, ranks = 0, all = 0, pairs = 0;
    for (size_t i = 0; i < n; i++) {
        double t = times[i];
        if (!times[i] || isnan(v->energy[i]))
            continue;
        energy += t * v->energy[i];
        shift += t * v->shift[i];
        square += t * v->square[i];
        double both = t * times[v->partner[i]];
        all += t;
        variance += both * v->variance[i];
        pairs += both;
        rank += isnan(v->rank[i]) ? 0 : t * v->rank[i];
        ranks += isnan(v->rank[i]) ? 0 : t;
    }
    double noise = (energy - shift) / all;
    value[RESPONSE_SHARE] = n > 1 && pairs > 0 ? over(noise, noise + variance / pairs) : NAN;
    value[RESPONSE_RELATIVE] = over(energy, square);
    value[RESPONSE_SHIFT] = over(shift, energy);
    value[RESPONSE_RANK] = over(rank, ranks);
}

int response_summarise(const struct response *p, size_t sigma, size_t site, const struct bootstrap_options *o,
                       struct response_summary *out, struct apex_error *err)
{
    struct view v = view_of(p, sigma, site);
    out->samples = 0;
    for (size_t i = 0; i < p->samples; i++)
        out->samples += !isnan(v.energy[i]);
    return bootstrap_many(measure, &v, p->samples, RESPONSE_MEASURES, o, out->measure, err);
}
