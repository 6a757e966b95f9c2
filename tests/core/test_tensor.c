#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/tensor.h"

#include <string.h>

static struct apex_shape shape_of(int rank, int64_t a, int64_t b, int64_t c)
{
    return (struct apex_shape){.rank = rank, .dim = {a, b, c}};
}

static void a_scalar_has_one_element_and_a_zero_dimension_none(void **state)
{
    (void)state;
    struct apex_shape s = {0};
    assert_int_equal(apex_shape_count(&s), 1);
    s = shape_of(3, 2, 0, 5);
    assert_int_equal(apex_shape_count(&s), 0);
    s = shape_of(3, 2, 3, 5);
    assert_int_equal(apex_shape_count(&s), 30);
}

static void a_negative_dimension_or_an_overflow_has_no_count(void **state)
{
    (void)state;
    struct apex_shape s = shape_of(2, 4, -1, 0);
    assert_int_equal(apex_shape_count(&s), -1);
    s = shape_of(3, INT64_MAX, 3, 0);
    assert_int_equal(apex_shape_count(&s), -1);
    s = shape_of(3, INT64_C(1) << 32, INT64_C(1) << 31, 2);
    assert_int_equal(apex_shape_count(&s), -1);
    s.rank = APEX_MAX_RANK + 1;
    assert_int_equal(apex_shape_count(&s), -1);
}

static void a_shape_prints_in_brackets(void **state)
{
    (void)state;
    char text[APEX_SHAPE_TEXT];
    struct apex_shape s = shape_of(3, 1, 3, 32), scalar = {0}, longest = {.rank = APEX_MAX_RANK};
    assert_string_equal(apex_shape_text(&s, text), "[1,3,32]");
    assert_string_equal(apex_shape_text(&scalar, text), "[]");
    for (int d = 0; d < APEX_MAX_RANK; d++)
        longest.dim[d] = INT64_MIN;
    assert_int_equal(strlen(apex_shape_text(&longest, text)), 8 * 20 + 7 + 2);
}

static void a_new_tensor_is_zero_and_never_without_data(void **state)
{
    (void)state;
    struct apex_error err;
    struct apex_shape s = shape_of(2, 2, 3, 0), none = shape_of(1, 0, 0, 0);
    struct apex_tensor *t = apex_tensor_new(APEX_I64, &s, &err), *e = apex_tensor_new(APEX_F32, &none, &err);
    assert_non_null(t);
    assert_non_null(e);
    assert_non_null(e->data);
    for (int i = 0; i < 6; i++)
        assert_int_equal(((int64_t *)t->data)[i], 0);
    ((int64_t *)t->data)[5] = 7;
    struct apex_tensor *copy = apex_tensor_copy(t, &err);
    ((int64_t *)t->data)[5] = 8;
    assert_int_equal(((int64_t *)copy->data)[5], 7);
    apex_tensor_free(copy);
    apex_tensor_free(e);
    apex_tensor_free(t);
    apex_tensor_free(NULL);
}

static void an_absurd_tensor_is_an_error_with_its_shape(void **state)
{
    (void)state;
    struct apex_error err;
    struct apex_shape s = shape_of(2, INT64_MAX / 2, 1, 0);
    assert_null(apex_tensor_new(APEX_F32, &s, &err));
    assert_non_null(strstr(err.text, "4611686018427387903"));
}

static void a_strided_copy_transposes(void **state)
{
    (void)state;
    const float from[6] = {1, 2, 3, 4, 5, 6}, want[6] = {1, 4, 2, 5, 3, 6};
    float to[6] = {0};
    struct apex_shape s = shape_of(2, 3, 2, 0);
    apex_strided_copy(&s, sizeof(float), to, (int64_t[]){2, 1}, from, (int64_t[]){1, 3});
    assert_memory_equal(to, want, sizeof to);
}

static void a_strided_copy_repeats_reverses_and_skips(void **state)
{
    (void)state;
    const int64_t from[4] = {1, 2, 3, 4};
    int64_t to[6];
    struct apex_shape s = shape_of(2, 3, 2, 0);
    apex_strided_copy(&s, sizeof(int64_t), to, (int64_t[]){2, 1}, from, (int64_t[]){0, 2});
    assert_memory_equal(to, ((int64_t[]){1, 3, 1, 3, 1, 3}), sizeof to);
    s = shape_of(1, 4, 0, 0);
    apex_strided_copy(&s, sizeof(int64_t), to, (int64_t[]){1}, from + 3, (int64_t[]){-1});
    assert_memory_equal(to, ((int64_t[]){4, 3, 2, 1}), 4 * sizeof(int64_t));
}

/* Against a plain loop, for every order of a region with a unit dimension, and every element size. */
static void a_strided_copy_of_four_dimensions_equals_a_plain_loop(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4, 8};
    const struct apex_shape s = {.rank = 4, .dim = {2, 3, 1, 4}};
    const int64_t dense[4] = {12, 4, 4, 1}, moved[4] = {1, 2, 5, 6};
    for (int k = 0; k < 3; k++) {
        unsigned char from[24 * 8], to[24 * 8] = {0};
        size_t size = sizes[k];
        for (size_t i = 0; i < sizeof from; i++)
            from[i] = (unsigned char)(i * 7 + 1);
        apex_strided_copy(&s, size, to, moved, from, dense);
        for (int a = 0; a < 2; a++)
            for (int b = 0; b < 3; b++)
                for (int d = 0; d < 4; d++)
                    assert_memory_equal(to + (size_t)(a + 2 * b + 6 * d) * size,
                                        from + (size_t)(12 * a + 4 * b + d) * size, size);
    }
}

static void a_strided_copy_of_nothing_touches_nothing(void **state)
{
    (void)state;
    char to = 'x';
    struct apex_shape none = shape_of(2, 3, 0, 0), scalar = {0};
    apex_strided_copy(&none, 1, &to, (int64_t[]){1, 1}, "y", (int64_t[]){1, 1});
    assert_int_equal(to, 'x');
    apex_strided_copy(&scalar, 1, &to, NULL, "y", NULL);
    assert_int_equal(to, 'y');
}

static void shapes_broadcast_from_the_right(void **state)
{
    (void)state;
    struct apex_shape a = shape_of(3, 2, 1, 5), b = shape_of(2, 3, 1, 0), out;
    struct apex_error err;
    assert_int_equal(apex_shape_broadcast(&a, &b, &out, &err), 0);
    struct apex_shape want = shape_of(3, 2, 3, 5);
    assert_true(apex_shape_equal(&out, &want));
    b = shape_of(1, 4, 0, 0);
    assert_int_equal(apex_shape_broadcast(&a, &b, &out, &err), -1);
    assert_string_equal(err.text, "shapes [2,1,5] and [4] do not broadcast");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scalar_has_one_element_and_a_zero_dimension_none),
        cmocka_unit_test(a_negative_dimension_or_an_overflow_has_no_count),
        cmocka_unit_test(a_shape_prints_in_brackets),
        cmocka_unit_test(a_new_tensor_is_zero_and_never_without_data),
        cmocka_unit_test(an_absurd_tensor_is_an_error_with_its_shape),
        cmocka_unit_test(a_strided_copy_transposes),
        cmocka_unit_test(a_strided_copy_repeats_reverses_and_skips),
        cmocka_unit_test(a_strided_copy_of_four_dimensions_equals_a_plain_loop),
        cmocka_unit_test(a_strided_copy_of_nothing_touches_nothing),
        cmocka_unit_test(shapes_broadcast_from_the_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
