/* protobuf-c's ModelProto without its second copy of the weights: large initializers are unpacked one by one,
 * and the bytes that each came from are handed back before the next. */
#ifndef APEX_CORE_ONNX_UNPACK_H
#define APEX_CORE_ONNX_UNPACK_H

#include "core/onnx/import.h"

#include "onnx.pb-c.h"

#define UNPACK_LARGE (1 << 12) /* bytes of an initializer from which on it goes by itself */

/* bytes passed wire_check. release may be NULL. Freed with onnx__model_proto__free_unpacked(m, NULL); NULL
 * with err where protobuf-c cannot read it, or without memory. */
Onnx__ModelProto *onnx_unpack(const uint8_t *bytes, size_t size, onnx_release_fn release, void *context,
                              struct apex_error *err);

#endif
