#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_model.h"

#include <float.h>

/* Windows, linear layers and activations in their normal form. */

/* A node between "x" of this shape and an output pooled to class scores. */
static Onnx__ModelProto *image_model(int opset, const int64_t *dim, size_t rank)
{
    Onnx__ModelProto *m = model_new(opset);
    model_input(m, "x", dim, rank);
    model_node(m, "GlobalAveragePool", "y", "scores");
    model_output(m, "scores");
    return m;
}

static Onnx__ModelProto *vector_model(int opset, int64_t features)
{
    Onnx__ModelProto *m = model_new(opset);
    model_input(m, "x", DIMS(-1, features));
    model_output(m, "y");
    return m;
}

static void a_conv_has_every_attribute_resolved(void **state)
{
    (void)state;
    Onnx__ModelProto *m = image_model(11, DIMS(-1, 4, 9, 7));
    model_ramp(m, "w", DIMS(6, 2, 3, 2));
    model_ramp(m, "b", DIMS(6));
    Onnx__NodeProto *n = model_node(m, "Conv", "x w b", "y");
    node_int(n, "group", 2);
    node_ints(n, "pads", DIMS(1, 0, 2, 1));
    node_ints(n, "strides", DIMS(2, 1));
    node_ints(n, "dilations", DIMS(1, 3));
    struct graph *g = want_graph(m);
    const struct graph_node *conv = node_at(g, 0, "Conv");
    assert_ints(conv, "kernel_shape", DIMS(3, 2));
    assert_ints(conv, "pads", DIMS(1, 0, 2, 1));
    assert_ints(conv, "strides", DIMS(2, 1));
    assert_ints(conv, "dilations", DIMS(1, 3));
    assert_int_equal(graph_attr_int(conv, "group", 0), 2);
    assert_shape(output_of(g, conv, 0), DIMS(1, 6, 5, 5)); /* (9+3-3)/2+1, (7+1-4)/1+1 */
    graph_free(g);
}

static void auto_pad_becomes_pads(void **state)
{
    (void)state;
    static const struct {
        const char *how;
        int64_t pads[4], out[2];
    } cases[] = {{"SAME_UPPER", {0, 1, 1, 1}, {3, 7}},
                 {"SAME_LOWER", {1, 1, 0, 1}, {3, 7}},
                 {"VALID", {0, 0, 0, 0}, {2, 5}}};
    for (size_t i = 0; i < 3; i++) {
        Onnx__ModelProto *m = image_model(13, DIMS(-1, 1, 6, 7));
        model_ramp(m, "w", DIMS(1, 1, 3, 3));
        Onnx__NodeProto *n = model_node(m, "Conv", "x w", "y");
        node_string(n, "auto_pad", cases[i].how);
        node_ints(n, "strides", DIMS(2, 1));
        struct graph *g = want_graph(m);
        const struct graph_node *conv = node_at(g, 0, "Conv");
        assert_ints(conv, "pads", cases[i].pads, 4);
        assert_null(graph_attr(conv, "auto_pad"));
        assert_shape(output_of(g, conv, 0), DIMS(1, 1, cases[i].out[0], cases[i].out[1]));
        graph_free(g);
    }
}

static void a_conv_that_does_not_fit_is_named(void **state)
{
    (void)state;
    Onnx__ModelProto *m = image_model(13, DIMS(-1, 4, 9, 7));
    model_ramp(m, "w", DIMS(6, 3, 3, 3));
    model_node(m, "Conv", "x w", "y");
    want_error(m,
               "node 'the_Conv' (Conv): weights of shape [6,3,3,3] do not fit an input of shape [1,4,9,7]");

    m = image_model(13, DIMS(-1, 4, 9, 7));
    model_ramp(m, "w", DIMS(6, 4, 3, 3));
    model_ramp(m, "b", DIMS(5));
    model_node(m, "Conv", "x w b", "y");
    want_error(m, "bias of shape [5] for 6 output channels");

    m = image_model(13, DIMS(-1, 4, 5, 6, 7, 8));
    model_ramp(m, "w", DIMS(6, 4, 3, 3, 3, 3));
    model_node(m, "Conv", "x w", "y");
    want_error(m, "one to three spatial dimensions [N,C,D,H,W] are supported");

    m = image_model(13, DIMS(-1, 4, 2, 7));
    model_ramp(m, "w", DIMS(6, 4, 3, 3));
    model_node(m, "Conv", "x w", "y");
    want_error(m, "kernel of 3 on a padded input of 2");

    m = image_model(13, DIMS(-1, 4, 9, 7));
    model_ramp(m, "w", DIMS(6, 4, 3, 3));
    node_ints(model_node(m, "Conv", "x w", "y"), "strides", DIMS(0, 1));
    want_error(m, "'strides' has an entry of 0");

    m = image_model(13, DIMS(-1, 4, 9, 7));
    model_node(m, "Conv", "x x", "y");
    want_error(m, "input 1 ('x') must be constant");
}

