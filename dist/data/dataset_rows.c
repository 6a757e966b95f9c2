#include "dist/data/dataset_load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The rows of range r (0 .. ranges - 1; one range where none is given) in a file whose first sample is number
 * base. */
static struct grid_range rows_of(const struct grid_data *spec, int r, int64_t base, int64_t rows)
{
    struct grid_range all = {0, -1}, range = spec->ranges ? spec->range[r] : all;
    range.first = range.first > base ? range.first - base : 0;
    range.last = range.last == -1 || range.last - base > rows ? rows : range.last - base;
    return range;
}

static int range_count(const struct grid_data *spec)
{
    return spec->ranges ? spec->ranges : 1;
}

static int64_t selected_rows(const struct grid_data *spec, int64_t base, int64_t rows)
{
    int64_t n = 0;
    for (int r = 0; r < range_count(spec); r++) {
        struct grid_range part = rows_of(spec, r, base, rows);
        n += part.last > part.first ? part.last - part.first : 0;
    }
    return n;
}

static size_t sample_bytes(const struct dataset *d)
{
    return (size_t)d->elements * (d->is_bytes ? 1 : sizeof(float));
}

/* Room for that many samples; a pointer that could not grow stays valid and is freed with the set. */
static int make_room(struct dataset *d, int64_t samples, const char *path, struct apex_error *err)
{
    size_t n = (size_t)samples, size = sample_bytes(d);
    void *values = n <= (SIZE_MAX - 1) / size ? realloc(d->values, n * size + 1) : NULL;
    d->values = values ? values : d->values;
    uint32_t *index = values ? realloc(d->index, n * sizeof *index + 1) : NULL;
    d->index = index ? index : d->index;
    int failed = !index;
    for (int k = 0; k < d->label_sets && !failed; k++) {
        int32_t *label = realloc(d->label[k], n * sizeof *label + 1);
        d->label[k] = label ? label : d->label[k];
        failed = !label;
    }
    return failed ? apex_fail(err, "%s: no memory for %zu samples of %zu bytes", path, n, size) : 0;
}

/* One row into place; numbers that no network could take are refused here, once. */
static int keep_row(struct load *l, const char *path, const struct raw_array *a, int64_t row, int64_t number,
                    unsigned char *scratch, struct apex_error *err)
{
    struct dataset *d = l->d;
    const unsigned char *from = raw_row(a, row, scratch);
    unsigned char *to = (unsigned char *)d->values + (size_t)d->samples * sample_bytes(d);
    d->index[d->samples++] = (uint32_t)number;
    if (d->is_bytes) {
        memcpy(to, from, (size_t)d->elements);
        return 0;
    }
    float *value = (float *)(void *)to;
    raw_floats(a, from, d->elements, value);
    for (int64_t e = 0; e < d->elements; e++)
        if (!isfinite(value[e]))
            return apex_fail(err,
                             "%s: sample %lld, element %lld is not a finite number (NaN, infinite, missing "
                             "or beyond single precision)",
                             path, (long long)number, (long long)e);
    return 0;
}

int load_keep_rows(struct load *l, const char *path, const struct raw_array *a, struct apex_error *err)
{
    struct dataset *d = l->d;
    int64_t rows = a->shape.dim[0], more = selected_rows(l->spec, d->total, rows);
    if (make_room(d, d->samples + more, path, err))
        return -1;
    unsigned char *scratch = malloc((size_t)d->elements * raw_size(a->type));
    if (!scratch)
        return apex_fail(err, "%s: no memory for a sample of %lld elements", path, (long long)d->elements);
    int rc = 0;
    for (int r = 0; r < range_count(l->spec) && rc == 0; r++) {
        struct grid_range part = rows_of(l->spec, r, d->total, rows);
        for (int64_t i = part.first; i < part.last && rc == 0; i++)
            rc = keep_row(l, path, a, i, d->total + i, scratch, err);
    }
    free(scratch);
    return rc;
}

int load_check_ranges(const struct load *l, struct apex_error *err)
{
    for (int r = 0; r < l->spec->ranges; r++) {
        struct grid_range range = l->spec->range[r];
        if (range.first >= l->d->total || range.last > l->d->total)
            return apex_fail(err, "samples %lld to %lld are asked for, but there are only %lld (0 to %lld)",
                             (long long)range.first,
                             (long long)(range.last == -1 ? range.first : range.last - 1),
                             (long long)l->d->total, (long long)l->d->total - 1);
    }
    return l->d->samples ? 0 : apex_fail(err, "no samples are selected");
}
