/* Before decoding: calls of the file's own functions, and both branches of every If, become nodes of the
 * graph.
 *
 * A node of a branch has the condition as its last input, and the attribute EXPAND_GUARD: [1] in the branch
 * for true, [0] in the other; of nested branches, all conditions, one entry each. Import drops what is not
 * taken once it knows the conditions, which must be constant. The If itself becomes one node for each output:
 * condition, the one branch's tensor, the other's. */
#ifndef APEX_CORE_ONNX_EXPAND_H
#define APEX_CORE_ONNX_EXPAND_H

#include "core/error.h"

#include "onnx.pb-c.h"

#define EXPAND_GUARD "apex:guard"

/* Changes the graph in place. -1 with err: nested too deeply (or without end), or too large. */
int onnx_expand(Onnx__ModelProto *model, struct apex_error *err);

#endif
