#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/onnx/unpack.h"

#include "onnx_model.h"

/* Large weights one by one, and which bytes are handed back. */

enum { LARGE = UNPACK_LARGE / sizeof(float) };

struct given {
    unsigned char data[3 * UNPACK_LARGE]; /* of every external file */
    int released;
};

static const void *read_given(void *context, const char *path, size_t *size, struct apex_error *err)
{
    struct given *g = context;
    (void)path, (void)err;
    *size = sizeof g->data;
    return g->data;
}

/* What was handed back is overwritten: whoever reads it after all gets other weights. */
static void overwrite(void *context, const void *from, size_t size)
{
    struct given *g = context;
    g->released++;
    memset((void *)from, 0xff, size);
}

static struct graph *import_overwriting(Onnx__ModelProto *m, struct given *given, struct apex_error *err)
{
    size_t size;
    uint8_t *bytes = model_pack(m, &size);
    const struct onnx_files files = {read_given, overwrite, given};
    struct graph *g = onnx_import_keeping(bytes, size, "test.onnx", &files, NULL, err);
    free(bytes);
    return g;
}

/* y = x + a + b + c + d, sizes in turn small and large. */
static Onnx__ModelProto *four_sums(void)
{
    Onnx__ModelProto *m = model_new(13);
    model_input(m, "x", DIMS(1, LARGE));
    model_ramp(m, "a", DIMS(1));
    model_ramp(m, "b", DIMS(LARGE));
    model_ramp(m, "c", DIMS(1, 1));
    model_ramp(m, "d", DIMS(1, LARGE));
    model_node(m, "Mul", "x a", "xa");
    model_node(m, "Sub", "xa b", "xb");
    model_node(m, "Div", "xb c", "xc");
    model_node(m, "Add", "xc d", "y");
    model_output(m, "y");
    return m;
}

static void assert_ramp(const struct apex_tensor *t, int64_t count, float step)
{
    assert_non_null(t);
    assert_int_equal(apex_shape_count(&t->shape), count);
    for (int64_t i = 0; i < count; i++)
        if (((const float *)t->data)[i] != step * (float)(i + 1))
            fail_msg("element %lld is %g", (long long)i, (double)((const float *)t->data)[i]);
}

static void large_weights_are_handed_back_and_stay_what_and_where_they_were(void **state)
{
    (void)state;
    struct given *given = calloc(1, sizeof *given);
    struct apex_error err = {{0}};
    struct graph *g = import_overwriting(four_sums(), given, &err);
    if (!g)
        fail_msg("%s", err.text);
    assert_int_equal(given->released, 2);
    assert_ramp(graph_constant(g, node_at(g, 0, "Sub"), 1), LARGE, 0.5f);
    assert_ramp(graph_constant(g, node_at(g, 0, "Add"), 1), LARGE, 0.5f);
    graph_free(g);
    free(given);
}

static void initializers_keep_the_order_of_the_file(void **state)
{
    (void)state;
    size_t size;
    struct apex_error err = {{0}};
    uint8_t *bytes = model_pack(four_sums(), &size);
    Onnx__ModelProto *m = onnx_unpack(bytes, size, NULL, NULL, &err);
    assert_non_null(m);
    assert_int_equal(m->graph->n_initializer, 4);
    for (int i = 0; i < 4; i++) {
        const char name[2] = {(char)('a' + i), '\0'};
        assert_string_equal(m->graph->initializer[i]->name, name);
    }
    onnx__model_proto__free_unpacked(m, NULL);
    free(bytes);
}

static void a_large_initializer_that_protobuf_cannot_read_is_an_error(void **state)
{
    (void)state;
    static const uint8_t name_as_a_number[] = {8 << 3, 1}; /* TensorProto.name is a string */
    Onnx__ModelProto *m = four_sums();
    Onnx__TensorProto *d = m->graph->initializer[3];
    free(d->name);
    d->name = NULL;
    d->doc_string = strdup("??");
    size_t size;
    struct apex_error err = {{0}};
    uint8_t *bytes = model_pack(m, &size), *at = bytes;
    while (memcmp(at, "\x62\x02??", 4) != 0) /* doc_string, field 12 */
        at++;
    memcpy(at, name_as_a_number, 2);
    memcpy(at + 2, name_as_a_number, 2);
    assert_null(onnx_unpack(bytes, size, NULL, NULL, &err));
    assert_string_equal(err.text, "not an ONNX file: protobuf cannot read an initializer");
    free(bytes);
}

static void external(Onnx__TensorProto *t, const char *offset)
{
    static const char *const keys[] = {"location", "offset", "length"};
    char length[20];
    snprintf(length, sizeof length, "%zu", t->raw_data.len);
    const char *values[] = {"weights", offset, length};
    for (int k = 0; k < 3; k++) {
        Onnx__StringStringEntryProto *e = malloc(sizeof *e);
        onnx__string_string_entry_proto__init(e);
        e->key = strdup(keys[k]);
        e->value = strdup(values[k]);
        list_add(&t->external_data, &t->n_external_data, e);
    }
    free(t->raw_data.data);
    t->raw_data = (ProtobufCBinaryData){0};
    t->has_raw_data = 0;
    t->has_data_location = 1;
    t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

/* b and d from external data at these offsets; how much is handed back. */
static int released_of(const char *b, const char *d, float first_of_d)
{
    struct given *given = calloc(1, sizeof *given);
    struct apex_error err = {{0}};
    Onnx__ModelProto *m = four_sums();
    for (size_t i = 0; i < sizeof given->data / sizeof(float); i++) {
        const float v = 0.5f * (float)(i + 1);
        memcpy(given->data + i * sizeof v, &v, sizeof v);
    }
    external(m->graph->initializer[1], b);
    external(m->graph->initializer[3], d);
    struct graph *g = import_overwriting(m, given, &err);
    if (!g)
        fail_msg("%s", err.text);
    assert_ramp(graph_constant(g, node_at(g, 0, "Sub"), 1), LARGE, 0.5f);
    const float *got = graph_constant(g, node_at(g, 0, "Add"), 1)->data;
    for (int i = 0; i < LARGE; i++)
        assert_true(got[i] == first_of_d + 0.5f * (float)i);
    int released = given->released;
    graph_free(g);
    free(given);
    return released;
}

static void external_data_are_handed_back_unless_two_initializers_share_them(void **state)
{
    (void)state;
    char beside[20], over[20];
    snprintf(beside, sizeof beside, "%d", UNPACK_LARGE);
    snprintf(over, sizeof over, "%d", UNPACK_LARGE - 4);
    assert_int_equal(released_of("0", beside, 0.5f * (LARGE + 1)), 2);
    assert_int_equal(released_of("0", over, 0.5f * LARGE), 0);
    assert_int_equal(released_of("0", "0", 0.5f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_weights_are_handed_back_and_stay_what_and_where_they_were),
        cmocka_unit_test(initializers_keep_the_order_of_the_file),
        cmocka_unit_test(a_large_initializer_that_protobuf_cannot_read_is_an_error),
        cmocka_unit_test(external_data_are_handed_back_unless_two_initializers_share_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
