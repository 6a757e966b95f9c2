#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_model.h"

/* Operators that are written as others. That the numbers are right is shown by tests/golden and the
 * conformance cases. */

static Onnx__ModelProto *model_of(int opset, const int64_t *dim, size_t rank)
{
    Onnx__ModelProto *m = model_new(opset);
    model_input(m, "x", dim, rank);
    model_node(m, "Flatten", "y", "scores");
    model_output(m, "scores");
    return m;
}

static void a_sum_is_a_chain_of_additions(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 4));
    model_node(m, "Neg", "x", "n");
    model_node(m, "Exp", "x", "e");
    model_node(m, "Sum", "x n e", "y");
    struct graph *g = want_graph(m);
    assert_ops(g, "Neg Exp Add Add");
    graph_free(g);
    m = model_of(13, DIMS(-1, 4));
    model_node(m, "Neg", "x", "n");
    model_node(m, "Mean", "x n", "y");
    g = want_graph(m);
    assert_ops(g, "Neg Add Mul");
    assert_floats(graph_constant(g, node_at(g, 0, "Mul"), 1), FLOATS(0.5f));
    graph_free(g);
}

static void reductions_are_a_sum_between_two_functions(void **state)
{
    (void)state;
    static const struct {
        const char *op, *ops;
    } cases[] = {{"ReduceL1", "Abs ReduceSum"},
                 {"ReduceL2", "Mul ReduceSum Sqrt"},
                 {"ReduceSumSquare", "Mul ReduceSum"},
                 {"ReduceMin", "Neg ReduceMax Neg"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Onnx__ModelProto *m = model_of(13, DIMS(-1, 4, 3));
        Onnx__NodeProto *n = model_node(m, cases[k].op, "x", "y");
        node_ints(n, "axes", DIMS(2));
        node_int(n, "keepdims", 0);
        struct graph *g = want_graph(m);
        assert_ops(g, cases[k].ops);
        assert_shape(&g->value[g->output], DIMS(1, 4));
        graph_free(g);
        m = model_of(13, DIMS(-1, 4, 3));
        node_ints(model_node(m, cases[k].op, "x", "y"), "axes", DIMS(0));
        want_error(m, "mixes the samples of a batch");
    }
}

static void a_tile_repeats_every_axis_but_the_batch(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 2, 3));
    model_ints(m, "times", DIMS(1, 4, 2));
    model_node(m, "Tile", "x times", "y");
    struct graph *g = want_graph(m);
    assert_ops(g, "Concat Concat Reshape");
    assert_int_equal(g->node[0].inputs, 4);
    assert_shape(&g->value[g->output], DIMS(1, 48));
    graph_free(g);
    m = model_of(13, DIMS(-1, 2, 3));
    model_ints(m, "times", DIMS(2, 1, 1));
    model_node(m, "Tile", "x times", "y");
    want_error(m, "mixes the samples of a batch");
}

static void a_product_with_a_vector_is_one_with_a_matrix_of_one_column(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 4, 3));
    model_ramp(m, "v", DIMS(3));
    model_node(m, "MatMul", "x v", "y");
    struct graph *g = want_graph(m);
    assert_ops(g, "MatMul Reshape");
    assert_shape(&g->value[g->output], DIMS(1, 4));
    graph_free(g);
    m = model_of(13, DIMS(-1, 3));
    model_ramp(m, "v", DIMS(3));
    model_node(m, "MatMul", "x v", "z");
    model_node(m, "MatMul", "v z", "y");
    want_error(m, "mixes the samples of a batch");
}

static void a_transposed_convolution_is_a_convolution_of_what_is_spread_out(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 2, 4, 4));
    model_ramp(m, "w", DIMS(2, 3, 2, 2));
    node_ints(model_node(m, "ConvTranspose", "x w", "y"), "strides", DIMS(2, 2));
    struct graph *g = want_graph(m);
    assert_ops(g, "Reshape Pad Reshape Conv Reshape");
    assert_shape(&g->value[g->output], DIMS(1, 3 * 8 * 8));
    graph_free(g);
    m = model_of(13, DIMS(-1, 3, 4, 4));
    model_ramp(m, "w", DIMS(2, 3, 2, 2));
    model_node(m, "ConvTranspose", "x w", "y");
    want_error(m, "weights of shape [2,3,2,2] for an input of shape [1,3,4,4] in 1 groups");
    m = model_of(13, DIMS(-1, 2, 4, 4));
    model_ramp(m, "w", DIMS(2, 3, 2, 2));
    node_ints(model_node(m, "ConvTranspose", "x w", "y"), "strides", DIMS(0, 2));
    want_error(m, "'strides' has an entry of 0");
}

static void picks_by_a_matrix_of_indices_are_put_in_its_shape(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 4, 3));
    model_add(m, tensor_ints("picks", DIMS(3, 2), (int64_t[]){0, 1, 1, 2, 3, -1}, 6));
    node_int(model_node(m, "Gather", "x picks", "y"), "axis", 1);
    struct graph *g = want_graph(m);
    assert_ops(g, "Gather Reshape Reshape");
    assert_shape(&g->value[g->output], DIMS(1, 3 * 2 * 3));
    graph_free(g);
}

static void a_convolution_of_one_dimension_has_a_height_of_one(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 2, 9));
    model_ramp(m, "w", DIMS(6, 2, 3));
    Onnx__NodeProto *n = model_node(m, "Conv", "x w", "y");
    node_ints(n, "pads", DIMS(2, 1));
    node_ints(n, "strides", DIMS(2));
    struct graph *g = want_graph(m);
    assert_ops(g, "Reshape Conv Reshape Reshape");
    const struct graph_node *conv = node_at(g, 0, "Conv");
    assert_ints(conv, "kernel_shape", DIMS(1, 3));
    assert_ints(conv, "strides", DIMS(1, 2));
    assert_ints(conv, "pads", DIMS(0, 2, 0, 1));
    assert_shape(output_of(g, conv, 0), DIMS(1, 6, 1, 5));
    assert_shape(&g->value[g->output], DIMS(1, 30));
    graph_free(g);
}

static void group_normalization_is_layer_normalization_of_groups(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(21, DIMS(-1, 6, 2, 2));
    model_ramp(m, "s", DIMS(6));
    model_ramp(m, "b", DIMS(6));
    node_int(model_node(m, "GroupNormalization", "x s b", "y"), "num_groups", 3);
    struct graph *g = want_graph(m);
    assert_ops(g, "Reshape LayerNormalization Reshape Mul Add Reshape");
    assert_shape(output_of(g, &g->node[0], 0), DIMS(1, 3, 8));
    graph_free(g);
    m = model_of(21, DIMS(-1, 6, 2, 2));
    model_ramp(m, "s", DIMS(6));
    model_ramp(m, "b", DIMS(6));
    node_int(model_node(m, "GroupNormalization", "x s b", "y"), "num_groups", 4);
    want_error(m, "6 channels in 4 groups");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_is_a_chain_of_additions),
        cmocka_unit_test(reductions_are_a_sum_between_two_functions),
        cmocka_unit_test(a_tile_repeats_every_axis_but_the_batch),
        cmocka_unit_test(a_product_with_a_vector_is_one_with_a_matrix_of_one_column),
        cmocka_unit_test(a_transposed_convolution_is_a_convolution_of_what_is_spread_out),
        cmocka_unit_test(picks_by_a_matrix_of_indices_are_put_in_its_shape),
        cmocka_unit_test(a_convolution_of_one_dimension_has_a_height_of_one),
        cmocka_unit_test(group_normalization_is_layer_normalization_of_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
