/* Purity, layout and perturbation; how the values are distributed is test_noise_statistics.c. */
#include "core/noise.h"
#include "core/sha256.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KINDS 5

static float *floats(int64_t count)
{
    float *f = malloc((size_t)count * sizeof *f);
    assert_non_null(f);
    return f;
}

static void every_kind_has_a_name_and_no_other_name_is_known(void **state)
{
    (void)state;
    enum apex_noise_kind kind;
    for (int k = 0; k < KINDS; k++) {
        assert_int_equal(apex_noise_kind(apex_noise_name((enum apex_noise_kind)k), &kind), 0);
        assert_int_equal(kind, k);
    }
    assert_int_equal(apex_noise_kind("normal", &kind), -1);
    assert_int_equal(apex_noise_kind("", &kind), -1);
    assert_string_equal(apex_noise_name(APEX_NOISE_LAPLACE), "laplace");
    assert_true(apex_noise_is_additive(APEX_NOISE_UNIFORM));
    assert_false(apex_noise_is_additive(APEX_NOISE_MULTIPLICATIVE));
    assert_false(apex_noise_is_additive(APEX_NOISE_DROPOUT));
}

static void any_slice_has_the_same_bits_as_the_whole(void **state)
{
    (void)state;
    enum { COUNT = 1501 };
    float whole[COUNT], slice[COUNT + 1];
    for (int k = 0; k < KINDS; k++) {
        struct apex_noise noise = {.kind = (enum apex_noise_kind)k, .seed = 0x123456789abcdef0};
        apex_noise_fill(&noise, 3, 14, 15, 0, COUNT, whole);
        for (int first = 0; first < COUNT; first += 4)
            for (int count = 0; count <= COUNT - first; count += count < 9 ? 1 : 251) {
                slice[count] = 12345;
                apex_noise_fill(&noise, 3, 14, 15, first, count, slice);
                assert_memory_equal(slice, whole + first, (size_t)count * sizeof *slice);
                assert_true(slice[count] == 12345);
            }
    }
}

static void seed_stream_sample_and_draw_all_change_the_noise(void **state)
{
    (void)state;
    enum { COUNT = 256 };
    float base[COUNT], other[COUNT];
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 1};
    apex_noise_fill(&noise, 1, 2, 3, 0, COUNT, base);
    const struct {
        uint64_t seed;
        uint32_t stream, sample, draw;
    } change[] = {{2, 1, 2, 3}, {1 + (1ull << 32), 1, 2, 3},
                  {1, 2, 2, 3}, {1, 1, 3, 3},
                  {1, 1, 2, 4}, {1, 1, 3, 2},
                  {1, 2, 1, 3}, {1, 3, 2, 1}};
    for (size_t c = 0; c < sizeof change / sizeof *change; c++) {
        struct apex_noise changed = {.kind = APEX_NOISE_GAUSSIAN, .seed = change[c].seed};
        apex_noise_fill(&changed, change[c].stream, change[c].sample, change[c].draw, 0, COUNT, other);
        for (int i = 0; i < COUNT; i++)
            assert_true(base[i] != other[i]);
    }
    apex_noise_fill(&noise, 1, 2, 3, 0, COUNT, other);
    assert_memory_equal(base, other, sizeof base);
}

static void elements_are_laid_out_as_the_header_says(void **state)
{
    (void)state;
    struct apex_noise noise = {.kind = APEX_NOISE_DROPOUT, .seed = 0xaabbccdd11223344};
    float u[4];
    uint32_t key[2] = {0x11223344, 0xaabbccdd}, x[4];
    int64_t far = 4 * (int64_t)4000000000;
    apex_noise_fill(&noise, 9, 8, 7, far, 4, u);
    apex_philox((uint32_t[]){4000000000u, 9, 7, 8}, key, x); /* block, stream, draw, sample */
    for (int w = 0; w < 4; w++)
        if (fabs(u[w] - (x[w] + 0.5) / 4294967296.0) > 1e-7)
            fail_msg("element %d: %.9g, word %08x", w, u[w], x[w]);
}

