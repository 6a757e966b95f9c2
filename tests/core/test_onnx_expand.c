#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_model.h"

/* Functions of the file's own, and branches. That the numbers are right is shown by tests/golden. */

static Onnx__NodeProto *body_node(Onnx__NodeProto ***list, size_t *count, const char *op, const char *domain,
                                  const char *inputs, const char *outputs)
{
    Onnx__NodeProto *n = malloc(sizeof *n);
    onnx__node_proto__init(n);
    n->op_type = strdup(op);
    n->domain = domain ? strdup(domain) : NULL;
    add_names(&n->input, &n->n_input, inputs);
    add_names(&n->output, &n->n_output, outputs);
    list_add(list, count, n);
    return n;
}

static Onnx__FunctionProto *function_new(Onnx__ModelProto *m, const char *name, const char *inputs,
                                         const char *outputs)
{
    Onnx__FunctionProto *f = malloc(sizeof *f);
    onnx__function_proto__init(f);
    f->name = strdup(name);
    f->domain = strdup("own");
    add_names(&f->input, &f->n_input, inputs);
    add_names(&f->output, &f->n_output, outputs);
    list_add(&m->functions, &m->n_functions, f);
    return f;
}

static Onnx__NodeProto *in_function(Onnx__FunctionProto *f, const char *op, const char *domain,
                                    const char *inputs, const char *outputs)
{
    return body_node(&f->node, &f->n_node, op, domain, inputs, outputs);
}

/* x [N,4] to y by function "F". */
static Onnx__ModelProto *calling_model(void)
{
    Onnx__ModelProto *m = model_new(18);
    model_input(m, "x", DIMS(-1, 4));
    Onnx__NodeProto *call = model_node(m, "F", "x", "y");
    call->domain = strdup("own");
    model_output(m, "y");
    return m;
}

static void refer(Onnx__NodeProto *n, const char *name, const char *to)
{
    attr_new(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT)->ref_attr_name = strdup(to);
}

static void a_function_becomes_its_nodes_under_names_of_their_own(void **state)
{
    (void)state;
    Onnx__ModelProto *m = calling_model();
    node_float(m->graph->node[0], "slope", 0.25f);
    Onnx__FunctionProto *f = function_new(m, "F", "a", "b");
    in_function(f, "Exp", NULL, "a", "x"); /* "x" is a tensor of the graph, too */
    refer(in_function(f, "LeakyRelu", NULL, "x", "b"), "alpha", "slope");
    struct graph *g = want_graph(m);
    assert_int_equal(g->nodes, 2);
    assert_string_equal(output_of(g, &g->node[0], 0)->name, "the_F/x");
    assert_string_equal(output_of(g, &g->node[1], 0)->name, "y");
    assert_true(graph_attr_float(&g->node[1], "alpha", 0) == 0.25f);
    graph_free(g);
}

static void an_attribute_that_the_call_lacks_has_its_default(void **state)
{
    (void)state;
    Onnx__ModelProto *m = calling_model();
    refer(in_function(function_new(m, "F", "a", "b"), "LeakyRelu", NULL, "a", "b"), "alpha", "slope");
    struct graph *g = want_graph(m);
    assert_true(fabsf(graph_attr_float(&g->node[0], "alpha", 0) - 0.01f) < 1e-9f);
    graph_free(g);
}

static void functions_without_end_are_refused(void **state)
{
    (void)state;
    Onnx__ModelProto *m = calling_model();
    in_function(function_new(m, "F", "a", "b"), "F", "own", "a", "b");
    want_error(m, "functions call each other without end");
    m = calling_model(); /* 4^20 nodes from a file of some 100 bytes */
    Onnx__FunctionProto *f = function_new(m, "F", "a", "b");
    in_function(f, "F", "own", "a", "c");
    in_function(f, "F", "own", "c", "d");
    in_function(f, "F", "own", "d", "e");
    in_function(f, "F", "own", "e", "b");
    want_error(m, "functions and branches");
}

