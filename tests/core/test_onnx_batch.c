#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_model.h"

/* Data movement, reductions and the batch. */

/* x of this shape; what makes "y" is up to the test, and is flattened to scores after it. */
static Onnx__ModelProto *model_of(int opset, const int64_t *dim, size_t rank)
{
    Onnx__ModelProto *m = model_new(opset);
    model_input(m, "x", dim, rank);
    model_node(m, "Flatten", "y", "scores");
    model_output(m, "scores");
    return m;
}

static void a_slice_is_resolved_on_every_axis(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 3, 8, 9));
    model_ints(m, "starts", DIMS(-1, 1, 0));
    model_ints(m, "ends", DIMS(INT64_MIN + 1, INT64_MAX, INT64_MAX));
    model_ints(m, "axes", DIMS(2, -1, 0));
    model_ints(m, "steps", DIMS(-3, 2, 1));
    model_node(m, "Slice", "x starts ends axes steps", "y");
    struct graph *g = want_graph(m);
    const struct graph_node *n = node_at(g, 0, "Slice");
    assert_int_equal(n->inputs, 1);
    assert_ints(n, "starts", DIMS(0, 0, 7, 1));
    assert_ints(n, "ends", DIMS(1, 3, -1, 9));
    assert_ints(n, "axes", DIMS(0, 1, 2, 3));
    assert_ints(n, "steps", DIMS(1, 1, -3, 2));
    assert_shape(output_of(g, n, 0), DIMS(1, 3, 3, 4));
    graph_free(g);

    m = model_of(9, DIMS(-1, 5));
    Onnx__NodeProto *old = model_node(m, "Slice", "x", "y");
    node_ints(old, "axes", DIMS(1));
    node_ints(old, "starts", DIMS(-100));
    node_ints(old, "ends", DIMS(-1));
    g = want_graph(m);
    assert_ints(&g->node[0], "starts", DIMS(0, 0));
    assert_ints(&g->node[0], "ends", DIMS(1, 4));
    graph_free(g);
}

static void a_reshape_understands_zero_and_minus_one(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 4, 3, 2));
    model_ints(m, "shape", DIMS(0, -1, 0));
    model_node(m, "Reshape", "x shape", "y");
    struct graph *g = want_graph(m);
    assert_shape(output_of(g, &g->node[0], 0), DIMS(1, 8, 3));
    assert_int_equal(g->node[0].attrs, 0);
    graph_free(g);

    m = model_of(14, DIMS(-1, 4));
    model_ints(m, "shape", DIMS(1, 0, 4));
    node_int(model_node(m, "Reshape", "x shape", "y"), "allowzero", 1);
    want_error(m, "input of shape [1,4] does not reshape to [1,0,4]");
    m = model_of(14, DIMS(-1, 4));
    model_ints(m, "shape", DIMS(1, -1, -1));
    model_node(m, "Reshape", "x shape", "y");
    want_error(m, "entry 2 of the target shape is -1");
    m = model_of(14, DIMS(-1, 4));
    model_ints(m, "shape", DIMS(1, -1, 3));
    model_node(m, "Reshape", "x shape", "y");
    want_error(m, "4 elements do not fill");
}

/* Reshape by Shape, Gather, Unsqueeze, Concat, as exporters write view(n, -1). */
static void a_shape_chain_folds_away(void **state)
{
    (void)state;
    int64_t zero = 0;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 4, 3));
    model_add(m, tensor_ints("zero", NULL, 0, &zero, 1));
    model_ints(m, "first", DIMS(0));
    model_ints(m, "rest", DIMS(-1));
    model_node(m, "Shape", "x", "shape");
    model_node(m, "Gather", "shape zero", "n");
    model_node(m, "Unsqueeze", "n first", "n1");
    node_int(model_node(m, "Concat", "n1 rest", "target"), "axis", 0);
    model_node(m, "Relu", "x", "r");
    model_node(m, "Reshape", "r target", "y");
    struct graph *g = want_graph(m);
    assert_int_equal(g->nodes, 2); /* Relu and one Reshape: the Flatten after it does nothing */
    assert_shape(output_of(g, node_at(g, 0, "Reshape"), 0), DIMS(1, 12));
    assert_int_equal(g->values, 3);
    graph_free(g);
}

