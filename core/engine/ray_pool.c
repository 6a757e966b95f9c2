/* A ray and the pooling behind it in one pass: what lies between is four times as large as what comes out,
 * and is needed nowhere else. The numbers are those of the separate steps, in the same order. */
#include "core/engine/builder.h"
#include "core/engine/hot.h"
#include "core/engine/vec.h"

/* One row: [high][wide][channels]. */
struct scene {
    const float *a, *direction, *xi;
    float sigma, factor;
    int64_t high, wide, channels;
};

static inline __attribute__((always_inline)) void point(const struct scene *s, const int relu,
                                                        const int noisy, int64_t at, vec *to)
{
    vec v = *(const vec *)(s->a + at) + s->sigma * *(const vec *)(s->direction + at);
    if (relu)
        vec_relu(&v);
    if (noisy)
        v += s->factor * *(const vec *)(s->xi + at);
    *to = v;
}

static inline __attribute__((always_inline)) void pool_row(const struct scene *at_row, const int relu,
                                                           const int noisy, float *y)
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
#pragma GCC unroll 3
                for (int i = 0; i < 3; i++)
                    vec_largest(&v, &x[i]);
                *(vec *)y = v;
            }
}

HOT static void pool_any(const struct scene *s, int relu, float *y)
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

void ray_pool(const struct operand *direction, const float *a, float sigma, int relu, const float *xi,
              float factor, float *y)
{
    const int64_t *dim = direction->shape.dim;
    struct scene s = {a, direction->data, xi, sigma, factor, dim[2], dim[3], dim[1]};
    const int64_t row = dim[1] * dim[2] * dim[3], out = dim[1] * (dim[2] / 2) * (dim[3] / 2);
    for (int64_t d = 0; d < dim[0]; d++, s.direction += row, s.xi += xi ? row : 0, y += out)
        pool_any(&s, relu, y);
}
