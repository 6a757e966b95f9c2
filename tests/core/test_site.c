/* Which tensors are sites, in graphs as exporters write them. */
#include "core/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "onnx_model.h"

/* x [N,4] is the input; the scores are y = t W, with W [4,3], and what is between is the test's. */
static Onnx__ModelProto *begin(void)
{
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(-1, 4));
    model_ramp(m, "W", DIMS(4, 3));
    return m;
}

static struct apex_model *load(Onnx__ModelProto *m)
{
    size_t size;
    uint8_t *bytes = model_pack(m, &size);
    struct apex_error err = {""};
    struct apex_model *model = apex_model_from_memory(bytes, size, "test.onnx", NULL, NULL, &err);
    free(bytes);
    if (!model)
        fail_msg("not loaded: %s", err.text);
    return model;
}

static struct apex_model *end(Onnx__ModelProto *m)
{
    model_node(m, "MatMul", "t W", "y");
    model_output(m, "y");
    return load(m);
}

/* The model's sites are these, "name:tensor" one after the other; frees the model. */
static void expect_sites(struct apex_model *m, const char *expected)
{
    char text[1024] = "";
    for (int k = 0; k < m->sites; k++) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "%s%s:%s", k ? " " : "", m->site[k].name, m->site[k].tensor);
    }
    apex_model_free(m);
    assert_string_equal(text, expected);
}

static void each_activation_operator_is_a_site(void **state)
{
    (void)state;
    const char *const ops[] = {"Relu",    "LeakyRelu", "Elu",      "Selu",     "Celu",
                               "Sigmoid", "Tanh",      "Softplus", "Softsign", "HardSigmoid"};
    const char *const names[] = {"relu",    "leakyrelu", "elu",      "selu",     "celu",
                                 "sigmoid", "tanh",      "softplus", "softsign", "hardsigmoid"};
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

/* A model whose last nodes are the test's: scores y are there, the output is z. */
static struct apex_model *ending(const char *op, const char *inputs)
{
    Onnx__ModelProto *m = begin();
    model_node(m, "Relu", "x", "t");
    model_node(m, "MatMul", "t W", "y");
    model_node(m, op, inputs, "z");
    model_output(m, "z");
    return load(m);
}

static void scores_are_taken_before_a_final_softmax_or_sigmoid(void **state)
{
    (void)state;
    const char *const ops[] = {"Softmax", "LogSoftmax", "Sigmoid"};
    for (int k = 0; k < 3; k++) {
        struct apex_model *m = ending(ops[k], "y");
        assert_string_equal(m->graph->value[m->logits].name, "y");
        assert_int_equal(m->classes, 3);
        expect_sites(m, "relu0:t");
    }
}

static void an_activation_that_makes_the_scores_is_not_hidden(void **state)
{
    (void)state;
    struct apex_model *m = ending("Relu", "y");
    assert_string_equal(m->graph->value[m->logits].name, "z");
    expect_sites(m, "relu0:t");
}

static void scores_are_found_behind_a_flatten(void **state)
{
    (void)state;
    Onnx__ModelProto *p = model_new(13);
    model_input(p, "x", DIMS(-1, 5, 1, 1));
    model_node(p, "Relu", "x", "t");
    model_ramp(p, "V", DIMS(6, 5, 1, 1));
    model_node(p, "Conv", "t V", "y");
    node_int(model_node(p, "Softmax", "y", "s"), "axis", 1);
    model_node(p, "Flatten", "s", "z");
    model_output(p, "z");
    struct apex_model *m = load(p);
    assert_string_equal(m->graph->value[m->logits].name, "y");
    assert_int_equal(m->classes, 6);
    expect_sites(m, "relu0:t");
}

/* relu0 (tensor a), sigmoid1 (tensor 7), relu2 (tensor blocks.1/act), relu3 (tensor t) */
static struct apex_model *four_sites(void)
{
    Onnx__ModelProto *m = begin();
    model_node(m, "Relu", "x", "a");
    model_node(m, "Sigmoid", "a", "7");
    model_node(m, "Relu", "7", "blocks.1/act");
    model_node(m, "Relu", "blocks.1/act", "t");
    return end(m);
}

/* chosen: all, input, sites 0..3 */
static void expect_match(const char *pattern, const char *expected)
{
    struct apex_model *m = four_sites();
    unsigned char chosen[7] = {0};
    char text[7] = "";
    int named = apex_site_match(m, pattern, chosen), ones = 0;
    for (int k = 0; k < 6; k++) {
        text[k] = (char)('0' + chosen[k]);
        ones += chosen[k];
    }
    apex_model_free(m);
    if (strcmp(text, expected) || named != ones)
        fail_msg("'%s' chose %s (%d), expected %s", pattern, text, named, expected);
}

static void a_pattern_is_a_name_a_glob_or_an_index(void **state)
{
    (void)state;
    expect_match("relu2", "000010");
    expect_match("relu*", "001011");
    expect_match("relu[02]", "001010");
    expect_match("blocks.*", "000010");
    expect_match("a", "001000");
    expect_match("the_Sigmoid", "000100"); /* node name */
    expect_match("2", "000010");
    expect_match("0", "001000");
}

static void a_number_beyond_the_sites_is_a_name(void **state)
{
    (void)state;
    expect_match("7", "000100");
    expect_match("4", "000000");
    expect_match("99999999999999999999", "000000");
}

static void input_and_all_are_named_by_these_words_only(void **state)
{
    (void)state;
    expect_match("input", "010000");
    expect_match("all", "100000");
    expect_match("*", "001111");
    expect_match("inp*", "000000");
    expect_match("al?", "000000");
    expect_match("-1", "000000");
    expect_match("", "000000");
    expect_match("relu9", "000000");
}

static void patterns_add_to_what_is_chosen(void **state)
{
    (void)state;
    struct apex_model *m = four_sites();
    unsigned char chosen[6] = {0};
    apex_site_match(m, "all", chosen);
    apex_site_match(m, "relu3", chosen);
    assert_memory_equal(chosen, ((unsigned char[]){1, 0, 0, 0, 0, 1}), 6);
    assert_string_equal(apex_site_name(m, APEX_SITE_ALL), "all");
    assert_string_equal(apex_site_name(m, APEX_SITE_INPUT), "input");
    assert_string_equal(apex_site_name(m, 3), "relu3");
    apex_model_free(m);
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
        cmocka_unit_test(scores_are_taken_before_a_final_softmax_or_sigmoid),
        cmocka_unit_test(an_activation_that_makes_the_scores_is_not_hidden),
        cmocka_unit_test(scores_are_found_behind_a_flatten),
        cmocka_unit_test(a_pattern_is_a_name_a_glob_or_an_index),
        cmocka_unit_test(a_number_beyond_the_sites_is_a_name),
        cmocka_unit_test(input_and_all_are_named_by_these_words_only),
        cmocka_unit_test(patterns_add_to_what_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