static void a_function_of_another_opset_is_refused(void **state)
{
    (void)state;
    Onnx__ModelProto *m = calling_model();
    Onnx__FunctionProto *f = function_new(m, "F", "a", "b");
    in_function(f, "Exp", NULL, "a", "b");
    Onnx__OperatorSetIdProto *id = malloc(sizeof *id);
    onnx__operator_set_id_proto__init(id);
    id->has_version = 1;
    id->version = 12;
    list_add(&f->opset_import, &f->n_opset_import, id);
    want_error(m, "function 'F' is written in opset 12, the graph in 18");
}

static void a_name_twice_and_an_unknown_function_are_errors(void **state)
{
    (void)state;
    Onnx__ModelProto *m = calling_model();
    in_function(function_new(m, "F", "a", "a"), "Exp", NULL, "a", "b");
    want_error(m, "function 'F': 'a' is named twice");
    m = calling_model();
    in_function(function_new(m, "G", "a", "b"), "Exp", NULL, "a", "b");
    want_error(m, "operators of domain 'own' are not supported");
}

static Onnx__GraphProto *branch_new(Onnx__NodeProto *n, const char *name, const char *op, const char *input,
                                    const char *output)
{
    Onnx__GraphProto *g = malloc(sizeof *g);
    onnx__graph_proto__init(g);
    body_node(&g->node, &g->n_node, op, NULL, input, output);
    list_add(&g->output, &g->n_output, info_new(output));
    attr_new(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH)->g = g;
    return g;
}

static Onnx__ModelProto *branching_model(const char *condition)
{
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(-1, 4));
    const uint8_t truth = 1;
    Onnx__TensorProto *t = tensor_new("true", ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, NULL, 0);
    tensor_raw(t, &truth, 1);
    model_add(m, t);
    model_node(m, "Not", "true", "false");
    node_ints(model_node(m, "ReduceMax", "x", "most"), "axes", DIMS(1));
    Onnx__NodeProto *n = model_node(m, "If", condition, "y");
    branch_new(n, "then_branch", "Exp", "x", "z");
    branch_new(n, "else_branch", "Neg", "x", "z");
    model_output(m, "y");
    return m;
}

static void only_the_branch_that_is_taken_is_left(void **state)
{
    (void)state;
    struct graph *g = want_graph(branching_model("true"));
    assert_int_equal(g->nodes, 1);
    assert_string_equal(g->node[0].op, "Exp");
    assert_string_equal(output_of(g, &g->node[0], 0)->name, "the_If/then/z");
    graph_free(g);
    g = want_graph(branching_model("false"));
    assert_string_equal(g->node[0].op, "Neg");
    graph_free(g);
}

static void a_wrong_node_is_no_error_where_it_is_not_taken(void **state)
{
    (void)state;
    Onnx__ModelProto *m = branching_model("true");
    Onnx__GraphProto *other = m->graph->node[2]->attribute[1]->g;
    free(other->node[0]->op_type);
    other->node[0]->op_type = strdup("Quux");
    struct graph *g = want_graph(m);
    assert_string_equal(g->node[0].op, "Exp");
    graph_free(g);
}

static void a_condition_on_the_input_is_refused(void **state)
{
    (void)state;
    want_error(branching_model("most"), "is in a branch whose condition is not constant");
    Onnx__ModelProto *m = branching_model("true");
    Onnx__NodeProto *n = m->graph->node[2];
    free(n->input[0]);
    n->n_input = 0;
    want_error(m, "has no condition");
}

static void branches_of_other_outputs_are_refused(void **state)
{
    (void)state;
    Onnx__ModelProto *m = branching_model("true");
    Onnx__GraphProto *other = m->graph->node[2]->attribute[1]->g;
    list_add(&other->output, &other->n_output, info_new("x"));
    want_error(m, "a branch of 2 outputs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_becomes_its_nodes_under_names_of_their_own),
        cmocka_unit_test(an_attribute_that_the_call_lacks_has_its_default),
        cmocka_unit_test(functions_without_end_are_refused),
        cmocka_unit_test(a_function_of_another_opset_is_refused),
        cmocka_unit_test(a_name_twice_and_an_unknown_function_are_errors),
        cmocka_unit_test(only_the_branch_that_is_taken_is_left),
        cmocka_unit_test(a_wrong_node_is_no_error_where_it_is_not_taken),
        cmocka_unit_test(a_condition_on_the_input_is_refused),
        cmocka_unit_test(branches_of_other_outputs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
