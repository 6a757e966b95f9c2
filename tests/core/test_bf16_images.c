/* What follows a convolution in bfloat16, and that an image does not depend on the others beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bf16_layers.h"
#include "core/engine/bf16.h"

#include <string.h>

/* y = relu(conv + add) + sigma xi, added in float32; and stored in bfloat16, or read so, it is the same. */
static void check_epilogue(const struct kernel_set *set, size_t k)
{
    const struct conv_shape *s = &shapes[k];
    size_t count = output_count(s), row = count / (size_t)s->batch, scratch;
    float *x = numbers(input_count(s), 1), *w = numbers(weight_count(s), 2), *add = numbers(count, 5),
          *xi = numbers(count, 6), *plain = numbers(count, 7), *y = numbers(count, 8);
    uint16_t *half_x = malloc(input_count(s) * 2 + 64), *half_y = malloc(count * 2 + 64);
    int shared = k % 2;
    struct epilogue end = {.add = add, .add_row = shared ? 0 : row, .relu = 1, .xi = xi, .sigma = 0.25f};
    void *layer = set->conv_new(s, w, NULL, &scratch, NULL);
    float *work = numbers(scratch / sizeof(float) + 1, 1);
    set->conv_run(layer, x, plain, NULL, work);
    set->conv_run(layer, x, y, &end, work);
    for (size_t i = 0; i < count; i++) {
        float v = plain[i] + add[shared ? i % row : i];
        v = (v < 0 ? 0 : v) + 0.25f * xi[i];
        if (v != y[i])
            fail_msg("%s, shape %zu: element %zu is %a, expected %a", set->name, k, i, (double)y[i],
                     (double)v);
    }
    bf16_store(x, input_count(s), half_x);
    end.from_half = end.to_half = 1;
    set->conv_run(layer, (const float *)(const void *)half_x, (float *)(void *)half_y, &end, work);
    for (size_t i = 0; i < count; i++)
        if (half_y[i] != bf16_of(y[i]))
            fail_msg("%s, shape %zu: element %zu is %04x, expected %04x", set->name, k, i, half_y[i],
                     bf16_of(y[i]));
    set->conv_free(layer);
    free(x), free(w), free(add), free(xi), free(plain), free(y), free(half_x), free(half_y), free(work);
}

static void an_epilogue_is_in_float32_and_storage_in_bfloat16_changes_nothing(void **state)
{
    (void)state;
    for (int n = 0; n < NAMES; n++) {
        const struct kernel_set *set = runnable(names[n]);
        for (size_t k = 0; set && k < SHAPES; k++)
            check_epilogue(set, k);
    }
}

static void an_image_does_not_depend_on_the_others_of_its_batch(void **state)
{
    static const size_t which[] = {1, 2, 4, 7};
    (void)state;
    for (int n = 0; n < NAMES * 4; n++) {
        const struct kernel_set *set = runnable(names[n / 4]);
        const struct conv_shape *s = &shapes[which[n % 4]];
        if (!set)
            continue;
        size_t image = input_count(s) / (size_t)s->batch, out = output_count(s) / (size_t)s->batch, scratch;
        float *x = numbers(input_count(s), 1), *w = numbers(weight_count(s), 2);
        float *y = numbers(output_count(s), 3), *z = numbers(output_count(s), 4);
        void *layer = set->conv_new(s, w, NULL, &scratch, NULL);
        float *work = numbers(scratch / sizeof(float) + 1, 1);
        set->conv_run(layer, x, y, NULL, work);
        for (size_t i = 0; i < image; i++) { /* the last image in the first place, another in the last */
            x[i] = x[(size_t)(s->batch - 1) * image + i];
            x[(size_t)(s->batch - 1) * image + i] = 100 - x[i];
        }
        set->conv_run(layer, x, z, NULL, work);
        assert_memory_equal(z, y + (size_t)(s->batch - 1) * out, out * sizeof *z);
        assert_memory_equal(z + out, y + out, (size_t)(s->batch - 2) * out * sizeof *z);
        set->conv_free(layer);
        free(x), free(w), free(y), free(z), free(work);
    }
}

