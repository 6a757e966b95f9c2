/* From the bytes of an ONNX file to a graph ready for the engine. Stages, each in files of their own:
 *   decode    protobuf-c (onnx.proto) -> nodes and initializers; external data; types widened   (decode.c,
 * tensor_proto.c) infer     shapes forwards through the nodes, integer shape chains and every constant
 * subgraph computed (infer_*.c, fold_*.c) simplify  Identity, inference Dropout and all-zero Pad vanish,
 * BatchNormalization goes into the Conv or Gemm before it, dead nodes go (simplify.c) check     NaN or
 * infinite weights, batch mixing, bias lengths, unknown operators and versions   (check.c) */
#ifndef APEX_CORE_ONNX_IMPORT_H
#define APEX_CORE_ONNX_IMPORT_H

#include "core/graph.h"

/* Supplies the bytes of an external-data file next to the model. path is relative, has no "..", and is as
 * written in the model. Returns bytes that stay valid until import ends, or NULL with err. */
typedef const void *(*onnx_read_fn)(void *context, const char *path, size_t *size, struct apex_error *err);

/* The longest messages name the file as `source`. Returns a graph, freed with graph_free, or NULL with err.
 * read may be NULL: then external data is an error. Never crashes on hostile bytes. */
struct graph *onnx_import(const void *bytes, size_t size, const char *source, onnx_read_fn read,
                          void *context, struct apex_error *err);

#endif
