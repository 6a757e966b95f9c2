/* A ray and the pooling behind it in one pass: what lies between is four times as large as what comes out,
 * and is needed nowhere else. The numbers are those of the separate steps, in the same order. */
#include "core/engine/builder.h"
#include "core/engine/gemm.h"
#include "core/engine/hot.h"
#include "core/engine/vec.h"

#include "core/engine/ray_pool_row.h"

HOT static void pool_clones(const struct scene *s, int relu, float *y)
{
    pool_any(s, relu, y);
}

void ray_pool(const struct operand *direction, const float *a, float sigma, int relu, const float *xi,
              float factor, float *y)
{
    const int64_t *dim = direction->shape.dim;
    struct scene s = {a, direction->data, xi, sigma, factor, dim[2], dim[3], dim[1]};
    const int64_t row = dim[1] * dim[2] * dim[3], out = dim[1] * (dim[2] / 2) * (dim[3] / 2);
    const int wide = gemm_is_wide() && s.channels % 16 == 0;
    for (int64_t d = 0; d < dim[0]; d++, s.direction += row, s.xi += xi ? row : 0, y += out)
        (wide ? ray_pool_row512 : pool_clones)(&s, relu, y);
}
