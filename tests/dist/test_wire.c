#include "dist/run/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_record_crosses_the_wire_unchanged(void **state)
{
    (void)state;
    struct crew_result r = {.unit = 77, .seconds = 1.5};
    struct bytes out = {0};
    bytes_put(&r.record, "record bytes", 12);
    wire_put_result(&out, &r);
    struct wire_result w;
    assert_int_equal(wire_get_result(&w, out.data, out.size), 0);
    assert_int_equal(w.unit, 77);
    assert_int_equal(w.failed, 0);
    assert_true(w.seconds == 1.5f);
    assert_int_equal(w.size, 12);
    assert_memory_equal(w.record, "record bytes", 12);
    bytes_free(&out);
    bytes_free(&r.record);
}

static void a_failure_carries_its_reason(void **state)
{
    (void)state;
    struct crew_result r = {.unit = 3, .failed = 1};
    struct bytes out = {0};
    apex_fail(&r.error, "sample 4: not a number");
    wire_put_result(&out, &r);
    struct wire_result w;
    assert_int_equal(wire_get_result(&w, out.data, out.size), 0);
    assert_int_equal(w.failed, 1);
    assert_null(w.record);
    assert_string_equal(w.error.text, "sample 4: not a number");
    bytes_free(&out);
}

static void a_short_message_is_no_result(void **state)
{
    (void)state;
    struct wire_result w;
    for (size_t size = 0; size < 9; size++)
        assert_int_equal(wire_get_result(&w, "\0\0\0\0\0\0\0\0", size), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_crosses_the_wire_unchanged),
        cmocka_unit_test(a_failure_carries_its_reason),
        cmocka_unit_test(a_short_message_is_no_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
