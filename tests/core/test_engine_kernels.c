/* Every kernel set against the naive one, over many shapes of convolution and dense layers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/engine/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct conv_shape shapes[] = {
    /* batch; in h w c, out h w c; kernel, stride, dilation; pads; groups */
    {1, 8, 8, 3, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {4, 8, 8, 16, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {3, 9, 7, 5, 9, 7, 7, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {2, 8, 8, 16, 4, 4, 32, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
    {2, 8, 8, 16, 4, 4, 32, 1, 1, 2, 2, 1, 1, 0, 0, 0, 0, 1},
    {5, 6, 6, 24, 6, 6, 10, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1},
    {2, 10, 10, 4, 10, 10, 6, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 1},
    {2, 7, 9, 4, 7, 7, 6, 2, 3, 1, 1, 1, 2, 0, 1, 1, 1, 1},
    {2, 6, 6, 8, 7, 5, 4, 3, 3, 1, 1, 1, 1, 3, 0, 0, 1, 1},
    {2, 8, 8, 12, 8, 8, 12, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 12},
    {3, 9, 9, 32, 5, 5, 32, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2, 32},
    {2, 8, 8, 6, 8, 8, 12, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 6},
    {2, 8, 8, 16, 8, 8, 24, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4},
    {2, 5, 5, 16, 5, 5, 16, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2},
    {1, 15, 15, 3, 4, 4, 8, 7, 7, 4, 4, 1, 1, 2, 2, 2, 2, 1},
    {2, 5, 5, 3, 3, 3, 2, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
    {2, 4, 4, 8, 1, 1, 10, 4, 4, 1, 1, 1, 1, 0, 0, 0, 0, 1},
    {64, 4, 4, 16, 4, 4, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
};

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

static const struct kernel_set *find(const char *name)
{
    struct apex_error err = {""};
    const struct kernel_set *set = kernel_set_find(name, &err);
    if (!set)
        fail_msg("%s", err.text);
    return set;
}

static float *convolve(const char *name, const struct conv_shape *s, const float *x, const float *w,
                       const float *bias)
{
    const struct kernel_set *set = find(name);
    struct apex_error err = {""};
    size_t scratch = 0, count = (size_t)s->batch * s->out_h * s->out_w * s->out_c;
    void *state = set->conv_new(s, w, bias, &scratch, &err);
    if (!state)
        fail_msg("%s: %s", name, err.text);
    float *y = numbers(count, 99), *work = numbers(scratch / sizeof(float) + 1, 1);
    set->conv_run(state, x, y, NULL, work);
    assert_true(strlen(set->conv_algorithm(state)) > 0);
    set->conv_free(state);
    free(work);
    return y;
}

static void check_close(const char *what, size_t k, size_t count, const float *expected, const float *got)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(expected[i] - got[i]) <= 3e-5f * (1 + fabsf(expected[i]))))
            fail_msg("%s, shape %zu: element %zu is %.9g, expected %.9g", what, k, i, got[i], expected[i]);
}

static void check_convolutions(const char *name, int biased)
{
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        const struct conv_shape *s = &shapes[k];
        float *x = numbers((size_t)s->batch * s->in_h * s->in_w * s->in_c, 1);
        float *w = numbers((size_t)s->out_c * (s->in_c / s->groups) * s->kernel_h * s->kernel_w, 2);
        float *bias = biased ? numbers((size_t)s->out_c, 3) : NULL;
        float *expected = convolve("naive", s, x, w, bias), *got = convolve(name, s, x, w, bias);
        check_close(name, k, (size_t)s->batch * s->out_h * s->out_w * s->out_c, expected, got);
        free(x);
        free(w);
        free(bias);
        free(expected);
        free(got);
    }
}

static void openblas_convolutions_equal_the_naive_ones(void **state)
{
    (void)state;
    check_convolutions("openblas", 1);
    check_convolutions("openblas", 0);
}

static void the_default_convolutions_equal_the_naive_ones(void **state)
{
    (void)state;
    check_convolutions("auto", 1);
    check_convolutions("auto", 0);
}

static void check_row_alone(const char *name)
{
    struct conv_shape s = shapes[1];
    size_t image = (size_t)s.in_h * s.in_w * s.in_c, out = (size_t)s.out_h * s.out_w * s.out_c;
    float *x = numbers(s.batch * image, 1), *w = numbers((size_t)s.out_c * s.in_c * 9, 2);
    float *y = convolve(name, &s, x, w, NULL);
    for (size_t i = 0; i < image; i++)
        x[i] = 100 - x[2 * image + i]; /* another image in row 0 */
    float *z = convolve(name, &s, x, w, NULL);
    assert_memory_not_equal(y, z, out * sizeof *y);
    assert_memory_equal(y + out, z + out, 3 * out * sizeof *y);
    free(x);
    free(w);
    free(y);
    free(z);
}

static void an_image_does_not_depend_on_the_others_of_its_batch(void **state)
{
    (void)state;
    check_row_alone("naive");
    check_row_alone("openblas");
    check_row_alone("auto");
}

static float *linear(const char *name, const int size[3], const float *x, const float *w, const float *bias)
{
    const struct kernel_set *set = find(name);
    struct apex_error err = {""};
    size_t scratch = 0;
    void *state = set->linear_new(size[0], size[1], size[2], w, bias, &scratch, &err);
    if (!state)
        fail_msg("%s: %s", name, err.text);
    float *y = numbers((size_t)size[0] * size[2], 99), *work = numbers(scratch / sizeof(float) + 1, 1);
    set->linear_run(state, x, y, NULL, work);
    set->linear_free(state);
    free(work);
    return y;
}

static void dense_layers_equal_the_naive_ones(void **state)
{
    static const int sizes[][3] = {{1, 5, 3}, {8, 64, 10}, {33, 17, 9}, {64, 128, 100}};
    static const char *const names[] = {"openblas", "auto"};
    (void)state;
    for (size_t k = 0; k < 4 * 4; k++) {
        const int *s = sizes[k / 4];
        float *x = numbers((size_t)s[0] * s[1], 1), *w = numbers((size_t)s[1] * s[2], 2);
        float *bias = k % 2 ? numbers((size_t)s[2], 3) : NULL;
        float *expected = linear("naive", s, x, w, bias), *got = linear(names[k / 2 % 2], s, x, w, bias);
        check_close(names[k / 2 % 2], k, (size_t)s[0] * s[2], expected, got);
        free(x);
        free(w);
        free(bias);
        free(expected);
        free(got);
    }
}

static void products_of_activations_equal_the_naive_ones(void **state)
{
    float *a = numbers(7 * 5, 1), *b = numbers(5 * 6, 2), expected[42], got[42];
    (void)state;
    find("naive")->matmul(7, 6, 5, a, b, expected);
    assert_float_equal(expected[0], a[0] * b[0] + a[1] * b[6] + a[2] * b[12] + a[3] * b[18] + a[4] * b[24],
                       1e-6);
    find("openblas")->matmul(7, 6, 5, a, b, got);
    check_close("openblas", 0, 42, expected, got);
    find("auto")->matmul(7, 6, 5, a, b, got);
    check_close("auto", 0, 42, expected, got);
    free(a);
    free(b);
}

static void an_unknown_set_is_refused_and_versions_are_named(void **state)
{
    struct apex_error err = {""};
    char text[128];
    (void)state;
    assert_null(kernel_set_find("fastest", &err));
    assert_non_null(strstr(err.text, "'fastest'"));
    assert_non_null(strstr(kernel_set_libraries(find("openblas"), text, sizeof text), "OpenBLAS "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openblas_convolutions_equal_the_naive_ones),
        cmocka_unit_test(the_default_convolutions_equal_the_naive_ones),
        cmocka_unit_test(an_image_does_not_depend_on_the_others_of_its_batch),
        cmocka_unit_test(dense_layers_equal_the_naive_ones),
        cmocka_unit_test(products_of_activations_equal_the_naive_ones),
        cmocka_unit_test(an_unknown_set_is_refused_and_versions_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
