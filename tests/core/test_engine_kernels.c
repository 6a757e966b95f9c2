/* Every kernel set against the naive one, over many shapes of convolution and dense layers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel_sets.h"

#include "core/engine/gemm.h"

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
    /* Winograd: sides that are no multiple of its tile, uneven and missing padding, more tiles than a block
     */
    {2, 7, 11, 16, 7, 11, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {3, 12, 14, 24, 11, 12, 16, 3, 3, 1, 1, 1, 1, 0, 0, 1, 0, 1},
    {5, 32, 32, 16, 32, 32, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {2, 8, 8, 64, 8, 8, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    /* more taps than the product's block of k */
    /* In bands of a few lines; a line alone is too much for a band; little of the line is read. */
    {2, 40, 80, 48, 20, 40, 16, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
    {1, 5, 1100, 64, 3, 550, 4, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
    {1, 3, 2, 4, 4, 4, 16, 1, 1, 40, 40, 1, 1, 121, 121, 0, 0, 1},
    {2, 6, 6, 70, 3, 3, 20, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
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
    check_convolutions("native", 1);
}

/* y = relu(conv + add) + sigma xi in one pass equals the same in steps, for a residual of its own or one for
 * all. */
static void an_epilogue_equals_its_steps(void **state)
{
    static const char *const names[] = {"naive", "openblas", "native", "auto"};
    (void)state;
    for (size_t k = 0; k < 4 * (sizeof shapes / sizeof *shapes) * 2; k++) {
        const struct kernel_set *set = find(names[k % 4]);
        const struct conv_shape *s = &shapes[k / 8];
        int shared = k / 4 % 2;
        size_t row = (size_t)s->out_h * s->out_w * s->out_c, count = row * (size_t)s->batch, scratch;
        float *x = numbers((size_t)s->batch * s->in_h * s->in_w * s->in_c, 1), *y = numbers(count, 4);
        float *w = numbers((size_t)s->out_c * (s->in_c / s->groups) * s->kernel_h * s->kernel_w, 2);
        float *add = numbers(count, 5), *xi = numbers(count, 6);
        float *expected = convolve(names[k % 4], s, x, w, NULL);
        struct epilogue end = {.add = add, .add_row = shared ? 0 : row, .relu = 1, .xi = xi, .sigma = 0.25f};
        for (size_t i = 0; i < count; i++) {
            float v = expected[i] + add[shared ? i % row : i];
            expected[i] = (v < 0 ? 0 : v) + 0.25f * xi[i];
        }
        void *conv = set->conv_new(s, w, NULL, &scratch, NULL);
        float *work = numbers(scratch / sizeof(float) + 1, 1);
        set->conv_run(conv, x, y, &end, work);
        check_close(names[k % 4], k / 8, count, expected, y);
        set->conv_free(conv);
        free(x), free(y), free(w), free(add), free(xi), free(expected), free(work);
    }
}

/* The largest of 2x2 pixels, NaN where one of them is. */
static float largest(const struct conv_shape *s, const float *y, int h, int w, int c)
{
    float v = -INFINITY;
    for (int k = 0; k < 4; k++) {
        float x = y[((size_t)(2 * h + k / 2) * s->out_w + (size_t)(2 * w + k % 2)) * s->out_c + c];
        v = x > v || isnan(x) ? x : v;
    }
    return v;
}

static void check_pooled(const struct conv_shape *s, const float *full, const float *pooled)
{
    const float *y = pooled;
    for (int b = 0; b < s->batch; b++, full += (size_t)s->out_h * s->out_w * s->out_c)
        for (int h = 0; h < s->out_h / 2; h++)
            for (int w = 0; w < s->out_w / 2; w++)
                for (int c = 0; c < s->out_c; c++, y++) {
                    float expected = largest(s, full, h, w, c);
                    if (isnan(expected) ? !isnan(*y) : memcmp(&expected, y, sizeof expected) != 0)
                        fail_msg("%dx%d, image %d, pixel (%d, %d), channel %d is %.9g, expected %.9g",
                                 s->out_h, s->out_w, b, h, w, c, *y, expected);
                }
}

/* Also with sides that leave a line over, and with a NaN in the input. */
static void an_epilogue_that_pools_equals_pooling_after_it(void **state)
{
    const struct kernel_set *set = find("native");
    int checked = 0;
    (void)state;
    for (size_t k = 0; k < 2 * (sizeof shapes / sizeof *shapes); k++) {
        const struct conv_shape *s = &shapes[k / 2];
        if (!set->conv_pools(s))
            continue;
        checked++;
        size_t count = (size_t)s->batch * s->out_h * s->out_w * s->out_c, scratch;
        float *x = numbers((size_t)s->batch * s->in_h * s->in_w * s->in_c, 1), *full = numbers(count, 4);
        float *w = numbers((size_t)s->out_c * s->in_c * 9, 2), *xi = numbers(count, 6);
        struct epilogue end = {.relu = 1, .xi = k % 2 ? xi : NULL, .sigma = 0.5f};
        x[0] = k % 2 ? NAN : x[0];
        void *conv = set->conv_new(s, w, NULL, &scratch, NULL);
        float *work = numbers(scratch / sizeof(float) + 1, 1);
        float *pooled = numbers((size_t)s->batch * (s->out_h / 2) * (s->out_w / 2) * s->out_c, 5);
        set->conv_run(conv, x, full, &end, work);
        end.pool = 1;
        set->conv_run(conv, x, pooled, &end, work);
        check_pooled(s, full, pooled);
        set->conv_free(conv);
        free(x), free(full), free(w), free(xi), free(work), free(pooled);
    }
    assert_true(checked >= 8);
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
    check_row_alone("native");
}

/* The same products, vectors or not: what one machine computed, another may go on with. */
static void all_vector_widths_give_the_same_bits(void **state)
{
    enum { ROWS = 13, K = 700, N = 37 };
    float *x = numbers(ROWS * K, 1), *w = numbers(K * N, 2), *bias = numbers(64, 3),
          *add = numbers(ROWS * N, 4);
    float *packed = gemm_pack(K, N, w, N, 1), y[ROWS * N], one[N], plain[N];
    struct gemm g = {.rows = ROWS, .k = K, .n = N, .x = x, .x_pitch = K, .packed = packed, .bias = bias};
    (void)state;
    g.y = y, g.y_pitch = N, g.add = add, g.add_pitch = N, g.relu = 1, g.xi = add, g.sigma = 0.5f;
    gemm_run(&g);
    for (int r = 0; r < ROWS; r++) {
        struct gemm row = g;
        row.rows = 1, row.x += r * K, row.add += r * N, row.xi += r * N, row.y = one;
        gemm_run(&row);
        assert_memory_equal(one, y + r * N, sizeof one);
        for (int c = 0; c < N; c += GEMM_PANEL) { /* the plain C tile, which handles a panel's k at once */
            struct gemm_tile t = {.pieces = 1,
                                  .k = K,
                                  .panels = 1,
                                  .cols = N - c < GEMM_PANEL ? N - c : GEMM_PANEL,
                                  .first = 1,
                                  .end = 1};
            t.x = row.x, t.w = packed + (size_t)c * K, t.bias = bias + c, t.add = row.add + c,
            t.xi = row.xi + c;
            t.y = plain + c, t.g = &row;
            gemm_tile_any(1, &t);
        }
        assert_memory_equal(plain, y + r * N, sizeof plain);
    }
    free(x), free(w), free(bias), free(add), free(packed);
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

static void check_product(const char *name, const int s[3], const float *a, const float *b,
                          const float *expected)
{
    const struct kernel_set *set = find(name);
    const size_t count = (size_t)s[0] * s[1];
    float *got = numbers(count, 9);
    void *work = malloc((set->matmul_scratch ? set->matmul_scratch(s[0], s[1], s[2]) : 0) + 1);
    set->matmul(s[0], s[1], s[2], a, b, got, work);
    check_close(name, (size_t)s[1], count, expected, got);
    free(work);
    free(got);
}

static void products_of_activations_equal_the_naive_ones(void **state)
{
    static const int sizes[][3] = {{7, 6, 5}, {1, 1, 1}, {17, 16, 64}, {65, 33, 32}, {12, 100, 7}};
    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const int *s = sizes[k];
        float *a = numbers((size_t)s[0] * s[2], 1), *b = numbers((size_t)s[2] * s[1], 2);
        float *expected = numbers((size_t)s[0] * s[1], 3), first = 0;
        find("naive")->matmul(s[0], s[1], s[2], a, b, expected, NULL);
        for (int i = 0; i < s[2]; i++)
            first += a[i] * b[(size_t)i * s[1]];
        assert_float_equal(expected[0], first, 1e-5);
        check_product("openblas", s, a, b, expected);
        check_product("native", s, a, b, expected);
        check_product("auto", s, a, b, expected);
        free(a);
        free(b);
        free(expected);
    }
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
        cmocka_unit_test(an_epilogue_equals_its_steps),
        cmocka_unit_test(an_epilogue_that_pools_equals_pooling_after_it),
        cmocka_unit_test(all_vector_widths_give_the_same_bits),
        cmocka_unit_test(dense_layers_equal_the_naive_ones),
        cmocka_unit_test(products_of_activations_equal_the_naive_ones),
        cmocka_unit_test(an_unknown_set_is_refused_and_versions_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