static void a_fixed_batch_becomes_one(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(6, 4, 3));
    model_ints(m, "shape", DIMS(6, 3, 4));
    model_ints(m, "wider", DIMS(6, 2, 3, 4));
    model_ints(m, "one", DIMS(1));
    model_node(m, "Reshape", "x shape", "a");
    model_node(m, "Unsqueeze", "a one", "b");
    model_node(m, "Expand", "b wider", "y");
    struct graph *g = want_graph(m);
    assert_shape(&g->value[g->input], DIMS(1, 4, 3));
    assert_shape(output_of(g, node_at(g, 0, "Reshape"), 0), DIMS(1, 3, 4));
    assert_shape(output_of(g, node_at(g, 0, "Expand"), 0), DIMS(1, 2, 3, 4));
    graph_free(g);

    m = model_of(13, DIMS(6, 4, 3));
    model_ints(m, "shape", DIMS(1, -1));
    model_node(m, "Reshape", "x shape", "y");
    want_error(m, "node 'the_Reshape' (Reshape): mixes the samples of a batch");
    m = model_of(13, DIMS(6, 4, 3));
    model_ints(m, "shape", DIMS(3, -1));
    model_node(m, "Reshape", "x shape", "y");
    want_error(m, "mixes the samples of a batch");
}

static void a_constant_repeated_over_a_fixed_batch_loses_it(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(2, 3));
    model_add(m, tensor_floats("token", DIMS(2, 1), FLOATS(7, 7)));
    node_int(model_node(m, "Concat", "token x", "y"), "axis", 1);
    struct graph *g = want_graph(m);
    assert_shape(&g->value[g->output], DIMS(1, 4));
    assert_floats(graph_constant(g, &g->node[0], 0), FLOATS(7));
    graph_free(g);

    m = model_of(13, DIMS(2, 3)); /* differs between samples */
    model_add(m, tensor_floats("token", DIMS(2, 1), FLOATS(7, 8)));
    node_int(model_node(m, "Concat", "token x", "y"), "axis", 1);
    want_error(m, "do not concatenate");
}

static void operators_that_mix_samples_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *op, *inputs, *attr;
        int64_t value;
    } cases[] = {{"Concat", "x x", "axis", 0},
                 {"Softmax", "x", "axis", 0},
                 {"Flatten", "x", "axis", 0},
                 {"Gather", "x first", "axis", 0},
                 {"Split", "x", "axis", 0},
                 {"ReduceSum", "x first", "keepdims", 1},
                 {"ReduceMean", "x", "keepdims", 1},
                 {"Transpose", "x", NULL, 0},
                 {"Squeeze", "x first", NULL, 0},
                 {"Unsqueeze", "x first", NULL, 0},
                 {"Add", "x wide", NULL, 0},
                 {"MatMul", "row x", NULL, 0},
                 {"LayerNormalization", "x v", "axis", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Onnx__ModelProto *m = model_of(17, DIMS(-1, 3));
        model_ints(m, "first", DIMS(0));
        model_ramp(m, "wide", DIMS(2, 1, 3));
        model_ramp(m, "row", DIMS(4, 1));
        model_ramp(m, "v", DIMS(3));
        Onnx__NodeProto *n = model_node(m, cases[i].op, cases[i].inputs, "y");
        if (cases[i].attr)
            node_int(n, cases[i].attr, cases[i].value);
        char part[64];
        snprintf(part, sizeof part, "node 'the_%s' (%s): ", cases[i].op, cases[i].op);
        want_error(m, part);
    }
}

