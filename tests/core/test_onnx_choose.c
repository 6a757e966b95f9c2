#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_model.h"

/* Einsum, Resize, masks, comparisons, quantisation, the end in a class: their form and what is refused. The
 * numbers are in tests/golden and the conformance cases. */

static Onnx__ModelProto *model_of(int opset, const int64_t *dim, size_t rank)
{
    Onnx__ModelProto *m = model_new(opset);
    model_input(m, "x", dim, rank);
    model_node(m, "Flatten", "y", "scores");
    model_output(m, "scores");
    return m;
}

static Onnx__ModelProto *einsum(const char *equation, const char *inputs)
{
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 6, 4));
    model_ramp(m, "w", DIMS(4, 3));
    model_ramp(m, "heads", DIMS(4, 2, 5));
    node_string(model_node(m, "Einsum", inputs, "y"), "equation", equation);
    return m;
}

static void a_product_with_a_matrix_is_a_dense_layer(void **state)
{
    (void)state;
    struct graph *g = want_graph(einsum("bld,dk->blk", "x w"));
    const struct graph_node *n = node_at(g, 0, "MatMul");
    assert_int_equal(graph_constant(g, n, 1)->shape.rank, 2);
    assert_shape(output_of(g, n, 0), DIMS(1, 6, 3));
    graph_free(g);
    g = want_graph(einsum("dk , bld", "w x")); /* the weights first, the output implied: b, k, l */
    assert_shape(&g->value[g->output], DIMS(1, 18));
    graph_free(g);
    g = want_graph(einsum("b...d,dhe->bh...e", "x heads"));
    assert_shape(&g->value[g->output], DIMS(1, 60));
    graph_free(g);
}

static void an_einsum_that_mixes_samples_or_is_no_product_is_refused(void **state)
{
    (void)state;
    want_error(einsum("bld,dk->lk", "x w"), "mixes the samples of a batch");
    want_error(einsum("bld,dkk->bl", "x heads"), "equation 'bld,dkk->bl' is not supported here");
    want_error(einsum("bld,lk->bdk", "x w"), "dimensions of 6 and 4 under one letter");
    want_error(einsum("bld,dk->blq", "x w"), "is not supported here");
    want_error(einsum("bl,dk->blk", "x w"), "is not supported here");
    want_error(einsum("...,...,->", "x w"), "is not supported here");
}

static Onnx__ModelProto *resized(float height, const char *mode, const char *coordinates)
{
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 2, 4, 5));
    model_add(m, tensor_floats("scales", DIMS(4), FLOATS(1, 1, height, 1)));
    Onnx__NodeProto *n = model_node(m, "Resize", "x - scales", "y");
    node_string(n, "mode", mode);
    node_string(n, "coordinate_transformation_mode", coordinates);
    return m;
}

static void a_resize_gathers_the_places_of_each_axis(void **state)
{
    (void)state;
    struct graph *g = want_graph(resized(2, "nearest", "asymmetric"));
    assert_ops(g, "Gather Reshape");
    assert_ints(&g->node[0], "indices", DIMS(0, 0, 1, 1, 2, 2, 3, 3)); /* halves go down */
    graph_free(g);
    g = want_graph(resized(2, "linear", "align_corners"));
    assert_ops(g, "Gather Mul Gather Mul Add Reshape");
    graph_free(g);
}

static void a_resize_to_nothing_or_of_the_batch_is_refused(void **state)
{
    (void)state;
    want_error(resized(0.1f, "nearest", "asymmetric"), "axis 2 of 4 entries becomes 0");
    want_error(resized(NAN, "nearest", "asymmetric"), "axis 2 of 4 entries becomes");
    want_error(resized(1e30f, "nearest", "asymmetric"), "axis 2 of 4 entries becomes");
    want_error(resized(2, "linear", "tf_crop_and_resize"), "is not supported");
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 2, 4, 5));
    model_add(m, tensor_floats("scales", DIMS(4), FLOATS(2, 1, 1, 1)));
    model_node(m, "Resize", "x - scales", "y");
    want_error(m, "mixes the samples of a batch");
}

static void comparisons_of_the_input_are_choices_by_it(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 3, 4));
    model_scalar(m, "half", 0.5f);
    model_node(m, "Greater", "x half", "above");
    model_node(m, "IsNaN", "x", "nothing");
    model_node(m, "Xor", "above nothing", "either");
    model_node(m, "Where", "either x half", "y");
    struct graph *g = want_graph(m);
    assert_ops(g, "Less IsNaN Equal Not Where Reshape");
    assert_int_equal(g->node[0].input[1], g->input); /* x > 0.5 is 0.5 < x */
    graph_free(g);
}

static void a_mask_of_bools_and_minus_infinity_may_be_constant(void **state)
{
    (void)state;
    const uint8_t bools[] = {1, 0, 1, 1};
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 3, 4));
    Onnx__TensorProto *t = tensor_new("mask", ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, DIMS(4));
    tensor_raw(t, bools, sizeof bools);
    model_add(m, t);
    model_scalar(m, "none", -INFINITY);
    model_node(m, "Where", "mask none x", "y");
    struct graph *g = want_graph(m);
    assert_floats(graph_constant(g, node_at(g, 0, "Where"), 0), FLOATS(1, 0, 1, 1));
    graph_free(g);
    m = model_of(13, DIMS(-1, 3, 4));
    model_scalar(m, "none", -INFINITY);
    model_node(m, "Mul", "x none", "y");
    want_error(m, "has element 0 = -inf");
}

