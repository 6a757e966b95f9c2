#include "analysis/score_table.h"

#include <limits.h>
#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLES = 256 };

static int nc_check(const struct score *s, int status, const char *what, struct apex_error *err)
{
    return status ? apex_fail(err, "%s: cannot read %s: %s", s->path, what, nc_strerror(status)) : 0;
}

struct names {
    int n;
    char *name[VARIABLES];
    int id[VARIABLES];
};

/* The variables with one dimension. */
static int read_names(const struct score *s, int nc, struct names *v, struct apex_error *err)
{
    int variables;
    if (nc_check(s, nc_inq_nvars(nc, &variables), "its variables", err) != 0)
        return -1;
    for (int id = 0; id < variables && v->n < VARIABLES; id++) {
        char name[NC_MAX_NAME + 1];
        int rank;
        nc_type type;
        if (nc_check(s, nc_inq_var(nc, id, name, &type, &rank, NULL, NULL), "a variable", err) != 0)
            return -1;
        if (rank != 1 || type == NC_CHAR || type == NC_STRING || type > NC_STRING)
            continue;
        v->id[v->n] = id;
        if (!(v->name[v->n++] = strdup(name)))
            return apex_fail(err, "%s: no memory", s->path);
    }
    return 0;
}

/* A variable as doubles, its fill value as NaN; *n its length. NULL with err. */
static double *read_values(const struct score *s, int nc, int id, const char *name, size_t *n,
                           struct apex_error *err)
{
    int dim, none = 1, status = nc_inq_vardimid(nc, id, &dim);
    double fill;
    status = status ? status : nc_inq_dimlen(nc, dim, n);
    if (nc_check(s, status, name, err) != 0)
        return NULL;
    double *value = *n < SIZE_MAX / 16 ? malloc((*n + 1) * sizeof *value) : NULL;
    if (!value) {
        apex_fail(err, "%s: no memory for the %zu values of '%s'", s->path, *n, name);
        return NULL;
    }
    if (nc_check(s, nc_get_var_double(nc, id, value), name, err) != 0) {
        free(value);
        return NULL;
    }
    /* a fill value is kept in the variable's own type; as an attribute it converts */
    if (nc_get_att_double(nc, id, "_FillValue", &fill) == NC_NOERR)
        none = 0;
    for (size_t i = 0; i < *n && !none; i++)
        if (value[i] == fill)
            value[i] = NAN;
    return value;
}

static int is_whole(double x, double most)
{
    return x >= 0 && x <= most && floor(x) == x;
}

static int put_rows(struct score *s, const double *index, const double *label, const double *value, size_t n,
                    struct apex_error *err)
{
    size_t room = 0;
    for (size_t i = 0; i < n; i++) {
        if (index && !is_whole(index[i], 9e15))
            return apex_fail(err, "%s: sample number %g at position %zu is not a whole number from 0 on",
                             s->path, index[i], i);
        const int known = label && !isnan(label[i]) && label[i] != -1;
        if (known && !is_whole(label[i], INT_MAX))
            return apex_fail(err, "%s: label %g at position %zu is not a whole number from 0 on", s->path,
                             label[i], i);
        if (score_add(s, &room, index ? (int64_t)index[i] : (int64_t)i, known ? (int)label[i] : -1, value[i],
                      err))
            return -1;
    }
    return 0;
}

static int read_columns(struct score *s, int nc, const struct names *v, struct apex_error *err)
{
    struct score_columns c;
    if (score_find_columns(s->path, (const char *const *)v->name, v->n, &c, err) != 0)
        return -1;
    const int column[] = {c.index, c.label, c.score};
    double *value[3] = {NULL, NULL, NULL};
    size_t n[3] = {0, 0, 0};
    int rc = (s->name = strdup(v->name[c.score])) ? 0 : apex_fail(err, "%s: no memory", s->path);
    for (int k = 0; k < 3 && rc == 0; k++)
        if (column[k] >= 0 &&
            !(value[k] = read_values(s, nc, v->id[column[k]], v->name[column[k]], &n[k], err)))
            rc = -1;
    for (int k = 0; k < 2 && rc == 0; k++)
        if (value[k] && n[k] != n[2])
            rc = apex_fail(err, "%s: '%s' has %zu values, '%s' has %zu", s->path, v->name[column[k]], n[k],
                           s->name, n[2]);
    if (rc == 0)
        rc = put_rows(s, value[0], value[1], value[2], n[2], err);
    for (int k = 0; k < 3; k++)
        free(value[k]);
    return rc;
}

int score_read_netcdf(struct score *s, int nc, struct apex_error *err)
{
    struct names v = {0};
    int rc = read_names(s, nc, &v, err);
    if (rc == 0)
        rc = read_columns(s, nc, &v, err);
    for (int k = 0; k < v.n; k++)
        free(v.name[k]);
    return rc;
}
