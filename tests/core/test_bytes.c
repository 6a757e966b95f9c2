#include "core/bytes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cursor reading(const struct bytes *b)
{
    return (struct cursor){b->data, b->data + b->size, 0};
}

static void numbers_are_little_endian(void **state)
{
    (void)state;
    struct bytes b = {0};
    bytes_put_u8(&b, 0x01);
    bytes_put_u16(&b, 0x0302);
    bytes_put_u32(&b, 0x07060504);
    bytes_put_u64(&b, 0x0f0e0d0c0b0a0908);
    bytes_put_f32(&b, 1.0f);
    unsigned char expected[19] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0x80, 0x3f};
    assert_int_equal(b.failed, 0);
    assert_int_equal(b.size, sizeof expected);
    assert_memory_equal(b.data, expected, sizeof expected);
    bytes_free(&b);
}

static void what_was_put_is_taken_back(void **state)
{
    (void)state;
    struct bytes b = {0};
    bytes_put_u8(&b, 200);
    bytes_put_u16(&b, 60000);
    bytes_put_u32(&b, 4000000000u);
    bytes_put_u64(&b, UINT64_MAX - 1);
    bytes_put_f32(&b, -0.0f);
    bytes_put_f64(&b, INFINITY);
    bytes_put_text(&b, "relu4");
    bytes_put_text(&b, "");
    bytes_put_text(&b, NULL);
    struct cursor c = reading(&b);
    assert_int_equal(cursor_u8(&c), 200);
    assert_int_equal(cursor_u16(&c), 60000);
    assert_int_equal(cursor_u32(&c), 4000000000u);
    assert_true(cursor_u64(&c) == UINT64_MAX - 1);
    assert_true(signbit(cursor_f32(&c)));
    assert_true(isinf(cursor_f64(&c)));
    const char *const expected[] = {"relu4", "", ""};
    for (int i = 0; i < 3; i++) {
        char *text = cursor_text(&c);
        assert_string_equal(text, expected[i]);
        free(text);
    }
    assert_int_equal(c.failed, 0);
    assert_ptr_equal(c.at, c.end);
    bytes_free(&b);
}

static void reading_past_the_end_gives_zeros_and_fails_for_good(void **state)
{
    (void)state;
    unsigned char raw[3] = {1, 2, 3};
    struct cursor c = {raw, raw + 3, 0};
    assert_int_equal(cursor_u32(&c), 0);
    assert_int_equal(c.failed, 1);
    assert_int_equal(cursor_u8(&c), 0); /* a byte is left, but what it means is lost */
    assert_null(cursor_take(&c, 0));
}

static void a_size_near_the_largest_does_not_wrap(void **state)
{
    (void)state;
    unsigned char raw[3] = {1, 2, 3};
    struct cursor c = {raw, raw + 3, 0};
    assert_null(cursor_take(&c, SIZE_MAX));
    assert_int_equal(c.failed, 1);
}

static void a_text_longer_than_the_bytes_is_refused(void **state)
{
    (void)state;
    struct bytes b = {0};
    bytes_put_text(&b, "four");
    b.data[0] = 5;
    struct cursor c = reading(&b);
    assert_null(cursor_text(&c));
    assert_int_equal(c.failed, 1);
    memset(b.data, 0xff, 4);
    c = reading(&b);
    assert_null(cursor_text(&c));
    assert_int_equal(c.failed, 1);
    bytes_free(&b);
}

static void a_text_with_a_zero_byte_inside_is_damaged(void **state)
{
    (void)state;
    struct bytes b = {0};
    bytes_put_text(&b, "four");
    b.data[5] = 0;
    struct cursor c = reading(&b);
    assert_null(cursor_text(&c));
    assert_int_equal(c.failed, 1);
    bytes_free(&b);
}

static void a_writer_grows_and_is_used_again_without_new_room(void **state)
{
    (void)state;
    struct bytes b = {0};
    for (uint32_t i = 0; i < 10000; i++)
        bytes_put_u32(&b, i);
    assert_int_equal(b.size, 40000);
    struct cursor c = reading(&b);
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(cursor_u32(&c), i);
    unsigned char *data = b.data;
    bytes_clear(&b);
    assert_int_equal(b.size, 0);
    bytes_put_u8(&b, 7);
    assert_ptr_equal(b.data, data);
    bytes_free(&b);
    assert_null(b.data);
}

static void a_writer_without_memory_says_so_once_and_stays_quiet(void **state)
{
    (void)state;
    struct bytes b = {0};
    bytes_put_u8(&b, 1);
    bytes_put(&b, b.data, SIZE_MAX / 2 + 1); /* more than can be had: nothing is read */
    assert_int_equal(b.failed, 1);
    bytes_put_u8(&b, 2);
    assert_int_equal(b.size, 1);
    bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(what_was_put_is_taken_back),
        cmocka_unit_test(reading_past_the_end_gives_zeros_and_fails_for_good),
        cmocka_unit_test(a_size_near_the_largest_does_not_wrap),
        cmocka_unit_test(a_text_longer_than_the_bytes_is_refused),
        cmocka_unit_test(a_text_with_a_zero_byte_inside_is_damaged),
        cmocka_unit_test(a_writer_grows_and_is_used_again_without_new_room),
        cmocka_unit_test(a_writer_without_memory_says_so_once_and_stays_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
