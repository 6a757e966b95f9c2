/* Internal to the engine: what the emitters (ops_*.c) use to add steps to a program. All return 0, or -1 with
 * the error set in the builder's err. */
#ifndef APEX_CORE_ENGINE_BUILDER_H
#define APEX_CORE_ENGINE_BUILDER_H

#include "core/engine/program.h"

struct noise_step;

struct builder {
    struct engine *e;
    struct program *p;
    int rows; /* of what is emitted now: all, or the program's draws where it runs once for all scales */
    struct operand *at;  /* per value: where this program has it; buffer -1: not made here */
    struct operand *ray; /* per value: its direction (ray.c); buffer -1: it is no ray */
    int ray_site;        /* the site whose scale rays have */
    int *kink;           /* per value: the ray that this is the ReLU of, left to kink.c; -1 */
    int clean;           /* the clean program: nothing else to fall back on */
    int degree;          /* of the output of the node being emitted */
    float *zero;         /* one 0.0f, counted for an operand of lower degree */
    struct apex_error *err;
};

/* Input k of the node. Absent optional inputs must be checked by the caller (graph_input). */
int builder_input(struct builder *b, const struct graph_node *n, int k, struct operand *o);
/* The same, in the wanted layout; adds a step only if the memory differs. */
int builder_input_as(struct builder *b, const struct graph_node *n, int k, enum layout layout,
                     struct operand *o);
int builder_convert(struct builder *b, struct operand *o, enum layout layout);
/* A new buffer for output k, in the value's own layout (or the given one), with all rows. */
int builder_output(struct builder *b, const struct graph_node *n, int k, struct operand *o);
/* Output k is the memory of o under the value's own shape; copied where the clean program must keep it. */
int builder_alias(struct builder *b, const struct graph_node *n, int k, const struct operand *o);
/* A step with a zeroed state of that many bytes (0: none). NULL: no memory. */
struct step *builder_step(struct builder *b, const struct graph_node *n,
                          void (*run)(const struct step *, const struct pass *), size_t state);
void step_input(struct step *s, const struct operand *o);
/* A step that copies from -> to, both seen with the strides given by ONNX axis (elements, any sign), starting
 * at those element offsets. */
int builder_copy(struct builder *b, const struct graph_node *n, const struct apex_shape *shape,
                 const struct operand *from, int64_t from_offset, const int64_t *from_stride,
                 const struct operand *to, int64_t to_offset, const int64_t *to_stride);
void builder_scratch(struct builder *b, size_t bytes); /* work memory that the last step asks for */
int builder_buffer(struct builder *b, int64_t count, float *fixed); /* index, or -1 */
struct operand builder_zero(struct builder *b);                     /* a constant 0; buffer -1: no memory */

/* The kept tensor of the clean pass, one row; buffer -1: no memory. */
struct operand builder_clean(struct builder *b, int value);
/* noise_step.c: perturbs a value where this program has it, or its clean tensor; from here on the program has
 * the result. site: an activation or APEX_SITE_INPUT. */
int builder_noise(struct builder *b, int value, int site, enum apex_noise_kind kind);
/* The direction of the noise at a site that is clean otherwise: perturbed = clean + sigma direction. Not for
 * dropout. */
int builder_direction(struct builder *b, int value, int site, enum apex_noise_kind kind,
                      struct operand *direction);
/* xi of a joined noise for all draws, and its factor at one of the pass's scales; NULL: not made, then
 * noise_add on the output. */
const float *noise_tile(const struct noise_step *z, const struct pass *pass, int scale, float *factor);
void noise_add(const struct noise_step *z, const struct pass *pass, const struct operand *out);
/* If the view does nothing but copy places of its input, of which s copies a part or pads them, s reads them
 * from there itself. 1: so it does now. */
int builder_read_through(struct step *s, const struct step *view);

/* ops_pad.c: the padding's input, of that shape, has these strides from now on and begins at the offset. */
void pad_reads_view(struct step *pad, const struct apex_shape *shape, int64_t offset, const int64_t *stride);

/* One of the pass's sigmas times the site's factor. */
double noise_factor(const struct pass *pass, int site, int scale);
/* 0, or -1 where n must not have rows of several scales: its kernels look at neighbouring rows. */
int builder_one_scale(struct builder *b, const struct graph_node *n);

/* probe.c: if the value is probed, a step that hands out how its tile differs from the clean tensor. */
int builder_probe(struct builder *b, int value);
int builder_is_probed(const struct builder *b, int value);

/* ray.c: values known as clean + sigma direction. Where the operations after a site are linear they run once
 * per draw, on the direction alone: A(a + sigma xi) = A a + sigma A xi. */
int ray_start(struct builder *b, int value, int site, enum apex_noise_kind kind);
int ray_is_linear(const struct builder *b,
                  const struct graph_node *n); /* n of rays and clean values is a ray */
int ray_emit(struct builder *b, const struct graph_node *n);
int ray_resolve(struct builder *b, int value); /* makes clean + sigma direction, if the value is a ray */

/* ray_pool.c: the largest of each 2x2 pixels of relu(a + sigma direction) + factor xi; relu only where asked
 * for, xi may be NULL. Channels-last, whole vectors of channels. */
void ray_pool(const struct operand *direction, const float *a, float sigma, int relu, const float *xi,
              float factor, float *y);

/* kink.c: a dense layer behind the ReLU of a ray. */
int kink_suits(const struct builder *b,
               const struct graph_node *relu); /* all that reads it is such a layer */
int kink_emit(struct builder *b, const struct graph_node *n, int before); /* n: the layer; before: the ray */

/* layout.c */
void layout_axes(enum layout layout, int rank,
                 int axis[APEX_MAX_RANK]); /* axes from outer to inner in memory */
void layout_strides(enum layout layout, const struct apex_shape *shape, int64_t stride[APEX_MAX_RANK]);
int layout_same_memory(enum layout a, enum layout b, const struct apex_shape *shape);
/* Strides of o for every axis of `to`; 0 where it is repeated. */
void broadcast_strides(const struct operand *o, const struct apex_shape *to, int64_t stride[APEX_MAX_RANK]);
/* Sizes before, along and after the axis, in memory order. */
void layout_split(const struct operand *o, int axis, int64_t *outer, int64_t *length, int64_t *inner);
void layout_assign(const struct graph *g, enum layout *layout);
/* A channels-last tensor that was flattened for dense layers alone stays as it lies, and their weights are
 * turned instead: its channels, or 0 where the value is none such. Element p * channels + c of its row is
 * ONNX element c * pixels + p. */
int64_t layout_flat_channels(const struct engine *e, int value);

/* ops.c: emits one node, and keeps count of degrees. */
int builder_emit(struct builder *b, const struct graph_node *n);

/* ops_linear.c: y = x w + bias for a constant w [k][n]; x row-major with k last; bias [n] or NULL. */
int emit_linear(struct builder *b, const struct graph_node *n, const struct apex_tensor *w,
                const float *bias);

typedef int emit_fn(struct builder *b, const struct graph_node *n);
emit_fn emit_unary, emit_binary, emit_where, emit_conv, emit_gemm, emit_matmul, emit_pool, emit_global_pool,
    emit_reduce, emit_softmax, emit_layer_norm, emit_batch_norm, emit_lrn, emit_reshape, emit_transpose,
    emit_slice, emit_concat, emit_split, emit_pad, emit_expand, emit_gather;

#endif
