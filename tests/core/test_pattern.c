/* Which tensors are activations, in graphs as exporters write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "site_model.h"

static void each_activation_operator_is_a_site(void **state)
{
    (void)state;
    const char *const ops[] = {"Relu", "LeakyRelu", "Elu",      "Selu",        "Celu",           "Sigmoid",
                               "Tanh", "Softplus",  "Softsign", "HardSigmoid", "ThresholdedRelu"};
    const char *const names[] = {"relu", "leakyrelu", "elu",      "selu",        "celu",           "sigmoid",
                                 "tanh", "softplus",  "softsign", "hardsigmoid", "thresholdedrelu"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        Onnx__ModelProto *m = begin();
        model_node(m, ops[i], "x", "t");
        char expected[64];
        snprintf(expected, sizeof expected, "%s0:t", names[i]);
        expect_sites(end(m), expected);
    }
}

static void prelu_and_the_hard_swish_operator_are_sites(void **state)
{
    (void)state;
    Onnx__ModelProto *m = begin();
    m->opset_import[0]->version = 14;
    model_ramp(m, "slope", DIMS(4));
    model_node(m, "PRelu", "x slope", "a");
    model_node(m, "HardSwish", "a", "t");
    expect_sites(end(m), "prelu0:a hardswish1:t");
}

/* Clip from `least` to `most`; a NULL name leaves a bound out. */
static void expect_clip(const char *least, const char *most, const char *expected)
{
    Onnx__ModelProto *m = begin();
    model_scalar(m, "zero", 0);
    model_scalar(m, "six", 6);
    model_scalar(m, "minus_one", -1);
    model_scalar(m, "small", 1e-12f);
    char inputs[64];
    snprintf(inputs, sizeof inputs, "x %s %s", least, most);
    model_node(m, "Clip", inputs, "t");
    expect_sites(end(m), expected);
}

static void clip_is_a_site_when_it_has_the_bounds_of_an_activation(void **state)
{
    (void)state;
    expect_clip("zero", "six", "relu6_0:t");
    expect_clip("minus_one", "six", "clip0:t");
    expect_clip("zero", "-", "clip0:t");
    expect_clip("small", "-", ""); /* a guard against division by zero */
    expect_clip("-", "six", "");
}

static void names_count_over_all_sites(void **state)
{
    (void)state;
    Onnx__ModelProto *m = begin();
    model_scalar(m, "zero", 0);
    model_scalar(m, "six", 6);
    model_node(m, "Relu", "x", "a");
    model_node(m, "Sigmoid", "a", "b");
    model_node(m, "Clip", "b zero six", "c");
    model_node(m, "Relu", "c", "t");
    expect_sites(end(m), "relu0:a sigmoid1:b relu6_2:c relu3:t");
}

static void a_max_with_zero_is_a_relu(void **state)
{
    (void)state;
    Onnx__ModelProto *m = begin();
    model_scalar(m, "zero", 0);
    model_node(m, "Max", "x zero", "t");
    expect_sites(end(m), "relu0:t");
}

static void silu_is_one_site_at_the_product(void **state)
{
    (void)state;
    const char *const orders[] = {"x s", "s x"};
    for (int k = 0; k < 2; k++) {
        Onnx__ModelProto *m = begin();
        model_node(m, "Sigmoid", "x", "s");
        model_node(m, "Mul", orders[k], "t");
        expect_sites(end(m), "silu0:t");
    }
}

static void a_sigmoid_that_multiplies_something_else_is_a_gate(void **state)
{
    (void)state;
    Onnx__ModelProto *m = begin();
    model_ramp(m, "V", DIMS(4, 4));
    model_node(m, "Relu", "x", "a");
    model_node(m, "MatMul", "a V", "b");
    model_node(m, "Sigmoid", "b", "s");
    model_node(m, "Mul", "s a", "t");
    expect_sites(end(m), "relu0:a");
}

