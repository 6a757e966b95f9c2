/* What is left to do once every node is in its normal form. */
#ifndef APEX_CORE_ONNX_SIMPLIFY_H
#define APEX_CORE_ONNX_SIMPLIFY_H

#include "core/onnx/import.h"

/* BatchNormalization goes into the Conv or Gemm before it, if nothing else reads that one's output. Nodes and
 * values that the output does not need go; the rest is numbered anew, producers set. (simplify.c) */
int onnx_simplify(struct graph *g, const struct onnx_keep *keep, struct apex_error *err);

/* Weights are numbers, the output is class scores and depends on the input. (check.c) */
int onnx_check(const struct graph *g, struct apex_error *err);

#endif
