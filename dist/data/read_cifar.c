/* CIFAR binary files: records of one label byte (CIFAR-10) or two (CIFAR-100: coarse, fine) and 3072 pixel
 * bytes, red then green then blue, each 32 rows of 32. No header. */
#include "dist/data/dataset_read.h"

#include <stdio.h>
#include <string.h>

enum { PIXELS = 3 * 32 * 32 };

struct cifar_kind {
    const char *name;
    int label_bytes;
    int classes[2];        /* label byte k is below classes[k] */
    const char *labels[2]; /* what label byte k is called */
    int own;               /* which label byte is the data set's own */
};

static const struct cifar_kind cifar10 = {"CIFAR-10", 1, {10, 0}, {"label", NULL}, 0};
static const struct cifar_kind cifar100 = {"CIFAR-100", 2, {20, 100}, {"coarse", "fine"}, 1};

static int check_labels(const struct gzfile *f, const struct cifar_kind *kind, size_t record, int64_t n,
                        struct apex_error *err)
{
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < kind->label_bytes; k++) {
            int label = f->data[(size_t)i * record + (size_t)k];
            if (label >= kind->classes[k])
                return apex_fail(err,
                                 "%s: not a %s file: record %lld has the %s %d, but there are %d classes",
                                 f->path, kind->name, (long long)i, kind->labels[k], label, kind->classes[k]);
        }
    return 0;
}

/* Which label byte; -1 with err. */
static int which_label(const struct gzfile *f, const struct cifar_kind *kind, const char *name,
                       struct apex_error *err)
{
    if (!name)
        return kind->own;
    for (int k = 0; k < kind->label_bytes; k++)
        if (strcmp(name, kind->labels[k]) == 0)
            return k;
    return apex_fail(err, "%s: a %s file has no labels called '%s', only '%s'%s%s%s", f->path, kind->name,
                     name, kind->labels[0], kind->labels[1] ? " and '" : "",
                     kind->labels[1] ? kind->labels[1] : "", kind->labels[1] ? "'" : "");
}

static int read_records(const struct gzfile *f, const struct cifar_kind *kind, const struct raw_query *q,
                        struct raw_array *a, struct apex_error *err)
{
    size_t record = (size_t)kind->label_bytes + PIXELS;
    if (f->size % record)
        return apex_fail(err, "%s: %zu bytes are not a whole number of %s records of %zu bytes (cut short?)",
                         f->path, f->size, kind->name, record);
    int64_t n = (int64_t)(f->size / record);
    if (check_labels(f, kind, record, n, err))
        return -1;
    if (q->role == RAW_IMAGES || q->role == RAW_ANY) {
        if (q->variable)
            return apex_fail(err, "%s: a %s file has no variables ('%s' was asked for)", f->path, kind->name,
                             q->variable);
        raw_init(a, RAW_U8, 0, &(struct apex_shape){4, {n, 3, 32, 32}});
        a->data = f->data + kind->label_bytes;
    } else {
        int k = which_label(f, kind, q->variable, err);
        if (k < 0)
            return -1;
        raw_init(a, RAW_U8, 0, &(struct apex_shape){1, {n}});
        a->data = f->data + k;
        snprintf(a->name, sizeof a->name, "%s", kind->labels[k]);
    }
    a->stride[0] = (int64_t)record;
    return 0;
}

int read_cifar10(const struct gzfile *f, const struct raw_query *q, struct raw_array *a,
                 struct apex_error *err)
{
    return read_records(f, &cifar10, q, a, err);
}

int read_cifar100(const struct gzfile *f, const struct raw_query *q, struct raw_array *a,
                  struct apex_error *err)
{
    return read_records(f, &cifar100, q, a, err);
}