/* As in a squeeze-excite block whose gate is computed flat and given its shape back. */
static void a_gate_may_be_reshaped_and_scaled_before_it_multiplies(void **state)
{
    (void)state;
    Onnx__ModelProto *m = begin();
    model_ramp(m, "V", DIMS(4, 4));
    model_ints(m, "four", (const int64_t[]){-1, 4, 1, 1}, 4);
    model_ints(m, "flat", (const int64_t[]){-1, 4}, 2);
    model_scalar(m, "two", 2);
    model_node(m, "MatMul", "x V", "b");
    model_node(m, "Sigmoid", "b", "s");
    model_node(m, "Mul", "s two", "s2");
    model_node(m, "Reshape", "s2 four", "r");
    model_node(m, "Reshape", "x four", "picture");
    model_node(m, "Mul", "picture r", "gated");
    model_node(m, "Reshape", "gated flat", "t");
    expect_sites(end(m), "");
}

static void hard_swish_is_one_site_in_both_spellings(void **state)
{
    (void)state;
    Onnx__ModelProto *m = begin();
    Onnx__NodeProto *n = model_node(m, "HardSigmoid", "x", "h");
    node_float(n, "alpha", 1.0f / 6);
    model_node(m, "Mul", "x h", "t");
    expect_sites(end(m), "hardswish0:t");
    const char *const products[][3] = {{"Mul", "x c", "p6"}, {"Mul", "c x", "p6"}};
    for (int k = 0; k < 2; k++) {
        m = begin();
        model_scalar(m, "zero", 0);
        model_scalar(m, "three", 3);
        model_scalar(m, "six", 6);
        model_node(m, "Add", "x three", "shifted");
        model_node(m, "Clip", "shifted zero six", "c");
        model_node(m, products[k][0], products[k][1], products[k][2]);
        model_node(m, "Div", "p6 six", "t");
        expect_sites(end(m), "hardswish0:t");
    }
}

static void a_hard_sigmoid_gate_is_no_site_in_both_spellings(void **state)
{
    (void)state;
    Onnx__ModelProto *m = begin();
    model_ramp(m, "V", DIMS(4, 4));
    model_node(m, "MatMul", "x V", "b");
    model_node(m, "HardSigmoid", "b", "h");
    model_node(m, "Mul", "x h", "t");
    expect_sites(end(m), "");
    m = begin();
    model_ramp(m, "V", DIMS(4, 4));
    model_scalar(m, "zero", 0);
    model_scalar(m, "three", 3);
    model_scalar(m, "six", 6);
    model_node(m, "MatMul", "x V", "b");
    model_node(m, "Add", "b three", "shifted");
    model_node(m, "Clip", "shifted zero six", "c");
    model_node(m, "Div", "c six", "h");
    model_node(m, "Mul", "h x", "t");
    expect_sites(end(m), "");
}

/* GELU from "op inputs output" lines, ended by NULL. */
static void expect_gelu(const char *const line[][3], const char *expected)
{
    Onnx__ModelProto *m = begin();
    model_scalar(m, "half", 0.5f);
    model_scalar(m, "one", 1);
    model_scalar(m, "three", 3);
    model_scalar(m, "root2", 1.4142135f);
    model_scalar(m, "root_half", 0.70710678f);
    model_scalar(m, "c", 0.044715f);
    model_scalar(m, "k", 0.7978845608f);
    for (int i = 0; line[i][0]; i++)
        model_node(m, line[i][0], line[i][1], line[i][2]);
    expect_sites(end(m), expected);
}

static void exact_gelu_is_one_site_in_any_order_of_factors(void **state)
{
    (void)state;
    const char *const torch[][3] = {{"Div", "x root2", "d"}, {"Erf", "d", "e"},      {"Add", "e one", "a"},
                                    {"Mul", "x a", "m"},     {"Mul", "m half", "t"}, {NULL}};
    const char *const half_first[][3] = {{"Mul", "x root_half", "d"}, {"Erf", "d", "e"},
                                         {"Add", "one e", "a"},       {"Mul", "half x", "m"},
                                         {"Mul", "m a", "t"},         {NULL}};
    const char *const half_on_gate[][3] = {{"Div", "x root2", "d"}, {"Erf", "d", "e"},
                                           {"Add", "e one", "a"},   {"Mul", "a half", "m"},
                                           {"Mul", "m x", "t"},     {NULL}};
    const char *const half_inside[][3] = {{"Div", "x root2", "d"}, {"Erf", "d", "e"},
                                          {"Mul", "e half", "h"},  {"Add", "h half", "a"},
                                          {"Mul", "x a", "t"},     {NULL}};
    expect_gelu(torch, "gelu0:t");
    expect_gelu(half_first, "gelu0:t");
    expect_gelu(half_on_gate, "gelu0:t");
    expect_gelu(half_inside, "gelu0:t");
}

