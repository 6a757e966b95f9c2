/* A look at the raw protobuf bytes before protobuf-c sees them: protobuf-c recurses as deep as the bytes say
 * and allocates a structure for every two bytes, so hostile files are turned away here. */
#ifndef APEX_CORE_ONNX_WIRE_H
#define APEX_CORE_ONNX_WIRE_H

#include "core/error.h"

#include <protobuf-c/protobuf-c.h>

/* 0 if the bytes are a well-formed message of this type of bounded depth and count; -1 with err that names
 * the byte where it ends or breaks. */
int wire_check(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t size,
               struct apex_error *err);

#endif
