/* TensorProto -> tensor: raw, typed or external data; float16, bfloat16 and double become F32, integers I64.
 */
#ifndef APEX_CORE_ONNX_TENSOR_PROTO_H
#define APEX_CORE_ONNX_TENSOR_PROTO_H

#include "core/onnx/import.h"

#include "onnx.pb-c.h"

/* The tensor, freed by the caller; NULL with err. external: where external data comes from; read NULL:
 * nowhere. Memory is asked for only after the bytes are seen to be there. */
struct apex_tensor *tensor_proto_read(const Onnx__TensorProto *p, const struct onnx_files *external,
                                      struct apex_error *err);

/* The same, but float32 raw data is taken over where possible, not copied: a model then needs memory for its
 * bytes and for its weights, and no more. *p keeps everything else. */
struct apex_tensor *tensor_proto_take(Onnx__TensorProto *p, const struct onnx_files *external,
                                      struct apex_error *err);

/* What an ONNX element type becomes here: 0 and *type, or -1 (strings, complex numbers, unknown types). */
int tensor_proto_type(int onnx_type, enum apex_type *type);
int tensor_proto_bits(int onnx_type);              /* apex_tensor.bits of that type */
const char *tensor_proto_type_name(int onnx_type); /* "float16", or "unknown type" */

#endif