static void check_channels_last(const struct apex_noise *noise, int64_t channels, int64_t pixels)
{
    int64_t count = channels * pixels;
    float *plain = floats(count), *expected = floats(count), *got = floats(count + 1);
    apex_noise_fill(noise, 5, 6, 7, 0, count, plain);
    for (int64_t c = 0; c < channels; c++)
        for (int64_t p = 0; p < pixels; p++)
            expected[p * channels + c] = plain[c * pixels + p];
    got[count] = 12345;
    apex_noise_fill_nhwc(noise, 5, 6, 7, channels, pixels, got);
    for (int64_t e = 0; e < count; e++)
        if (memcmp(got + e, expected + e, sizeof *got))
            fail_msg("%s, %d channels, %d pixels, element %d: %.9g, expected %.9g",
                     apex_noise_name(noise->kind), (int)channels, (int)pixels, (int)e, got[e], expected[e]);
    assert_true(got[count] == 12345);
    free(plain);
    free(expected);
    free(got);
}

static void channels_last_is_a_transposition_bit_for_bit(void **state)
{
    (void)state;
    const int64_t channels[] = {1, 2, 3, 16, 17, 63, 64, 65, 130, 1000};
    const int64_t pixels[] = {1, 2, 3, 4, 5, 7, 8, 12, 49, 64, 169, 260};
    for (int k = 0; k < KINDS; k++)
        for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
            for (size_t p = 0; p < sizeof pixels / sizeof *pixels; p++)
                check_channels_last(&(struct apex_noise){.kind = (enum apex_noise_kind)k, .seed = 99},
                                    channels[c], pixels[p]);
}

static void large_pictures_are_transposed_too(void **state)
{
    (void)state;
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 99};
    check_channels_last(&noise, 3, 4091);
    check_channels_last(&noise, 3, 4092);
    check_channels_last(&noise, 3, 4093);
    check_channels_last(&noise, 5, 65 * 65);
    check_channels_last(&noise, 3, 224 * 224);
    check_channels_last(&noise, 2, 225 * 225);
}

static void noise_per_channel_is_the_channels_own_element_everywhere(void **state)
{
    (void)state;
    const int64_t channels[] = {2, 3, 64, 130}, pixels[] = {2, 5, 49};
    for (int k = 0; k < KINDS; k++)
        for (size_t at = 0; at < 12; at++) {
            const int64_t c = channels[at / 3], p = pixels[at % 3];
            const struct apex_noise noise = {.kind = (enum apex_noise_kind)k, .seed = 99, .per_channel = 1};
            float *plain = floats(c), *last = floats(c * p + 1), *rows = floats(c * p + 1);
            apex_noise_fill(&noise, 5, 6, 7, 0, c, plain);
            last[c * p] = rows[c * p] = 12345;
            apex_noise_fill_channels(&noise, 5, 6, 7, c, p, 1, last);
            apex_noise_fill_channels(&noise, 5, 6, 7, c, p, 0, rows);
            for (int64_t i = 0; i < c * p; i++)
                assert_true(last[i] == plain[i % c] && rows[i] == plain[i / p]);
            assert_true(last[c * p] == 12345 && rows[c * p] == 12345);
            free(plain);
            free(last);
            free(rows);
        }
}

/* Computed by this program with AVX2, with SSE2 and without any vector unit: any other digest means that a
 * machine or a compiler makes other noise, and that its results cannot be put together with others. */
static void the_bits_are_those_of_every_machine(void **state)
{
    (void)state;
    static const char *const digest[KINDS] = {
        "df5d7715c8ffcee833b5c52a425bcf412fef40db764e532e60a7273cec698c4b",
        "6756f436c75b4c3d11a7194f41912e8ed5e7c0411f16bfb50c1092e03ff64d7b",
        "72a1732eb8d12d9d18a0e1079146847f8946c1c83eb7cd886bdd6dd50bb5f6d4",
        "df5d7715c8ffcee833b5c52a425bcf412fef40db764e532e60a7273cec698c4b",
        "1038dcd908e323e4fd22f7651e18f5aa85f28ed8f76342bdbccad2fd97ce9568",
    };
    enum { COUNT = 1 << 20 };
    float *xi = floats(COUNT);
    for (int k = 0; k < KINDS; k++) {
        struct apex_noise noise = {.kind = (enum apex_noise_kind)k, .seed = 2602035860};
        apex_noise_fill(&noise, 1, 2, 3, 0, COUNT, xi);
        unsigned char hash[32];
        char text[65];
        sha256_of(xi, COUNT * sizeof *xi, hash);
        sha256_hex(hash, text);
        assert_string_equal(text, digest[k]);
    }
    free(xi);
}