static void tanh_gelu_is_one_site_and_its_tanh_none(void **state)
{
    (void)state;
    const char *const power[][3] = {{"Pow", "x three", "p"}, {"Mul", "p c", "q"},  {"Add", "x q", "r"},
                                    {"Mul", "r k", "s"},     {"Tanh", "s", "th"},  {"Add", "th one", "a"},
                                    {"Mul", "x half", "xh"}, {"Mul", "xh a", "t"}, {NULL}};
    const char *const products[][3] = {{"Mul", "x x", "x2"},   {"Mul", "x2 x", "x3"},
                                       {"Mul", "x3 c", "q"},   {"Add", "x q", "r"},
                                       {"Mul", "k r", "s"},    {"Tanh", "s", "th"},
                                       {"Add", "one th", "a"}, {"Mul", "x a", "m"},
                                       {"Mul", "half m", "t"}, {NULL}};
    expect_gelu(power, "gelu0:t");
    expect_gelu(products, "gelu0:t");
}

static void half_of_a_gelu_is_not_taken_for_one(void **state)
{
    (void)state;
    const char *const unscaled[][3] = {
        {"Div", "x root2", "d"}, {"Erf", "d", "e"}, {"Add", "e one", "a"}, {"Mul", "x a", "t"}, {NULL}};
    expect_gelu(unscaled, "");
}

static void mish_is_one_site_and_its_softplus_and_tanh_none(void **state)
{
    (void)state;
    Onnx__ModelProto *m = begin();
    model_node(m, "Softplus", "x", "s");
    model_node(m, "Tanh", "s", "h");
    model_node(m, "Mul", "x h", "t");
    expect_sites(end(m), "mish0:t");
}

static void a_tanh_times_a_sigmoid_leaves_the_tanh(void **state)
{
    (void)state;
    Onnx__ModelProto *m = begin();
    model_ramp(m, "V", DIMS(4, 4));
    model_node(m, "MatMul", "x V", "b");
    model_node(m, "Tanh", "b", "h");
    model_node(m, "Sigmoid", "x", "s");
    model_node(m, "Mul", "h s", "t");
    expect_sites(end(m), "tanh0:h");
}

static void softmax_and_layer_norm_are_no_sites(void **state)
{
    (void)state;
    Onnx__ModelProto *m = begin();
    m->opset_import[0]->version = 17;
    model_ramp(m, "scale", DIMS(4));
    model_node(m, "LayerNormalization", "x scale", "a");
    model_node(m, "Softmax", "a", "t");
    expect_sites(end(m), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_activation_operator_is_a_site),
        cmocka_unit_test(prelu_and_the_hard_swish_operator_are_sites),
        cmocka_unit_test(clip_is_a_site_when_it_has_the_bounds_of_an_activation),
        cmocka_unit_test(names_count_over_all_sites),
        cmocka_unit_test(a_max_with_zero_is_a_relu),
        cmocka_unit_test(silu_is_one_site_at_the_product),
        cmocka_unit_test(a_sigmoid_that_multiplies_something_else_is_a_gate),
        cmocka_unit_test(a_gate_may_be_reshaped_and_scaled_before_it_multiplies),
        cmocka_unit_test(hard_swish_is_one_site_in_both_spellings),
        cmocka_unit_test(a_hard_sigmoid_gate_is_no_site_in_both_spellings),
        cmocka_unit_test(exact_gelu_is_one_site_in_any_order_of_factors),
        cmocka_unit_test(tanh_gelu_is_one_site_and_its_tanh_none),
        cmocka_unit_test(half_of_a_gelu_is_not_taken_for_one),
        cmocka_unit_test(mish_is_one_site_and_its_softplus_and_tanh_none),
        cmocka_unit_test(a_tanh_times_a_sigmoid_leaves_the_tanh),
        cmocka_unit_test(softmax_and_layer_norm_are_no_sites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
