/* External data: weights that lie in other files of the model's folder. */
#ifndef APEX_CORE_ONNX_EXTERNAL_H
#define APEX_CORE_ONNX_EXTERNAL_H

#include "core/onnx/import.h"

#include "onnx.pb-c.h"

int external_is(const Onnx__TensorProto *p); /* its data are external */

/* The `need` bytes of p, in the file's own memory; NULL with err: a path that leaves the folder, a range
 * beyond the file, nobody to read (files NULL, or no read function). */
const uint8_t *external_bytes(const Onnx__TensorProto *p, const struct onnx_files *files, size_t need,
                              struct apex_error *err);

/* Whether each byte of external data belongs to at most one initializer, and to nothing else: only then may
 * it be handed back once that one is read. 0 also where a range is not written down, or memory is short. */
int external_is_disjoint(const Onnx__GraphProto *g);

#endif
