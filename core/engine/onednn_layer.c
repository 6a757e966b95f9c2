/* One layer as a primitive of oneDNN. */
#include "core/engine/onednn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void omp_set_num_threads(int count); /* libgomp, which oneDNN runs on; the setting is the calling thread's */

enum { SRC, DST, WEIGHTS, BIAS, SCRATCHPAD, ARGS };

struct onednn_layer {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[ARGS];
    dnnl_exec_arg_t arg[ARGS];
    int args;
    void *weights;
    float *bias;
    char algorithm[64];
};

void onednn_free(struct onednn_layer *l)
{
    if (!l)
        return;
    if (l->primitive)
        dnnl_primitive_destroy(l->primitive);
    if (l->description)
        dnnl_primitive_desc_destroy(l->description);
    for (int i = 0; i < ARGS; i++)
        if (l->memory[i])
            dnnl_memory_destroy(l->memory[i]);
    if (l->stream)
        dnnl_stream_destroy(l->stream);
    if (l->engine)
        dnnl_engine_destroy(l->engine);
    free(l->weights);
    free(l->bias);
    free(l);
}

/* The weights as they are given. */
static dnnl_status_t given_weights(const struct conv_shape *s, dnnl_data_type_t type, dnnl_format_tag_t tag,
                                   dnnl_memory_desc_t *md)
{
    dnnl_dims_t plain = {s->out_c, s->in_c, s->kernel_h, s->kernel_w};
    dnnl_dims_t grouped = {s->groups, s->out_c / s->groups, s->in_c / s->groups, s->kernel_h, s->kernel_w};
    if (s->groups == 1)
        return dnnl_memory_desc_init_by_tag(md, 4, plain, type, tag == dnnl_format_tag_any ? tag : dnnl_oihw);
    return dnnl_memory_desc_init_by_tag(md, 5, grouped, type, tag == dnnl_format_tag_any ? tag : dnnl_goihw);
}

/* Takes an operation's descriptor. */
static dnnl_status_t describe(struct onednn_layer *l, const void *op)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t r = dnnl_primitive_attr_create(&attr);
    r = r ? r : dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    r = r ? r : dnnl_primitive_desc_create(&l->description, op, attr, l->engine, NULL);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return r;
}

static dnnl_status_t describe_conv(struct onednn_layer *l, const struct conv_shape *s, dnnl_data_type_t type,
                                   int biased)
{
    dnnl_dims_t src = {s->batch, s->in_c, s->in_h, s->in_w}, dst = {s->batch, s->out_c, s->out_h, s->out_w};
    dnnl_dims_t bias = {s->out_c};
    dnnl_dims_t stride = {s->stride_h, s->stride_w}, dilate = {s->dilation_h - 1, s->dilation_w - 1};
    dnnl_dims_t before = {s->pad_top, s->pad_left}, after = {s->pad_bottom, s->pad_right};
    dnnl_memory_desc_t src_md, dst_md, weights_md, bias_md;
    dnnl_convolution_desc_t op;
    dnnl_status_t r = dnnl_memory_desc_init_by_tag(&src_md, 4, src, type, dnnl_nhwc);
    r = r ? r : dnnl_memory_desc_init_by_tag(&dst_md, 4, dst, dnnl_f32, dnnl_nhwc);
    r = r ? r : given_weights(s, type, dnnl_format_tag_any, &weights_md);
    r = r ? r : dnnl_memory_desc_init_by_tag(&bias_md, 1, bias, dnnl_f32, dnnl_x);
    r = r ? r
          : dnnl_dilated_convolution_forward_desc_init(&op, dnnl_forward_inference, dnnl_convolution_direct,
                                                       &src_md, &weights_md, biased ? &bias_md : NULL,
                                                       &dst_md, stride, dilate, before, after);
    return r ? r : describe(l, &op);
}

