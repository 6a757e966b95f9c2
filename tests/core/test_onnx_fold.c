#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_model.h"

/* Constant subgraphs: each model adds a folded constant to its input, and the constant is looked at. */

static Onnx__ModelProto *folding_model(void)
{
    Onnx__ModelProto *m = model_new(15);
    model_input(m, "x", DIMS(-1, 2, 3));
    return m;
}

/* The constant "c" is cast to float, flattened by "size" elements into [1, count, 1] and added. */
static void want_constant(Onnx__ModelProto *m, const float *v, size_t count)
{
    model_ints(m, "flat", DIMS(-1));
    node_int(model_node(m, "Cast", "c", "c_float"), "to", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    model_node(m, "Reshape", "c_float flat", "c_flat");
    model_ints(m, "spread", DIMS(1, 1, -1));
    model_node(m, "Reshape", "c_flat spread", "c_3d");
    node_int(model_node(m, "Concat", "x3 c_3d", "joined"), "axis", 2);
    model_ints(m, "x3_shape", DIMS(1, 1, 6));
    model_node(m, "Reshape", "x x3_shape", "x3");
    model_node(m, "Flatten", "joined", "y");
    model_output(m, "y");
    struct graph *g = want_graph(m);
    assert_int_equal(g->nodes, 3); /* Reshape, Concat, Reshape: all else was constant */
    assert_floats(graph_constant(g, node_at(g, 0, "Concat"), 1), v, count);
    graph_free(g);
}

/* The pads of a parameter-free residual shortcut: ConstantOfShape, Concat, Reshape [-1,2], Slice backwards to
 * INT64_MIN + 1, Transpose, Reshape, Cast. */
static void pads_written_backwards_fold(void **state)
{
    (void)state;
    Onnx__ModelProto *m = folding_model();
    model_ints(m, "given", DIMS(0, 1, 2, 3));
    model_ints(m, "missing", DIMS(2));
    model_ints(m, "pairs", DIMS(-1, 2));
    model_ints(m, "start", DIMS(-1));
    model_ints(m, "end", DIMS(INT64_MIN + 1));
    model_ints(m, "axis", DIMS(0));
    int64_t zero = 0;
    node_tensor(model_node(m, "ConstantOfShape", "missing", "zeros"), "value",
                tensor_ints(NULL, DIMS(1), &zero, 1));
    node_int(model_node(m, "Concat", "given zeros", "all"), "axis", 0);
    model_node(m, "Reshape", "all pairs", "table");
    model_node(m, "Slice", "table start end axis start", "backwards");
    node_ints(model_node(m, "Transpose", "backwards", "turned"), "perm", DIMS(1, 0));
    node_int(model_node(m, "Cast", "turned", "c"), "to", ONNX__TENSOR_PROTO__DATA_TYPE__INT64);
    want_constant(m, FLOATS(0, 2, 0, 0, 3, 1));
}

static void shapes_and_sizes_are_known(void **state)
{
    (void)state;
    Onnx__ModelProto *m = folding_model();
    node_int(model_node(m, "Shape", "x", "s"), "start", -2);
    model_node(m, "Size", "x", "n");
    model_ints(m, "zero", DIMS(0));
    model_node(m, "Unsqueeze", "n zero", "n1");
    node_int(model_node(m, "Concat", "s n1", "c"), "axis", 0);
    want_constant(m, FLOATS(2, 3, 6));
}

static void integer_arithmetic_is_exact_and_broadcast(void **state)
{
    (void)state;
    Onnx__ModelProto *m = folding_model();
    model_ints(m, "a", DIMS(7, -7, 9));
    model_ints(m, "two", DIMS(2));
    model_ints(m, "big", DIMS(9007199254740993));
    model_ints(m, "near", DIMS(9007199254740992));
    model_node(m, "Div", "a two", "d"); /* 3 -3 4 */
    model_node(m, "Mod", "a two", "r"); /* 1 1 1: the divisor's sign */
    model_node(m, "Mul", "d two", "t"); /* 6 -6 8 */
    model_node(m, "Sub", "t r", "u");   /* 5 -7 7 */
    model_node(m, "Min", "u d a", "v"); /* 3 -7 4 */
    model_node(m, "Equal", "big near", "e");
    node_int(model_node(m, "Cast", "e", "e1"), "to", ONNX__TENSOR_PROTO__DATA_TYPE__INT64);
    node_int(model_node(m, "Concat", "v e1", "c"), "axis", 0);
    want_constant(m, FLOATS(3, -7, 4, 0));
}

static void a_division_by_zero_is_an_error(void **state)
{
    (void)state;
    Onnx__ModelProto *m = folding_model();
    model_ints(m, "a", DIMS(1));
    model_ints(m, "z", DIMS(0));
    model_node(m, "Div", "a z", "c");
    model_node(m, "Reshape", "x c", "y");
    model_output(m, "y");
    want_error(m, "node 'the_Div' (Div): division of integers by zero");
}

static void logic_and_choice_fold(void **state)
{
    (void)state;
    Onnx__ModelProto *m = folding_model();
    model_ints(m, "a", DIMS(1, 2, 3, 4));
    model_ints(m, "b", DIMS(4, 2, 1, 5));
    model_node(m, "Less", "a b", "less");            /* 1 0 0 1 */
    model_node(m, "Equal", "a b", "equal");          /* 0 1 0 0 */
    model_node(m, "GreaterOrEqual", "a b", "least"); /* 0 1 1 0 */
    model_node(m, "Not", "least", "not");            /* 1 0 0 1 */
    model_node(m, "And", "less not", "and");         /* 1 0 0 1 */
    model_node(m, "Xor", "and equal", "xor");        /* 1 1 0 1 */
    model_node(m, "Where", "xor a b", "chosen");     /* 1 2 1 4 */
    model_node(m, "NonZero", "xor", "places");       /* 0 1 3 */
    model_ints(m, "flat1", DIMS(-1));
    model_node(m, "Reshape", "places flat1", "p");
    node_int(model_node(m, "Concat", "chosen p", "c"), "axis", 0);
    want_constant(m, FLOATS(1, 2, 1, 4, 0, 1, 3));
}

static void ranges_tiles_and_expansions_fold(void **state)
{
    (void)state;
    Onnx__ModelProto *m = folding_model();
    static const int64_t limits[3] = {5, -2, -3};
    model_add(m, tensor_ints("from", NULL, 0, &limits[0], 1));
    model_add(m, tensor_ints("to", NULL, 0, &limits[1], 1));
    model_add(m, tensor_ints("by", NULL, 0, &limits[2], 1));
    model_node(m, "Range", "from to by", "r"); /* 5 2 -1 */
    model_ints(m, "twice", DIMS(2));
    model_node(m, "Tile", "r twice", "t");
    model_ints(m, "rows", DIMS(2, 1));
    model_node(m, "Expand", "twice rows", "e"); /* [[2],[2]] */
    model_ints(m, "flat1", DIMS(-1));
    model_node(m, "Reshape", "e flat1", "e1");
    node_int(model_node(m, "Concat", "t e1", "c"), "axis", 0);
    want_constant(m, FLOATS(5, 2, -1, 5, 2, -1, 2, 2));
}

static void gathers_splits_and_reductions_fold(void **state)
{
    (void)state;
    Onnx__ModelProto *m = folding_model();
    model_ramp(m, "a", DIMS(2, 3)); /* .5 1 1.5 / 2 2.5 3 */
    model_ints(m, "picks", DIMS(-1, 0));
    node_int(model_node(m, "Gather", "a picks", "g"), "axis", 1);  /* 1.5 .5 / 3 2 */
    node_int(model_node(m, "Split", "g", "- low"), "axis", 0);     /* 3 2 */
    Onnx__NodeProto *n = model_node(m, "ReduceMean", "a", "mean"); /* 1, 2.5 */
    node_ints(n, "axes", DIMS(1));
    n = model_node(m, "ReduceMax", "a", "max"); /* 2 2.5 3 */
    node_ints(n, "axes", DIMS(0));
    node_int(n, "keepdims", 0);
    model_ints(m, "flat1", DIMS(-1));
    model_node(m, "Reshape", "low flat1", "low1");
    model_node(m, "Reshape", "mean flat1", "mean1");
    node_int(model_node(m, "Concat", "low1 mean1 max", "c"), "axis", 0);
    want_constant(m, FLOATS(3, 2, 1, 2.5, 2, 2.5, 3));
}

static void pads_of_constants_fold_in_every_mode(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        float want[6];
    } cases[] = {{"constant", {9, 9, 0.5f, 1, 1.5f, 9}},
                 {"reflect", {1.5f, 1, 0.5f, 1, 1.5f, 1}},
                 {"edge", {0.5f, 0.5f, 0.5f, 1, 1.5f, 1.5f}}};
    for (size_t i = 0; i < 3; i++) {
        Onnx__ModelProto *m = folding_model();
        model_ramp(m, "a", DIMS(3));
        model_ints(m, "pads", DIMS(2, 1));
        model_scalar(m, "nine", 9);
        node_string(model_node(m, "Pad", "a pads nine", "c"), "mode", cases[i].mode);
        want_constant(m, cases[i].want, 6);
    }
}

