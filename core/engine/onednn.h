/* Internal to the engine: one layer as a primitive of oneDNN: operands of float32 or bfloat16, sums, bias and
 * output of float32, channels-last. Which code runs depends on the shape and the processor, never on a
 * measurement. */
#ifndef APEX_CORE_ENGINE_ONEDNN_H
#define APEX_CORE_ENGINE_ONEDNN_H

#include "core/engine/kernels.h"

#include <dnnl.h>
#include <stddef.h>

struct onednn_layer;

/* weight: in the order of struct kernel_set, numbers of `type` (dnnl_f32, dnnl_bf16); bias: float32 [out_c]
 * or NULL. Both are copied. *scratch gets the bytes of work memory of a run. NULL with *why:
 * dnnl_out_of_memory, or anything else for a layer that oneDNN has no optimised code for. */
struct onednn_layer *onednn_conv(const struct conv_shape *s, dnnl_data_type_t type, const void *weight,
                                 const float *bias, size_t *scratch, dnnl_status_t *why);
struct onednn_layer *onednn_dense(int rows, int k, int n, dnnl_data_type_t type, const void *weight,
                                  const float *bias, size_t *scratch, dnnl_status_t *why);
void onednn_run(struct onednn_layer *l, const void *x, float *y, void *scratch);
const char *onednn_algorithm(const struct onednn_layer *l); /* "onednn:jit:avx2" */
size_t onednn_bytes(const struct onednn_layer *l);          /* of weights and bias */
void onednn_free(struct onednn_layer *l);                   /* accepts NULL */

#endif
