#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_model.h"

#include "core/onnx/ops.h"

/* Hostile bytes: never a crash, never absurd memory. Run with sanitizers, these say more. */

static Onnx__ModelProto *busy_model(void)
{
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(-1, 2, 5, 5));
    model_ramp(m, "w", DIMS(2, 2, 3, 3));
    model_ramp(m, "fc", DIMS(8, 3));
    model_ints(m, "starts", DIMS(0, -1));
    model_ints(m, "ends", DIMS(3, INT64_MIN + 1));
    model_ints(m, "axes", DIMS(2, 3));
    model_ints(m, "steps", DIMS(2, -2));
    model_ints(m, "target", DIMS(0, -1));
    Onnx__NodeProto *conv = model_node(m, "Conv", "x w", "a");
    node_ints(conv, "pads", DIMS(1, 1, 1, 1));
    model_node(m, "Relu", "a", "b");
    model_node(m, "Slice", "b starts ends axes steps", "c");
    Onnx__NodeProto *pool = model_node(m, "MaxPool", "c", "d");
    node_ints(pool, "kernel_shape", DIMS(1, 2));
    model_node(m, "Reshape", "d target", "e");
    model_node(m, "Gemm", "e fc", "f");
    model_node(m, "Softmax", "f", "y");
    model_output(m, "y");
    return m;
}

static void import_and_drop(const uint8_t *bytes, size_t size)
{
    struct apex_error err = {{0}};
    struct graph *g = onnx_import(bytes, size, "test.onnx", NULL, NULL, &err);
    if (!g && err.text[0] == '\0')
        fail_msg("refused without a reason");
    graph_free(g);
}

static void a_file_cut_at_any_byte_is_refused_or_whole(void **state)
{
    (void)state;
    size_t size;
    graph_free(want_graph(busy_model()));
    uint8_t *bytes = model_pack(busy_model(), &size);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *part = malloc(cut + 1); /* so that a read past the end is seen */
        memcpy(part, bytes, cut);
        import_and_drop(part, cut);
        free(part);
    }
    free(bytes);
}

static void a_file_with_any_byte_changed_never_crashes(void **state)
{
    (void)state;
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    size_t size;
    uint8_t *bytes = model_pack(busy_model(), &size);
    for (size_t at = 0; at < size; at++) {
        uint8_t was = bytes[at];
        for (size_t k = 0; k < sizeof values; k++) {
            bytes[at] = values[k];
            import_and_drop(bytes, size);
        }
        bytes[at] = was ^ 0x10;
        import_and_drop(bytes, size);
        bytes[at] = was;
    }
    free(bytes);
}

static void random_changes_never_crash(void **state)
{
    (void)state;
    size_t size;
    uint64_t random = 1;
    uint8_t *bytes = model_pack(busy_model(), &size), *copy = malloc(size);
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, bytes, size);
        for (int k = 0; k < 1 + round % 6; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            copy[(random >> 33) % size] = (uint8_t)(random >> 24);
        }
        import_and_drop(copy, size);
    }
    free(copy);
    free(bytes);
}

/* Model > graph > node > attribute > graph > node > ...: field 7 of the model, then 1, 5, 6 over and over. */
static void subgraphs_nested_without_end_are_refused(void **state)
{
    (void)state;
    static const uint8_t tag[3] = {1 << 3 | 2, 5 << 3 | 2, 6 << 3 | 2};
    const size_t levels = 30000, room = levels * 6;
    uint8_t *bytes = malloc(room), *at = bytes + room;
    for (size_t level = levels; level-- > 0;) { /* from the innermost outwards */
        size_t inside = (size_t)(bytes + room - at), n = 0;
        uint8_t length[10];
        for (; inside >= 128; inside >>= 7)
            length[n++] = (uint8_t)(inside | 128);
        length[n++] = (uint8_t)inside;
        at -= n;
        memcpy(at, length, n);
        *--at = level == 0 ? 7 << 3 | 2 : tag[(level - 1) % 3];
    }
    struct apex_error err = {{0}};
    assert_null(onnx_import(at, (size_t)(bytes + room - at), "test.onnx", NULL, NULL, &err));
    assert_non_null(strstr(err.text, "nested deeper than"));
    free(bytes);
}

static void a_constant_of_absurd_size_is_refused(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {
        {INT64_C(1) << 40, 1}, {INT64_MAX, INT64_MAX}, {1 << 20, 1 << 20}, {-1, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        Onnx__ModelProto *m = model_new(13);
        model_input(m, "x", DIMS(1, 2));
        model_ints(m, "shape", sizes[i], 2);
        model_node(m, "ConstantOfShape", "shape", "c");
        model_node(m, "Add", "x c", "y");
        model_output(m, "y");
        want_error(m, "node 'the_ConstantOfShape' (ConstantOfShape): a constant of shape [");
    }
}

static void a_range_of_absurd_length_is_refused(void **state)
{
    (void)state;
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(1, 2));
    model_scalar(m, "zero", 0);
    model_scalar(m, "one", 1);
    model_scalar(m, "many", 536870912.0f);
    model_node(m, "Range", "zero many one", "c");
    model_node(m, "Add", "x c", "y");
    model_output(m, "y");
    want_error(m, "node 'the_Range' (Range): from 0 to");
}

static void the_operator_table_is_sorted_and_sane(void **state)
{
    (void)state;
    int rows = 0;
    for (const struct op *op; (op = op_at(rows)); rows++) {
        assert_ptr_equal(op_find(op->name), op);
        if (op->first < 1 || op->last < op->first || op->min_inputs > op->max_inputs || op->max_outputs < 1)
            fail_msg("row %s", op->name);
    }
    assert_true(rows > 70);
    assert_null(op_find("NoSuchOperator"));
    assert_null(op_at(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_cut_at_any_byte_is_refused_or_whole),
        cmocka_unit_test(a_file_with_any_byte_changed_never_crashes),
        cmocka_unit_test(random_changes_never_crash),
        cmocka_unit_test(subgraphs_nested_without_end_are_refused),
        cmocka_unit_test(a_constant_of_absurd_size_is_refused),
        cmocka_unit_test(a_range_of_absurd_length_is_refused),
        cmocka_unit_test(the_operator_table_is_sorted_and_sane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
