/* A tensor in a file of its own: a serialised TensorProto, as ONNX's test cases hold inputs and outputs. */
#ifndef APEX_CORE_ONNX_TENSOR_FILE_H
#define APEX_CORE_ONNX_TENSOR_FILE_H

#include "core/tensor.h"

/* The tensor (core/tensor.h's three types), freed by the caller with apex_tensor_free; NULL with err, which
 * begins with source. External data is refused. Never crashes on hostile bytes. */
struct apex_tensor *onnx_tensor_from_bytes(const void *bytes, size_t size, const char *source,
                                           struct apex_error *err);

#endif