static void pads_come_from_attributes_or_inputs(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(10, DIMS(-1, 2, 4));
    Onnx__NodeProto *old = model_node(m, "Pad", "x", "y");
    node_ints(old, "pads", DIMS(0, 1, 0, 0, 0, 2));
    node_float(old, "value", 3);
    struct graph *g = want_graph(m);
    assert_ints(&g->node[0], "pads", DIMS(0, 1, 0, 0, 0, 2));
    assert_true(graph_attr_float(&g->node[0], "value", 0) == 3);
    assert_shape(output_of(g, &g->node[0], 0), DIMS(1, 3, 6));
    graph_free(g);

    m = model_of(18, DIMS(-1, 2, 4));
    model_ints(m, "pads", DIMS(1, -2));
    model_ints(m, "axes", DIMS(-1));
    node_string(model_node(m, "Pad", "x pads - axes", "y"), "mode", "constant");
    g = want_graph(m);
    assert_ints(node_at(g, 0, "Slice"), "ends", DIMS(1, 2, 2)); /* what is cut goes first */
    assert_ints(node_at(g, 0, "Pad"), "pads", DIMS(0, 0, 1, 0, 0, 0));
    assert_shape(output_of(g, node_at(g, 0, "Pad"), 0), DIMS(1, 2, 3));
    graph_free(g);

    m = model_of(13, DIMS(-1, 2, 4));
    model_ints(m, "pads", DIMS(0, 0, 4, 0, 0, 0));
    node_string(model_node(m, "Pad", "x pads", "y"), "mode", "reflect");
    want_error(m, "a pad of 4 in mode 'reflect' on 4 entries");
    m = model_of(13, DIMS(-1, 2, 4));
    model_ints(m, "pads", DIMS(1, 0, 0, 0, 0, 0));
    model_node(m, "Pad", "x pads", "y");
    want_error(m, "pads the batch");
}

static void splits_gathers_and_reductions_are_resolved(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(18, DIMS(-1, 5, 4));
    int64_t last = -1;
    model_add(m, tensor_ints("last", NULL, 0, &last, 1));
    model_ints(m, "axes", DIMS(-1));
    Onnx__NodeProto *split = model_node(m, "Split", "x", "- b");
    node_int(split, "axis", -2);
    node_int(split, "num_outputs", 2);
    node_int(model_node(m, "Gather", "b last", "c"), "axis", 1);
    model_node(m, "Relu", "c", "y");
    struct graph *g = want_graph(m);
    const struct graph_node *n = node_at(g, 0, "Split");
    assert_int_equal(graph_attr_int(n, "axis", 9), 1);
    assert_ints(n, "split", DIMS(3, 2));
    assert_int_equal(n->output[0], -1);
    assert_shape(output_of(g, n, 1), DIMS(1, 2, 4));
    n = node_at(g, 0, "Gather");
    assert_ints(n, "indices", DIMS(1));
    assert_int_equal(graph_attr_int(n, "scalar", 9), 1);
    assert_shape(output_of(g, n, 0), DIMS(1, 4));
    graph_free(g);

    m = model_of(18, DIMS(-1, 5, 4));
    model_ints(m, "axes", DIMS(-1, 1));
    node_int(model_node(m, "ReduceMean", "x axes", "r"), "keepdims", 0);
    model_node(m, "Unsqueeze", "r axes1", "y");
    model_ints(m, "axes1", DIMS(1));
    g = want_graph(m);
    n = node_at(g, 0, "ReduceMean");
    assert_ints(n, "axes", DIMS(1, 2));
    assert_int_equal(graph_attr_int(n, "keepdims", 9), 0);
    assert_shape(output_of(g, n, 0), DIMS(1));
    graph_free(g);
}

static void broadcasts_need_shapes_that_fit(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(13, DIMS(-1, 3));
    model_ramp(m, "c", DIMS(4));
    model_node(m, "Mul", "x c", "y");
    want_error(m, "node 'the_Mul' (Mul): shapes [1,3] and [4] do not broadcast");
    m = model_of(13, DIMS(-1, 3));
    model_ints(m, "two", DIMS(2));
    model_node(m, "Pow", "x two", "y");
    struct graph *g = want_graph(m);
    assert_floats(graph_constant(g, &g->node[0], 1), FLOATS(2));
    graph_free(g);
    m = model_of(13, DIMS(-1, 3));
    model_ints(m, "two", DIMS(2));
    model_node(m, "Add", "x two", "y");
    want_error(m, "input 1 is a constant of integers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slice_is_resolved_on_every_axis),
        cmocka_unit_test(a_reshape_understands_zero_and_minus_one),
        cmocka_unit_test(a_shape_chain_folds_away),
        cmocka_unit_test(a_fixed_batch_becomes_one),
        cmocka_unit_test(a_constant_repeated_over_a_fixed_batch_loses_it),
        cmocka_unit_test(operators_that_mix_samples_are_named),
        cmocka_unit_test(pads_come_from_attributes_or_inputs),
        cmocka_unit_test(splits_gathers_and_reductions_are_resolved),
        cmocka_unit_test(broadcasts_need_shapes_that_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
