/* Internal to the engine: images laid out so that a convolution is products of matrices on AMX. For every
 * line of output the pixels under one line of the filter lie together, as one run for each output pixel; a
 * tap further down is the same matrix some lines on. */
#ifndef APEX_CORE_ENGINE_AMX_LOWER_H
#define APEX_CORE_ENGINE_AMX_LOWER_H

#include "core/engine/kernels.h"

#include <stddef.h>
#include <stdint.h>

struct amx_lower {
    struct conv_shape s;
    int high, images; /* output lines, and images, that are laid out at a time */
    int lines;        /* of input, for one image */
    int depth;        /* of a pixel's run, padded */
    int wide;         /* pixels of an input line with its padding */
    int *line;        /* [lines]: input line, from the first output line's on */
    ptrdiff_t *piece; /* [kernel_h]: in numbers, from a pixel to the run of that tap */
};

/* -1: no memory. weight_bytes: of the layer, which are read again for each band. */
int amx_lower_init(struct amx_lower *l, const struct conv_shape *s, size_t weight_bytes);
void amx_lower_free(struct amx_lower *l); /* what the struct owns */

size_t amx_lower_bytes(const struct amx_lower *l); /* of the layout, with what a product may read beyond it */
size_t amx_lower_line_bytes(const struct amx_lower *l);

/* Lays out `images` of them from output line `first` on. x: float, or uint16_t with from_half; line: work
 * memory. */
void amx_lower_fill(const struct amx_lower *l, const void *x, int from_half, int images, int first,
                    uint16_t *line, uint16_t *to);

#endif
