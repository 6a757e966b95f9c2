/* The kernel sets with operands in bfloat16, and convolutions to try on them. Included by tests only, after
 * cmocka. */
#ifndef APEX_TESTS_BF16_LAYERS_H
#define APEX_TESTS_BF16_LAYERS_H

#include "core/engine/kernels.h"

#include <stdlib.h>

static inline float *numbers(size_t count, unsigned seed)
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
static inline const struct kernel_set *runnable(const char *name)
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

static inline size_t input_count(const struct conv_shape *s)
{
    return (size_t)s->batch * s->in_h * s->in_w * s->in_c;
}

static inline size_t output_count(const struct conv_shape *s)
{
    return (size_t)s->batch * s->out_h * s->out_w * s->out_c;
}

static inline size_t weight_count(const struct conv_shape *s)
{
    return (size_t)s->out_c * (s->in_c / s->groups) * s->kernel_h * s->kernel_w;
}

#endif