/* Image by image, in a layer for one with the same weights: the same bits as in the batch. */
static void check_alone(const struct kernel_set *set, size_t k)
{
    const struct conv_shape *s = &shapes[k];
    struct conv_shape one = *s;
    size_t in = input_count(s) / (size_t)s->batch, out = output_count(s) / (size_t)s->batch, scratch, own;
    float *x = numbers(input_count(s), 1), *w = numbers(weight_count(s), 2);
    float *y = numbers(output_count(s), 3), *z = numbers(output_count(s), 4);
    void *layer = set->conv_new(s, w, NULL, &scratch, NULL);
    one.batch = 1;
    void *single = set->conv_like ? set->conv_like(layer, &one, w, NULL, &own, NULL)
                                  : set->conv_new(&one, w, NULL, &own, NULL);
    float *work = numbers((scratch > own ? scratch : own) / sizeof(float) + 1, 1);
    set->conv_run(layer, x, y, NULL, work);
    for (size_t b = 0; b < (size_t)s->batch; b++)
        set->conv_run(single, x + b * in, z + b * out, NULL, work);
    if (memcmp(z, y, output_count(s) * sizeof *z) != 0)
        fail_msg("%s, shape %zu: an image alone differs", set->name, k);
    set->conv_free(single);
    set->conv_free(layer);
    free(x), free(w), free(y), free(z), free(work);
}

static void an_image_has_the_same_bits_in_a_batch_and_alone(void **state)
{
    (void)state;
    for (int n = 0; n < NAMES; n++) {
        const struct kernel_set *set = runnable(names[n]);
        for (size_t k = 0; set && set->rows_alone && k < SHAPES; k++)
            if (shapes[k].groups == 1)
                check_alone(set, k);
    }
}

/* Images are draws at several scales: each gets its draw's noise, times its scale's factor. */
static void check_scales(const struct kernel_set *set, const struct conv_shape *s)
{
    const float sigmas[] = {0.5f, 3, 0.125f};
    const size_t count = output_count(s), row = count / (size_t)s->batch, draws = (size_t)s->batch / 3;
    size_t scratch;
    float *x = numbers(input_count(s), 1), *w = numbers(weight_count(s), 2), *add = numbers(count, 5),
          *xi = numbers(draws * row, 6), *plain = numbers(count, 7), *y = numbers(count, 8);
    struct epilogue end = {.add = add, .add_row = row, .relu = 1};
    void *layer = set->conv_new(s, w, NULL, &scratch, NULL);
    float *work = numbers(scratch / sizeof(float) + 1, 1);
    set->conv_run(layer, x, plain, &end, work);
    end.xi = xi;
    end.sigmas = sigmas;
    end.draws = (int)draws;
    set->conv_run(layer, x, y, &end, work);
    for (size_t i = 0; i < count; i++) {
        const float noise = sigmas[i / row / draws] * xi[i / row % draws * row + i % row];
        if (y[i] != plain[i] + noise)
            fail_msg("%s: element %zu is %a, expected %a", set->name, i, (double)y[i],
                     (double)(plain[i] + noise));
    }
    set->conv_free(layer);
    free(x), free(w), free(add), free(xi), free(plain), free(y), free(work);
}

static void several_scales_add_the_noise_of_each_draw_times_each_scale(void **state)
{
    static const struct conv_shape sizes[] = {{12, 4, 4, 32, 4, 4, 40, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                                              {6, 9, 9, 5, 9, 9, 10, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                                              {3, 70, 70, 64, 70, 70, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}};
    (void)state;
    for (int n = 0; n < NAMES; n++) {
        const struct kernel_set *set = runnable(names[n]);
        for (size_t k = 0; set && set->conv_scales && k < sizeof sizes / sizeof *sizes; k++)
            check_scales(set, &sizes[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epilogue_is_in_float32_and_storage_in_bfloat16_changes_nothing),
        cmocka_unit_test(an_image_does_not_depend_on_the_others_of_its_batch),
        cmocka_unit_test(an_image_has_the_same_bits_in_a_batch_and_alone),
        cmocka_unit_test(several_scales_add_the_noise_of_each_draw_times_each_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
