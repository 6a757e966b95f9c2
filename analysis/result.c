#include "analysis/result.h"
#include "analysis/result_nc.h"

#include <limits.h>
#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_format(const struct result *r, struct apex_error *err)
{
    int format;
    size_t length;
    if (nc_inq_attlen(r->nc, NC_GLOBAL, "apex_format", &length) || length != 1 ||
        nc_get_att_int(r->nc, NC_GLOBAL, "apex_format", &format))
        return apex_fail(err, "%s: not a result file of apex (it has no attribute apex_format)", r->path);
    if (format != RESULT_FORMAT)
        return apex_fail(err, "%s: result format version %d; this program reads version %d", r->path, format,
                         RESULT_FORMAT);
    return 0;
}

static int read_dimensions(struct result *r, struct apex_error *err)
{
    static const char *const name[] = {"site", "sigma", "sample", "class"};
    size_t *to[] = {&r->sites, &r->sigmas, &r->samples, &r->classes};
    for (int k = 0; k < 4; k++) {
        int id;
        if (nc_inq_dimid(r->nc, name[k], &id) || nc_inq_dimlen(r->nc, id, to[k]))
            return apex_fail(err, "%s: it has no dimension '%s'", r->path, name[k]);
        if (*to[k] == 0 || *to[k] > INT_MAX)
            return apex_fail(err, "%s: dimension '%s' has size %zu", r->path, name[k], *to[k]);
    }
    return 0;
}

static int read_texts(struct result *r, struct apex_error *err)
{
    if (result_read_attributes(r, err) != 0)
        return -1;
    const char *model = result_attribute(r, "model"), *done = result_attribute(r, "completeness");
    r->model = strdup(model ? model : r->path);
    r->completeness = strdup(done ? done : "complete");
    if (!r->model || !r->completeness)
        return apex_fail(err, "%s: no memory", r->path);
    r->complete = strcmp(r->completeness, "complete") == 0;
    r->site_name = result_read_texts(r, "site", 's', r->sites, err);
    r->site_op = r->site_name ? result_read_texts(r, "site_op", 's', r->sites, err) : NULL;
    r->site_tensor = r->site_op ? result_read_texts(r, "site_tensor", 's', r->sites, err) : NULL;
    return r->site_tensor ? 0 : -1;
}

static int read_arrays(struct result *r, struct apex_error *err)
{
    return (r->site_elements = result_read(r, "site_elements", RESULT_INT64, "s", -1, err)) &&
                   (r->site_rms = result_read(r, "site_rms", RESULT_DOUBLE, "s", -1, err)) &&
                   (r->sigma = result_read(r, "sigma", RESULT_DOUBLE, "g", -1, err)) &&
                   (r->sample = result_read(r, "sample", RESULT_INT64, "n", -1, err)) &&
                   (r->label = result_read(r, "label", RESULT_INT, "n", -1, err)) &&
                   (r->clean_class = result_read(r, "clean_class", RESULT_INT, "n", -1, err)) &&
                   (r->clean_second_class = result_read(r, "clean_second_class", RESULT_INT, "n", -1, err)) &&
                   (r->clean_margin = result_read(r, "clean_margin", RESULT_DOUBLE, "n", -1, err)) &&
                   (r->clean_loss = result_read(r, "clean_loss", RESULT_DOUBLE, "n", -1, err)) &&
                   (r->clean_wrong = result_read(r, "clean_wrong", RESULT_BYTE, "n", -1, err)) &&
                   (r->stay_mean = result_read(r, "stay_mean", RESULT_DOUBLE, "sg", -1, err)) &&
                   (r->class_share = result_read(r, "class_share", RESULT_DOUBLE, "sgc", -1, err))
               ? 0
               : -1;
}

static int check_coordinates(const struct result *r, struct apex_error *err)
{
    for (size_t k = 0; k < r->sigmas; k++)
        if (!(r->sigma[k] > (k ? r->sigma[k - 1] : 0)))
            return apex_fail(err, "%s: sigma[%zu] = %g: scales must be positive and ascending", r->path, k,
                             r->sigma[k]);
    for (size_t i = 1; i < r->samples; i++)
        if (r->sample[i] <= r->sample[i - 1])
            return apex_fail(err, "%s: sample numbers do not ascend at position %zu", r->path, i);
    return 0;
}

static int check_classes(const struct result *r, struct apex_error *err)
{
    const int classes = (int)r->classes;
    for (size_t i = 0; i < r->samples; i++) {
        if (r->label[i] < -1 || r->label[i] >= classes)
            return apex_fail(err, "%s: sample %lld has label %d; the model has %d classes", r->path,
                             (long long)r->sample[i], r->label[i], classes);
        if (r->clean_class[i] < -1 || r->clean_class[i] >= classes)
            return apex_fail(err, "%s: sample %lld has clean class %d; the model has %d classes", r->path,
                             (long long)r->sample[i], r->clean_class[i], classes);
    }
    return 0;
}

static int read_draws(struct result *r, struct apex_error *err)
{
    size_t length;
    if (nc_inq_attlen(r->nc, NC_GLOBAL, "draws", &length) || length != 1 ||
        nc_get_att_int(r->nc, NC_GLOBAL, "draws", &r->draws) || r->draws < 1)
        return apex_fail(err, "%s: its attribute draws is not a count above 0", r->path);
    return 0;
}

