#include "core/unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct bytes example(void)
{
    unsigned char wanted[5] = {1, 0, 1, 1, 0};
    struct apex_unit u = {7, 2, 100, 50, 5, wanted, APEX_UNIT_RESPONSE};
    struct bytes b = {0};
    apex_unit_encode(&u, &b);
    assert_int_equal(b.failed, 0);
    return b;
}

/* Where `first` and the others lie in the bytes. */
enum { AT_VERSION = 0, AT_FIRST = 12, AT_COUNT = 16, AT_CELLS = 20, AT_WANTED = 24 };

static void expect_refusal(const struct bytes *b, const char *word)
{
    struct apex_unit u;
    struct apex_error err = {""};
    assert_int_equal(apex_unit_decode(&u, b->data, b->size, &err), -1);
    assert_null(u.wanted);
    if (!strstr(err.text, word))
        fail_msg("expected '%s' in: %s", word, err.text);
}

static void a_unit_comes_back_as_it_was(void **state)
{
    (void)state;
    struct bytes b = example();
    struct apex_unit u;
    struct apex_error err;
    assert_int_equal(apex_unit_decode(&u, b.data, b.size, &err), 0);
    assert_int_equal(u.id, 7);
    assert_int_equal(u.model, 2);
    assert_int_equal(u.first, 100);
    assert_int_equal(u.count, 50);
    assert_int_equal(u.cells, 5);
    assert_int_equal(u.kind, APEX_UNIT_RESPONSE);
    assert_memory_equal(u.wanted, ((unsigned char[]){1, 0, 1, 1, 0}), 5);
    apex_unit_free(&u);
    assert_null(u.wanted);
    bytes_free(&b);
}

static void every_shorter_piece_is_refused(void **state)
{
    (void)state;
    struct bytes b = example();
    for (size_t size = 0; size < b.size; size++) {
        /* A copy of exactly that size, so that a sanitizer sees a read past its end. */
        unsigned char *piece = malloc(size ? size : 1);
        memcpy(piece, b.data, size);
        expect_refusal(&(struct bytes){piece, size, size, 0}, "end early");
        free(piece);
    }
    expect_refusal(&(struct bytes){0}, "end early");
    bytes_free(&b);
}

static void another_version_is_refused_and_both_are_named(void **state)
{
    (void)state;
    struct bytes b = example();
    b.data[AT_VERSION] = 99;
    expect_refusal(&b, "version 99");
    expect_refusal(&b, "knows 2");
    bytes_free(&b);
}

static void hostile_numbers_are_refused(void **state)
{
    (void)state;
    struct bytes b = example();
    memset(b.data + AT_CELLS, 0xff, 4);
    expect_refusal(&b, "end early");
    bytes_free(&b);
    b = example();
    memset(b.data + AT_COUNT, 0, 4);
    expect_refusal(&b, "no samples");
    bytes_free(&b);
    b = example();
    memset(b.data + AT_FIRST, 0xff, 4);
    expect_refusal(&b, "out of range");
    bytes_free(&b);
    b = example();
    b.data[AT_WANTED + 3] = 2;
    expect_refusal(&b, "cell 3");
    bytes_put_u8(&b, 0);
    expect_refusal(&b, "1 bytes too many");
    bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_comes_back_as_it_was),
        cmocka_unit_test(every_shorter_piece_is_refused),
        cmocka_unit_test(another_version_is_refused_and_both_are_named),
        cmocka_unit_test(hostile_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
