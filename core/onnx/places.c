#include "core/onnx/lift.h"

#include <string.h>

static const char *const pointwise[] = {"Abs",         "Acos",        "Acosh",
                                        "Add",         "And",         "Asin",
                                        "Asinh",       "Atan",        "Atanh",
                                        "Cast",        "CastLike",    "Ceil",
                                        "Celu",        "Clip",        "Cos",
                                        "Cosh",        "Div",         "Dropout",
                                        "Elu",         "Equal",       "Erf",
                                        "Exp",         "Expand",      "Floor",
                                        "Gelu",        "Greater",     "GreaterOrEqual",
                                        "HardSigmoid", "HardSwish",   "Identity",
                                        "IsInf",       "IsNaN",       "LeakyRelu",
                                        "Less",        "LessOrEqual", "Log",
                                        "Max",         "Min",         "Mish",
                                        "Mul",         "Neg",         "Not",
                                        "Or",          "Pow",         "Reciprocal",
                                        "Relu",        "Round",       "Selu",
                                        "Shrink",      "Sigmoid",     "Sign",
                                        "Sin",         "Sinh",        "Softplus",
                                        "Softsign",    "Sqrt",        "Sub",
                                        "Tan",         "Tanh",        "ThresholdedRelu",
                                        "Where"};

static const struct rule {
    const char *op;
    enum lift_kind kind;
} rules[] = {{"Concat", ALONG},
             {"Flatten", RESHAPE},
             {"Gather", GATHER},
             {"Gemm", ROWS},
             {"LayerNormalization", ALONG},
             {"LogSoftmax", ALONG},
             {"MatMul", PRODUCT},
             {"ReduceMax", REDUCE},
             {"ReduceMean", REDUCE},
             {"ReduceSum", REDUCE},
             {"Reshape", RESHAPE},
             {"Shape", CONSTANT},
             {"Size", CONSTANT},
             {"Slice", ALONG},
             {"Softmax", ALONG},
             {"Split", ALONG},
             {"Squeeze", RESHAPE},
             {"Transpose", PERMUTE},
             {"Unsqueeze", RESHAPE}};

enum lift_kind lift_kind(const char *op)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].op, op) == 0)
            return rules[i].kind;
    for (size_t i = 0; i < sizeof pointwise / sizeof *pointwise; i++)
        if (strcmp(pointwise[i], op) == 0)
            return POINTWISE;
    return LIFT_UNKNOWN;
}

static int64_t before(const struct apex_shape *s, int axis)
{
    int64_t count = 1;
    for (int d = 0; d < axis; d++)
        count *= s->dim[d];
    return count;
}

void places_add(struct lift *to, int axis, int64_t outer)
{
    for (int i = 0; i < to->count; i++)
        if (to->at[i].axis == axis && to->at[i].outer == outer)
            return;
    if (to->count < APEX_MAX_RANK)
        to->at[to->count++] = (struct place){axis, outer};
}

void places_exclude(struct lift *l, int axis)
{
    int kept = 0;
    for (int i = 0; i < l->count; i++)
        if (l->at[i].axis != axis)
            l->at[kept++] = l->at[i];
    l->count = kept;
}

void places_reshape(const struct lift *from, const struct apex_shape *x, const struct apex_shape *y,
                    struct lift *to)
{
    for (int i = 0; i < from->count; i++) {
        int64_t outside = before(x, from->at[i].axis) * from->at[i].outer, done = 1;
        for (int d = 0; d < y->rank && done > 0 && outside % done == 0; d++) {
            if (y->dim[d] > 0 && y->dim[d] % (outside / done) == 0)
                places_add(to, d, outside / done);
            done *= y->dim[d];
        }
    }
}

int places_reduce(const struct lift *from, const struct apex_shape *x, int64_t batch, struct apex_shape *y,
                  int *axis)
{
    for (int i = 0; i < from->count; i++) {
        int64_t outside = before(x, from->at[i].axis) * from->at[i].outer, done = 1;
        for (int d = 0; d < y->rank && done > 0 && outside % done == 0; d++) {
            int64_t outer = outside / done;
            if (y->dim[d] > 0 && y->dim[d] % batch == 0 && y->dim[d] / batch % outer == 0) {
                y->dim[d] /= batch;
                *axis = d;
                return 0;
            }
            done *= y->dim[d];
        }
    }
    return -1;
}

void places_permute(const struct lift *l, const struct graph_node *n, struct lift *to)
{
    const struct graph_attr *perm = graph_attr(n, "perm");
    for (int i = 0; i < l->count; i++)
        for (int d = 0; d < (int)perm->count; d++)
            if (perm->ints[d] == l->at[i].axis)
                places_add(to, d, l->at[i].outer);
}

void places_drop(const struct lift *l, const struct graph_node *n, struct lift *to)
{
    const struct graph_attr *axes = graph_attr(n, "axes");
    int keeps = graph_attr_int(n, "keepdims", 1) != 0;
    for (int i = 0; i < l->count; i++) {
        int hit = 0, below = 0;
        for (size_t k = 0; k < axes->count; k++) {
            hit = hit || axes->ints[k] == l->at[i].axis;
            below += axes->ints[k] < l->at[i].axis;
        }
        if (!hit)
            places_add(to, l->at[i].axis - (keeps ? 0 : below), l->at[i].outer);
    }
}
