#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/graph.h"
#include "core/onnx/edit.h"

#include <stdlib.h>
#include <string.h>

/* input "x" and constant "w" into an Add named "sum", whose third input is left out. */
static struct graph *small_graph(void)
{
    struct apex_error err;
    struct apex_shape one = {.rank = 1, .dim = {1}};
    struct graph *g = calloc(1, sizeof *g);
    struct graph_node n;
    assert_non_null(g);
    g->source = strdup("net.onnx");
    int x = graph_add_value(g, "x", &err);
    int w = graph_add_constant(g, "w", apex_tensor_new(APEX_F32, &one, &err), &err);
    int y = graph_add_value(g, "y", &err);
    assert_int_equal(graph_node_init(&n, "Add", "sum", "", x, y, &err), 0);
    free(n.input);
    n.input = malloc(3 * sizeof *n.input);
    memcpy(n.input, (int[]){x, w, -1}, 3 * sizeof *n.input);
    n.inputs = 3;
    assert_int_equal(graph_node_add_int(&n, "axis", -2, &err), 0);
    assert_int_equal(graph_node_add_float(&n, "alpha", 0.25f, &err), 0);
    assert_int_equal(graph_node_add_string(&n, "mode", "edge", &err), 0);
    assert_int_equal(graph_node_add_ints(&n, "pads", (int64_t[]){1, 2, 3}, 3, &err), 0);
    assert_int_equal(graph_push_node(g, &n, &err), 0);
    g->output = y;
    return g;
}

static void attributes_are_found_by_name_and_type(void **state)
{
    (void)state;
    struct graph *g = small_graph();
    const struct graph_node *n = &g->node[0];
    assert_int_equal(graph_attr_int(n, "axis", 9), -2);
    assert_true(graph_attr_float(n, "alpha", 9) == 0.25f);
    assert_string_equal(graph_attr_string(n, "mode", "none"), "edge");
    assert_int_equal(graph_attr(n, "pads")->count, 3);
    assert_int_equal(graph_attr(n, "pads")->ints[2], 3);
    assert_null(graph_attr(n, "absent"));
    assert_int_equal(graph_attr_int(n, "absent", 9), 9);
    assert_int_equal(graph_attr_int(n, "alpha", 9), 9);
    assert_string_equal(graph_attr_string(n, "axis", "none"), "none");
    graph_free(g);
}

static void an_input_that_is_left_out_or_beyond_the_list_is_null(void **state)
{
    (void)state;
    struct graph *g = small_graph();
    const struct graph_node *n = &g->node[0];
    assert_string_equal(graph_input(g, n, 0)->name, "x");
    assert_null(graph_constant(g, n, 0));
    assert_ptr_equal(graph_constant(g, n, 1), g->value[1].constant);
    assert_null(graph_input(g, n, 2));
    assert_null(graph_input(g, n, 3));
    assert_null(graph_input(g, n, -1));
    assert_null(graph_constant(g, n, 2));
    graph_free(g);
    graph_free(NULL);
}

static void a_failure_names_file_node_and_operator(void **state)
{
    (void)state;
    struct graph *g = small_graph();
    struct apex_error err;
    assert_int_equal(graph_fail(g, &g->node[0], &err, "axis %d is bad", 7), -1);
    assert_string_equal(err.text, "net.onnx: node 'sum' (Add): axis 7 is bad");
    graph_free(g);
}

static void a_failure_with_an_endless_name_keeps_its_cause(void **state)
{
    (void)state;
    struct graph *g = small_graph();
    struct apex_error err;
    free(g->node[0].name);
    g->node[0].name = malloc(5001);
    memset(g->node[0].name, 'n', 5000);
    g->node[0].name[5000] = '\0';
    graph_fail(g, &g->node[0], &err, "the cause");
    assert_non_null(strstr(err.text, "the cause"));
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_found_by_name_and_type),
        cmocka_unit_test(an_input_that_is_left_out_or_beyond_the_list_is_null),
        cmocka_unit_test(a_failure_names_file_node_and_operator),
        cmocka_unit_test(a_failure_with_an_endless_name_keeps_its_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
