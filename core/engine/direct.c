#include "core/engine/direct.h"

#include "core/engine/gemm.h"
#include "core/engine/sets.h"

#include <string.h>

enum {
    LEAST_WIDTH = 4,        /* pixels of a line: fewer leave multiply-adds waiting for each other */
    BAND_BYTES = 256 * 1024 /* of the padded image: they stay in the second-level cache */
};

/* Output lines that are computed from one band of the padded image, and that band. */
struct band {
    int lines, high, wide; /* high, wide: in pixels */
};

static int is_padded(const struct conv_shape *s)
{
    return s->pad_top || s->pad_left || (s->out_h - 1) * s->stride_h + s->kernel_h > s->in_h ||
           (s->out_w - 1) * s->stride_w + s->kernel_w > s->in_w;
}

static struct band band_of(const struct conv_shape *s)
{
    struct band b = {.lines = s->out_h};
    const int span = (s->kernel_h - 1) * s->dilation_h + 1;
    b.wide = (s->out_w - 1) * s->stride_w + s->kernel_w;
    const size_t line = (size_t)b.wide * (size_t)s->in_c * sizeof(float);
    const int fit = (int)(BAND_BYTES / line), lines = (fit - span) / s->stride_h + 1;
    if (is_padded(s) && lines < b.lines)
        b.lines = fit > span && lines > 1 ? lines : 1;
    b.high = (b.lines - 1) * s->stride_h + span;
    return b;
}

int direct_suits(const struct conv_shape *s)
{
    return s->groups == 1 && !conv_is_pointwise(s) && (s->dilation_w == 1 || s->kernel_w == 1) &&
           s->out_w >= LEAST_WIDTH;
}

size_t direct_scratch(const struct conv_shape *s)
{
    const struct band b = band_of(s);
    return is_padded(s) ? (size_t)b.high * (size_t)b.wide * (size_t)s->in_c * sizeof(float) : 0;
}

/* One line of the padded image. */
static void pad_line(const struct conv_shape *s, const float *line, int wide, float *to)
{
    const size_t pixel = (size_t)s->in_c, left = (size_t)(s->pad_left < wide ? s->pad_left : wide);
    const size_t inside = (size_t)wide < left + (size_t)s->in_w ? (size_t)wide - left : (size_t)s->in_w;
    memset(to, 0, left * pixel * sizeof *to);
    memcpy(to + left * pixel, line, inside * pixel * sizeof *to);
    memset(to + (left + inside) * pixel, 0, ((size_t)wide - left - inside) * pixel * sizeof *to);
}

/* The lines of an image that output lines from `first` on read. */
static const float *pad_band(const struct conv_shape *s, const struct band *b, const float *image, int first,
                             float *to)
{
    const size_t line = (size_t)b->wide * (size_t)s->in_c;
    const int top = first * s->stride_h - s->pad_top;
    for (int h = 0; h < b->high; h++) {
        const int at = top + h;
        if (at < 0 || at >= s->in_h)
            memset(to + (size_t)h * line, 0, line * sizeof *to);
        else
            pad_line(s, image + (size_t)at * (size_t)s->in_w * (size_t)s->in_c, b->wide,
                     to + (size_t)h * line);
    }
    return to;
}

void direct_run(const struct conv_shape *s, const float *packed, const float *bias, const float *x, float *y,
                const struct epilogue *end, void *scratch)
{
    const struct band b = band_of(s);
    const int padded = is_padded(s), in_w = padded ? b.wide : s->in_w;
    const size_t image_in = (size_t)s->in_h * (size_t)s->in_w * (size_t)s->in_c;
    const size_t line_out = (size_t)s->out_w * (size_t)s->out_c, image_out = (size_t)s->out_h * line_out;
    struct gemm g = {.rows = s->out_w, .n = s->out_c, .packed = packed, .bias = bias, .y_pitch = s->out_c};
    g.pieces = s->kernel_h, g.k = s->kernel_h * s->kernel_w * s->in_c;
    g.x_pitch = (ptrdiff_t)s->stride_w * s->in_c;
    g.x_line = (ptrdiff_t)s->stride_h * in_w * s->in_c;
    g.x_piece = (ptrdiff_t)s->dilation_h * in_w * s->in_c;
    for (int image = 0; image < s->batch; image++, x += image_in)
        for (int first = 0; first < s->out_h; first += b.lines) {
            const size_t in_image = (size_t)first * line_out, at = (size_t)image * image_out + in_image;
            g.lines = s->out_h - first < b.lines ? s->out_h - first : b.lines;
            g.x = padded ? pad_band(s, &b, x, first, scratch) : x + (size_t)first * (size_t)g.x_line;
            g.y = y + at;
            gemm_follow(&g, end, end ? (size_t)image * end->add_row + in_image : 0, s->out_c, at);
            gemm_run(&g);
        }
}
