/* ModelProto -> a raw graph: nodes as the file has them, in topological order, only those that the output
 * needs. Initializers are constants; no shapes but those of the input and of the constants. */
#ifndef APEX_CORE_ONNX_DECODE_H
#define APEX_CORE_ONNX_DECODE_H

#include "core/onnx/tensor_proto.h"

/* The graph or NULL with err. *batch gets the first dimension of the input as the file has it if it is a
 * fixed number, else 1; the graph's own input has 1 there. */
struct graph *onnx_decode(const void *bytes, size_t size, const char *source, const struct onnx_files *files,
                          int64_t *batch, struct apex_error *err);

/* Nodes in topological order (kept as they are where the file has them so), those that do not lead to
 * g->output removed. Uses and sets value.producer. A cycle is an error. (sort.c) */
int graph_sort(struct graph *g, struct apex_error *err);

#endif
