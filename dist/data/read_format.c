#include "dist/data/dataset_read.h"

#include <string.h>

static int begins(const struct gzfile *f, const char *magic, size_t size)
{
    return f->size >= size && memcmp(f->data, magic, size) == 0;
}

static int is_netcdf(const struct gzfile *f)
{
    return begins(f, "\x89HDF\r\n\x1a\n", 8) ||
           (begins(f, "CDF", 3) && f->size > 3 && (f->data[3] == 1 || f->data[3] == 2 || f->data[3] == 5));
}

/* A whole number of records whose label bytes are all possible. */
static int fits_cifar(const struct gzfile *f, size_t labels, int first_classes, int second_classes)
{
    size_t record = labels + 3072;
    if (f->size % record)
        return 0;
    for (size_t at = 0; at < f->size; at += record)
        if (f->data[at] >= first_classes || (labels == 2 && f->data[at + 1] >= second_classes))
            return 0;
    return 1;
}

static int begins_idx(const struct gzfile *f)
{
    return f->size >= 4 && !f->data[0] && !f->data[1] && f->data[2] >= 8 && f->data[2] <= 14 &&
           f->data[3] >= 1 && f->data[3] <= APEX_MAX_RANK;
}

/* An IDX header that agrees with the size: a CIFAR file of dark pixels may begin like one. */
static int is_idx(const struct gzfile *f)
{
    struct raw_array a;
    return begins_idx(f) && read_idx(f, &(struct raw_query){.role = RAW_ANY}, &a, NULL) == 0;
}

static int is_text(const struct gzfile *f)
{
    size_t look = f->size < 4096 ? f->size : 4096;
    for (size_t i = 0; i < look; i++)
        if (!f->data[i] || (f->data[i] < 32 && !strchr("\t\n\v\f\r", f->data[i])))
            return 0;
    return 1;
}

static raw_read_fn *by_content(const struct gzfile *f, struct apex_error *err)
{
    if (begins(f, "\x93NUMPY", 6))
        return read_npy;
    if (begins(f, "PK\3\4", 4) || begins(f, "PK\5\6", 4))
        return read_npz;
    if (is_netcdf(f))
        return read_netcdf;
    if (is_idx(f))
        return read_idx;
    int ten = fits_cifar(f, 1, 10, 0), hundred = fits_cifar(f, 2, 20, 100);
    if (ten && hundred) {
        apex_fail(err, "%s: may be CIFAR-10 or CIFAR-100: say which with format: cifar10 or format: cifar100",
                  f->path);
        return NULL;
    }
    if (ten || hundred)
        return ten ? read_cifar10 : read_cifar100;
    if (begins_idx(f))
        return read_idx; /* which says what is wrong with it */
    if (is_text(f))
        return read_text;
    apex_fail(
        err,
        "%s: none of the formats that are read (NPY, NPZ, NetCDF, IDX, CIFAR-10 or CIFAR-100 binary, or text "
        "for labels; gzipped or not)",
        f->path);
    return NULL;
}

raw_read_fn *raw_reader(const struct gzfile *f, const char *format, struct apex_error *err)
{
    static const struct {
        const char *name;
        raw_read_fn *read;
    } readers[] = {{"cifar10", read_cifar10}, {"cifar100", read_cifar100}, {"idx", read_idx},
                   {"npy", read_npy},         {"npz", read_npz},           {"netcdf", read_netcdf},
                   {"text", read_text}};
    if (!format)
        return by_content(f, err);
    for (size_t k = 0; k < sizeof readers / sizeof readers[0]; k++)
        if (strcmp(format, readers[k].name) == 0)
            return readers[k].read;
    apex_fail(err, "format: '%s' is none of cifar10 cifar100 idx npy npz netcdf text", format);
    return NULL;
}
