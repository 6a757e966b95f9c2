/* Small models around the tensor or pattern that a test is about, and a check of their sites. Included by
 * tests only, after cmocka. */
#ifndef APEX_TESTS_SITE_MODEL_H
#define APEX_TESTS_SITE_MODEL_H

#include "core/model.h"

#include "onnx_model.h"

/* x [N,4] is the input; the scores are y = t W, with W [4,3], and what is between is the test's. */
static inline Onnx__ModelProto *begin(void)
{
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(-1, 4));
    model_ramp(m, "W", DIMS(4, 3));
    return m;
}

static inline struct apex_model *load(Onnx__ModelProto *m)
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

static inline struct apex_model *end(Onnx__ModelProto *m)
{
    model_node(m, "MatMul", "t W", "y");
    model_output(m, "y");
    return load(m);
}

/* The model's sites are these, "name:tensor" one after the other; frees the model. */
static inline void expect_sites(struct apex_model *m, const char *expected)
{
    char text[1024] = "";
    for (int k = 0; k < m->sites; k++) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "%s%s:%s", k ? " " : "", m->site[k].name, m->site[k].tensor);
    }
    apex_model_free(m);
    assert_string_equal(text, expected);
}

#endif
