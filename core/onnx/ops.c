#include "core/onnx/ops.h"
#include "core/onnx/rules.h"

#include <stdlib.h>
#include <string.h>

#define NEW OP_LAST_OPSET

/* Sorted by name. */
static const struct op table[] = {
    /* name, opsets, inputs, outputs, infer, fold, runtime, parameters */
    {"Abs", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"Add", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 1, {{0}}},
    {"And", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 0, {{0}}},
    {"AveragePool", 1, NEW, 1, 1, 1, infer_pool, NULL, 1, {{0}}},
    {"BatchNormalization", 7, NEW, 5, 5, 5, infer_batch_norm, NULL, 1, {{0}}},
    {"Cast", 6, NEW, 1, 1, 1, infer_cast, fold_cast, 1, {{0}}},
    {"CastLike", 15, NEW, 2, 2, 1, infer_cast, fold_cast, 1, {{0}}},
    {"Ceil", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 0, {{0}}},
    {"Celu", 12, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{"alpha", 1.0f}}},
    {"Clip", 6, NEW, 1, 3, 1, infer_clip, fold_clip, 1, {{0}}},
    {"Concat", 1, NEW, 1, OP_ANY, 1, infer_concat, fold_concat, 1, {{0}}},
    {"Constant", 1, NEW, 0, 0, 1, infer_constant, NULL, 0, {{0}}},
    {"ConstantOfShape", 9, NEW, 1, 1, 1, infer_constant_of_shape, NULL, 0, {{0}}},
    {"Conv", 1, NEW, 2, 3, 1, infer_conv, NULL, 1, {{0}}},
    {"DepthToSpace", 1, NEW, 1, 1, 1, lower_space_depth, NULL, 1, {{0}}},
    {"Div", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 1, {{0}}},
    {"Dropout", 7, NEW, 1, 3, 1, infer_dropout, NULL, 1, {{0}}},
    {"Elu", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{"alpha", 1.0f}}},
    {"Equal", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 0, {{0}}},
    {"Erf", 9, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"Exp", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"Expand", 8, NEW, 2, 2, 1, infer_expand, fold_expand, 1, {{0}}},
    {"Flatten", 1, NEW, 1, 1, 1, infer_flatten, fold_reshape, 1, {{0}}},
    {"Floor", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 0, {{0}}},
    {"Gather", 1, NEW, 2, 2, 1, infer_gather, fold_gather, 1, {{0}}},
    {"Gelu", 20, NEW, 1, 1, 1, infer_gelu, NULL, 1, {{0}}},
    {"Gemm", 7, NEW, 2, 3, 1, infer_gemm, NULL, 1, {{0}}},
    {"GlobalAveragePool", 1, NEW, 1, 1, 1, infer_global_pool, NULL, 1, {{0}}},
    {"GlobalMaxPool", 1, NEW, 1, 1, 1, infer_global_pool, NULL, 1, {{0}}},
    {"Greater", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 0, {{0}}},
    {"GreaterOrEqual", 12, NEW, 2, 2, 1, infer_broadcast, fold_binary, 0, {{0}}},
    {"GroupNormalization", 18, NEW, 3, 3, 1, lower_group_norm, NULL, 1, {{0}}},
    {"HardSigmoid", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{"alpha", 0.2f}, {"beta", 0.5f}}},
    {"HardSwish", 14, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"Identity", 1, NEW, 1, 1, 1, infer_identity, NULL, 1, {{0}}},
    {"InstanceNormalization", 6, NEW, 3, 3, 1, lower_group_norm, NULL, 1, {{0}}},
    {"LRN", 1, NEW, 1, 1, 1, infer_lrn, NULL, 1, {{0}}},
    {"LayerNormalization", 17, NEW, 2, 3, 1, infer_layer_norm, NULL, 1, {{0}}},
    {"LeakyRelu", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{"alpha", 0.01f}}},
    {"Less", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 0, {{0}}},
    {"LessOrEqual", 12, NEW, 2, 2, 1, infer_broadcast, fold_binary, 0, {{0}}},
    {"Log", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"LogSoftmax", 1, NEW, 1, 1, 1, infer_softmax, NULL, 1, {{0}}},
    {"MatMul", 1, NEW, 2, 2, 1, infer_matmul, fold_matmul, 1, {{0}}},
    {"Max", 8, NEW, 1, OP_ANY, 1, infer_broadcast, fold_binary, 1, {{0}}},
    {"MaxPool", 1, NEW, 1, 1, 1, infer_pool, NULL, 1, {{0}}},
    {"Mean", 8, NEW, 1, OP_ANY, 1, lower_sum, NULL, 1, {{0}}},
    {"Min", 8, NEW, 1, OP_ANY, 1, infer_broadcast, fold_binary, 1, {{0}}},
    {"Mish", 18, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"Mod", 10, NEW, 2, 2, 1, infer_broadcast, fold_binary, 0, {{0}}},
    {"Mul", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 1, {{0}}},
    {"Neg", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"NonZero", 9, NEW, 1, 1, 1, infer_nonzero, NULL, 0, {{0}}},
    {"Not", 1, NEW, 1, 1, 1, infer_unary, fold_unary, 0, {{0}}},
    {"Or", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 0, {{0}}},
    {"PRelu", 7, NEW, 2, 2, 1, infer_prelu, NULL, 1, {{0}}},
    {"Pad", 2, NEW, 1, 4, 1, infer_pad, fold_pad, 1, {{0}}},
    {"Pow", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 1, {{0}}},
    {"Range", 11, NEW, 3, 3, 1, infer_range, NULL, 0, {{0}}},
    {"Reciprocal", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"ReduceL1", 1, NEW, 1, 2, 1, lower_reduce, NULL, 1, {{0}}},
    {"ReduceL2", 1, NEW, 1, 2, 1, lower_reduce, NULL, 1, {{0}}},
    {"ReduceMax", 1, NEW, 1, 2, 1, infer_reduce, fold_reduce, 1, {{0}}},
    {"ReduceMean", 1, NEW, 1, 2, 1, infer_reduce, fold_reduce, 1, {{0}}},
    {"ReduceMin", 1, NEW, 1, 2, 1, lower_reduce, fold_reduce, 1, {{0}}},
    {"ReduceProd", 1, NEW, 1, 2, 1, infer_reduce, fold_reduce, 0, {{0}}},
    {"ReduceSum", 1, NEW, 1, 2, 1, infer_reduce, fold_reduce, 1, {{0}}},
    {"ReduceSumSquare", 1, NEW, 1, 2, 1, lower_reduce, NULL, 1, {{0}}},
    {"Relu", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"Reshape", 5, NEW, 2, 2, 1, infer_reshape, fold_reshape, 1, {{0}}},
    {"Selu", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{"alpha", 1.67326319f}, {"gamma", 1.05070102f}}},
    {"Shape", 1, NEW, 1, 1, 1, infer_shape_of, NULL, 1, {{0}}},
    {"Sigmoid", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"Size", 1, NEW, 1, 1, 1, infer_size, NULL, 1, {{0}}},
    {"Slice", 1, NEW, 1, 5, 1, infer_slice, fold_slice, 1, {{0}}},
    {"Softmax", 1, NEW, 1, 1, 1, infer_softmax, NULL, 1, {{0}}},
    {"Softplus", 1, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"Softsign", 1, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"SpaceToDepth", 1, NEW, 1, 1, 1, lower_space_depth, NULL, 1, {{0}}},
    {"Split", 2, NEW, 1, 2, OP_ANY, infer_split, fold_split, 1, {{0}}},
    {"Sqrt", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"Squeeze", 1, NEW, 1, 2, 1, infer_squeeze, fold_reshape, 1, {{0}}},
    {"Sub", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 1, {{0}}},
    {"Sum", 8, NEW, 1, OP_ANY, 1, lower_sum, NULL, 1, {{0}}},
    {"Tanh", 6, NEW, 1, 1, 1, infer_unary, fold_unary, 1, {{0}}},
    {"Tile", 6, NEW, 2, 2, 1, lower_tile, fold_tile, 0, {{0}}},
    {"Transpose", 1, NEW, 1, 1, 1, infer_transpose, fold_transpose, 1, {{0}}},
    {"Unsqueeze", 1, NEW, 1, 2, 1, infer_unsqueeze, fold_reshape, 1, {{0}}},
    {"Where", 9, NEW, 3, 3, 1, infer_where, fold_where, 0, {{0}}},
    {"Xor", 7, NEW, 2, 2, 1, infer_broadcast, fold_binary, 0, {{0}}},
};