static void a_triangle_of_the_input_is_a_choice_and_needs_a_batch(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(14, DIMS(-1, 2, 3));
    node_int(model_node(m, "Trilu", "x", "y"), "upper", 0);
    struct graph *g = want_graph(m);
    assert_ops(g, "Where Reshape");
    assert_floats(graph_constant(g, &g->node[0], 0), FLOATS(1, 0, 0, 1, 1, 0));
    graph_free(g);
    m = model_of(14, DIMS(-1, 3));
    model_node(m, "Trilu", "x", "y");
    want_error(m, "mixes the samples of a batch");
}

static void the_scores_of_a_network_that_ends_in_its_class_are_what_it_chooses_from(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(-1, 4));
    model_node(m, "Exp", "x", "scores");
    Onnx__NodeProto *n = model_node(m, "ArgMax", "scores", "class");
    node_int(n, "axis", 1);
    node_int(n, "keepdims", 0);
    model_output(m, "class");
    struct graph *g = want_graph(m);
    assert_ops(g, "Exp");
    assert_string_equal(g->value[g->output].name, "scores");
    graph_free(g);
    m = model_of(13, DIMS(-1, 4));
    node_int(model_node(m, "ArgMax", "x", "y"), "axis", 1);
    want_error(m, "is supported only over the classes, where the network ends in it");
    m = model_of(13, DIMS(-1, 4));
    node_int(model_node(m, "ArgMin", "x", "y"), "axis", 1);
    want_error(m, "is supported only over the classes");
}

static Onnx__ModelProto *quantised(int zero_type, const void *zero, size_t size)
{
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 4));
    model_scalar(m, "scale", 0.5f);
    Onnx__TensorProto *t = tensor_new("zero", zero_type, NULL, 0);
    tensor_raw(t, zero, size);
    model_add(m, t);
    model_node(m, "QuantizeLinear", "x scale zero", "q");
    model_node(m, "DequantizeLinear", "q scale zero", "y");
    return m;
}

static void quantised_numbers_stay_in_the_range_of_their_type(void **state)
{
    (void)state;
    const uint8_t u8 = 200;
    const int16_t i16 = -3;
    const float real = 0;
    struct graph *g = want_graph(quantised(ONNX__TENSOR_PROTO__DATA_TYPE__UINT8, &u8, 1));
    assert_ops(g, "Div Round Add Min Neg Min Neg Sub Mul");
    assert_floats(graph_constant(g, node_at(g, 0, "Min"), 1), FLOATS(255));
    assert_floats(graph_constant(g, node_at(g, 1, "Min"), 1), FLOATS(0));
    assert_floats(graph_constant(g, node_at(g, 0, "Sub"), 1), FLOATS(200));
    graph_free(g);
    g = want_graph(quantised(ONNX__TENSOR_PROTO__DATA_TYPE__INT16, &i16, 2));
    assert_floats(graph_constant(g, node_at(g, 0, "Min"), 1), FLOATS(32767));
    assert_floats(graph_constant(g, node_at(g, 1, "Min"), 1), FLOATS(32768));
    graph_free(g);
    want_error(quantised(ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, &real, 4), "quantises to a type");
}

static void volumes_are_images_and_their_weights_must_fit(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 2, 5, 6, 7));
    model_ramp(m, "w", DIMS(4, 2, 3, 2, 2));
    node_ints(model_node(m, "Conv", "x w", "y"), "strides", DIMS(2, 1, 3));
    struct graph *g = want_graph(m);
    assert_shape(&g->value[g->node[g->nodes - 1].input[0]], DIMS(1, 4, 2, 5, 2));
    graph_free(g);
    m = model_of(13, DIMS(-1, 2, 5, 6, 7));
    model_ramp(m, "w", DIMS(4, 2, 6, 2, 2));
    model_node(m, "Conv", "x w", "y");
    want_error(m, "kernel of 6 on a padded input of 5");
    m = model_of(13, DIMS(-1, 2, 5, 6, 7));
    model_ramp(m, "w", DIMS(4, 3, 3, 2, 2));
    model_node(m, "Conv", "x w", "y");
    want_error(m, "weights of shape [4,9,2,2] do not fit");
}

static void a_few_bytes_do_not_make_a_large_constant(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 4));
    model_ints(m, "dims", DIMS(4096, 4096));
    model_scalar(m, "one", 1);
    model_node(m, "Expand", "one dims", "e");
    node_ints(model_node(m, "ReduceSum", "e", "s"), "axes", DIMS(0, 1));
    model_node(m, "Add", "x s", "y");
    want_error(m, "constants made while folding are over");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_product_with_a_matrix_is_a_dense_layer),
        cmocka_unit_test(an_einsum_that_mixes_samples_or_is_no_product_is_refused),
        cmocka_unit_test(a_resize_gathers_the_places_of_each_axis),
        cmocka_unit_test(a_resize_to_nothing_or_of_the_batch_is_refused),
        cmocka_unit_test(comparisons_of_the_input_are_choices_by_it),
        cmocka_unit_test(a_mask_of_bools_and_minus_infinity_may_be_constant),
        cmocka_unit_test(a_triangle_of_the_input_is_a_choice_and_needs_a_batch),
        cmocka_unit_test(the_scores_of_a_network_that_ends_in_its_class_are_what_it_chooses_from),
        cmocka_unit_test(quantised_numbers_stay_in_the_range_of_their_type),
        cmocka_unit_test(volumes_are_images_and_their_weights_must_fit),
        cmocka_unit_test(a_few_bytes_do_not_make_a_large_constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