static dnnl_status_t describe_dense(struct onednn_layer *l, int rows, int k, int n, dnnl_data_type_t type,
                                    int biased)
{
    dnnl_dims_t src = {rows, k}, weights = {n, k}, bias = {n}, dst = {rows, n};
    dnnl_memory_desc_t src_md, dst_md, weights_md, bias_md;
    dnnl_inner_product_desc_t op;
    dnnl_status_t r = dnnl_memory_desc_init_by_tag(&src_md, 2, src, type, dnnl_ab);
    r = r ? r : dnnl_memory_desc_init_by_tag(&dst_md, 2, dst, dnnl_f32, dnnl_ab);
    r = r ? r : dnnl_memory_desc_init_by_tag(&weights_md, 2, weights, type, dnnl_format_tag_any);
    r = r ? r : dnnl_memory_desc_init_by_tag(&bias_md, 1, bias, dnnl_f32, dnnl_x);
    r = r ? r
          : dnnl_inner_product_forward_desc_init(&op, dnnl_forward_inference, &src_md, &weights_md,
                                                 biased ? &bias_md : NULL, &dst_md);
    return r ? r : describe(l, &op);
}

static void *aligned(size_t size)
{
    return aligned_alloc(64, (size + 64) / 64 * 64);
}

/* Brings the weights into the order that the primitive wants. */
static dnnl_status_t reorder_weights(struct onednn_layer *l, const dnnl_memory_desc_t *given,
                                     const void *weight)
{
    const dnnl_memory_desc_t *wanted = dnnl_primitive_desc_query_md(l->description, dnnl_query_weights_md, 0);
    dnnl_memory_t from = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t reorder = NULL;
    l->weights = aligned(dnnl_memory_desc_get_size(wanted));
    dnnl_status_t r = l->weights ? dnnl_success : dnnl_out_of_memory;
    r = r ? r : dnnl_memory_create(&l->memory[WEIGHTS], wanted, l->engine, l->weights);
    r = r ? r : dnnl_memory_create(&from, given, l->engine, (void *)(size_t)weight);
    r = r ? r : dnnl_reorder_primitive_desc_create(&description, given, l->engine, wanted, l->engine, NULL);
    r = r ? r : dnnl_primitive_create(&reorder, description);
    if (!r) {
        dnnl_exec_arg_t arg[2] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, l->memory[WEIGHTS]}};
        r = dnnl_primitive_execute(reorder, l->stream, 2, arg);
    }
    r = r ? r : dnnl_stream_wait(l->stream);
    if (reorder)
        dnnl_primitive_destroy(reorder);
    if (description)
        dnnl_primitive_desc_destroy(description);
    if (from)
        dnnl_memory_destroy(from);
    return r;
}

static dnnl_status_t add_memory(struct onednn_layer *l, int which, int name, dnnl_query_t what, int index,
                                void *data)
{
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(l->description, what, index);
    dnnl_status_t r = dnnl_success;
    if (!l->memory[which])
        r = md ? dnnl_memory_create(&l->memory[which], md, l->engine, data) : dnnl_invalid_arguments;
    if (!r)
        l->arg[l->args++] = (dnnl_exec_arg_t){name, l->memory[which]};
    return r;
}

static dnnl_status_t copy_bias(struct onednn_layer *l, const float *bias, int n)
{
    l->bias = aligned((size_t)n * sizeof *bias);
    if (!l->bias)
        return dnnl_out_of_memory;
    memcpy(l->bias, bias, (size_t)n * sizeof *bias);
    return add_memory(l, BIAS, DNNL_ARG_BIAS, dnnl_query_weights_md, 1, l->bias);
}

