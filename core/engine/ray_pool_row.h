/* A ray and the pooling behind it, written once over a vector type: the including file has vec.h or vec512.h.
 */
#ifndef APEX_CORE_ENGINE_RAY_POOL_ROW_H
#define APEX_CORE_ENGINE_RAY_POOL_ROW_H

#include <stdint.h>

/* One row: [high][wide][channels]. */
struct scene {
    const float *a, *direction, *xi;
    float sigma, factor;
    int64_t high, wide, channels;
};

/* y[high / 2][wide / 2][channels] of one row on AVX-512; channels: a multiple of 16. */
void ray_pool_row512(const struct scene *s, int relu, float *y);

KERNEL void point(const struct scene *s, const int relu, const int noisy, int64_t at, vec *to)
{
    vec v = *(const vec *)(s->a + at) + s->sigma * *(const vec *)(s->direction + at);
    if (relu)
        vec_relu(&v);
    if (noisy)
        v += s->factor * *(const vec *)(s->xi + at);
    *to = v;
}

KERNEL void pool_row(const struct scene *at_row, const int relu, const int noisy, float *y)
{
    const struct scene own = *at_row, *s = &own; /* not to be read again after each store */
    const int64_t pixel = s->channels, line = s->wide * pixel;
    for (int64_t h = 0; h + 1 < s->high; h += 2)
        for (int64_t w = 0; w + 1 < s->wide; w += 2)
            for (int64_t c = 0; c < s->channels; c += WIDTH, y += WIDTH) {
                int64_t at = h * line + w * pixel + c;
                vec v, x[3];
                point(s, relu, noisy, at, &v);
                point(s, relu, noisy, at + pixel, &x[0]);
                point(s, relu, noisy, at + line, &x[1]);
                point(s, relu, noisy, at + line + pixel, &x[2]);
                vec_largest_of_4(&v, x);
                *(vec *)y = v;
            }
}

KERNEL void pool_any(const struct scene *s, int relu, float *y)
{
    if (relu && s->xi)
        pool_row(s, 1, 1, y);
    else if (relu)
        pool_row(s, 1, 0, y);
    else if (s->xi)
        pool_row(s, 0, 1, y);
    else
        pool_row(s, 0, 0, y);
}

#endif
