#include "dist/program/sample_images.h"

#include "dist/data/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct loaded {
    struct dataset *d;
    float low, high; /* of all values, where they are not bytes */
};

struct sample_images {
    struct grid *grid;
    struct loaded *data; /* [grid->datas]; d NULL: not read yet */
};

struct sample_images *sample_images_open(const char *grid, struct apex_error *err)
{
    struct sample_images *s = calloc(1, sizeof *s);
    if (!s) {
        apex_fail(err, "out of memory");
        return NULL;
    }
    s->grid = grid_load(grid, err);
    s->data = s->grid ? calloc((size_t)s->grid->datas + 1, sizeof *s->data) : NULL;
    if (!s->data) {
        if (s->grid)
            apex_fail(err, "out of memory");
        sample_images_close(s);
        return NULL;
    }
    return s;
}

void sample_images_close(struct sample_images *s)
{
    if (!s)
        return;
    for (int k = 0; s->data && k < s->grid->datas; k++)
        dataset_free(s->data[k].d);
    free(s->data);
    grid_free(s->grid);
    free(s);
}

/* 1: the grid has no such model. */
static int find(struct sample_images *s, const char *model, struct loaded **out, struct apex_error *err)
{
    int m = 0;
    while (m < s->grid->models && strcmp(s->grid->model[m].name, model))
        m++;
    if (m == s->grid->models)
        return 1;
    struct loaded *l = &s->data[s->grid->model[m].data];
    *out = l;
    if (l->d)
        return 0;
    l->d = dataset_load(s->grid, &s->grid->data[s->grid->model[m].data], err);
    if (!l->d)
        return -1;
    l->low = INFINITY;
    l->high = -INFINITY;
    for (int64_t i = 0; !l->d->is_bytes && i < l->d->samples * l->d->elements; i++) {
        l->low = fminf(l->low, ((const float *)l->d->values)[i]);
        l->high = fmaxf(l->high, ((const float *)l->d->values)[i]);
    }
    return 0;
}

struct layout {
    int64_t height, width, channels, row, column, channel; /* strides in elements */
};

static int lay_out(const struct dataset *d, struct layout *l)
{
    const int64_t *n = d->shape.dim;
    if (d->shape.rank == 2)
        *l = (struct layout){n[0], n[1], 1, n[1], 1, 0};
    else if (d->shape.rank == 3 && d->nhwc)
        *l = (struct layout){n[0], n[1], n[2], n[1] * n[2], n[2], 1};
    else if (d->shape.rank == 3)
        *l = (struct layout){n[1], n[2], n[0], n[2], 1, n[1] * n[2]};
    else
        return -1;
    return (l->channels == 1 || l->channels == 3) && l->height > 1 && l->height < 4096 && l->width > 1 &&
                   l->width < 4096
               ? 0
               : -1;
}

static unsigned char brightness(const struct loaded *l, int64_t at)
{
    float span = l->d->is_bytes ? (float)l->d->divide : l->high - l->low;
    float value = l->d->is_bytes ? ((const unsigned char *)l->d->values)[at]
                                 : ((const float *)l->d->values)[at] - l->low;
    float shade = span > 0 ? 255 * value / span + 0.5f : 0;
    return (unsigned char)(shade < 255 ? shade : 255);
}

/* Position of a sample among the selected ones; -1: it is not there. */
static int64_t position(const struct dataset *d, int64_t sample)
{
    int64_t low = 0, high = d->samples;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (d->index[middle] < sample)
            low = middle + 1;
        else
            high = middle;
    }
    return low < d->samples && d->index[low] == sample ? low : -1;
}

int sample_images_get(void *context, const char *model, int64_t sample, struct report_image *image,
                      struct apex_error *err)
{
    struct loaded *l;
    struct layout at;
    int outcome = find(context, model, &l, err);
    if (outcome)
        return outcome;
    int64_t i = position(l->d, sample);
    if (i < 0 || lay_out(l->d, &at))
        return 1;
    *image = (struct report_image){(int)at.width, (int)at.height, malloc((size_t)(3 * at.width * at.height))};
    if (!image->rgb)
        return apex_fail(err, "out of memory for an image");
    unsigned char *to = image->rgb;
    for (int64_t y = 0; y < at.height; y++)
        for (int64_t x = 0; x < at.width; x++)
            for (int64_t c = 0; c < 3; c++)
                *to++ = brightness(l, i * l->d->elements + y * at.row + x * at.column +
                                          (at.channels == 3 ? c * at.channel : 0));
    return 0;
}