/* Everything that follows the description. outputs: how many a bias has. */
static dnnl_status_t prepare(struct onednn_layer *l, const dnnl_memory_desc_t *given, const void *weight,
                             const float *bias, int outputs, size_t *scratch)
{
    const char *name = NULL;
    dnnl_status_t r = dnnl_primitive_desc_query(l->description, dnnl_query_impl_info_str, 0, &name);
    if (!r && strstr(name, "ref"))
        return dnnl_unimplemented;
    if (!r)
        snprintf(l->algorithm, sizeof l->algorithm, "onednn:%s", name);
    r = r ? r : reorder_weights(l, given, weight);
    r = r ? r : dnnl_primitive_create(&l->primitive, l->description);
    if (!r && bias)
        r = copy_bias(l, bias, outputs);
    r = r ? r : add_memory(l, WEIGHTS, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0, l->weights);
    r = r ? r : add_memory(l, SRC, DNNL_ARG_SRC, dnnl_query_src_md, 0, DNNL_MEMORY_NONE);
    r = r ? r : add_memory(l, DST, DNNL_ARG_DST, dnnl_query_dst_md, 0, DNNL_MEMORY_NONE);
    if (r)
        return r;
    *scratch =
        dnnl_memory_desc_get_size(dnnl_primitive_desc_query_md(l->description, dnnl_query_scratchpad_md, 0));
    return add_memory(l, SCRATCHPAD, DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, 0, DNNL_MEMORY_NONE);
}

static struct onednn_layer *new_layer(dnnl_status_t *why)
{
    struct onednn_layer *l = calloc(1, sizeof *l);
    omp_set_num_threads(1);
    *why = l ? dnnl_engine_create(&l->engine, dnnl_cpu, 0) : dnnl_out_of_memory;
    *why = *why ? *why : dnnl_stream_create(&l->stream, l->engine, dnnl_stream_default_flags);
    return l;
}

static struct onednn_layer *finished(struct onednn_layer *l, dnnl_status_t why)
{
    if (why == dnnl_success)
        return l;
    onednn_free(l);
    return NULL;
}

struct onednn_layer *onednn_conv(const struct conv_shape *s, dnnl_data_type_t type, const void *weight,
                                 const float *bias, size_t *scratch, dnnl_status_t *why)
{
    dnnl_memory_desc_t given;
    struct onednn_layer *l = new_layer(why);
    *why = *why ? *why : describe_conv(l, s, type, bias != NULL);
    *why = *why ? *why : given_weights(s, type, dnnl_oihw, &given);
    *why = *why ? *why : prepare(l, &given, weight, bias, s->out_c, scratch);
    return finished(l, *why);
}

struct onednn_layer *onednn_dense(int rows, int k, int n, dnnl_data_type_t type, const void *weight,
                                  const float *bias, size_t *scratch, dnnl_status_t *why)
{
    dnnl_memory_desc_t given;
    dnnl_dims_t dims = {n, k};
    struct onednn_layer *l = new_layer(why);
    *why = *why ? *why : describe_dense(l, rows, k, n, type, bias != NULL);
    *why = *why ? *why : dnnl_memory_desc_init_by_tag(&given, 2, dims, type, dnnl_ba); /* [k][n] */
    *why = *why ? *why : prepare(l, &given, weight, bias, n, scratch);
    return finished(l, *why);
}

void onednn_run(struct onednn_layer *l, const void *x, float *y, void *scratch)
{
    dnnl_memory_set_data_handle(l->memory[SRC], (void *)(size_t)x);
    dnnl_memory_set_data_handle(l->memory[DST], y);
    dnnl_memory_set_data_handle(l->memory[SCRATCHPAD], scratch);
    dnnl_primitive_execute(l->primitive, l->stream, l->args, l->arg);
    dnnl_stream_wait(l->stream);
}

size_t onednn_bytes(const struct onednn_layer *l)
{
    size_t bytes = 0;
    for (int k = 0; k < 2; k++) {
        const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(l->description, dnnl_query_weights_md, k);
        bytes += md ? dnnl_memory_desc_get_size(md) : 0;
    }
    return bytes;
}

const char *onednn_algorithm(const struct onednn_layer *l)
{
    return l->algorithm;
}
