/* A data set without its values, as bytes: version, sizes, then everything in the order of the struct. */
#include "core/bytes.h"
#include "dist/data/dataset.h"

#include <stdlib.h>
#include <string.h>

enum { WIRE_VERSION = 1 };

void dataset_encode(const struct dataset *d, struct bytes *out)
{
    bytes_put_u32(out, WIRE_VERSION);
    bytes_put_u64(out, (uint64_t)d->total);
    bytes_put_u64(out, (uint64_t)d->samples);
    bytes_put_u64(out, (uint64_t)d->elements);
    bytes_put_u32(out, (uint32_t)d->channels);
    bytes_put_u32(out, (uint32_t)d->label_sets);
    bytes_put_u8(out, (uint8_t)d->is_bytes);
    bytes_put_u8(out, (uint8_t)d->nhwc);
    bytes_put_f64(out, d->divide);
    bytes_put(out, d->sha256, sizeof d->sha256);
    bytes_put_u8(out, (uint8_t)d->shape.rank);
    for (int k = 0; k < d->shape.rank; k++)
        bytes_put_u64(out, (uint64_t)d->shape.dim[k]);
    bytes_put_text(out, d->variable);
    for (int k = 0; k < d->channels; k++) {
        bytes_put_f64(out, d->mean[k]);
        bytes_put_f64(out, d->std[k]);
    }
    for (int64_t i = 0; i < d->samples; i++)
        bytes_put_u32(out, d->index[i]);
    for (int k = 0; k < d->label_sets; k++) {
        bytes_put_text(out, d->label_name[k]);
        for (int64_t i = 0; i < d->samples; i++)
            bytes_put_u32(out, (uint32_t)d->label[k][i]);
    }
}

/* The part of fixed size. Counts are believed only as far as there are bytes behind them. */
static void take_head(struct cursor *c, struct dataset *d)
{
    c->failed |= cursor_u32(c) != WIRE_VERSION;
    d->total = (int64_t)cursor_u64(c);
    d->samples = (int64_t)cursor_u64(c);
    d->elements = (int64_t)cursor_u64(c);
    uint32_t channels = cursor_u32(c), label_sets = cursor_u32(c);
    d->is_bytes = cursor_u8(c);
    d->nhwc = cursor_u8(c);
    d->divide = cursor_f64(c);
    const void *digest = cursor_take(c, sizeof d->sha256);
    if (digest)
        memcpy(d->sha256, digest, sizeof d->sha256);
    d->shape.rank = cursor_u8(c);
    c->failed |= d->shape.rank > APEX_MAX_RANK;
    for (int k = 0; k < d->shape.rank && !c->failed; k++)
        d->shape.dim[k] = (int64_t)cursor_u64(c);
    if (!c->failed)
        d->variable = cursor_text(c);
    size_t left = (size_t)(c->end - c->at);
    c->failed |= d->samples < 0 || d->total < d->samples || (uint64_t)d->samples > left / 4 ||
                 channels > left / 16 || label_sets > left / 4 || apex_shape_count(&d->shape) != d->elements;
    if (!c->failed) {
        d->channels = (int)channels;
        d->label_sets = (int)label_sets;
    }
}

static int32_t *take_labels(struct cursor *c, int64_t samples)
{
    int32_t *label = (uint64_t)samples <= (size_t)(c->end - c->at) / 4
                         ? malloc((size_t)samples * sizeof *label + 1)
                         : NULL;
    for (int64_t i = 0; label && i < samples; i++)
        label[i] = (int32_t)cursor_u32(c);
    c->failed |= !label;
    return label;
}

static void take_arrays(struct cursor *c, struct dataset *d)
{
    size_t sets = (size_t)d->label_sets;
    d->mean = calloc((size_t)d->channels + 1, sizeof *d->mean);
    d->std = calloc((size_t)d->channels + 1, sizeof *d->std);
    d->index = malloc((size_t)d->samples * sizeof *d->index + 1);
    d->label_name = calloc(sets + 1, sizeof *d->label_name);
    d->label = calloc(sets + 1, sizeof *d->label);
    c->failed |= !d->mean || !d->std || !d->index || !d->label_name || !d->label;
    for (int k = 0; k < d->channels && !c->failed; k++) {
        d->mean[k] = cursor_f64(c);
        d->std[k] = cursor_f64(c);
    }
    for (int64_t i = 0; i < d->samples && !c->failed; i++)
        d->index[i] = cursor_u32(c);
    for (int k = 0; k < d->label_sets && !c->failed; k++) {
        d->label_name[k] = cursor_text(c);
        if (!c->failed)
            d->label[k] = take_labels(c, d->samples);
    }
}

struct dataset *dataset_decode(const void *data, size_t size, struct apex_error *err)
{
    struct cursor c = {.at = data, .end = (const unsigned char *)data + size};
    struct dataset *d = calloc(1, sizeof *d);
    if (!d) {
        apex_fail(err, "no memory for a data set's description");
        return NULL;
    }
    take_head(&c, d);
    if (!c.failed)
        take_arrays(&c, d);
    if (c.failed || c.at != c.end) {
        apex_fail(err, "a data set's description of %zu bytes is damaged or of another version", size);
        dataset_free(d);
        return NULL;
    }
    return d;
}
