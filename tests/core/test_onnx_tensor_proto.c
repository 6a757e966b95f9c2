#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_model.h"

#include "core/onnx/tensor_proto.h"

/* Element types, typed and raw data, external data. */

enum { FLOAT16 = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16, INT8 = ONNX__TENSOR_PROTO__DATA_TYPE__INT8 };

/* Reads and frees p. */
static struct apex_tensor *read_tensor(Onnx__TensorProto *p, const struct onnx_files *external,
                                       struct apex_error *err)
{
    struct apex_tensor *t = tensor_proto_read(p, external, err);
    onnx__tensor_proto__free_unpacked(p, NULL);
    return t;
}

static void want_floats(int type, const void *raw, size_t bytes, const float *want, size_t count)
{
    struct apex_error err = {{0}};
    int64_t n = (int64_t)count;
    Onnx__TensorProto *p = tensor_new(NULL, type, &n, 1);
    tensor_raw(p, raw, bytes);
    struct apex_tensor *t = read_tensor(p, NULL, &err);
    if (!t)
        fail_msg("%s", err.text);
    assert_floats(t, want, count);
    apex_tensor_free(t);
}

static void half_bfloat_and_double_become_float(void **state)
{
    (void)state;
    const uint16_t half[] = {0x3c00, 0xc000, 0x3555, 0x0001, 0x8000, 0x7bff};
    want_floats(FLOAT16, half, sizeof half, FLOATS(1, -2, 0.333251953f, 5.96046448e-8f, -0.0f, 65504));
    const uint16_t brain[] = {0x3f80, 0xc049};
    want_floats(ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16, brain, sizeof brain, FLOATS(1, -3.140625f));
    const double wide[] = {0.1, -1e300};
    want_floats(ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE, wide, sizeof(double), FLOATS(0.1f));
}

static void a_half_infinity_and_subnormal_are_kept(void **state)
{
    (void)state;
    struct apex_error err;
    const uint16_t half[] = {0x7c00, 0xfc00, 0x7e00, 0x03ff};
    Onnx__TensorProto *p = tensor_new(NULL, FLOAT16, DIMS(4));
    tensor_raw(p, half, sizeof half);
    struct apex_tensor *t = read_tensor(p, NULL, &err);
    const float *f = t->data;
    assert_true(isinf(f[0]) && f[0] > 0 && isinf(f[1]) && f[1] < 0 && isnan(f[2]));
    assert_true(f[3] == 1023 * 0x1p-24f);
    apex_tensor_free(t);
}

static void integers_become_int64_with_their_sign(void **state)
{
    (void)state;
    struct apex_error err;
    Onnx__TensorProto *p = tensor_new(NULL, INT8, DIMS(2, 2));
    tensor_raw(p, "\x01\xff\x7f\x80", 4);
    struct apex_tensor *t = read_tensor(p, NULL, &err);
    assert_int_equal(t->type, APEX_I64);
    assert_memory_equal(t->data, ((int64_t[]){1, -1, 127, -128}), 4 * sizeof(int64_t));
    apex_tensor_free(t);
    p = tensor_new(NULL, ONNX__TENSOR_PROTO__DATA_TYPE__UINT32, DIMS(1));
    tensor_raw(p, "\xff\xff\xff\xff", 4);
    t = read_tensor(p, NULL, &err);
    assert_int_equal(*(int64_t *)t->data, 4294967295);
    apex_tensor_free(t);
}

static void typed_lists_are_read_like_raw_bytes(void **state)
{
    (void)state;
    struct apex_error err;
    Onnx__TensorProto *p = tensor_new(NULL, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, DIMS(2));
    p->int64_data = malloc(2 * sizeof *p->int64_data);
    memcpy(p->int64_data, ((int64_t[]){-5, INT64_MAX}), 2 * sizeof(int64_t));
    p->n_int64_data = 2;
    struct apex_tensor *t = read_tensor(p, NULL, &err);
    assert_memory_equal(t->data, ((int64_t[]){-5, INT64_MAX}), 2 * sizeof(int64_t));
    apex_tensor_free(t);
    p = tensor_new(NULL, FLOAT16, DIMS(1));
    p->int32_data = malloc(sizeof *p->int32_data);
    p->int32_data[0] = 0xc000;
    p->n_int32_data = 1;
    t = read_tensor(p, NULL, &err);
    assert_floats(t, FLOATS(-2));
    apex_tensor_free(t);
}

