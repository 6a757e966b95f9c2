#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_model.h"

/* A batch that leaves the first dimension and comes back (core/onnx/lift.h). That the numbers are right is
 * shown by tests/golden (attention, window_attention). */

static Onnx__ModelProto *model_of(const int64_t *dim, size_t rank)
{
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", dim, rank);
    model_node(m, "Flatten", "y", "scores");
    model_output(m, "scores");
    return m;
}

static void transpose(Onnx__ModelProto *m, const char *from, const char *to, const int64_t *perm, size_t rank)
{
    node_ints(model_node(m, "Transpose", from, to), "perm", perm, rank);
}

static void reshape(Onnx__ModelProto *m, const char *from, const char *to, const int64_t *dim, size_t rank)
{
    char name[32], inputs[64];
    snprintf(name, sizeof name, "shape_%s", to);
    snprintf(inputs, sizeof inputs, "%s %s", from, name);
    model_ints(m, name, dim, rank);
    model_node(m, "Reshape", inputs, to);
}

/* The normal form's promise: the batch is first everywhere. */
static void assert_batch_first(const struct graph *g)
{
    for (int i = 0; i < g->nodes; i++)
        for (int k = 0; k < g->node[i].outputs; k++)
            if (g->node[i].output[k] >= 0)
                assert_int_equal(g->value[g->node[i].output[k]].shape.dim[0], 1);
}

/* [N,3,8] -> [3,N,8] -> [3,N*2,4] -> [N*2,3,4], Softmax, and all the way back. */
static Onnx__ModelProto *heads(int64_t batch)
{
    int64_t n = batch > 0 ? batch : 1;
    Onnx__ModelProto *m = model_of(DIMS(batch, 3, 8));
    transpose(m, "x", "a", DIMS(1, 0, 2));
    reshape(m, "a", "b", DIMS(3, 2 * n, 4));
    transpose(m, "b", "c", DIMS(1, 0, 2));
    node_int(model_node(m, "Softmax", "c", "d"), "axis", -1);
    transpose(m, "d", "e", DIMS(1, 0, 2));
    reshape(m, "e", "f", DIMS(3 * n, 8));
    model_ramp(m, "w", DIMS(8, 5));
    model_ramp(m, "bias", DIMS(5));
    model_node(m, "Gemm", "f w bias", "g");
    reshape(m, "g", "h", DIMS(3, n, 5));
    transpose(m, "h", "y", DIMS(1, 0, 2));
    return m;
}

static void a_batch_that_is_merged_with_heads_and_comes_back_is_followed(void **state)
{
    (void)state;
    static const int64_t batches[] = {-1, 1, 2, 3, 5, 6};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        struct graph *g = want_graph(heads(batches[i]));
        assert_shape(&g->value[g->input], DIMS(1, 3, 8));
        assert_shape(&g->value[g->output], DIMS(1, 15));
        assert_batch_first(g);
        graph_free(g);
    }
}

static void axes_are_those_of_the_lifted_tensor(void **state)
{
    (void)state;
    struct graph *g = want_graph(heads(-1));
    for (int i = 0; i < g->nodes; i++)
        if (strcmp(g->node[i].op, "Softmax") == 0) {
            assert_int_equal(graph_attr_int(&g->node[i], "axis", -9), 3);
            assert_shape(output_of(g, &g->node[i], 0), DIMS(1, 2, 3, 4));
        }
    graph_free(g);
}

static void windows_become_samples_and_come_back(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= 4; n += 3) {
        Onnx__ModelProto *m = model_of(DIMS(n, 6, 4));
        reshape(m, "x", "a", DIMS(n * 2, 3, 4));
        model_node(m, "Relu", "a", "b");
        node_ints(model_node(m, "ReduceMean", "b", "c"), "axes", DIMS(1));
        reshape(m, "c", "y", DIMS(n, 2, 4));
        struct graph *g = want_graph(m);
        assert_shape(&g->value[g->output], DIMS(1, 8));
        assert_batch_first(g);
        graph_free(g);
    }
}

static void an_operator_along_the_moved_batch_is_refused(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(DIMS(-1, 3, 8));
    transpose(m, "x", "a", DIMS(1, 0, 2));
    node_ints(model_node(m, "ReduceMean", "a", "y"), "axes", DIMS(1));
    want_error(m, "node 'the_ReduceMean' (ReduceMean): mixes the samples of a batch");

    m = model_of(DIMS(-1, 3, 8));
    transpose(m, "x", "a", DIMS(1, 0, 2));
    node_int(model_node(m, "Softmax", "a", "y"), "axis", 1);
    want_error(m, "node 'the_Softmax' (Softmax): mixes the samples of a batch");

    m = model_of(DIMS(-1, 3, 3)); /* x xT over the batch: [3,N,3] by [3,3,N] */
    transpose(m, "x", "a", DIMS(1, 0, 2));
    transpose(m, "x", "b", DIMS(1, 2, 0));
    model_node(m, "MatMul", "b a", "y");
    want_error(m, "node 'the_MatMul' (MatMul): mixes the samples of a batch");
}

static void a_moved_batch_that_stays_away_is_refused(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(DIMS(-1, 3, 8));
    transpose(m, "x", "y", DIMS(1, 0, 2));
    want_error(m, "node 'the_Transpose' (Transpose): mixes the samples of a batch");
    m = model_of(DIMS(-1, 3, 8));
    reshape(m, "x", "y", DIMS(-1, 8));
    want_error(m, "node 'the_Reshape' (Reshape): mixes the samples of a batch");
}

static void an_operator_that_needs_the_batch_in_front_says_so(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_of(DIMS(-1, 3, 8, 8));
    transpose(m, "x", "a", DIMS(1, 0, 2, 3));
    model_node(m, "GlobalAveragePool", "a", "y");
    want_error(m, "not supported where the batch is not the first dimension");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_that_is_merged_with_heads_and_comes_back_is_followed),
        cmocka_unit_test(axes_are_those_of_the_lifted_tensor),
        cmocka_unit_test(windows_become_samples_and_come_back),
        cmocka_unit_test(an_operator_along_the_moved_batch_is_refused),
        cmocka_unit_test(a_moved_batch_that_stays_away_is_refused),
        cmocka_unit_test(an_operator_that_needs_the_batch_in_front_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
