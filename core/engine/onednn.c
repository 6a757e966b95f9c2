/* Convolution on oneDNN's channels-last kernels; a shape that oneDNN only has a reference loop for goes to
 * OpenBLAS, and conv_algorithm says so. The direct algorithm is asked for by name. Dense layers go to
 * OpenBLAS. */
#include "core/engine/onednn.h"

#include "core/engine/blas.h"
#include "core/engine/sets.h"

#include <stdlib.h>

struct dnnl_conv {
    void *fallback; /* state of the openblas set; or */
    struct onednn_layer *layer;
    int images; /* of the output, and the floats of each */
    size_t image;
};

static void conv_free(void *state)
{
    struct dnnl_conv *c = state;
    if (!c)
        return;
    if (c->fallback)
        kernel_set_openblas.conv_free(c->fallback);
    onednn_free(c->layer);
    free(c);
}

static void *conv_new(const struct conv_shape *s, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err)
{
    struct dnnl_conv *c = calloc(1, sizeof *c);
    dnnl_status_t why = dnnl_out_of_memory;
    *scratch = 0;
    if (c) {
        c->images = s->batch;
        c->image = (size_t)s->out_h * s->out_w * s->out_c;
        c->layer = onednn_conv(s, dnnl_f32, weight, bias, scratch, &why);
    }
    if (why == dnnl_out_of_memory)
        apex_fail(err, "no memory");
    else if (why)
        c->fallback = kernel_set_openblas.conv_new(s, weight, bias, scratch, err);
    if (c && (c->layer || c->fallback))
        return c;
    free(c);
    return NULL;
}

static void conv_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    struct dnnl_conv *c = state;
    if (c->fallback) {
        kernel_set_openblas.conv_run(c->fallback, x, y, end, scratch);
        return;
    }
    onednn_run(c->layer, x, y, scratch);
    epilogue_apply(end, c->images, c->image, y);
}

static const char *conv_algorithm(void *state)
{
    struct dnnl_conv *c = state;
    return c->fallback ? kernel_set_openblas.conv_algorithm(c->fallback) : onednn_algorithm(c->layer);
}

static size_t conv_bytes(const void *state)
{
    const struct dnnl_conv *c = state;
    return c->fallback ? kernel_set_openblas.conv_bytes(c->fallback) : onednn_bytes(c->layer);
}

const struct kernel_set kernel_set_onednn = {
    .name = "onednn",
    .conv_new = conv_new,
    .conv_run = conv_run,
    .conv_free = conv_free,
    .conv_algorithm = conv_algorithm,
    .conv_bytes = conv_bytes,
    .linear_new = blas_linear_new,
    .linear_run = blas_linear_run,
    .linear_free = blas_linear_free,
    .matmul = blas_matmul,
};
