/* Winograd's tiles in vectors of 8. */
#include "core/engine/hot.h"
#include "core/engine/vec.h"

#include "core/engine/winograd_tile.h"

/* Static: clang gives clones that other files could call another name. */
HOT static void tile_in_clones(int channels, const struct source *s, size_t matrix, float *to)
{
    tile_in(channels, s, matrix, to);
}

HOT static void tile_out_clones(const struct target *t, size_t matrix, const float *from)
{
    tile_out(t, matrix, from);
}

void winograd_tile_in(int channels, const struct source *s, size_t matrix, float *to)
{
    tile_in_clones(channels, s, matrix, to);
}

void winograd_tile_out(const struct target *t, size_t matrix, const float *from)
{
    tile_out_clones(t, matrix, from);
}
