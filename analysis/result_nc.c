#include "analysis/result_nc.h"

#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS_SHOWN = 16 };

static const char *dimension_name(char letter)
{
    switch (letter) {
    case 's':
        return "site";
    case 'g':
        return "sigma";
    case 'n':
        return "sample";
    case 'c':
        return "class";
    case 'S':
        return "response_site";
    case 'G':
        return "response_sigma";
    case 'N':
        return "response_sample";
    default:
        return "perturbed_class";
    }
}

static size_t dimension_size(const struct result *r, char letter)
{
    switch (letter) {
    case 's':
        return r->sites;
    case 'g':
        return r->sigmas;
    case 'n':
        return r->samples;
    case 'S':
        return r->response_sites;
    case 'G':
        return r->response_sigmas;
    case 'N':
        return r->response_samples;
    default:
        return r->classes;
    }
}

static int nc_fail(const struct result *r, int status, const char *name, struct apex_error *err)
{
    return apex_fail(err, "%s: cannot read '%s': %s", r->path, name, nc_strerror(status));
}

/* The variable's number if it lies along exactly these dimensions; -1 with err. */
static int find_variable(const struct result *r, const char *name, const char *dims, struct apex_error *err)
{
    int id, rank, dim[NC_MAX_VAR_DIMS];
    int status = nc_inq_varid(r->nc, name, &id);
    if (status == NC_NOERR)
        status = nc_inq_var(r->nc, id, NULL, NULL, &rank, dim, NULL);
    if (status)
        return nc_fail(r, status, name, err);
    int fits = rank == (int)strlen(dims);
    for (int d = 0; fits && d < rank; d++) {
        char dimension[NC_MAX_NAME + 1];
        size_t size;
        status = nc_inq_dim(r->nc, dim[d], dimension, &size);
        if (status)
            return nc_fail(r, status, name, err);
        fits = strcmp(dimension, dimension_name(dims[d])) == 0 && size == dimension_size(r, dims[d]);
    }
    return fits ? id
                : apex_fail(err, "%s: variable '%s' has other dimensions than docs/format.md says", r->path,
                            name);
}

static int get_values(int nc, int id, enum result_type type, const size_t *start, const size_t *count,
                      void *out)
{
    switch (type) {
    case RESULT_BYTE:
        return nc_get_vara_schar(nc, id, start, count, out);
    case RESULT_INT:
        return nc_get_vara_int(nc, id, start, count, out);
    case RESULT_INT64: {
        long long *wide = out; /* the same 64 bits */
        _Static_assert(sizeof *wide == sizeof(int64_t), "long long has 64 bits");
        return nc_get_vara_longlong(nc, id, start, count, wide);
    }
    case RESULT_FLOAT:
        return nc_get_vara_float(nc, id, start, count, out);
    default:
        return nc_get_vara_double(nc, id, start, count, out);
    }
}

void *result_read(const struct result *r, const char *name, enum result_type type, const char *dims,
                  long long site, struct apex_error *err)
{
    static const size_t width[] = {1, sizeof(int), sizeof(int64_t), sizeof(float), sizeof(double)};
    size_t start[RESULT_MOST_DIMENSIONS] = {0}, count[RESULT_MOST_DIMENSIONS], values = 1;
    int id = find_variable(r, name, dims, err);
    if (id < 0)
        return NULL;
    for (size_t d = 0; dims[d]; d++) {
        count[d] = dimension_size(r, dims[d]);
        if (dims[d] == 's' && site >= 0) {
            start[d] = (size_t)site;
            count[d] = 1;
        }
        if (count[d] > SIZE_MAX / 16 / values) {
            apex_fail(err, "%s: '%s' is larger than memory can be", r->path, name);
            return NULL;
        }
        values *= count[d];
    }
    void *out = malloc(values * width[type]);
    if (!out) {
        apex_fail(err, "%s: no memory for the %zu values of '%s'", r->path, values, name);
        return NULL;
    }
    int status = get_values(r->nc, id, type, start, count, out);
    if (status) {
        nc_fail(r, status, name, err);
        free(out);
        return NULL;
    }
    return out;
}

void result_free_texts(char **text, size_t n)
{
    for (size_t i = 0; text && i < n; i++)
        free(text[i]);
    free(text);
}

char **result_read_texts(const struct result *r, const char *name, char dim, size_t n, struct apex_error *err)
{
    nc_type type;
    const char dims[] = {dim, 0};
    int id = find_variable(r, name, dims, err);
    if (id < 0)
        return NULL;
    if (nc_inq_vartype(r->nc, id, &type) || type != NC_STRING) {
        apex_fail(err, "%s: variable '%s' is not of strings", r->path, name);
        return NULL;
    }
    char **text = calloc(n, sizeof *text);
    if (!text) {
        apex_fail(err, "%s: no memory for '%s'", r->path, name);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        char *one = NULL;
        int status = nc_get_var1_string(r->nc, id, &i, &one);
        if (status == NC_NOERR) {
            text[i] = strdup(one ? one : "");
            nc_free_string(1, &one);
        }
        if (!text[i]) {
            status ? nc_fail(r, status, name, err) : apex_fail(err, "%s: no memory for '%s'", r->path, name);
            result_free_texts(text, n);
            return NULL;
        }
    }
    return text;
}

/* A text attribute as it is, or NULL. */
static char *text_attribute(int nc, const char *name, size_t length)
{
    char *text = malloc(length + 1);
    if (!text || nc_get_att_text(nc, NC_GLOBAL, name, text)) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    return text;
}

static char *string_attribute(int nc, const char *name, size_t length)
{
    char *one = NULL, *text = NULL;
    if (length == 1 && nc_get_att_string(nc, NC_GLOBAL, name, &one) == NC_NOERR) {
        text = strdup(one ? one : "");
        nc_free_string(1, &one);
    }
    return text;
}

static char *number_attribute(int nc, const char *name, size_t length)
{
    double value[NUMBERS_SHOWN];
    char text[NUMBERS_SHOWN * 26] = "";
    size_t at = 0;
    if (length > NUMBERS_SHOWN || nc_get_att_double(nc, NC_GLOBAL, name, value))
        return strdup("");
    for (size_t i = 0; i < length; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.17g", i ? " " : "", value[i]);
    return strdup(text);
}

int result_read_attributes(struct result *r, struct apex_error *err)
{
    int n, status = nc_inq_natts(r->nc, &n);
    if (status)
        return nc_fail(r, status, "the global attributes", err);
    r->attribute = calloc((size_t)n + 1, sizeof *r->attribute);
    if (!r->attribute)
        return apex_fail(err, "%s: no memory for %d attributes", r->path, n);
    for (int i = 0; i < n; i++) {
        struct result_attribute *a = &r->attribute[r->attributes];
        char name[NC_MAX_NAME + 1];
        nc_type type;
        size_t length;
        status = nc_inq_attname(r->nc, NC_GLOBAL, i, name);
        status = status ? status : nc_inq_att(r->nc, NC_GLOBAL, name, &type, &length);
        if (status)
            return nc_fail(r, status, "a global attribute", err);
        a->name = strdup(name);
        a->text = type == NC_CHAR     ? text_attribute(r->nc, name, length)
                  : type == NC_STRING ? string_attribute(r->nc, name, length)
                                      : number_attribute(r->nc, name, length);
        r->attributes++; /* counted first, so that what is there is freed */
        if (!a->name || !a->text)
            return apex_fail(err, "%s: cannot read attribute '%s'", r->path, name);
    }
    return 0;
}