static void data_of_the_wrong_size_is_an_error(void **state)
{
    (void)state;
    struct apex_error err;
    Onnx__TensorProto *p = tensor_new(NULL, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, DIMS(3));
    tensor_raw(p, "12345678", 8);
    assert_null(read_tensor(p, NULL, &err));
    assert_string_equal(err.text, "8 bytes of data for shape [3], which needs 12");
    p = tensor_new(NULL, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, DIMS(INT64_C(1) << 50));
    assert_null(read_tensor(p, NULL, &err));
    assert_non_null(strstr(err.text, "0 elements of data"));
    p = tensor_new(NULL, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, DIMS(-3));
    assert_null(read_tensor(p, NULL, &err));
    assert_string_equal(err.text, "impossible shape [-3]");
    p = tensor_new(NULL, ONNX__TENSOR_PROTO__DATA_TYPE__STRING, DIMS(1));
    assert_null(read_tensor(p, NULL, &err));
    assert_string_equal(err.text, "element type 8 (string) is not supported");
    p = tensor_new(NULL, 77, DIMS(1));
    assert_null(read_tensor(p, NULL, &err));
    assert_string_equal(err.text, "element type 77 (unknown type) is not supported");
}

/* A file of 16 bytes, "w.data", known to the reader whose context counts the calls. */
static const float file[4] = {1, 2, 3, 4};

static const void *read_file(void *context, const char *path, size_t *size, struct apex_error *err)
{
    ++*(int *)context;
    if (strcmp(path, "w.data") != 0) {
        apex_fail(err, "no file %s", path);
        return NULL;
    }
    *size = sizeof file;
    return file;
}

static struct apex_tensor *read_external(const char *location, const char *offset, const char *length,
                                         int *calls, struct apex_error *err)
{
    const char *const pair[3][2] = {{"location", location}, {"offset", offset}, {"length", length}};
    const struct onnx_files external = {.read = read_file, .context = calls};
    Onnx__TensorProto *p = tensor_new(NULL, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, DIMS(2));
    p->has_data_location = 1;
    p->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    for (int i = 0; i < 3; i++) {
        if (!pair[i][1])
            continue;
        Onnx__StringStringEntryProto *e = malloc(sizeof *e);
        onnx__string_string_entry_proto__init(e);
        e->key = strdup(pair[i][0]);
        e->value = strdup(pair[i][1]);
        list_add(&p->external_data, &p->n_external_data, e);
    }
    return read_tensor(p, &external, err);
}

static void external_data_is_read_at_its_offset(void **state)
{
    (void)state;
    struct apex_error err;
    int calls = 0;
    struct apex_tensor *t = read_external("w.data", "8", "8", &calls, &err);
    assert_floats(t, FLOATS(3, 4));
    apex_tensor_free(t);
    t = read_external("w.data", NULL, NULL, &calls, &err);
    assert_floats(t, FLOATS(1, 2));
    apex_tensor_free(t);
    assert_int_equal(calls, 2);
}

static void external_data_beyond_the_file_is_an_error(void **state)
{
    (void)state;
    struct apex_error err;
    int calls = 0;
    static const char *const bad[][2] = {{"12", "8"},
                                         {"17", "8"},
                                         {"0", "4"},
                                         {"-8", "8"},
                                         {"8x", "8"},
                                         {"18446744073709551615", "8"},
                                         {"99999999999999999999", "8"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        err.text[0] = '\0';
        assert_null(read_external("w.data", bad[i][0], bad[i][1], &calls, &err));
        assert_non_null(strstr(err.text, "external data"));
    }
}

static void external_paths_out_of_the_folder_are_never_opened(void **state)
{
    (void)state;
    struct apex_error err;
    int calls = 0;
    static const char *const bad[] = {"/etc/passwd", "../w.data", "a/../../w.data", "..", "", "a\\b", "a/.."};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(read_external(bad[i], NULL, NULL, &calls, &err));
    assert_null(read_external(NULL, NULL, NULL, &calls, &err));
    assert_int_equal(calls, 0);
    assert_null(read_external("a/..b", NULL, NULL, &calls, &err));
    assert_string_equal(err.text, "no file a/..b");
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_bfloat_and_double_become_float),
        cmocka_unit_test(a_half_infinity_and_subnormal_are_kept),
        cmocka_unit_test(integers_become_int64_with_their_sign),
        cmocka_unit_test(typed_lists_are_read_like_raw_bytes),
        cmocka_unit_test(data_of_the_wrong_size_is_an_error),
        cmocka_unit_test(external_data_is_read_at_its_offset),
        cmocka_unit_test(external_data_beyond_the_file_is_an_error),
        cmocka_unit_test(external_paths_out_of_the_folder_are_never_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
