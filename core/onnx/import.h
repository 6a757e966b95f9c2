/* From the bytes of an ONNX file to a graph ready for the engine, in the normal form of normal_form.h.
 * Stages:
 *
 *   wire      a look at the raw bytes: depth, lengths, number of messages (wire.c)
 *   unpack    protobuf-c, large weights one by one (unpack.c)
 *   decode    its structures -> values, nodes, constants; external data; types widened; nodes sorted, dead
 * ones dropped (decode.c, tensor_proto.c, sort.c) infer     node by node: checks, normal form and shapes
 * (infer.c, infer_*.c), and what has only constant inputs is computed (fold_*.c); Identity and the like
 * vanish; ops.c is the table of operators check     weights are numbers, the output is class scores (check.c)
 *   simplify  BatchNormalization goes into the Conv or Gemm before it, unused values go (simplify.c)
 */
#ifndef APEX_CORE_ONNX_IMPORT_H
#define APEX_CORE_ONNX_IMPORT_H

#include "core/graph.h"

/* Supplies the bytes of an external-data file next to the model. path is relative, has no "..", and is as
 * written in the model. Returns bytes that stay valid until import ends, or NULL with err. */
typedef const void *(*onnx_read_fn)(void *context, const char *path, size_t *size, struct apex_error *err);

/* Told that these bytes, of the model or of what read gave, have been copied and are not read again. Wants a
 * read that gives every path bytes of its own. */
typedef void (*onnx_release_fn)(void *context, const void *from, size_t size);

/* What a model's file and its neighbours come from; each function may be NULL. */
struct onnx_files {
    onnx_read_fn read;
    onnx_release_fn release;
    void *context;
};

/* The longest messages name the file as `source`. Returns a graph, freed with graph_free, or NULL with err.
 * read may be NULL: then external data is an error. Never crashes on hostile bytes. */
struct graph *onnx_import(const void *bytes, size_t size, const char *source, onnx_read_fn read,
                          void *context, struct apex_error *err);

/* Tensors that must survive optimisation: those that a site pattern asks for (graph_tensor_asked). */
struct onnx_keep {
    const char *const *pattern;
    int patterns;
};

/* The same; keep may be NULL. */
struct graph *onnx_import_keeping(const void *bytes, size_t size, const char *source,
                                  const struct onnx_files *files, const struct onnx_keep *keep,
                                  struct apex_error *err);

#endif
