/* Every kernel set with operands in bfloat16 that this machine can run, against plain loops over rounded
 * numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/engine/bf16.h"
#include "core/engine/cpu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The definition, in real numbers: 8 significant bits, ties to the even one, subnormals are zero. */
static double rounded(float x)
{
    int exponent;
    if (isnan(x) || isinf(x) || x == 0 || fabs((double)x) < 0x1p-126)
        return isnan(x) || isinf(x) ? (double)x : copysign(0.0, (double)x);
    double fraction = frexp((double)x, &exponent), y = ldexp(nearbyint(ldexp(fraction, 8)), exponent - 8);
    return fabs(y) >= 0x1p128 ? copysign((double)INFINITY, y) : y;
}

static float *numbers(size_t count, unsigned seed)
{
    float *v = aligned_alloc(64, (count * sizeof *v + 64) / 64 * 64);
    assert_non_null(v);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        v[i] = (float)((double)(seed >> 8) / 8388608.0 - 1);
    }
    return v;
}

static const char *const names[] = {"emulated", "amx", "avx512-bf16"};
enum { NAMES = 3 };

/* NULL: this machine, or oneDNN where it was used with AMX before, cannot. */
static const struct kernel_set *runnable(const char *name)
{
    struct apex_error err = {""};
    const struct kernel_set *set = kernel_set_find(name, &err);
    if (!set)
        print_message("not run: %s\n", err.text);
    else
        assert_int_equal(set->bf16, 1);
    return set;
}