static void ceil_mode_never_begins_a_window_beyond_the_input(void **state)
{
    (void)state;
    /* size 6, kernel 2, stride 4, pads 1: a third window would begin at 7 = 6 + 1, in the padding behind */
    static const struct {
        int64_t size, kernel, stride, pad, out;
    } cases[] = {{6, 2, 4, 1, 2}, {6, 3, 2, 0, 3}, {5, 3, 2, 0, 2}, {7, 3, 3, 0, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Onnx__ModelProto *m = image_model(13, DIMS(-1, 1, cases[i].size, cases[i].size));
        Onnx__NodeProto *n = model_node(m, i % 2 ? "AveragePool" : "MaxPool", "x", "y");
        node_ints(n, "kernel_shape", DIMS(cases[i].kernel, cases[i].kernel));
        node_ints(n, "strides", DIMS(cases[i].stride, cases[i].stride));
        node_ints(n, "pads", DIMS(cases[i].pad, cases[i].pad, cases[i].pad, cases[i].pad));
        node_int(n, "ceil_mode", 1);
        struct graph *g = want_graph(m);
        assert_shape(output_of(g, &g->node[0], 0), DIMS(1, 1, cases[i].out, cases[i].out));
        graph_free(g);
    }
}

static void an_average_pool_says_whether_it_counts_its_pads(void **state)
{
    (void)state;
    for (int count = 0; count < 2; count++) {
        Onnx__ModelProto *m = image_model(13, DIMS(-1, 1, 4, 4));
        Onnx__NodeProto *n = model_node(m, "AveragePool", "x", "y");
        node_ints(n, "kernel_shape", DIMS(2, 2));
        if (count)
            node_int(n, "count_include_pad", 1);
        struct graph *g = want_graph(m);
        assert_int_equal(graph_attr_int(&g->node[0], "count_include_pad", 9), count);
        assert_ints(&g->node[0], "strides", DIMS(1, 1));
        graph_free(g);
    }
}

static void a_gemm_has_plain_weights_and_bias(void **state)
{
    (void)state;
    Onnx__ModelProto *m = vector_model(13, 3);
    model_ramp(m, "w", DIMS(2, 3));
    model_scalar(m, "b", 4);
    Onnx__NodeProto *n = model_node(m, "Gemm", "x w b", "y");
    node_int(n, "transB", 1);
    node_float(n, "alpha", 2);
    node_float(n, "beta", 0.5f);
    struct graph *g = want_graph(m);
    assert_int_equal(g->node[0].attrs, 0);
    assert_shape(graph_input(g, &g->node[0], 1), DIMS(3, 2));
    assert_floats(graph_constant(g, &g->node[0], 1), FLOATS(1, 4, 2, 5, 3, 6));
    assert_floats(graph_constant(g, &g->node[0], 2), FLOATS(2, 2));
    graph_free(g);

    m = vector_model(13, 3);
    model_ramp(m, "w", DIMS(3, 2));
    model_node(m, "Gemm", "x w", "y");
    g = want_graph(m);
    assert_int_equal(g->node[0].inputs, 2);
    graph_free(g);
}

static void a_gemm_that_does_not_fit_is_named(void **state)
{
    (void)state;
    Onnx__ModelProto *m = vector_model(13, 4);
    model_ramp(m, "w", DIMS(3, 2));
    model_node(m, "Gemm", "x w", "y");
    want_error(m, "weights of shape [3,2] (transB=0) do not fit an input of shape [1,4]");
    m = vector_model(13, 3);
    model_ramp(m, "w", DIMS(3, 2));
    model_ramp(m, "b", DIMS(3));
    model_node(m, "Gemm", "x w b", "y");
    want_error(m, "bias of shape [3] for 2 outputs");
    m = vector_model(13, 1);
    model_ramp(m, "w", DIMS(1, 2));
    node_int(model_node(m, "Gemm", "x w", "y"), "transA", 1);
    want_error(m, "transA=1");
}

static void batch_normalisation_goes_into_the_conv_before_it(void **state)
{
    (void)state;
    Onnx__ModelProto *m = image_model(13, DIMS(-1, 1, 3, 3));
    model_ramp(m, "w", DIMS(2, 1, 1, 1)); /* 0.5, 1 */
    model_add(m, tensor_floats("scale", DIMS(2), FLOATS(2, 3)));
    model_add(m, tensor_floats("bias", DIMS(2), FLOATS(10, 20)));
    model_add(m, tensor_floats("mean", DIMS(2), FLOATS(1, -1)));
    model_add(m, tensor_floats("var", DIMS(2), FLOATS(3, 8)));
    model_node(m, "Conv", "x w", "c");
    node_float(model_node(m, "BatchNormalization", "c scale bias mean var", "y"), "epsilon", 1);
    struct graph *g = want_graph(m);
    assert_int_equal(g->nodes, 2);
    const struct graph_node *conv = node_at(g, 0, "Conv");
    assert_string_equal(conv->name, "the_Conv");
    assert_string_equal(output_of(g, conv, 0)->name, "y");
    assert_floats(graph_constant(g, conv, 1), FLOATS(0.5, 1)); /* 0.5 * 2/2, 1 * 3/3 */
    assert_floats(graph_constant(g, conv, 2), FLOATS(9, 21));  /* -1 + 10, 1 + 20 */
    assert_int_equal(g->values, 5);                            /* x, w, b, y, scores */
    graph_free(g);
}

static void batch_normalisation_of_a_shared_conv_stays(void **state)
{
    (void)state;
    Onnx__ModelProto *m = image_model(13, DIMS(-1, 1, 3, 3));
    model_ramp(m, "w", DIMS(2, 1, 1, 1));
    model_ramp(m, "v", DIMS(2));
    model_node(m, "Conv", "x w", "c");
    model_node(m, "BatchNormalization", "c v v v v", "n");
    model_node(m, "Add", "c n", "y");
    struct graph *g = want_graph(m);
    assert_true(graph_attr_float(node_at(g, 0, "BatchNormalization"), "epsilon", 0) == 1e-5f);
    assert_floats(graph_constant(g, node_at(g, 0, "Conv"), 1), FLOATS(0.5, 1));
    graph_free(g);
}

static void training_nodes_are_refused_with_advice(void **state)
{
    (void)state;
    Onnx__ModelProto *m = image_model(14, DIMS(-1, 2, 3, 3));
    model_ramp(m, "v", DIMS(2));
    node_int(model_node(m, "BatchNormalization", "x v v v v", "y mean var"), "training_mode", 1);
    want_error(m, "(BatchNormalization): has training outputs; export the model in evaluation mode");

    m = vector_model(13, 3);
    Onnx__TensorProto *t = tensor_new("training", ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, NULL, 0);
    tensor_raw(t, "\1", 1);
    model_add(m, t);
    model_node(m, "Dropout", "x - training", "y");
    want_error(m, "(Dropout): in training mode");

    m = vector_model(13, 3);
    model_node(m, "Dropout", "x", "d mask");
    model_node(m, "Add", "d mask", "y");
    want_error(m, "output 1 is used, which is not supported");
}

static void what_does_nothing_vanishes(void **state)
{
    (void)state;
    Onnx__ModelProto *m = vector_model(13, 3);
    model_ints(m, "pads", DIMS(0, 0, 0, 0));
    model_node(m, "Identity", "x", "a");
    model_node(m, "Dropout", "a", "b mask");
    model_node(m, "Pad", "b pads", "c");
    node_int(model_node(m, "Cast", "c", "d"), "to", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    node_int(model_node(m, "Concat", "d", "e"), "axis", 1);
    model_node(m, "Flatten", "e", "f");
    model_node(m, "Relu", "f", "r");
    model_node(m, "Identity", "r", "y");
    struct graph *g = want_graph(m);
    assert_int_equal(g->nodes, 1);
    assert_string_equal(graph_input(g, &g->node[0], 0)->name, "x");
    assert_string_equal(g->value[g->output].name, "r");
    graph_free(g);
}

static void clip_has_its_limits_as_attributes_in_every_opset(void **state)
{
    (void)state;
    Onnx__ModelProto *m = vector_model(10, 3);
    node_float(model_node(m, "Clip", "x", "y"), "max", 6);
    struct graph *g = want_graph(m);
    assert_true(graph_attr_float(&g->node[0], "min", 0) == -FLT_MAX);
    assert_true(graph_attr_float(&g->node[0], "max", 0) == 6);
    graph_free(g);
    m = vector_model(11, 3);
    model_scalar(m, "low", -1);
    model_node(m, "Clip", "x low", "y");
    g = want_graph(m);
    assert_true(graph_attr_float(&g->node[0], "min", 0) == -1);
    assert_true(graph_attr_float(&g->node[0], "max", 0) == FLT_MAX);
    assert_int_equal(g->node[0].inputs, 1);
    graph_free(g);
}

static void activations_carry_their_defaults(void **state)
{
    (void)state;
    static const struct {
        const char *op, *name;
        float value;
    } cases[] = {{"LeakyRelu", "alpha", 0.01f}, {"Elu", "alpha", 1},
                 {"HardSigmoid", "beta", 0.5f}, {"Celu", "alpha", 1},
                 {"Selu", "gamma", 1.0507009f}, {"HardSigmoid", "alpha", 0.2f}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Onnx__ModelProto *m = vector_model(13, 3);
        model_node(m, cases[i].op, "x", "y");
        struct graph *g = want_graph(m);
        assert_true(fabsf(graph_attr_float(&g->node[0], cases[i].name, 99) - cases[i].value) < 1e-6f);
        graph_free(g);
    }
}

static void a_softmax_that_flattens_gets_a_reshape_around_it(void **state)
{
    (void)state;
    Onnx__ModelProto *m = image_model(11, DIMS(-1, 2, 3, 4));
    model_node(m, "Softmax", "x", "y"); /* axis 1, and all after it */
    struct graph *g = want_graph(m);
    const struct graph_node *softmax = node_at(g, 0, "Softmax");
    assert_int_equal(graph_attr_int(softmax, "axis", -1), 1);
    assert_shape(output_of(g, softmax, 0), DIMS(1, 24));
    assert_shape(output_of(g, node_at(g, 1, "Reshape"), 0), DIMS(1, 2, 3, 4));
    graph_free(g);

    m = image_model(13, DIMS(-1, 2, 3, 4));
    model_node(m, "Softmax", "x", "y"); /* the last axis only */
    g = want_graph(m);
    assert_int_equal(g->nodes, 2);
    assert_int_equal(graph_attr_int(&g->node[0], "axis", -1), 3);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conv_has_every_attribute_resolved),
        cmocka_unit_test(auto_pad_becomes_pads),
        cmocka_unit_test(a_conv_that_does_not_fit_is_named),
        cmocka_unit_test(ceil_mode_never_begins_a_window_beyond_the_input),
        cmocka_unit_test(an_average_pool_says_whether_it_counts_its_pads),
        cmocka_unit_test(a_gemm_has_plain_weights_and_bias),
        cmocka_unit_test(a_gemm_that_does_not_fit_is_named),
        cmocka_unit_test(batch_normalisation_goes_into_the_conv_before_it),
        cmocka_unit_test(batch_normalisation_of_a_shared_conv_stays),
        cmocka_unit_test(training_nodes_are_refused_with_advice),
        cmocka_unit_test(what_does_nothing_vanishes),
        cmocka_unit_test(clip_has_its_limits_as_attributes_in_every_opset),
        cmocka_unit_test(activations_carry_their_defaults),
        cmocka_unit_test(a_softmax_that_flattens_gets_a_reshape_around_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
