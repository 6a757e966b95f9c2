/* Where the scores are, and which sites a pattern names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "site_model.h"

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

static struct apex_model *with_tensors(Onnx__ModelProto *m, const char *const *pattern, int patterns)
{
    size_t size;
    struct apex_error err = {""};
    uint8_t *bytes = model_pack(m, &size);
    struct apex_model *model =
        apex_model_with_tensors(bytes, size, "test.onnx", NULL, NULL, pattern, patterns, &err);
    free(bytes);
    if (!model)
        fail_msg("not loaded: %s", err.text);
    return model;
}

static Onnx__ModelProto *residual(void)
{
    Onnx__ModelProto *m = begin();
    model_node(m, "Neg", "x", "before");
    model_node(m, "Relu", "before", "act");
    model_node(m, "Add", "act x", "block/out");
    model_node(m, "Exp", "block/out", "t");
    model_node(m, "MatMul", "t W", "y");
    model_output(m, "y");
    return m;
}

static void a_tensor_that_is_asked_for_is_a_site_after_the_activations(void **state)
{
    (void)state;
    const char *ask[] = {"block/out", "tensor:bef*", "relu0", "nothing"};
    struct apex_model *m = with_tensors(residual(), ask, 4);
    assert_int_equal(m->sites, 1);
    assert_int_equal(m->tensors, 2);
    assert_string_equal(m->site[1].name, "tensor:before");
    assert_string_equal(m->site[2].name, "tensor:block/out");
    assert_string_equal(m->site[2].op, "Add");
    assert_int_equal(m->site[2].elements, 4);
    unsigned char chosen[5] = {0};
    assert_int_equal(apex_site_match(m, "block/out", chosen), 1);
    assert_memory_equal(chosen, ((unsigned char[]){0, 0, 0, 0, 1}), 5);
    assert_int_equal(apex_site_match(m, "*", chosen), 1); /* a glob without "tensor:" is about activations */
    assert_int_equal(apex_site_match(m, "tensor:b*", chosen), 2);
    assert_int_equal(apex_site_match(m, "tensor:before", chosen), 1);
    assert_true(apex_site_flops(m, 1) > apex_site_flops(m, 2));
    assert_int_equal(apex_site_flops(m, APEX_SITE_ALL),
                     apex_site_flops(m, 0)); /* `all` is of activations only */
    apex_model_free(m);
}

static void the_noise_of_a_tensor_depends_on_its_name_only(void **state)
{
    (void)state;
    const char *one[] = {"block/out"}, *all[] = {"tensor:*"};
    struct apex_model *a = with_tensors(residual(), one, 1), *b = with_tensors(residual(), all, 1);
    assert_int_equal(b->tensors, 3); /* before, block/out, t; act is an activation, y the scores */
    assert_int_equal(a->site[1].stream, b->site[2].stream);
    assert_int_equal(a->site[1].stream, 0xbe897449u);
    assert_int_equal(b->site[0].stream, 1);
    apex_model_free(a);
    apex_model_free(b);
}

static void an_activation_asked_for_as_a_tensor_is_itself(void **state)
{
    (void)state;
    const char *ask[] = {"tensor:act"};
    struct apex_model *m = with_tensors(residual(), ask, 1);
    unsigned char chosen[3] = {0};
    assert_int_equal(m->tensors, 0);
    assert_int_equal(apex_site_match(m, "tensor:act", chosen), 1);
    assert_int_equal(chosen[2], 1);
    apex_model_free(m);
}

static void fusion_leaves_a_tensor_that_is_asked_for(void **state)
{
    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        Onnx__ModelProto *m = model_new(13);
        model_input(m, "x", DIMS(-1, 4));
        model_ramp(m, "W", DIMS(4, 3));
        model_ramp(m, "v", DIMS(3));
        model_node(m, "Gemm", "x W", "raw");
        model_node(m, "BatchNormalization", "raw v v v v", "normal");
        model_node(m, "Relu", "normal", "r");
        model_node(m, "Neg", "r", "y");
        model_output(m, "y");
        const char *ask[] = {"raw"};
        struct apex_model *model = with_tensors(m, ask, asked);
        assert_int_equal(model->graph->nodes, asked ? 4 : 3);
        assert_int_equal(model->tensors, asked);
        if (asked)
            assert_true(apex_site_changes_model(model, 1));
        apex_model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_taken_before_a_final_softmax_or_sigmoid),
        cmocka_unit_test(an_activation_that_makes_the_scores_is_not_hidden),
        cmocka_unit_test(scores_are_found_behind_a_flatten),
        cmocka_unit_test(a_pattern_is_a_name_a_glob_or_an_index),
        cmocka_unit_test(a_number_beyond_the_sites_is_a_name),
        cmocka_unit_test(input_and_all_are_named_by_these_words_only),
        cmocka_unit_test(patterns_add_to_what_is_chosen),
        cmocka_unit_test(a_tensor_that_is_asked_for_is_a_site_after_the_activations),
        cmocka_unit_test(the_noise_of_a_tensor_depends_on_its_name_only),
        cmocka_unit_test(an_activation_asked_for_as_a_tensor_is_itself),
        cmocka_unit_test(fusion_leaves_a_tensor_that_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