static void additive_kinds_add_sigma_times_the_noise(void **state)
{
    (void)state;
    const float a[3] = {1, -2, 0}, xi[3] = {0.5f, -1, 3};
    float y[3];
    apex_noise_apply(APEX_NOISE_GAUSSIAN, 2, a, xi, 3, y);
    assert_true(y[0] == 2 && y[1] == -4 && y[2] == 6);
    memcpy(y, a, sizeof y);
    apex_noise_apply(APEX_NOISE_LAPLACE, 2, y, xi, 3, y); /* in place */
    assert_true(y[0] == 2 && y[1] == -4 && y[2] == 6);
    apex_noise_apply(APEX_NOISE_UNIFORM, 0, a, xi, 3, y);
    assert_memory_equal(y, a, sizeof y);
}

static void multiplicative_noise_scales_with_the_activation(void **state)
{
    (void)state;
    const float a[3] = {1, -2, 0}, xi[3] = {0.5f, -1, 3};
    float y[3];
    apex_noise_apply(APEX_NOISE_MULTIPLICATIVE, 2, a, xi, 3, y);
    assert_true(y[0] == 2 && y[1] == 2 && y[2] == 0);
}

static void dropout_drops_below_p_and_scales_the_rest(void **state)
{
    (void)state;
    const float a[4] = {1, 1, -3, 5}, u[4] = {0.49f, 0.5f, 0.51f, 0.1f};
    float y[4];
    apex_noise_apply(APEX_NOISE_DROPOUT, 1, a, u, 4, y); /* p = 1/2, kept values doubled */
    assert_true(y[0] == 0 && y[1] == 2 && y[2] == -6 && y[3] == 0);
    apex_noise_apply(APEX_NOISE_DROPOUT, 0, a, u, 4, y);
    assert_memory_equal(y, a, sizeof y);
}

static void at_infinity_only_the_noise_is_left(void **state)
{
    (void)state;
    const float a[3] = {1, -2, 0}, xi[3] = {0.5f, -1, 3};
    const enum apex_noise_kind additive[] = {APEX_NOISE_GAUSSIAN, APEX_NOISE_UNIFORM, APEX_NOISE_LAPLACE};
    float y[3];
    for (int k = 0; k < 3; k++) {
        apex_noise_apply(additive[k], INFINITY, a, xi, 3, y);
        assert_memory_equal(y, xi, sizeof y);
    }
    apex_noise_apply(APEX_NOISE_MULTIPLICATIVE, INFINITY, a, xi, 3, y);
    assert_true(y[0] == 0.5f && y[1] == 2 && y[2] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_name_and_no_other_name_is_known),
        cmocka_unit_test(any_slice_has_the_same_bits_as_the_whole),
        cmocka_unit_test(seed_stream_sample_and_draw_all_change_the_noise),
        cmocka_unit_test(elements_are_laid_out_as_the_header_says),
        cmocka_unit_test(channels_last_is_a_transposition_bit_for_bit),
        cmocka_unit_test(large_pictures_are_transposed_too),
        cmocka_unit_test(noise_per_channel_is_the_channels_own_element_everywhere),
        cmocka_unit_test(the_bits_are_those_of_every_machine),
        cmocka_unit_test(additive_kinds_add_sigma_times_the_noise),
        cmocka_unit_test(multiplicative_noise_scales_with_the_activation),
        cmocka_unit_test(dropout_drops_below_p_and_scales_the_rest),
        cmocka_unit_test(at_infinity_only_the_noise_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
