#include "dist/data/dataset_load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int set_numbers(const struct grid_data *spec, struct dataset *d, struct apex_error *err)
{
    int64_t channels = d->shape.dim[d->nhwc ? d->shape.rank - 1 : 0];
    int most = spec->means > spec->stds ? spec->means : spec->stds;
    const struct {
        const char *name;
        int n;
    } list[] = {{"mean", spec->means}, {"std", spec->stds}};
    for (int k = 0; k < 2; k++)
        if (list[k].n > 1 && list[k].n != channels)
            return apex_fail(err, "%s has %d numbers, but the samples have %lld channels; give 1 or %lld",
                             list[k].name, list[k].n, (long long)channels, (long long)channels);
    d->divide = spec->divide != 0 ? spec->divide : d->is_bytes ? 255 : 1;
    d->channels = most;
    const size_t numbers = most > 0 ? (size_t)most : 0;
    d->mean = calloc(numbers + 1, sizeof *d->mean);
    d->std = calloc(numbers + 1, sizeof *d->std);
    if (!d->mean || !d->std)
        return apex_fail(err, "no memory");
    for (size_t c = 0; c < numbers; c++) {
        d->mean[c] = spec->means ? spec->mean[spec->means == 1 ? 0 : c] : 0;
        d->std[c] = spec->stds ? spec->std[spec->stds == 1 ? 0 : c] : 1;
        if (!isfinite(d->mean[c]) || !isfinite(d->std[c]) || d->std[c] == 0)
            return apex_fail(err, "mean must be finite, and std finite and not 0");
    }
    return isfinite(d->divide) ? 0 : apex_fail(err, "divide must be finite");
}

/* The first file says what samples look like. */
static int set_shape(struct load *l, const char *path, const struct raw_array *a, struct apex_error *err)
{
    struct dataset *d = l->d;
    d->shape.rank = a->shape.rank - 1;
    memcpy(d->shape.dim, a->shape.dim + 1, (size_t)d->shape.rank * sizeof d->shape.dim[0]);
    d->elements = raw_row_elements(a);
    d->is_bytes = a->type == RAW_U8 && a->scale == 1 && a->offset == 0;
    d->nhwc = l->spec->layout && strcmp(l->spec->layout, "nhwc") == 0;
    l->type = a->type;
    d->variable = strdup(a->name);
    if (!d->variable)
        return apex_fail(err, "no memory");
    char text[APEX_SHAPE_TEXT];
    if (d->nhwc && (l->read == read_cifar10 || l->read == read_cifar100))
        return apex_fail(err, "%s: CIFAR files hold channel, height, width: `layout: nhwc` is wrong here",
                         path);
    if (d->nhwc && d->shape.rank != 3)
        return apex_fail(err, "%s: `layout: nhwc` needs samples of three dimensions; these are %s", path,
                         apex_shape_text(&d->shape, text));
    return set_numbers(l->spec, d, err);
}

int load_check_images(struct load *l, const char *path, const struct raw_array *a, struct apex_error *err)
{
    struct dataset *d = l->d;
    char one[APEX_SHAPE_TEXT], other[APEX_SHAPE_TEXT];
    if (a->shape.rank < 2 || apex_shape_count(&a->shape) < 1)
        return apex_fail(
            err,
            "%s: shape %s holds no samples: the first dimension counts samples, at least one more "
            "is needed, and none may be 0",
            path, apex_shape_text(&a->shape, one));
    if (a->shape.dim[0] > (int64_t)UINT32_MAX - d->total)
        return apex_fail(err, "%s: more than %u samples", path, UINT32_MAX);
    if (d->total == 0)
        return set_shape(l, path, a, err);
    struct apex_shape row = {.rank = a->shape.rank - 1};
    memcpy(row.dim, a->shape.dim + 1, (size_t)row.rank * sizeof row.dim[0]);
    if (!apex_shape_equal(&row, &d->shape))
        return apex_fail(err, "%s: samples of shape %s, but those of %s are %s", path,
                         apex_shape_text(&row, one), l->spec->path[0], apex_shape_text(&d->shape, other));
    int is_bytes = a->type == RAW_U8 && a->scale == 1 && a->offset == 0;
    if (a->type != l->type || is_bytes != d->is_bytes)
        return apex_fail(err, "%s: numbers of another type than in %s", path, l->spec->path[0]);
    return 0;
}
