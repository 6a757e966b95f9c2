/* Convolution on oneDNN's channels-last kernels; a shape that oneDNN only has a reference loop for goes to
 * OpenBLAS, and conv_algorithm says so. The direct algorithm is asked for by name: which code runs depends on
 * the shape and the processor, never on a measurement. Dense layers go to OpenBLAS. */
#include "core/engine/blas.h"
#include "core/engine/sets.h"

#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void omp_set_num_threads(int count); /* libgomp, which oneDNN runs on; the setting is the calling thread's */

enum { SRC, DST, WEIGHTS, BIAS, SCRATCHPAD, ARGS };

struct dnnl_conv {
    void *fallback; /* state of the openblas set; the rest is then empty */
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[ARGS];
    dnnl_exec_arg_t arg[ARGS];
    int args;
    float *weights, *bias;
    int images; /* of the output, and the floats of each */
    size_t image;
    char algorithm[64];
};

static void conv_free(void *state)
{
    struct dnnl_conv *c = state;
    if (!c)
        return;
    if (c->fallback)
        kernel_set_openblas.conv_free(c->fallback);
    if (c->primitive)
        dnnl_primitive_destroy(c->primitive);
    if (c->description)
        dnnl_primitive_desc_destroy(c->description);
    for (int i = 0; i < ARGS; i++)
        if (c->memory[i])
            dnnl_memory_destroy(c->memory[i]);
    if (c->stream)
        dnnl_stream_destroy(c->stream);
    if (c->engine)
        dnnl_engine_destroy(c->engine);
    free(c->weights);
    free(c->bias);
    free(c);
}

static dnnl_status_t describe(struct dnnl_conv *c, const struct conv_shape *s, int biased)
{
    dnnl_dims_t src = {s->batch, s->in_c, s->in_h, s->in_w}, dst = {s->batch, s->out_c, s->out_h, s->out_w};
    dnnl_dims_t plain = {s->out_c, s->in_c, s->kernel_h, s->kernel_w}, bias = {s->out_c};
    dnnl_dims_t grouped = {s->groups, s->out_c / s->groups, s->in_c / s->groups, s->kernel_h, s->kernel_w};
    dnnl_dims_t stride = {s->stride_h, s->stride_w}, dilate = {s->dilation_h - 1, s->dilation_w - 1};
    dnnl_dims_t before = {s->pad_top, s->pad_left}, after = {s->pad_bottom, s->pad_right};
    dnnl_memory_desc_t src_md, dst_md, weights_md, bias_md;
    dnnl_convolution_desc_t op;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t r = dnnl_memory_desc_init_by_tag(&src_md, 4, src, dnnl_f32, dnnl_nhwc);
    r = r ? r : dnnl_memory_desc_init_by_tag(&dst_md, 4, dst, dnnl_f32, dnnl_nhwc);
    if (s->groups == 1)
        r = r ? r : dnnl_memory_desc_init_by_tag(&weights_md, 4, plain, dnnl_f32, dnnl_format_tag_any);
    else
        r = r ? r : dnnl_memory_desc_init_by_tag(&weights_md, 5, grouped, dnnl_f32, dnnl_format_tag_any);
    r = r ? r : dnnl_memory_desc_init_by_tag(&bias_md, 1, bias, dnnl_f32, dnnl_x);
    r = r ? r
          : dnnl_dilated_convolution_forward_desc_init(&op, dnnl_forward_inference, dnnl_convolution_direct,
                                                       &src_md, &weights_md, biased ? &bias_md : NULL,
                                                       &dst_md, stride, dilate, before, after);
    r = r ? r : dnnl_primitive_attr_create(&attr);
    r = r ? r : dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    r = r ? r : dnnl_primitive_desc_create(&c->description, &op, attr, c->engine, NULL);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return r;
}

static void add_arg(struct dnnl_conv *c, int name, int which)
{
    c->arg[c->args++] = (dnnl_exec_arg_t){name, c->memory[which]};
}

static float *aligned(size_t size)
{
    return aligned_alloc(64, (size + 64) / 64 * 64);
}

/* Brings the weights, given in ONNX order, into the order that the primitive wants. */
static dnnl_status_t reorder_weights(struct dnnl_conv *c, const struct conv_shape *s, const float *weight)
{
    const dnnl_memory_desc_t *wanted = dnnl_primitive_desc_query_md(c->description, dnnl_query_weights_md, 0);
    dnnl_dims_t plain = {s->out_c, s->in_c, s->kernel_h, s->kernel_w};
    dnnl_dims_t grouped = {s->groups, s->out_c / s->groups, s->in_c / s->groups, s->kernel_h, s->kernel_w};
    int is_plain = s->groups == 1;
    dnnl_memory_desc_t given;
    dnnl_memory_t from = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t reorder = NULL;
    c->weights = aligned(dnnl_memory_desc_get_size(wanted));
    dnnl_status_t r = c->weights ? dnnl_success : dnnl_out_of_memory;
    r = r ? r : dnnl_memory_create(&c->memory[WEIGHTS], wanted, c->engine, c->weights);
    r = r ? r
          : dnnl_memory_desc_init_by_tag(&given, is_plain ? 4 : 5, is_plain ? plain : grouped, dnnl_f32,
                                         is_plain ? dnnl_oihw : dnnl_goihw);
    r = r ? r : dnnl_memory_create(&from, &given, c->engine, (void *)(size_t)weight);
    r = r ? r : dnnl_reorder_primitive_desc_create(&description, &given, c->engine, wanted, c->engine, NULL);
    r = r ? r : dnnl_primitive_create(&reorder, description);
    if (!r) {
        dnnl_exec_arg_t arg[2] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, c->memory[WEIGHTS]}};
        r = dnnl_primitive_execute(reorder, c->stream, 2, arg);
    }
    r = r ? r : dnnl_stream_wait(c->stream);
    if (reorder)
        dnnl_primitive_destroy(reorder);
    if (description)
        dnnl_primitive_desc_destroy(description);
    if (from)
        dnnl_memory_destroy(from);
    return r;
}

