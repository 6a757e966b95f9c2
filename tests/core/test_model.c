/* Loading: files, external data, identity and costs. */
#include "core/model.h"
#include "core/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "onnx_model.h"

#define SIZE 512

/* A folder of the test's own, removed with the files named in it. */
static int make_folder(void **state)
{
    char name[] = "/tmp/apex-test-model-XXXXXX";
    *state = mkdtemp(name) ? strdup(name) : NULL;
    return *state ? 0 : -1;
}

static const char *in_folder(void **state, const char *name, char path[SIZE])
{
    snprintf(path, SIZE, "%s/%s", (const char *)*state, name);
    return path;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"model.onnx", "weights.bin", "more.bin"};
    char path[SIZE];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(state, names[i], path));
    rmdir(*state);
    free(*state);
    return 0;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void external(Onnx__ModelProto *m, const char *name, const int64_t *dim, size_t rank, const char *file)
{
    Onnx__TensorProto *t = model_add(m, tensor_new(name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, dim, rank));
    t->has_data_location = 1;
    t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    Onnx__StringStringEntryProto *e = malloc(sizeof *e);
    onnx__string_string_entry_proto__init(e);
    e->key = strdup("location");
    e->value = strdup(file);
    list_add(&t->external_data, &t->n_external_data, e);
}

/* x [N,2,4,4] -> Conv 3x3 pad 1 to 3 channels (bias) -> relu0 -> Flatten -> Gemm to 5 -> relu1 -> Gemm to 4
 * -> Softmax. Returns the bytes. */
static uint8_t *example(size_t *size)
{
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(-1, 2, 4, 4));
    model_ramp(m, "K", DIMS(3, 2, 3, 3));
    model_ramp(m, "B", DIMS(3));
    model_ramp(m, "V", DIMS(48, 5));
    model_ramp(m, "W", DIMS(5, 4));
    node_ints(model_node(m, "Conv", "x K B", "c"), "pads", (const int64_t[]){1, 1, 1, 1}, 4);
    model_node(m, "Relu", "c", "a");
    model_node(m, "Flatten", "a", "f");
    model_node(m, "Gemm", "f V", "g");
    model_node(m, "Relu", "g", "b");
    model_node(m, "Gemm", "b W", "y");
    model_node(m, "Softmax", "y", "z");
    model_output(m, "z");
    return model_pack(m, size);
}

static struct apex_model *want_model(const char *path)
{
    struct apex_error err = {""};
    struct apex_model *m = apex_model_load(path, &err);
    if (!m)
        fail_msg("not loaded: %s", err.text);
    return m;
}

static void want_error_of(const char *path, const char *part)
{
    struct apex_error err = {""};
    assert_null(apex_model_load(path, &err));
    if (!strstr(err.text, part) || strncmp(err.text, path, strlen(path)) != 0)
        fail_msg("want '%s' and the path in: %s", part, err.text);
}

static void a_file_is_loaded_and_described(void **state)
{
    char path[SIZE], hex[65], expected_hex[65];
    size_t size;
    uint8_t *bytes = example(&size);
    write_file(in_folder(state, "model.onnx", path), bytes, size);
    struct apex_model *m = want_model(path);
    assert_int_equal(m->classes, 4);
    assert_int_equal(m->sites, 2);
    assert_int_equal(m->input.rank, 4);
    assert_int_equal(apex_shape_count(&m->input), 32);
    assert_string_equal(m->graph->value[m->logits].name, "y");
    assert_int_equal(m->parameters, 54 + 3 + 240 + 20);
    assert_int_equal(m->site[0].elements, 48);
    assert_int_equal(m->site[1].elements, 5);
    unsigned char digest[32];
    sha256_of(bytes, size, digest);
    sha256_hex(digest, expected_hex);
    sha256_hex(m->sha256, hex);
    assert_string_equal(hex, expected_hex);
    apex_model_free(m);
    free(bytes);
}

static void work_is_counted_as_the_header_says(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = example(&size);
    struct apex_error err;
    struct apex_model *m = apex_model_from_memory(bytes, size, "test.onnx", NULL, NULL, &err);
    free(bytes);
    assert_non_null(m);
    int64_t conv = 2 * 48 * 18, first = 2 * 48 * 5, second = 2 * 5 * 4;
    /* the rest: relu0 48, Flatten 48, relu1 5; Softmax comes after the scores */
    assert_int_equal(m->flops, conv + 48 + 48 + first + 5 + second);
    assert_int_equal(apex_site_flops(m, 0), 48 + first + 5 + second);
    assert_int_equal(apex_site_flops(m, 1), second);
    assert_int_equal(apex_site_flops(m, APEX_SITE_ALL), apex_site_flops(m, 0));
    assert_int_equal(apex_site_flops(m, APEX_SITE_INPUT), m->flops);
    apex_model_free(m);
}

