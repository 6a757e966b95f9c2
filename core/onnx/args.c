#include "core/onnx/infer.h"

#include <math.h>
#include <string.h>

const struct apex_shape *arg_shape(const struct infer *in, const struct graph_node *n, int k)
{
    return &in->g->value[n->input[k]].shape;
}

int arg_given(const struct graph_node *n, int k)
{
    return k >= 0 && k < n->inputs && n->input[k] >= 0;
}

int arg_dynamic(const struct infer *in, const struct graph_node *n, int k)
{
    return arg_given(n, k) && !in->g->value[n->input[k]].constant;
}

int arg_batched(const struct infer *in, const struct graph_node *n, int k)
{
    return arg_dynamic(in, n, k) && !in->lifting;
}

int arg_any_dynamic(const struct infer *in, const struct graph_node *n)
{
    for (int k = 0; k < n->inputs; k++)
        if (arg_dynamic(in, n, k))
            return 1;
    return 0;
}

int arg_set_shape(struct infer *in, const struct graph_node *n, int k, const struct apex_shape *shape)
{
    char text[APEX_SHAPE_TEXT];
    int64_t count = apex_shape_count(shape);
    if (count < 0 || count > INFER_MAX_ELEMENTS)
        return graph_fail(in->g, n, in->err, "output of impossible shape %s", apex_shape_text(shape, text));
    if (k < n->outputs && n->output[k] >= 0)
        in->g->value[n->output[k]].shape = *shape;
    return 0;
}

int arg_axis(struct infer *in, const struct graph_node *n, int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank)
        return graph_fail(in->g, n, in->err, "axis %lld of a tensor of %d dimensions", (long long)axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return 0;
}

const struct apex_tensor *arg_constant(struct infer *in, const struct graph_node *n, int k,
                                       enum apex_type type)
{
    static const char *const name[] = {"float", "integer", "bool"};
    const struct graph_value *v = &in->g->value[n->input[k]];
    if (!v->constant) {
        graph_fail(in->g, n, in->err, "input %d ('%.200s') must be constant", k, v->name);
        return NULL;
    }
    if (v->constant->type != type) {
        graph_fail(in->g, n, in->err, "input %d ('%.200s') is of type %s; want %s", k, v->name,
                   name[v->constant->type], name[type]);
        return NULL;
    }
    return v->constant;
}

int arg_ints(struct infer *in, const struct graph_node *n, const char *name, int k, struct int_list *list)
{
    const struct graph_attr *a = graph_attr(n, name);
    *list = (struct int_list){0};
    if (a && a->type != ATTR_INTS)
        return graph_fail(in->g, n, in->err, "attribute '%s' is not a list of integers", name);
    if (a) {
        *list = (struct int_list){a->ints, (int64_t)a->count};
        return 1;
    }
    if (!arg_given(n, k))
        return 0;
    const struct apex_tensor *t = arg_constant(in, n, k, APEX_I64);
    if (!t)
        return -1;
    *list = (struct int_list){t->data, apex_shape_count(&t->shape)};
    return 1;
}

int arg_float(struct infer *in, const struct graph_node *n, const char *name, int k, float fallback,
              float *out)
{
    *out = graph_attr_float(n, name, fallback);
    if (!graph_attr(n, name) && arg_given(n, k)) {
        const struct apex_tensor *t = arg_constant(in, n, k, APEX_F32);
        if (!t)
            return -1;
        int64_t count = apex_shape_count(&t->shape);
        if (count > 1)
            return graph_fail(in->g, n, in->err, "'%s' has %lld elements; want one", name, (long long)count);
        if (count == 1)
            *out = *(const float *)t->data;
    }
    if (isnan(*out))
        return graph_fail(in->g, n, in->err, "'%s' is not a number", name);
    return 0;
}

int arg_drop_batch(struct infer *in, struct graph_node *n, int k, int rank)
{
    const struct apex_tensor *t = graph_constant(in->g, n, k);
    if (in->batch <= 1 || !t || t->shape.rank != rank || t->shape.dim[0] != in->batch)
        return 0;
    struct apex_shape one = t->shape;
    one.dim[0] = 1;
    size_t bytes = (size_t)apex_shape_count(&one) * apex_type_size(t->type);
    for (int64_t s = 1; s < in->batch; s++)
        if (memcmp((const char *)t->data + (size_t)s * bytes, t->data, bytes) != 0)
            return 0;
    struct apex_tensor *first = infer_make_tensor(in, n, t->type, &one);
    if (first)
        memcpy(first->data, t->data, bytes);
    return infer_replace_input(in, n, k, first);
}