static void float_functions_fold(void **state)
{
    (void)state;
    Onnx__ModelProto *m = folding_model();
    Onnx__NodeProto *n = model_node(m, "Constant", "", "four");
    float four = 4;
    node_tensor(n, "value", tensor_floats(NULL, DIMS(1), &four, 1));
    model_node(m, "Sqrt", "four", "two");
    model_node(m, "Exp", "two", "e2");
    model_node(m, "Log", "e2", "two_again");
    model_node(m, "Neg", "two_again", "minus");
    model_node(m, "Pow", "two two", "p");
    model_node(m, "Div", "minus p", "half");
    model_node(m, "CastLike", "half four", "h");
    node_int(model_node(m, "Concat", "h e2", "c"), "axis", 0);
    want_constant(m, FLOATS(-0.5, 7.3890561f));
}

static void what_works_on_constants_only_says_so(void **state)
{
    (void)state;
    Onnx__ModelProto *m = folding_model();
    model_node(m, "NonZero", "x", "y");
    model_output(m, "y");
    want_error(m, "node 'the_NonZero' (NonZero): its input must be constant");
    m = folding_model();
    model_node(m, "CumSum", "x axis", "y");
    model_ints(m, "axis", DIMS(1));
    model_output(m, "y");
    want_error(m, "node 'the_CumSum' (CumSum): this operator works on constants only");
    m = folding_model();
    node_int(model_node(m, "Cast", "x", "y"), "to", ONNX__TENSOR_PROTO__DATA_TYPE__INT64);
    model_output(m, "y");
    want_error(m, "node 'the_Cast' (Cast): what depends on the network's input can only be float");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pads_written_backwards_fold),
        cmocka_unit_test(shapes_and_sizes_are_known),
        cmocka_unit_test(integer_arithmetic_is_exact_and_broadcast),
        cmocka_unit_test(a_division_by_zero_is_an_error),
        cmocka_unit_test(logic_and_choice_fold),
        cmocka_unit_test(ranges_tiles_and_expansions_fold),
        cmocka_unit_test(gathers_splits_and_reductions_fold),
        cmocka_unit_test(pads_of_constants_fold_in_every_mode),
        cmocka_unit_test(float_functions_fold),
        cmocka_unit_test(what_works_on_constants_only_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
