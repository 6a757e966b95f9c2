#include "dist/data/dataset.h"

#include <stdlib.h>
#include <string.h>

void dataset_free(struct dataset *d)
{
    if (!d)
        return;
    for (int k = 0; k < d->label_sets; k++) {
        free(d->label_name ? d->label_name[k] : NULL);
        free(d->label ? d->label[k] : NULL);
    }
    if (d->owns)
        free(d->values);
    free(d->variable);
    free(d->label_name);
    free(d->label);
    free(d->index);
    free(d->mean);
    free(d->std);
    free(d);
}

const int32_t *dataset_labels(const struct dataset *d, const char *name)
{
    for (int k = 0; k < d->label_sets; k++)
        if (strcmp(d->label_name[k], name) == 0)
            return d->label[k];
    return NULL;
}

/* In single precision and in this order, so that the input is bit for bit that of torchvision's ToTensor and
 * Normalize. The channel is the first dimension, or the last of [height,width,channel]. */
void dataset_sample(const struct dataset *d, int64_t i, float *out)
{
    const unsigned char *byte = (const unsigned char *)d->values + i * d->elements;
    const float *real = (const float *)d->values + i * d->elements;
    int64_t channels = d->shape.rank == 0 ? 1 : d->shape.dim[d->nhwc ? d->shape.rank - 1 : 0];
    int64_t pixels = d->elements / channels;
    int64_t channel_step = d->nhwc ? 1 : pixels, pixel_step = d->nhwc ? channels : 1;
    float divide = (float)d->divide;
    for (int64_t c = 0; c < channels; c++) {
        float mean = d->channels ? (float)d->mean[d->channels == 1 ? 0 : c] : 0;
        float std = d->channels ? (float)d->std[d->channels == 1 ? 0 : c] : 1;
        for (int64_t p = 0; p < pixels; p++) {
            int64_t from = c * channel_step + p * pixel_step;
            float v = d->is_bytes ? (float)byte[from] : real[from];
            out[c * pixels + p] = (v / divide - mean) / std;
        }
    }
}

/* Dimensions of one taken away. */
static struct apex_shape squeezed(const struct apex_shape *shape)
{
    struct apex_shape s = {0};
    for (int k = 0; k < shape->rank; k++)
        if (shape->dim[k] != 1)
            s.dim[s.rank++] = shape->dim[k];
    return s;
}

/* Same dimensions but for ones, or one of the two flat. */
static int same_sample(const struct apex_shape *a, const struct apex_shape *b)
{
    struct apex_shape x = squeezed(a), y = squeezed(b);
    return apex_shape_equal(&x, &y) ||
           ((x.rank <= 1 || y.rank <= 1) && apex_shape_count(&x) == apex_shape_count(&y));
}

/* [height,width,channel] as [channel,height,width], and back. */
static struct apex_shape turned(const struct apex_shape *s, int to_channel_first)
{
    struct apex_shape t = *s;
    for (int k = 0; k < 3; k++)
        t.dim[k] = s->dim[(k + (to_channel_first ? 2 : 1)) % 3];
    return t;
}

int dataset_fits(const struct dataset *d, const struct apex_shape *input, struct apex_error *err)
{
    struct apex_shape want = {.rank = input->rank > 0 ? input->rank - 1 : 0};
    memcpy(want.dim, input->dim + 1, (size_t)want.rank * sizeof want.dim[0]);
    struct apex_shape have = d->nhwc ? turned(&d->shape, 1) : d->shape;
    if (same_sample(&have, &want))
        return 0;
    const char *hint = "";
    if (d->nhwc && same_sample(&d->shape, &want))
        hint = "; without `layout: nhwc` they would fit";
    struct apex_shape other = d->shape;
    if (!d->nhwc && d->shape.rank == 3 && (other = turned(&d->shape, 1), same_sample(&other, &want)))
        hint = "; with `layout: nhwc` they would fit";
    char a[APEX_SHAPE_TEXT], b[APEX_SHAPE_TEXT];
    return apex_fail(err, "samples of shape %s%s do not fit the input %s%s", apex_shape_text(&d->shape, a),
                     d->nhwc ? " (height, width, channel)" : "", apex_shape_text(input, b), hint);
}
