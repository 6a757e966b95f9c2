/* Which kernel sets a precision takes, and what is said on a processor that lacks their instructions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/engine/cpu.h"
#include "core/engine/kernels.h"

#include <stdio.h>
#include <string.h>

static void a_set_of_the_other_precision_is_refused(void **state)
{
    struct apex_error err = {""};
    (void)state;
    assert_null(kernel_set_choose(1, "native", &err));
    assert_string_equal(err.text, "kernels 'native' compute in f32, not in bf16: use 'auto', 'amx', "
                                  "'avx512-bf16' or 'emulated'");
    assert_null(kernel_set_choose(0, "emulated", &err));
    assert_string_equal(err.text, "kernels 'emulated' compute in bf16, not in f32");
    assert_string_equal(kernel_set_precision(kernel_set_choose(0, "auto", &err)), "f32");
    assert_string_equal(kernel_set_precision(kernel_set_choose(1, "emulated", &err)), "bf16");
}

/* On a machine that has everything the first half cannot be seen. */
static void a_processor_without_bfloat16_is_told_what_it_lacks(void **state)
{
    struct apex_error err = {""};
    char text[CPU_MISSING_TEXT], expected[APEX_ERROR_TEXT];
    unsigned missing = cpu_missing("avx512-bf16");
    (void)state;
    if (missing) {
        assert_null(kernel_set_choose(1, "auto", &err));
        snprintf(expected, sizeof expected, "lacks %s; 'kernels: emulated'", cpu_missing_text(missing, text));
        if (!strstr(err.text, expected) && !strstr(err.text, "no oneDNN"))
            fail_msg("'%s' does not say '%s'", err.text, expected);
        assert_null(kernel_set_find("avx512-bf16", NULL));
        assert_null(kernel_set_find("amx", NULL));
    }
    kernel_set_refuse("amx", "that of rank 3", 0x60, &err);
    assert_string_equal(err.text,
                        "precision bf16 with kernels 'amx' needs a processor that computes in bfloat16: that "
                        "of rank 3 lacks amx_tile, amx_bf16; 'kernels: emulated' does it in software on any "
                        "machine, slowly");
    assert_string_equal(cpu_missing_text(0x1007f, text),
                        "avx512f, avx512bw, avx512dq, avx512vl, avx512_bf16, amx_tile, amx_bf16, "
                        "oneDNN's leave (ONEDNN_MAX_CPU_ISA)");
    assert_int_equal(cpu_missing("emulated"), 0);
    assert_int_equal(cpu_missing("native"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_of_the_other_precision_is_refused),
        cmocka_unit_test(a_processor_without_bfloat16_is_told_what_it_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