enum { ROWS = sizeof table / sizeof table[0] };

static int by_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct op *)row)->name);
}

const struct op *op_find(const char *name)
{
    return bsearch(name, table, ROWS, sizeof table[0], by_name);
}

const struct op *op_at(int index)
{
    return index >= 0 && index < ROWS ? &table[index] : NULL;
}

static const struct note {
    const char *name, *text;
} notes[] = {
    {"AveragePool", "one or two spatial dimensions; no dilation"},
    {"BatchNormalization", "in evaluation form; worked into the Conv or Gemm before it"},
    {"Cast", "what depends on the input stays float"},
    {"CastLike", "as Cast"},
    {"Clip", "bounds are constants; 0 to 6 is ReLU6"},
    {"Concat", "not over the batch"},
    {"Conv", "one or two spatial dimensions; weights are constants"},
    {"DepthToSpace", "written as Reshape, Transpose, Reshape"},
    {"Dropout", "in evaluation form; removed"},
    {"Flatten", "axis 0 on constants only"},
    {"Gather", "indices are constants; not over the batch"},
    {"Gemm", "weights and bias are constants; no transA"},
    {"GroupNormalization", "written as LayerNormalization, Mul, Add"},
    {"Identity", "removed"},
    {"InstanceNormalization", "written as LayerNormalization, Mul, Add"},
    {"LRN", "two spatial dimensions"},
    {"LayerNormalization", "first output; not over the batch"},
    {"LogSoftmax", "flattens before opset 13, as ONNX has it"},
    {"MaxPool", "first output; one or two spatial dimensions"},
    {"Mean", "written as Add and Mul"},
    {"PRelu", "slopes are constants"},
    {"Pad", "constant, reflect and edge; floats; not the batch"},
    {"ReduceL1", "written as Abs, ReduceSum"},
    {"ReduceL2", "written as Mul, ReduceSum, Sqrt"},
    {"ReduceMin", "written as Neg, ReduceMax, Neg where it depends on the input"},
    {"ReduceSumSquare", "written as Mul, ReduceSum"},
    {"Reshape", "may move the batch, if it comes back"},
    {"Shape", "known at load: the batch counts as one"},
    {"Size", "known at load: the batch counts as one"},
    {"Slice", "not over the batch"},
    {"Softmax", "flattens before opset 13, as ONNX has it"},
    {"SpaceToDepth", "written as Reshape, Transpose, Reshape"},
    {"Split", "not over the batch"},
    {"Sum", "written as Add"},
    {"Tile", "written as Concat where it depends on the input; not over the batch"},
    {"Transpose", "may move the batch, if it comes back"},
};

const char *op_note(const char *name)
{
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
        if (strcmp(notes[i].name, name) == 0)
            return notes[i].text;
    return "";
}