static void downstream_of_a_branch_is_that_branch_only(void **state)
{
    (void)state;
    Onnx__ModelProto *p = model_new(13);
    model_input(p, "x", DIMS(-1, 4));
    model_ramp(p, "V", DIMS(4, 4));
    model_ramp(p, "U", DIMS(4, 4));
    model_node(p, "Relu", "x", "a");
    model_node(p, "Tanh", "x", "b");
    model_node(p, "MatMul", "a V", "av");
    model_node(p, "MatMul", "b U", "bu");
    model_node(p, "Add", "av bu", "s");
    model_output(p, "s");
    size_t size;
    uint8_t *bytes = model_pack(p, &size);
    struct apex_error err;
    struct apex_model *m = apex_model_from_memory(bytes, size, "test.onnx", NULL, NULL, &err);
    free(bytes);
    assert_non_null(m);
    assert_int_equal(apex_site_flops(m, 0), 32 + 4);
    assert_int_equal(apex_site_flops(m, 1), 32 + 4);
    assert_int_equal(apex_site_flops(m, APEX_SITE_ALL), 32 + 32 + 4);
    assert_int_equal(m->flops, 4 + 4 + 32 + 32 + 4);
    apex_model_free(m);
}

/* Two tensors in weights.bin and more.bin, the first file used twice. */
static uint8_t *external_example(size_t *size)
{
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(-1, 4));
    external(m, "V", DIMS(4, 4), "weights.bin");
    external(m, "U", DIMS(4, 4), "weights.bin");
    external(m, "W", DIMS(4, 3), "more.bin");
    model_node(m, "MatMul", "x V", "a");
    model_node(m, "Relu", "a", "b");
    model_node(m, "MatMul", "b U", "c");
    model_node(m, "Relu", "c", "d");
    model_node(m, "MatMul", "d W", "y");
    model_output(m, "y");
    return model_pack(m, size);
}

static void external_data_comes_from_the_models_folder_and_is_hashed_once(void **state)
{
    char path[SIZE], other[SIZE], hex[65], expected_hex[65];
    float weights[16], more[12];
    for (int i = 0; i < 16; i++)
        weights[i] = (float)i;
    for (int i = 0; i < 12; i++)
        more[i] = (float)-i;
    size_t size;
    uint8_t *bytes = external_example(&size);
    write_file(in_folder(state, "model.onnx", path), bytes, size);
    write_file(in_folder(state, "weights.bin", other), weights, sizeof weights);
    write_file(in_folder(state, "more.bin", other), more, sizeof more);
    struct apex_model *m = want_model(path);
    assert_int_equal(m->sites, 2);
    struct sha256 *h = sha256_new();
    sha256_add(h, bytes, size);
    sha256_add(h, weights, sizeof weights);
    sha256_add(h, more, sizeof more);
    unsigned char digest[32];
    sha256_end(h, digest);
    sha256_hex(digest, expected_hex);
    sha256_hex(m->sha256, hex);
    assert_string_equal(hex, expected_hex);
    apex_model_free(m);
    free(bytes);
}

static void external_data_that_is_missing_is_named(void **state)
{
    char path[SIZE], other[SIZE];
    size_t size;
    uint8_t *bytes = external_example(&size);
    write_file(in_folder(state, "model.onnx", path), bytes, size);
    free(bytes);
    unlink(in_folder(state, "weights.bin", other));
    struct apex_error err = {""};
    assert_null(apex_model_load(path, &err));
    assert_non_null(strstr(err.text, "weights.bin"));
    assert_non_null(strstr(err.text, "No such file"));
    write_file(other, "short", 5);
    assert_null(apex_model_load(path, &err));
    if (!strstr(err.text, "weights.bin"))
        fail_msg("want the file's name in: %s", err.text);
}

static void files_that_cannot_be_models_are_refused(void **state)
{
    char path[SIZE];
    want_error_of("data/no_such_model.onnx", "No such file");
    want_error_of("data", "is a directory");
    write_file(in_folder(state, "model.onnx", path), "", 0);
    want_error_of(path, "is empty");
    write_file(path, "this is no ONNX file, but some text", 35);
    want_error_of(path, "");
    want_error_of("/dev/null", "is not a regular file");
    if (geteuid() != 0) { /* the superuser reads everything */
        assert_int_equal(chmod(path, 0), 0);
        want_error_of(path, "Permission denied");
    }
}

static void every_shorter_file_is_refused(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = example(&size);
    for (size_t n = 0; n < size; n++) {
        uint8_t *piece = malloc(n ? n : 1);
        memcpy(piece, bytes, n);
        struct apex_error err;
        struct apex_model *m = apex_model_from_memory(piece, n, "test.onnx", NULL, NULL, &err);
        if (m)
            fail_msg("%zu of %zu bytes were taken for a whole model", n, size);
        free(piece);
    }
    free(bytes);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    apex_model_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_loaded_and_described),
        cmocka_unit_test(work_is_counted_as_the_header_says),
        cmocka_unit_test(downstream_of_a_branch_is_that_branch_only),
        cmocka_unit_test(external_data_comes_from_the_models_folder_and_is_hashed_once),
        cmocka_unit_test(external_data_that_is_missing_is_named),
        cmocka_unit_test(files_that_cannot_be_models_are_refused),
        cmocka_unit_test(every_shorter_file_is_refused),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