static dnnl_status_t add_memory(struct dnnl_conv *c, int which, int name, dnnl_query_t what, int index,
                                void *data)
{
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(c->description, what, index);
    dnnl_status_t r = dnnl_success;
    if (!c->memory[which])
        r = md ? dnnl_memory_create(&c->memory[which], md, c->engine, data) : dnnl_invalid_arguments;
    if (!r)
        add_arg(c, name, which);
    return r;
}

static dnnl_status_t prepare(struct dnnl_conv *c, const struct conv_shape *s, const float *weight,
                             const float *bias, size_t *scratch)
{
    const char *name = NULL;
    c->images = s->batch;
    c->image = (size_t)s->out_h * s->out_w * s->out_c;
    dnnl_status_t r = dnnl_engine_create(&c->engine, dnnl_cpu, 0);
    r = r ? r : dnnl_stream_create(&c->stream, c->engine, dnnl_stream_default_flags);
    r = r ? r : describe(c, s, bias != NULL);
    r = r ? r : dnnl_primitive_desc_query(c->description, dnnl_query_impl_info_str, 0, &name);
    if (!r && strstr(name, "ref"))
        return dnnl_unimplemented;
    if (!r)
        snprintf(c->algorithm, sizeof c->algorithm, "onednn:%s", name);
    r = r ? r : reorder_weights(c, s, weight);
    r = r ? r : dnnl_primitive_create(&c->primitive, c->description);
    if (!r && bias) {
        c->bias = aligned((size_t)s->out_c * sizeof *bias);
        r = c->bias ? dnnl_success : dnnl_out_of_memory;
        if (!r)
            memcpy(c->bias, bias, (size_t)s->out_c * sizeof *bias);
        r = r ? r : add_memory(c, BIAS, DNNL_ARG_BIAS, dnnl_query_weights_md, 1, c->bias);
    }
    r = r ? r : add_memory(c, WEIGHTS, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0, c->weights);
    r = r ? r : add_memory(c, SRC, DNNL_ARG_SRC, dnnl_query_src_md, 0, DNNL_MEMORY_NONE);
    r = r ? r : add_memory(c, DST, DNNL_ARG_DST, dnnl_query_dst_md, 0, DNNL_MEMORY_NONE);
    if (r)
        return r;
    *scratch =
        dnnl_memory_desc_get_size(dnnl_primitive_desc_query_md(c->description, dnnl_query_scratchpad_md, 0));
    return add_memory(c, SCRATCHPAD, DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, 0, DNNL_MEMORY_NONE);
}

static void *conv_new(const struct conv_shape *s, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err)
{
    struct dnnl_conv *c = calloc(1, sizeof *c);
    *scratch = 0;
    omp_set_num_threads(1);
    dnnl_status_t r = c ? prepare(c, s, weight, bias, scratch) : dnnl_out_of_memory;
    if (r == dnnl_success)
        return c;
    conv_free(c);
    c = NULL;
    if (r != dnnl_out_of_memory)
        c = calloc(1, sizeof *c);
    if (!c) {
        apex_fail(err, "no memory");
        return NULL;
    }
    c->fallback = kernel_set_openblas.conv_new(s, weight, bias, scratch, err);
    if (c->fallback)
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
    dnnl_memory_set_data_handle(c->memory[SRC], (void *)(size_t)x);
    dnnl_memory_set_data_handle(c->memory[DST], y);
    dnnl_memory_set_data_handle(c->memory[SCRATCHPAD], scratch);
    dnnl_primitive_execute(c->primitive, c->stream, c->args, c->arg);
    dnnl_stream_wait(c->stream);
    epilogue_apply(end, c->images, c->image, y);
}

static const char *conv_algorithm(void *state)
{
    struct dnnl_conv *c = state;
    return c->fallback ? kernel_set_openblas.conv_algorithm(c->fallback) : c->algorithm;
}

const struct kernel_set kernel_set_onednn = {
    .name = "onednn",
    .conv_new = conv_new,
    .conv_run = conv_run,
    .conv_free = conv_free,
    .conv_algorithm = conv_algorithm,
    .linear_new = blas_linear_new,
    .linear_run = blas_linear_run,
    .linear_free = blas_linear_free,
    .matmul = blas_matmul,
};