static const struct conv_shape shapes[] = {
    /* batch; in h w c, out h w c; kernel, stride, dilation; pads; groups */
    {1, 8, 8, 3, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {4, 8, 8, 16, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {3, 9, 7, 5, 9, 7, 7, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {2, 8, 8, 16, 4, 4, 32, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
    {5, 6, 6, 24, 6, 6, 10, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1},
    {2, 10, 10, 4, 10, 10, 6, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 1},
    {2, 6, 6, 8, 7, 5, 4, 3, 3, 1, 1, 1, 1, 3, 0, 0, 1, 1},
    {3, 9, 9, 32, 5, 5, 32, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2, 32},
    {2, 8, 8, 6, 8, 8, 12, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 6},
    {2, 8, 8, 16, 8, 8, 24, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4},
    {1, 15, 15, 3, 4, 4, 8, 7, 7, 4, 4, 1, 1, 2, 2, 2, 2, 1},
    {2, 4, 4, 8, 1, 1, 10, 4, 4, 1, 1, 1, 1, 0, 0, 0, 0, 1},
    {2, 8, 8, 64, 8, 8, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {2, 6, 6, 70, 3, 3, 20, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
    /* channels in blocks: narrow images beside each other, strides, dilation, one line, a filter wider than
       the image */
    {5, 7, 7, 32, 7, 7, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {3, 9, 8, 64, 5, 3, 16, 3, 3, 2, 3, 1, 1, 1, 1, 1, 1, 1},
    {2, 9, 9, 32, 9, 9, 17, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 1},
    {6, 3, 3, 96, 3, 3, 10, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {3, 4, 4, 32, 2, 2, 48, 1, 1, 2, 2, 1, 1, 0, 0, 0, 0, 1},
    {2, 1, 40, 32, 1, 40, 20, 1, 5, 1, 1, 1, 1, 0, 2, 0, 2, 1},
    {2, 2, 2, 32, 2, 2, 5, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2, 1},
    /* more than is laid out at a time, and weights beyond a second-level cache */
    {1, 70, 70, 64, 70, 70, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {1, 130, 70, 10, 65, 35, 4, 7, 7, 2, 2, 1, 1, 3, 3, 3, 3, 1},
    {1, 80, 80, 64, 80, 80, 8, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1},
    {3, 4, 4, 512, 4, 4, 130, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static size_t input_count(const struct conv_shape *s)
{
    return (size_t)s->batch * s->in_h * s->in_w * s->in_c;
}

static size_t output_count(const struct conv_shape *s)
{
    return (size_t)s->batch * s->out_h * s->out_w * s->out_c;
}

static size_t weight_count(const struct conv_shape *s)
{
    return (size_t)s->out_c * (s->in_c / s->groups) * s->kernel_h * s->kernel_w;
}

/* One output, summed in double; *size gets the sum of the absolute products, the yardstick of its error. */
static double conv_at(const struct conv_shape *s, const float *x, const float *w, int oc, int oh, int ow,
                      double *size)
{
    int width = s->in_c / s->groups, first = oc / (s->out_c / s->groups) * width;
    double sum = 0;
    *size = 0;
    for (int ic = 0; ic < width; ic++)
        for (int kh = 0; kh < s->kernel_h; kh++)
            for (int kw = 0; kw < s->kernel_w; kw++) {
                int ih = oh * s->stride_h - s->pad_top + kh * s->dilation_h;
                int iw = ow * s->stride_w - s->pad_left + kw * s->dilation_w;
                if (ih < 0 || ih >= s->in_h || iw < 0 || iw >= s->in_w)
                    continue;
                double a = rounded(w[(((size_t)oc * width + ic) * s->kernel_h + kh) * s->kernel_w + kw]);
                double b = rounded(x[((size_t)ih * s->in_w + iw) * s->in_c + first + ic]);
                sum += a * b;
                *size += fabs(a * b);
            }
    return sum;
}

/* Float32 sums of exact products, in any order. */
static const double sum_error = 2e-6;

static void check_conv(const struct kernel_set *set, size_t k, int biased)
{
    const struct conv_shape *s = &shapes[k];
    struct apex_error err = {""};
    size_t scratch = 0;
    float *x = numbers(input_count(s), 1), *w = numbers(weight_count(s), 2), *y = numbers(output_count(s), 9);
    float *bias = biased ? numbers((size_t)s->out_c, 3) : NULL, *at = y;
    void *layer = set->conv_new(s, w, bias, &scratch, &err);
    if (!layer)
        fail_msg("%s: %s", set->name, err.text);
    float *work = numbers(scratch / sizeof(float) + 1, 1);
    set->conv_run(layer, x, y, NULL, work);
    for (int b = 0; b < s->batch; b++)
        for (int oh = 0; oh < s->out_h; oh++)
            for (int ow = 0; ow < s->out_w; ow++)
                for (int oc = 0; oc < s->out_c; oc++, at++) {
                    double size,
                        sum = conv_at(s, x + (size_t)b * s->in_h * s->in_w * s->in_c, w, oc, oh, ow, &size);
                    sum += bias ? (double)bias[oc] : 0;
                    if (!(fabs((double)*at - sum) <= sum_error * (1 + size)))
                        fail_msg("%s (%s), shape %zu: %.9g, expected %.9g", set->name,
                                 set->conv_algorithm(layer), k, (double)*at, sum);
                }
    print_message("%s, shape %zu: %s\n", set->name, k, set->conv_algorithm(layer));
    set->conv_free(layer);
    free(x), free(w), free(y), free(bias), free(work);
}

static void convolutions_are_sums_of_products_of_rounded_numbers(void **state)
{
    (void)state;
    for (int n = 0; n < NAMES; n++) {
        const struct kernel_set *set = runnable(names[n]);
        for (size_t k = 0; set && k < SHAPES; k++)
            check_conv(set, k, k % 2);
    }
}

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

static void check_dense(const struct kernel_set *set, const int size[3], int biased)
{
    const int rows = size[0], k = size[1], n = size[2];
    struct apex_error err = {""};
    size_t scratch = 0;
    float *x = numbers((size_t)rows * k, 1), *w = numbers((size_t)k * n, 2),
          *y = numbers((size_t)rows * n, 9);
    float *bias = biased ? numbers((size_t)n, 3) : NULL;
    void *layer = set->linear_new(rows, k, n, w, bias, &scratch, &err);
    if (!layer)
        fail_msg("%s: %s", set->name, err.text);
    float *work = numbers(scratch / sizeof(float) + 1, 1), *z = numbers((size_t)rows * n, 9);
    set->linear_run(layer, x, y, NULL, work);
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < n; j++) {
            double sum = bias ? (double)bias[j] : 0, abs_sum = fabs(sum);
            for (int i = 0; i < k; i++) {
                double product = rounded(x[(size_t)r * k + i]) * rounded(w[(size_t)i * n + j]);
                sum += product;
                abs_sum += fabs(product);
            }
            if (!(fabs((double)y[(size_t)r * n + j] - sum) <= sum_error * (1 + abs_sum)))
                fail_msg("%s (%s) %dx%dx%d: %.9g, expected %.9g", set->name, set->linear_algorithm(layer),
                         rows, k, n, (double)y[(size_t)r * n + j], sum);
        }
    for (int i = 0; i < (rows - 1) * k; i++) /* every row but the last is another */
        x[i] = 3 - x[i];
    set->linear_run(layer, x, z, NULL, work);
    assert_memory_equal(z + (size_t)(rows - 1) * n, y + (size_t)(rows - 1) * n, (size_t)n * sizeof *z);
    set->linear_free(layer);
    free(x), free(w), free(y), free(z), free(bias), free(work);
}

static void dense_layers_are_sums_of_products_of_rounded_numbers(void **state)
{
    static const int sizes[][3] = {{1, 5, 3},   {8, 64, 10},  {33, 17, 9}, {64, 128, 100},
                                   {4, 700, 1}, {4100, 96, 5}}; /* more than is laid out at a time */
    (void)state;
    for (int n = 0; n < NAMES; n++) {
        const struct kernel_set *set = runnable(names[n]);
        for (int k = 0; set && k < 12; k++)
            check_dense(set, sizes[k / 2], k % 2);
    }
}

static void products_of_activations_are_of_rounded_numbers(void **state)
{
    enum { M = 7, N = 13, K = 40 };
    float *a = numbers(M * K, 1), *b = numbers(K * N, 2), y[M * N];
    (void)state;
    for (int n = 0; n < NAMES; n++) {
        const struct kernel_set *set = runnable(names[n]);
        if (!set)
            continue;
        void *work = malloc(set->matmul_scratch(M, N, K));
        set->matmul(M, N, K, a, b, y, work);
        for (int i = 0; i < M * N; i++) {
            double sum = 0;
            for (int k = 0; k < K; k++)
                sum += rounded(a[i / N * K + k]) * rounded(b[k * N + i % N]);
            if (!(fabs((double)y[i] - sum) <= sum_error * K))
                fail_msg("%s: element %d is %.9g, expected %.9g", set->name, i, (double)y[i], sum);
        }
        free(work);
    }
    free(a), free(b);
}

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
        cmocka_unit_test(convolutions_are_sums_of_products_of_rounded_numbers),
        cmocka_unit_test(an_epilogue_is_in_float32_and_storage_in_bfloat16_changes_nothing),
        cmocka_unit_test(an_image_does_not_depend_on_the_others_of_its_batch),
        cmocka_unit_test(an_image_has_the_same_bits_in_a_batch_and_alone),
        cmocka_unit_test(several_scales_add_the_noise_of_each_draw_times_each_scale),
        cmocka_unit_test(dense_layers_are_sums_of_products_of_rounded_numbers),
        cmocka_unit_test(products_of_activations_are_of_rounded_numbers),
        cmocka_unit_test(a_set_of_the_other_precision_is_refused),
        cmocka_unit_test(a_processor_without_bfloat16_is_told_what_it_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