static int has_variable(const struct result *r, const char *name)
{
    int id;
    return nc_inq_varid(r->nc, name, &id) == NC_NOERR;
}

/* Files of an earlier version know only the factors of a relative sweep. */
static int read_activation_rms(struct result *r, struct apex_error *err)
{
    if (has_variable(r, "activation_rms"))
        return (r->activation_rms = result_read(r, "activation_rms", RESULT_DOUBLE, "s", -1, err)) ? 0 : -1;
    r->activation_rms = malloc(r->sites * sizeof *r->activation_rms);
    if (!r->activation_rms)
        return apex_fail(err, "%s: no memory", r->path);
    for (size_t k = 0; k < r->sites; k++)
        r->activation_rms[k] = r->site_rms[k] > 0 && r->site_rms[k] != 1 ? r->site_rms[k] : NAN;
    return 0;
}

/* Optional: only where the grid asked for it. */
static int read_class_rank(struct result *r, struct apex_error *err)
{
    if (!has_variable(r, "class_reciprocal_rank"))
        return 0;
    return (r->class_reciprocal_rank = result_read(r, "class_reciprocal_rank", RESULT_DOUBLE, "sgc", -1, err))
               ? 0
               : -1;
}

static int read_response_sizes(struct result *r, struct apex_error *err)
{
    static const char *const name[] = {"response_sigma", "response_site", "response_sample"};
    size_t *to[] = {&r->response_sigmas, &r->response_sites, &r->response_samples};
    for (int k = 0; has_variable(r, "response_energy") && k < 3; k++) {
        int id;
        if (nc_inq_dimid(r->nc, name[k], &id) || nc_inq_dimlen(r->nc, id, to[k]) || *to[k] == 0 ||
            *to[k] > INT_MAX)
            return apex_fail(err, "%s: it has no dimension '%s' of a size above 0", r->path, name[k]);
    }
    return 0;
}

static int read_all(struct result *r, struct apex_error *err)
{
    if (check_format(r, err) || read_dimensions(r, err) || read_draws(r, err) || read_texts(r, err) ||
        read_arrays(r, err) || read_activation_rms(r, err) || read_class_rank(r, err) ||
        read_response_sizes(r, err) || check_coordinates(r, err) || check_classes(r, err))
        return -1;
    for (size_t k = 0; k < r->sites; k++)
        r->relative |= r->site_rms[k] != 1;
    r->has_class_count = has_variable(r, "class_count");
    r->has_transitions = has_variable(r, "transition_count");
    return 0;
}

struct result *result_open(const char *path, struct apex_error *err)
{
    struct result *r = calloc(1, sizeof *r);
    if (!r || !(r->path = strdup(path))) {
        free(r);
        apex_fail(err, "%s: no memory", path);
        return NULL;
    }
    int status = nc_open(path, NC_NOWRITE, &r->nc);
    if (status) {
        r->nc = -1;
        apex_fail(err, "%s: cannot open as a NetCDF file: %s", path, nc_strerror(status));
    }
    if (status || read_all(r, err) != 0) {
        result_close(r);
        return NULL;
    }
    return r;
}

void result_close(struct result *r)
{
    if (!r)
        return;
    if (r->nc >= 0)
        nc_close(r->nc);
    result_free_texts(r->site_name, r->sites);
    result_free_texts(r->site_op, r->sites);
    result_free_texts(r->site_tensor, r->sites);
    for (size_t k = 0; k < r->attributes; k++) {
        free(r->attribute[k].name);
        free(r->attribute[k].text);
    }
    void *owned[] = {r->path,           r->model,        r->site_elements, r->site_rms,
                     r->activation_rms, r->sigma,        r->sample,        r->label,
                     r->clean_class,    r->clean_margin, r->clean_loss,    r->clean_second_class,
                     r->clean_wrong,    r->stay_mean,    r->class_share,   r->class_reciprocal_rank,
                     r->completeness,   r->attribute};
    for (size_t k = 0; k < sizeof owned / sizeof owned[0]; k++)
        free(owned[k]);
    free(r);
}

int result_find_site(const struct result *r, const char *name)
{
    for (size_t k = 0; k < r->sites; k++)
        if (strcmp(r->site_name[k], name) == 0)
            return (int)k;
    return -1;
}

int result_find_sigma(const struct result *r, double sigma)
{
    int best = -1;
    double nearest = 1e-6;
    for (size_t k = 0; k < r->sigmas; k++) {
        const double apart = r->sigma[k] == sigma ? 0 : fabs(r->sigma[k] / sigma - 1);
        if (apart <= nearest) {
            nearest = apart;
            best = (int)k;
        }
    }
    return best;
}

const char *result_attribute(const struct result *r, const char *name)
{
    for (size_t k = 0; k < r->attributes; k++)
        if (strcmp(r->attribute[k].name, name) == 0)
            return r->attribute[k].text;
    return NULL;
}

char *result_sigma_text(double sigma, char text[32])
{
    snprintf(text, 32, "%.4g", sigma);
    return text;
}
