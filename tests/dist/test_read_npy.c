#include "data_files.h"

/* The elements of an NPY file as floats, row by row. */
static void npy_is(void **state, const struct bytes *b, int n, const double *expected)
{
    struct apex_error err = {""};
    struct apex_tensor *t = dataset_array(put_file(state, "a.npy", b->data, b->size), NULL, &err);
    if (!t)
        fail_msg("%s", err.text);
    assert_int_equal(apex_shape_count(&t->shape), n);
    for (int i = 0; i < n; i++)
        assert_float_equal(((float *)t->data)[i], (float)expected[i], 0);
    apex_tensor_free(t);
}

static void npy_fails(void **state, const struct bytes *b, const char *part)
{
    struct apex_error err = {""};
    assert_null(dataset_array(put_file(state, "a.npy", b->data, b->size), NULL, &err));
    assert_says(err.text, "a.npy: ");
    assert_says(err.text, part);
}

static void header_fails(void **state, const char *descr, const char *fortran, const char *shape,
                         const char *part)
{
    struct bytes b = {0};
    npy_bytes(&b, 1, descr, fortran, shape, "abcd", 4);
    npy_fails(state, &b, part);
    bytes_free(&b);
}

/* Bytes written as a person would read them in hex, so that the test does not share the reader's idea of
 * order. */
static void every_type_is_read_in_both_byte_orders(void **state)
{
    static const struct {
        const char *descr, *bytes;
        int size;
        double value[2];
    } cases[] = {
        {"|b1", "\0\1", 1, {0, 1}},
        {"|u1", "\x07\xff", 1, {7, 255}},
        {"|i1", "\x07\xff", 1, {7, -1}},
        {"<u2", "\x01\x02\xff\xff", 2, {513, 65535}},
        {">u2", "\x01\x02\xff\xff", 2, {258, 65535}},
        {"<i2", "\x01\x02\xff\xff", 2, {513, -1}},
        {">i2", "\x01\x02\xff\xfe", 2, {258, -2}},
        {"<u4", "\1\0\0\0\0\0\0\x80", 4, {1, 2147483648.0}},
        {">u4", "\0\0\0\1\x80\0\0\0", 4, {1, 2147483648.0}},
        {"<i4", "\1\0\0\0\0\0\0\x80", 4, {1, -2147483648.0}},
        {">i4", "\0\0\0\1\x80\0\0\0", 4, {1, -2147483648.0}},
        {"<u8", "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80", 8, {1, 9223372036854775808.0}},
        {"<i8", "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80", 8, {1, -9223372036854775808.0}},
        {">i8", "\0\0\0\0\0\0\0\1\xff\xff\xff\xff\xff\xff\xff\xfe", 8, {1, -2}},
        {"<f2", "\0\x3c\0\xc0", 2, {1, -2}},
        {">f2", "\x35\x55\0\1", 2, {0.333251953125, 5.9604644775390625e-8}}, /* 1/3; the smallest subnormal */
        {"<f2", "\xff\x7b\0\x84", 2, {65504, -6.103515625e-5}},
        {"<f4", "\0\0\x80\x3f\0\0\0\xc0", 4, {1, -2}},
        {">f4", "\x3f\x80\0\0\xc0\0\0\0", 4, {1, -2}},
        {"<f8", "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\xc0", 8, {1, -2}},
        {">f8", "\x3f\xf0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 8, {1, -2}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct bytes b = {0};
        npy_bytes(&b, 1, cases[k].descr, "False", "(2,)", cases[k].bytes, 2 * (size_t)cases[k].size);
        npy_is(state, &b, 2, cases[k].value);
        bytes_free(&b);
    }
}

static void versions_1_to_3_are_read(void **state)
{
    for (int version = 1; version <= 3; version++) {
        struct bytes b = {0};
        npy_bytes(&b, version, "|u1", "False", "(2, 2)", "\1\2\3\4", 4);
        npy_is(state, &b, 4, (const double[]){1, 2, 3, 4});
        bytes_free(&b);
    }
    struct bytes b = {0};
    npy_bytes(&b, 4, "|u1", "False", "(2, 2)", "\1\2\3\4", 4);
    npy_fails(state, &b, "NPY version 4");
    bytes_free(&b);
}

static void fortran_order_is_turned_into_rows(void **state)
{
    struct bytes b = {0};
    /* a[i][j][k] = 12 i + 4 j + k + 1 is written with i fastest */
    const unsigned char column_major[] = {1, 13, 5, 17, 9,  21, 2, 14, 6, 18, 10, 22,
                                          3, 15, 7, 19, 11, 23, 4, 16, 8, 20, 12, 24};
    double expected[24];
    for (int i = 0; i < 24; i++)
        expected[i] = i + 1;
    npy_bytes(&b, 1, "|u1", "True", "(2, 3, 4)", column_major, 24);
    npy_is(state, &b, 24, expected);
    bytes_free(&b);
}

static void shapes_of_python_2_are_read(void **state)
{
    struct bytes b = {0};
    npy_bytes(&b, 1, "|u1", "False", "(2L, 2L)", "\1\2\3\4", 4);
    npy_is(state, &b, 4, (const double[]){1, 2, 3, 4});
    bytes_free(&b);
}

static void other_types_are_refused_by_name(void **state)
{
    header_fails(state, "<c8", "False", "(4,)", "NPY type '<c8' is not read");
    header_fails(state, "|O", "False", "(4,)", "NPY type '|O' is not read");
    header_fails(state, "<U16", "False", "(4,)", "NPY type '<U16' is not read");
    header_fails(state, "|V2", "False", "(2,)", "NPY type '|V2' is not read");
}

static void sizes_that_do_not_multiply_are_errors(void **state)
{
    header_fails(state, "|u1", "False", "(5,)", "says [5] elements of 1 bytes, but 4 bytes follow it");
    header_fails(state, "|u1", "False", "(3,)", "but 4 bytes follow it");
    header_fails(state, "<f8", "False", "(4294967296, 4294967296)", "but 4 bytes follow it");
    header_fails(state, "|u1", "True", "(9223372036854775807, 9223372036854775807)", "but 4 bytes follow it");
    header_fails(state, "|u1", "False", "(99999999999999999999,)", "broken shape");
    header_fails(state, "|u1", "False", "(-4,)", "broken shape");
    header_fails(state, "|u1", "False", "(4", "broken shape");
    header_fails(state, "|u1", "False", "4", "without a shape");
    header_fails(state, "|u1", "False", "(1,1,1,1,1,1,1,1,4)", "more than 8 dimensions");
    header_fails(state, "|u1", "Maybe", "(4,)", "without fortran_order");
    header_fails(state, "|u1", "False", "()", "but 4 bytes follow it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_type_is_read_in_both_byte_orders), TEST(versions_1_to_3_are_read),
        TEST(fortran_order_is_turned_into_rows),      TEST(shapes_of_python_2_are_read),
        TEST(other_types_are_refused_by_name),        TEST(sizes_that_do_not_multiply_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
