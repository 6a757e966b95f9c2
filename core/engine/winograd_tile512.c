/* Winograd's tiles in vectors of 16, for processors with AVX-512. */
#include "core/engine/hot.h"
#include "core/engine/winograd_layer.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include "core/engine/vec512.h"
#else
#include "core/engine/vec.h"
#endif

#include "core/engine/winograd_tile.h"

WIDE void winograd_tile_in512(int channels, const struct source *s, size_t matrix, float *to)
{
    tile_in(channels, s, matrix, to);
}

WIDE void winograd_tile_out512(const struct target *t, size_t matrix, const float *from)
{
    tile_out(t, matrix, from);
}
