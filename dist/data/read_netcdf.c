/* NetCDF, classic and 4, opened in memory: gzipped or not, one way. A variable's _FillValue reads as NaN and
 * its scale_factor and add_offset are applied, as every CF reader does; _Unsigned makes a classic byte 0 to
 * 255. */
#include "dist/data/dataset_read.h"

#include <errno.h>
#include <netcdf.h>
#include <netcdf_mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLES_MAX = 8192 };

struct nc {
    int id;
    const char *path;
};

/* Reading past the end of a file in memory counts as writing to it for the library. */
static const char *reason(int status)
{
    return status == EPERM ? "its data ends too early" : nc_strerror(status);
}

static int nc_fail(const struct nc *nc, int status, const char *what, struct apex_error *err)
{
    return apex_fail(err, "%s: %s: %s", nc->path, what, reason(status));
}

static int type_of(nc_type nc, enum raw_type *type)
{
    static const struct {
        nc_type nc;
        enum raw_type type;
    } known[] = {{NC_BYTE, RAW_I8},   {NC_UBYTE, RAW_U8},  {NC_SHORT, RAW_I16}, {NC_USHORT, RAW_U16},
                 {NC_INT, RAW_I32},   {NC_UINT, RAW_U32},  {NC_INT64, RAW_I64}, {NC_UINT64, RAW_U64},
                 {NC_FLOAT, RAW_F32}, {NC_DOUBLE, RAW_F64}};
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (known[k].nc == nc) {
            *type = known[k].type;
            return 0;
        }
    return -1;
}

static int is_unsigned(const struct nc *nc, int variable)
{
    char text[8] = "";
    size_t length;
    return nc_inq_attlen(nc->id, variable, "_Unsigned", &length) == NC_NOERR && length < sizeof text &&
           nc_get_att_text(nc->id, variable, "_Unsigned", text) == NC_NOERR && strncmp(text, "true", 4) == 0;
}

/* The variable's element type and shape; 1: one that is not read (text, compound, too many dimensions), -1
 * with err. */
static int inquire(const struct nc *nc, int variable, enum raw_type *type, struct apex_shape *shape,
                   struct apex_error *err)
{
    nc_type kind;
    int dims[NC_MAX_VAR_DIMS], rank;
    int status = nc_inq_var(nc->id, variable, NULL, &kind, &rank, dims, NULL);
    if (status)
        return nc_fail(nc, status, "cannot read a variable's description", err);
    if (type_of(kind, type) || rank > APEX_MAX_RANK)
        return 1;
    if (is_unsigned(nc, variable) && raw_is_integer(*type) && kind != NC_UBYTE)
        *type = *type == RAW_I8 ? RAW_U8 : *type == RAW_I16 ? RAW_U16 : *type == RAW_I32 ? RAW_U32 : *type;
    shape->rank = rank;
    for (int k = 0; k < rank; k++) {
        size_t length;
        status = nc_inq_dimlen(nc->id, dims[k], &length);
        if (status)
            return nc_fail(nc, status, "cannot read a dimension", err);
        shape->dim[k] = length > INT64_MAX ? -1 : (int64_t)length;
    }
    return 0;
}

static int choose_variable(const struct nc *nc, const struct raw_query *q, struct apex_error *err)
{
    int n, k = 0, status = nc_inq_nvars(nc->id, &n);
    if (status)
        return nc_fail(nc, status, "cannot count its variables", err);
    if (n < 1 || n > VARIABLES_MAX)
        return apex_fail(err, "%s: %d variables; 1 to %d are read", nc->path, n, VARIABLES_MAX);
    struct raw_choice *c = calloc((size_t)n, sizeof *c);
    if (!c)
        return apex_fail(err, "%s: no memory", nc->path);
    for (int i = 0; i < n && k >= 0; i++) {
        enum raw_type type;
        char name[NC_MAX_NAME + 1];
        status = nc_inq_varname(nc->id, i, name);
        k = status ? nc_fail(nc, status, "cannot read a variable's name", err)
                   : inquire(nc, i, &type, &c[i].shape, err);
        c[i].usable = k == 0;
        c[i].integer = k == 0 && raw_is_integer(type);
        if (k >= 0)
            snprintf(c[i].name, sizeof c[i].name, "%.*s", RAW_NAME - 1, name);
    }
    if (k >= 0)
        k = raw_choose(c, n, q, nc->path, err);
    free(c);
    return k;
}

/* Bytes have no fill value unless one is given: all 256 are pixels. */
static void read_missing(const struct nc *nc, int variable, struct raw_array *a)
{
    int none = 1;
    unsigned char fill[8];
    if (raw_size(a->type) == 1 || nc_inq_var_fill(nc->id, variable, &none, fill) || none)
        return;
    a->has_missing = 1;
    memcpy(a->missing, fill, raw_size(a->type));
}

static int read_scaling(const struct nc *nc, int variable, struct raw_array *a, struct apex_error *err)
{
    static const char *const name[] = {"scale_factor", "add_offset"};
    double *to[] = {&a->scale, &a->offset};
    for (int k = 0; k < 2; k++) {
        size_t length;
        if (nc_inq_attlen(nc->id, variable, name[k], &length) != NC_NOERR)
            continue;
        if (length != 1 || nc_get_att_double(nc->id, variable, name[k], to[k]) != NC_NOERR)
            return apex_fail(err, "%s: variable '%s': attribute %s is not one number", nc->path, a->name,
                             name[k]);
    }
    return 0;
}

static int read_variable(const struct nc *nc, int variable, size_t file_size, struct raw_array *a,
                         struct apex_error *err)
{
    enum raw_type type;
    struct apex_shape shape;
    char name[NC_MAX_NAME + 1], text[APEX_SHAPE_TEXT];
    if (inquire(nc, variable, &type, &shape, err) < 0)
        return -1;
    raw_init(a, type, raw_host_is_big(), &shape);
    nc_inq_varname(nc->id, variable, name);
    snprintf(a->name, sizeof a->name, "%.*s", RAW_NAME - 1, name);
    int64_t bytes = raw_bytes(type, &shape);
    if (bytes < 0 || (uint64_t)bytes / RAW_MAX_RATIO > file_size)
        return apex_fail(err, "%s: variable '%s' of shape %s is more than a file of %zu bytes can hold",
                         nc->path, a->name, apex_shape_text(&shape, text), file_size);
    read_missing(nc, variable, a);
    if (read_scaling(nc, variable, a, err))
        return -1;
    void *values = malloc((size_t)bytes + 1);
    if (!values)
        return apex_fail(err, "%s: variable '%s': no memory for its %lld bytes", nc->path, a->name,
                         (long long)bytes);
    int status = nc_get_var(nc->id, variable, values);
    if (status) {
        free(values);
        return apex_fail(err, "%s: cannot read variable '%s': %s", nc->path, a->name, reason(status));
    }
    a->owned = values;
    a->data = values;
    return 0;
}

int read_netcdf(const struct gzfile *f, const struct raw_query *q, struct raw_array *a,
                struct apex_error *err)
{
    struct nc nc = {.path = f->path};
    int status = nc_open_mem(f->path, NC_NOWRITE, f->size, f->data, &nc.id);
    if (status)
        return apex_fail(err, "%s: cannot open as NetCDF: %s", f->path, reason(status));
    int variable = choose_variable(&nc, q, err);
    int rc = variable == -2 ? 1 : variable < 0 ? -1 : read_variable(&nc, variable, f->size, a, err);
    nc_close(nc.id);
    return rc;
}
