/* Every kernel set with operands in bfloat16 that this machine can run, against plain loops over rounded
 * numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bf16_layers.h"

#include <math.h>

/* The definition, in real numbers: 8 significant bits, ties to the even one, subnormals are zero. */
static double rounded(float x)
{
    int exponent;
    if (isnan(x) || isinf(x) || x == 0 || fabs((double)x) < 0x1p-126)
        return isnan(x) || isinf(x) ? (double)x : copysign(0.0, (double)x);
    double fraction = frexp((double)x, &exponent), y = ldexp(nearbyint(ldexp(fraction, 8)), exponent - 8);
    return fabs(y) >= 0x1p128 ? copysign((double)INFINITY, y) : y;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_are_sums_of_products_of_rounded_numbers),
        cmocka_unit_test(dense_layers_are_sums_of_products_of_rounded_numbers),
        cmocka_unit_test(products_of_activations_are_of_rounded_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
