/* clang-format off */
/* The normal form of an imported graph: what onnx_import promises, so that whoever runs the graph never
 * looks at an opset version, an optional input or an attribute default.
 *
 * The graph
 * - nodes in topological order; every node is needed for the output and has one of the operators below;
 * - every value is named, has its full shape, and is one of: the graph input; an F32 constant
 *   (graph_value.constant, producer -1); the output of a node (F32, dynamic);
 * - dynamic values carry the batch as dim[0] == 1, and no operator mixes samples;
 * - a tensor whose batch is not its first dimension in the file has the batch in front of all its own dimensions (lift.h);
 * - elementwise operators: every dynamic input has as many dimensions as the output, so that batches meet;
 * - names are those of the file, but constants that import made (a transposed weight) have the name of what
 *   they come from and a suffix with ':'; a last Identity or the like is gone, and the output then is its
 *   input;
 * - constants are in the order and shape of ONNX; those that no node reads are gone;
 * - the output is [1, classes], or [1, classes, 1, 1, ...] (only trailing ones).
 *
 * Attributes: all that are listed are present, with the given type; no others are to be read. "(c)" marks an
 * input that is a constant; any input not so marked may be dynamic or constant, but at least one of a node is
 * dynamic. Spatial lists are of 2 entries (height, width).
 *
 *   Conv                 X, W(c) [M, C/group, kh, kw], B(c) [M] or left out
 *                        INTS kernel_shape, strides, dilations [2]; INTS pads [top, left, bottom, right];
 *                        INT group
 *   Gemm                 X [1,K], B(c) [K,N], C(c) [N] or left out.   y = X B + C
 *                        (transB and alpha are worked into B, beta into C)
 *   MatMul               as ONNX; B is often constant and 2-D; dim[0] of a dynamic input is the batch. Two
 *                        dynamic inputs have the same rank, 3 or more; a constant one never has more
 *                        dimensions than the dynamic one.
 *   Add Sub Mul Div Pow  two inputs, broadcast as in NumPy (a constant has no batch: its dimension there, if
 *   PRelu                any, is 1); PRelu: X, slope(c)
 *   Min Max              two or more inputs, broadcast (with one input: the same as nothing, and removed)
 *   Relu Sigmoid Tanh Softplus Softsign Erf Exp Sqrt Neg Abs Reciprocal Log HardSwish Mish
 *   LeakyRelu, Elu, Celu  FLOAT alpha
 *   Selu                 FLOAT alpha, gamma
 *   HardSigmoid          FLOAT alpha, beta
 *   Gelu                 STRING approximate: "none" or "tanh"
 *   Clip                 one input; FLOAT min, max (the largest floats where the model gives none)
 *   MaxPool              INTS kernel_shape, strides, dilations [2]; INTS pads [4] as for Conv (padding never
 *                        wins); ceil_mode is resolved: go by the output's shape, windows may hang over the end
 *   AveragePool          the same with dilations 1, 1; and INT count_include_pad. Over the end of the padded
 *                        input (a window that only ceil_mode makes) nothing is counted, whatever
 *                        count_include_pad says.
 *   GlobalAveragePool, GlobalMaxPool   over all dimensions from 2 on, which become 1
 *   BatchNormalization   X, scale(c), B(c), mean(c), var(c), each [C]; FLOAT epsilon
 *   LayerNormalization   X, scale(c), B(c) or left out; INT axis (not negative, >= 1): over axis..rank-1;
 *                        FLOAT epsilon
 *   LRN                  FLOAT alpha, beta, bias; INT size
 *   Reshape              one input: the same elements in the same (ONNX) order, in the output's shape. Also
 *                        made from Flatten, Squeeze and Unsqueeze.
 *   Transpose            INTS perm [rank], perm[0] == 0
 *   Concat               INT axis (>= 1). A constant input has 1 as its first dimension and stands for
 *                        every sample.
 *   Slice                one input; INTS starts, ends, axes, steps, one entry for each axis of the rank,
 *                        axes = 0, 1, 2, ...; starts inside the tensor; steps not 0; element i of an axis is
 *                        start + i * step; with a negative step that reaches element 0, end is -1; the
 *                        number of elements is the output's dimension
 *   Split                INT axis (>= 1); INTS split, one size for each output. An output may be -1.
 *   Pad                  one input; INTS pads [2 * rank]: all begins, then all ends, none negative (a Pad that
 *                        cuts becomes a Slice, then a Pad); STRING mode: "constant", "reflect", "edge"; FLOAT
 *                        value
 *   Gather               one input (data); INT axis (>= 1); INTS indices, flattened, none negative; INT scalar:
 *                        1 if the indices are a scalar and the axis goes away, else 0
 *   Expand               one input: broadcast to the output's shape
 *   ReduceMean, ReduceSum, ReduceMax   INTS axes, ascending, none negative, none 0; INT keepdims
 *   Softmax, LogSoftmax  INT axis (>= 1), over that one axis (ONNX 13). One that flattened several axes
 *                        (before 13) becomes Reshape, Softmax, Reshape.
 */
/* clang-format on */
#ifndef APEX_CORE_ONNX_NORMAL_FORM_H
#define APEX_CORE_ONNX_NORMAL_FORM_H

#endif
