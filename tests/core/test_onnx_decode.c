#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_model.h"

/* Files: what they may look like, what is refused, and how the refusal reads. */

/* x [N,3] -> Gemm (3 to 2) -> y, with weight "w" and bias "b". */
static Onnx__ModelProto *linear_model(void)
{
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(-1, 3));
    model_ramp(m, "w", DIMS(3, 2));
    model_ramp(m, "b", DIMS(2));
    model_node(m, "Gemm", "x w b", "y");
    model_output(m, "y");
    return m;
}

static void a_linear_model_comes_through(void **state)
{
    (void)state;
    struct graph *g = want_graph(linear_model());
    assert_int_equal(g->nodes, 1);
    assert_int_equal(g->values, 4);
    assert_string_equal(g->node[0].name, "the_Gemm");
    assert_string_equal(g->value[g->input].name, "x");
    assert_string_equal(g->value[g->output].name, "y");
    assert_shape(&g->value[g->input], DIMS(1, 3));
    assert_shape(&g->value[g->output], DIMS(1, 2));
    assert_int_equal(g->value[g->output].producer, 0);
    assert_int_equal(g->value[g->input].producer, -1);
    assert_floats(graph_constant(g, &g->node[0], 1), FLOATS(0.5, 1, 1.5, 2, 2.5, 3));
    graph_free(g);
}

static void a_node_without_a_name_gets_operator_and_index(void **state)
{
    (void)state;
    Onnx__ModelProto *m = linear_model();
    m->graph->node[0]->name[0] = '\0';
    struct graph *g = want_graph(m);
    assert_string_equal(g->node[0].name, "Gemm_0");
    graph_free(g);
}

static void initializers_that_are_also_inputs_are_constants(void **state)
{
    (void)state;
    Onnx__ModelProto *m = linear_model();
    model_input(m, "w", DIMS(3, 2));
    model_input(m, "b", DIMS(2));
    struct graph *g = want_graph(m);
    assert_string_equal(g->value[g->input].name, "x");
    assert_non_null(graph_constant(g, &g->node[0], 1));
    graph_free(g);
}

static void an_identity_of_a_weight_is_that_weight(void **state)
{
    (void)state;
    Onnx__ModelProto *m = linear_model();
    model_node(m, "Identity", "b", "b2");
    free(m->graph->node[0]->input[2]);
    m->graph->node[0]->input[2] = strdup("b2");
    struct graph *g = want_graph(m); /* the Identity even comes after its reader in the file */
    assert_int_equal(g->nodes, 1);
    assert_string_equal(graph_input(g, &g->node[0], 2)->name, "b");
    graph_free(g);
}

static void nodes_out_of_order_are_sorted_and_dead_ones_go(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(1, 3));
    model_node(m, "Tanh", "b", "c");
    model_node(m, "NoSuchOperator", "b", "dead");
    model_node(m, "Sigmoid", "a", "b");
    model_node(m, "Relu", "x", "a");
    model_output(m, "c");
    struct graph *g = want_graph(m);
    assert_int_equal(g->nodes, 3);
    assert_string_equal(g->node[0].op, "Relu");
    assert_string_equal(g->node[1].op, "Sigmoid");
    assert_string_equal(g->node[2].op, "Tanh");
    graph_free(g);
}

static void of_several_outputs_the_one_with_classes_is_taken(void **state)
{
    (void)state;
    Onnx__ModelProto *m = linear_model();
    model_node(m, "Relu", "x", "features");
    model_output(m, "other");
    free(m->graph->output[0]->name);
    m->graph->output[0]->name = strdup("features");
    free(m->graph->output[1]->name);
    m->graph->output[1]->name = strdup("y");
    Onnx__TypeProto__Tensor *t = model_input(m, "moved", DIMS(-1, 2)); /* its type goes to output y */
    (void)t;
    Onnx__ValueInfoProto *info = m->graph->input[--m->graph->n_input];
    m->graph->output[1]->type = info->type;
    info->type = NULL;
    onnx__value_info_proto__free_unpacked(info, NULL);
    struct graph *g = want_graph(m);
    assert_string_equal(g->value[g->output].name, "y");
    graph_free(g);
}

static void a_cycle_names_a_node_in_it(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(1, 3));
    model_node(m, "Add", "x b", "a");
    model_node(m, "Relu", "a", "b");
    model_output(m, "b");
    want_error(m, "depends on its own output");
}

static void undefined_and_doubled_names_are_named(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(1, 3));
    model_node(m, "Add", "x ghost", "a");
    model_output(m, "a");
    want_error(m, "node 'the_Add' (Add): input 'ghost' is not defined anywhere");

    m = linear_model();
    model_node(m, "Relu", "x", "y");
    want_error(m, "node 'the_Relu' (Relu): output 'y': this tensor name is defined twice");

    m = linear_model();
    model_ramp(m, "w", DIMS(1));
    want_error(m, "initializer 'w': this tensor name is defined twice");

    m = linear_model();
    model_node(m, "Relu", "x", "w");
    want_error(m, "output 'w'");
}

