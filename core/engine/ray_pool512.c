/* A ray and the pooling behind it in vectors of 16, for processors with AVX-512. */
#include "core/engine/hot.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include "core/engine/vec512.h"
#else
#include "core/engine/vec.h"
#endif

#include "core/engine/ray_pool_row.h"

WIDE void ray_pool_row512(const struct scene *s, int relu, float *y)
{
    pool_any(s, relu, y);
}
