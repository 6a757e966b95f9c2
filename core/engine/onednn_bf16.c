/* Operands in bfloat16 on processors that multiply them: oneDNN's kernels for AMX or AVX512-BF16, sums and
 * output in float32. Rounding is done here, so that the operands are the same bits as those of the emulated
 * set, which also takes the shapes that oneDNN has only a reference loop for. */
#include "core/engine/bf16.h"
#include "core/engine/onednn.h"
#include "core/engine/sets.h"

#include <stdlib.h>

struct half_layer {
    void *fallback; /* state of the emulated set; or */
    struct onednn_layer *layer;
    int rows;       /* of an epilogue: images, or rows of a dense layer */
    size_t in, row; /* numbers of all of x, and of a row of y */
};

static size_t padded(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static size_t half_bytes(const struct half_layer *l)
{
    return padded(l->in * sizeof(uint16_t));
}

static size_t out_bytes(const struct half_layer *l)
{
    return padded(l->row * (size_t)l->rows * sizeof(float));
}

int onednn_allow(int no_amx)
{
    const unsigned vectors = dnnl_cpu_isa_avx512_core_bf16, all = dnnl_cpu_isa_avx512_core_amx;
    if (no_amx) /* told once, before oneDNN's first use; then it stays */
        dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx512_core_bf16);
    unsigned used = dnnl_get_effective_cpu_isa();
    return no_amx ? (used == vectors ? 0 : -1) : (used & all) == all ? 0 : -1;
}

/* The weights rounded, in their order; NULL: no memory. */
static uint16_t *half_copy(const float *weight, size_t count)
{
    uint16_t *half = malloc((count ? count : 1) * sizeof *half);
    if (half)
        bf16_store(weight, count, half);
    return half;
}

static void *conv_new(const struct conv_shape *s, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err)
{
    struct half_layer *l = calloc(1, sizeof *l);
    size_t count = (size_t)s->out_c * (s->in_c / s->groups) * s->kernel_h * s->kernel_w;
    uint16_t *half = l ? half_copy(weight, count) : NULL;
    dnnl_status_t why = dnnl_out_of_memory;
    *scratch = 0;
    if (half) {
        l->rows = s->batch;
        l->in = (size_t)s->batch * s->in_h * s->in_w * s->in_c;
        l->row = (size_t)s->out_h * s->out_w * s->out_c;
        l->layer = onednn_conv(s, dnnl_bf16, half, bias, scratch, &why);
        *scratch += half_bytes(l) + out_bytes(l);
    }
    free(half);
    if (why == dnnl_out_of_memory)
        apex_fail(err, "no memory");
    else if (why)
        l->fallback = kernel_set_emulated.conv_new(s, weight, bias, scratch, err);
    if (l && (l->layer || l->fallback))
        return l;
    free(l);
    return NULL;
}

static void *linear_new(int rows, int k, int n, const float *weight, const float *bias, size_t *scratch,
                        struct apex_error *err)
{
    struct half_layer *l = calloc(1, sizeof *l);
    uint16_t *half = l ? half_copy(weight, (size_t)k * n) : NULL;
    dnnl_status_t why = dnnl_out_of_memory;
    *scratch = 0;
    if (half) {
        l->rows = rows;
        l->in = (size_t)rows * k;
        l->row = (size_t)n;
        l->layer = onednn_dense(rows, k, n, dnnl_bf16, half, bias, scratch, &why);
        *scratch += half_bytes(l) + out_bytes(l);
    }
    free(half);
    if (why == dnnl_out_of_memory)
        apex_fail(err, "no memory");
    else if (why)
        l->fallback = kernel_set_emulated.linear_new(rows, k, n, weight, bias, scratch, err);
    if (l && (l->layer || l->fallback))
        return l;
    free(l);
    return NULL;
}

static void layer_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    const struct half_layer *l = state;
    if (l->fallback) {
        kernel_set_emulated.conv_run(l->fallback, x, y, end, scratch); /* the same for both kinds */
        return;
    }
    uint16_t *in = scratch;
    float *out = (float *)(void *)((char *)scratch + half_bytes(l));
    const void *from = end && end->from_half ? (const void *)x : in;
    if (from == in)
        bf16_store(x, l->in, in);
    if (!end || !end->to_half)
        out = y;
    onednn_run(l->layer, from, out, (char *)scratch + half_bytes(l) + out_bytes(l));
    bf16_finish(end, l->rows, l->row, out, (uint16_t *)(void *)y);
}

static void layer_free(void *state)
{
    struct half_layer *l = state;
    if (!l)
        return;
    if (l->fallback)
        kernel_set_emulated.conv_free(l->fallback);
    onednn_free(l->layer);
    free(l);
}

static const char *algorithm(void *state)
{
    const struct half_layer *l = state;
    return l->fallback ? kernel_set_emulated.conv_algorithm(l->fallback) : onednn_algorithm(l->layer);
}

static size_t layer_bytes(const void *state)
{
    const struct half_layer *l = state;
    return l->fallback ? kernel_set_emulated.conv_bytes(l->fallback) : onednn_bytes(l->layer);
}

const struct kernel_set kernel_set_avx512_bf16 = {
    .bf16 = 1,
    .name = "avx512-bf16",
    .conv_new = conv_new,
    .conv_run = layer_run,
    .conv_free = layer_free,
    .conv_algorithm = algorithm,
    .conv_bytes = layer_bytes,
    .linear_new = linear_new,
    .linear_run = layer_run,
    .linear_free = layer_free,
    .linear_algorithm = algorithm,
    .linear_bytes = layer_bytes,
    .matmul = emulated_matmul,
    .matmul_scratch = emulated_matmul_scratch,
};