static void what_is_no_model_is_refused(void **state)
{
    (void)state;
    struct apex_error err = {{0}};
    assert_null(onnx_import("", 0, "test.onnx", NULL, NULL, &err));
    assert_string_equal(err.text, "test.onnx: the file is empty");
    assert_null(onnx_import("\x89PNG\r\n\x1a\n123", 11, "test.onnx", NULL, NULL, &err));
    assert_non_null(strstr(err.text, "not an ONNX file"));

    Onnx__ModelProto *m = model_new(13);
    want_error(m, "the graph is empty");
    m = linear_model();
    m->graph->n_output = 0;
    onnx__value_info_proto__free_unpacked(m->graph->output[0], NULL);
    want_error(m, "the graph has no output");
    m = linear_model();
    model_input(m, "x2", DIMS(1, 3));
    want_error(m, "several inputs ('x' and 'x2')");
}

static void unknown_operators_domains_and_versions_are_named(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(1, 3));
    model_node(m, "Quux", "x", "y");
    model_output(m, "y");
    want_error(m, "node 'the_Quux' (Quux): this operator is not supported (opset 13)");

    m = model_new(13);
    model_input(m, "x", DIMS(1, 3));
    model_node(m, "Gelu", "x", "y")->domain = strdup("com.microsoft");
    model_output(m, "y");
    want_error(m, "domain 'com.microsoft'");

    m = model_new(13);
    model_input(m, "x", DIMS(1, 3));
    model_node(m, "HardSwish", "x", "y");
    model_output(m, "y");
    want_error(m, "supported from opset 14 to 23; the model has opset 13");

    m = linear_model();
    m->opset_import[0]->version = 99;
    want_error(m, "the model has opset 99");
    m = linear_model();
    m->opset_import[0]->domain = strdup("ai.onnx.ml");
    want_error(m, "opset_import");
}

static void an_input_of_unknown_size_or_type_is_refused(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(-1, 3, -1, 8));
    model_node(m, "Relu", "x", "y");
    model_output(m, "y");
    want_error(m, "input 'x': dimension 2 is not fixed");

    m = model_new(13);
    model_input(m, "x", DIMS(0, 3))->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__UINT8;
    model_node(m, "Relu", "x", "y");
    model_output(m, "y");
    want_error(m, "input 'x' has element type uint8; want float");

    m = model_new(13);
    model_input(m, "x", DIMS(1, INT64_C(1) << 40, INT64_C(1) << 40));
    model_node(m, "Relu", "x", "y");
    model_output(m, "y");
    want_error(m, "impossible shape");
}

static void a_weight_that_is_no_number_is_named(void **state)
{
    (void)state;
    Onnx__ModelProto *m = linear_model();
    float bad = NAN;
    memcpy(m->graph->initializer[0]->raw_data.data + 8, &bad, sizeof bad);
    want_error(m, "constant 'w' (input 1) has element 2 = nan");
    m = linear_model();
    bad = INFINITY;
    memcpy(m->graph->initializer[1]->raw_data.data, &bad, sizeof bad);
    want_error(m, "constant 'b' (input 2) has element 0 = inf");
}

static void the_output_must_be_class_scores(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(-1, 3, 4, 4));
    model_node(m, "Relu", "x", "y");
    model_output(m, "y");
    want_error(m, "output 'y' has shape [1,3,4,4]; want class scores");

    m = model_new(13);
    model_input(m, "x", DIMS(-1, 3, 4, 4));
    model_node(m, "GlobalAveragePool", "x", "y");
    model_output(m, "y");
    struct graph *g = want_graph(m);
    assert_shape(&g->value[g->output], DIMS(1, 3, 1, 1));
    graph_free(g);

    m = model_new(13);
    model_input(m, "x", DIMS(-1, 3));
    model_node(m, "Shape", "x", "y");
    model_output(m, "y");
    want_error(m, "does not depend on the network's input");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_linear_model_comes_through),
        cmocka_unit_test(a_node_without_a_name_gets_operator_and_index),
        cmocka_unit_test(initializers_that_are_also_inputs_are_constants),
        cmocka_unit_test(an_identity_of_a_weight_is_that_weight),
        cmocka_unit_test(nodes_out_of_order_are_sorted_and_dead_ones_go),
        cmocka_unit_test(of_several_outputs_the_one_with_classes_is_taken),
        cmocka_unit_test(a_cycle_names_a_node_in_it),
        cmocka_unit_test(undefined_and_doubled_names_are_named),
        cmocka_unit_test(what_is_no_model_is_refused),
        cmocka_unit_test(unknown_operators_domains_and_versions_are_named),
        cmocka_unit_test(an_input_of_unknown_size_or_type_is_refused),
        cmocka_unit_test(a_weight_that_is_no_number_is_named),
        cmocka_unit_test(the_output_must_be_class_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
