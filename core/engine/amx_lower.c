#include "core/engine/amx_lower.h"

#include "core/engine/amx_product.h"

#include <stdlib.h>
#include <string.h>

/* Lines of input that all output lines of a band need, sorted by what is left of them by the stride: so an
 * output line further down is the next line here, for every tap. */
static int list_lines(struct amx_lower *l)
{
    const struct conv_shape *s = &l->s;
    const ptrdiff_t line = (ptrdiff_t)s->out_w * l->depth;
    int count = 0;
    for (int rest = 0; rest < s->stride_h; rest++) {
        int last = -1;
        for (int k = 0; k < s->kernel_h; k++) {
            const int tap = k * s->dilation_h;
            if (tap % s->stride_h != rest)
                continue;
            l->piece[k] = (count + tap / s->stride_h) * line;
            last = tap / s->stride_h;
        }
        for (int i = 0; last >= 0 && i < last + l->high; i++, count++)
            if (l->line)
                l->line[count] = rest + i * s->stride_h;
    }
    return count;
}

static size_t image_bytes(const struct amx_lower *l)
{
    return (size_t)l->lines * (size_t)l->s.out_w * (size_t)l->depth * sizeof(uint16_t);
}

/* As many output lines, or images, as stay in a second-level cache beside the weights. */
static void choose_band(struct amx_lower *l, size_t weight_bytes)
{
    const size_t most = weight_bytes > 64 * 1024 ? 512 * 1024 : 192 * 1024;
    l->high = l->s.out_h;
    l->lines = list_lines(l);
    while (l->high > 1 && image_bytes(l) > most) {
        l->high = (l->high + 1) / 2;
        l->lines = list_lines(l);
    }
    l->images = 1;
    if (l->high == l->s.out_h && image_bytes(l) > 0) {
        const size_t fit = most / image_bytes(l);
        l->images = fit < 1 ? 1 : fit < (size_t)l->s.batch ? (int)fit : l->s.batch;
    }
}

int amx_lower_init(struct amx_lower *l, const struct conv_shape *s, size_t weight_bytes)
{
    *l = (struct amx_lower){.s = *s};
    l->depth = (int)amx_padded((size_t)s->kernel_w * (size_t)s->in_c, AMX_DEPTH);
    l->wide = (s->out_w - 1) * s->stride_w + (s->kernel_w - 1) * s->dilation_w + 1;
    l->piece = malloc((size_t)s->kernel_h * sizeof *l->piece);
    if (!l->piece)
        return -1;
    choose_band(l, weight_bytes);
    l->line = malloc((size_t)l->lines * sizeof *l->line);
    if (!l->line)
        return -1;
    list_lines(l);
    return 0;
}

void amx_lower_free(struct amx_lower *l)
{
    free(l->line);
    free(l->piece);
}

size_t amx_lower_bytes(const struct amx_lower *l)
{
    const size_t beyond = (AMX_ROWS - 1) * (size_t)l->depth * sizeof(uint16_t);
    return amx_padded((size_t)l->images * image_bytes(l) + beyond, 64);
}

size_t amx_lower_line_bytes(const struct amx_lower *l)
{
    return amx_padded((size_t)l->wide * (size_t)l->s.in_c * sizeof(uint16_t), 64);
}

/* One line of the image with its padding, rounded. */
static void pad_line(const struct amx_lower *l, const void *x, int from_half, size_t at, uint16_t *to)
{
    const size_t pixel = (size_t)l->s.in_c, wide = (size_t)l->wide;
    const size_t left = (size_t)l->s.pad_left < wide ? (size_t)l->s.pad_left : wide;
    const size_t inside = wide < left + (size_t)l->s.in_w ? wide - left : (size_t)l->s.in_w;
    memset(to, 0, left * pixel * sizeof *to);
    if (from_half)
        memcpy(to + left * pixel, (const uint16_t *)x + at, inside * pixel * sizeof *to);
    else
        amx_round((const float *)x + at, inside * pixel, to + left * pixel);
    memset(to + (left + inside) * pixel, 0, (wide - left - inside) * pixel * sizeof *to);
}

/* The runs of one line, from its pixels. */
static void spread_line(const struct amx_lower *l, const uint16_t *line, uint16_t *to)
{
    const struct conv_shape *s = &l->s;
    const size_t pixel = (size_t)s->in_c, step = (size_t)s->stride_w * pixel;
    if (s->dilation_w == 1 || s->kernel_w == 1) {
        amx_gather(line, (size_t)s->out_w, step, (size_t)s->kernel_w * pixel, to);
        return;
    }
    for (int w = 0; w < s->out_w; w++, line += step, to += l->depth) {
        memset(to, 0, (size_t)l->depth * sizeof *to);
        for (int k = 0; k < s->kernel_w; k++)
            memcpy(to + (size_t)k * pixel, line + (size_t)k * (size_t)s->dilation_w * pixel,
                   pixel * sizeof *to);
    }
}

void amx_lower_fill(const struct amx_lower *l, const void *x, int from_half, int images, int first,
                    uint16_t *line, uint16_t *to)
{
    const struct conv_shape *s = &l->s;
    const size_t row = (size_t)s->in_w * (size_t)s->in_c;
    const int top = first * s->stride_h - s->pad_top;
    const int whole = s->kernel_w == 1 && s->stride_w == 1 && l->depth == s->in_c;
    for (int image = 0; image < images; image++)
        for (int i = 0; i < l->lines; i++, to += (size_t)s->out_w * (size_t)l->depth) {
            const int at = top + l->line[i];
            if (at < 0 || at >= s->in_h) {
                memset(to, 0, (size_t)s->out_w * (size_t)l->depth * sizeof *to);
                continue;
            }
            pad_line(l, x, from_half, ((size_t)image * (size_t)s->in_h + (size_t)at) * row,
                     whole ? to : line);
            if (!whole)
                spread_line(l, line, to);
        }
}
