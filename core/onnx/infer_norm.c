#include "core/onnx/rules.h"

#include <string.h>

static int want_vector(struct infer *in, const struct graph_node *n, int k, const char *what,
                       int64_t channels)
{
    char text[APEX_SHAPE_TEXT];
    const struct apex_tensor *t = arg_constant(in, n, k, APEX_F32);
    if (!t)
        return -1;
    if (t->shape.rank != 1 || t->shape.dim[0] != channels)
        return graph_fail(in->g, n, in->err, "%s of shape %s for %lld channels", what,
                          apex_shape_text(&t->shape, text), (long long)channels);
    return 0;
}

int infer_batch_norm(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    static const char *const what[] = {"", "scale", "bias", "mean", "variance"};
    char text[APEX_SHAPE_TEXT];
    struct apex_shape x = *arg_shape(in, n, 0);
    float epsilon = graph_attr_float(n, "epsilon", 1e-5f);
    for (int k = 1; k < n->outputs; k++)
        if (n->output[k] >= 0 || graph_attr_int(n, "training_mode", 0))
            return graph_fail(in->g, n, in->err,
                              "has training outputs; export the model in evaluation mode (model.eval())");
    if (graph_attr_int(n, "training_mode", 0) || (in->g->opset < 7 && !graph_attr_int(n, "is_test", 0)))
        return graph_fail(in->g, n, in->err,
                          "in training mode; export the model in evaluation mode (model.eval())");
    if (graph_attr_int(n, "spatial", 1) != 1)
        return graph_fail(in->g, n, in->err, "spatial=0 is not supported");
    if (x.rank < 2)
        return graph_fail(in->g, n, in->err, "input of shape %s", apex_shape_text(&x, text));
    for (int k = 1; k < 5; k++)
        if (want_vector(in, n, k, what[k], x.dim[1]) < 0)
            return -1;
    const float *variance = graph_constant(in->g, n, 4)->data;
    for (int64_t c = 0; c < x.dim[1]; c++)
        if (!(variance[c] >= 0.0f && variance[c] + epsilon > 0.0f))
            return graph_fail(in->g, n, in->err, "variance of channel %lld is %g, epsilon %g", (long long)c,
                              (double)variance[c], (double)epsilon);
    graph_node_drop_attrs(n);
    n->outputs = 1;
    if (graph_node_add_float(n, "epsilon", epsilon, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &x);
}

/* Input k, which broadcasts to the normalised dimensions, in exactly that shape. */
static int layer_norm_vector(struct infer *in, struct graph_node *n, int k, const struct apex_shape *want)
{
    char a[APEX_SHAPE_TEXT], b[APEX_SHAPE_TEXT];
    const struct apex_tensor *t = arg_constant(in, n, k, APEX_F32);
    struct apex_shape shape;
    if (!t)
        return -1;
    if (apex_shape_equal(&t->shape, want))
        return 0;
    if (apex_shape_broadcast(&t->shape, want, &shape, NULL) < 0 || !apex_shape_equal(&shape, want))
        return graph_fail(in->g, n, in->err, "scale or bias of shape %s for normalised dimensions %s",
                          apex_shape_text(&t->shape, a), apex_shape_text(want, b));
    struct apex_tensor *full = infer_make_tensor(in, n, APEX_F32, want);
    int64_t to[APEX_MAX_RANK], from[APEX_MAX_RANK], step[APEX_MAX_RANK] = {0};
    if (!full)
        return -1;
    apex_shape_strides(want, to);
    apex_shape_strides(&t->shape, from);
    for (int d = 0; d < t->shape.rank; d++)
        if (t->shape.dim[d] != 1)
            step[d + want->rank - t->shape.rank] = from[d];
    apex_strided_copy(want, sizeof(float), full->data, to, t->data, step);
    return infer_replace_input(in, n, k, full);
}

int infer_layer_norm(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0), inner = {0};
    float epsilon = graph_attr_float(n, "epsilon", 1e-5f);
    int axis;
    if (arg_axis(in, n, graph_attr_int(n, "axis", -1), x.rank, &axis) < 0)
        return -1;
    if (axis == 0 && !in->lifting)
        return graph_fail(in->g, n, in->err, "normalises over the batch");
    for (int d = axis; d < x.rank; d++)
        inner.dim[inner.rank++] = x.dim[d];
    if (layer_norm_vector(in, n, 1, &inner) < 0)
        return -1;
    if (!arg_given(n, 2))
        graph_node_cut_inputs(n, 2);
    else if (layer_norm_vector(in, n, 2, &inner) < 0)
        return -1;
    graph_node_drop_attrs(n);
    if (graph_node_add_int(n, "axis", axis, in->err) < 0 ||
        graph_node_add_float(n, "epsilon", epsilon, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &x);
}

int infer_lrn(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = *arg_shape(in, n, 0);
    float alpha = graph_attr_float(n, "alpha", 1e-4f), beta = graph_attr_float(n, "beta", 0.75f);
    float bias = graph_attr_float(n, "bias", 1.0f);
    int64_t size = graph_attr_int(n, "size", 0);
    if (x.rank < 3 || size < 1 || size > 1 << 20)
        return graph_fail(in->g, n, in->err, "size %lld on an input of %d dimensions", (long long)size,
                          x.rank);
    graph_node_drop_attrs(n);
    if (graph_node_add_float(n, "alpha", alpha, in->err) < 0 ||
        graph_node_add_float(n, "beta", beta, in->err) < 0 ||
        graph_node_add_float(n, "bias", bias, in->err) < 0 ||
        graph_node_add_int(n, "size", size, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &x);
}
