#include "core/onnx/tensor_file.h"

#include "core/onnx/tensor_proto.h"
#include "core/onnx/wire.h"

struct apex_tensor *onnx_tensor_from_bytes(const void *bytes, size_t size, const char *source,
                                           struct apex_error *err)
{
    const struct onnx_files nowhere = {0};
    struct apex_tensor *t = NULL;
    if (wire_check(&onnx__tensor_proto__descriptor, bytes, size, err) == 0) {
        Onnx__TensorProto *p = onnx__tensor_proto__unpack(NULL, size, bytes);
        if (p) {
            t = tensor_proto_read(p, &nowhere, err);
            onnx__tensor_proto__free_unpacked(p, NULL);
        } else {
            apex_fail(err, "protobuf cannot read it");
        }
    }
    if (!t)
        apex_fail_in(err, "%s: not a tensor", source);
    return t;
}
