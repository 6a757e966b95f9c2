#include "core/engine/amx_layout.h"

#include "core/engine/amx_product.h"
#include "core/engine/sets.h"

#include <stdlib.h>
#include <string.h>

enum { BAND_BYTES = 384 * 1024 }; /* they stay in a second-level cache, beside the weights of some columns */

static int in_blocks(const struct conv_shape *s)
{
    return s->in_c % AMX_DEPTH == 0;
}

/* Numbers of a pixel where channels stay together: pairs, as the products want them. */
static int pixel_of(const struct conv_shape *s)
{
    return s->in_c + s->in_c % 2;
}

void amx_layout_runs(const struct conv_shape *s, int *pieces, int *run)
{
    const int merged = !in_blocks(s) && s->dilation_w == 1;
    *pieces = s->kernel_h * (merged ? 1 : s->kernel_w) * (in_blocks(s) ? s->in_c / AMX_DEPTH : 1);
    *run = in_blocks(s) ? AMX_DEPTH : pixel_of(s) * (merged ? s->kernel_w : 1);
}

float *amx_layout_weight(const struct conv_shape *s, const float *weight)
{
    const size_t area = (size_t)s->kernel_h * (size_t)s->kernel_w, in = (size_t)s->in_c,
                 out = (size_t)s->out_c;
    const size_t block = in_blocks(s) ? AMX_DEPTH : (size_t)pixel_of(s), blocks = (in + block - 1) / block;
    float *w = calloc(blocks * area * block * out + 1, sizeof *w);
    for (size_t oc = 0; w && oc < out; oc++)
        for (size_t ic = 0; ic < in; ic++)
            for (size_t k = 0; k < area; k++)
                w[((ic / block * area + k) * block + ic % block) * out + oc] =
                    weight[(oc * in + ic) * area + k];
    return w;
}

/* Images side by side, a power of two up to the rows of a tile, that leave the least of the tiles empty. */
static int choose_beside(const struct amx_layout *l)
{
    int best = 1;
    double least = 2;
    for (int n = 1; n <= AMX_ROWS && n <= l->s.batch && in_blocks(&l->s) && !l->flat; n *= 2) {
        const int rows = l->wide * n, tiles = (rows + AMX_ROWS - 1) / AMX_ROWS;
        const double empty = (double)(tiles * AMX_ROWS) / rows;
        if (empty < least - 0.01) {
            least = empty;
            best = n;
        }
    }
    return best;
}

ptrdiff_t amx_layout_line(const struct amx_layout *l)
{
    return (ptrdiff_t)l->phases * l->pixels * l->beside * l->block;
}

ptrdiff_t amx_layout_group(const struct amx_layout *l)
{
    return (ptrdiff_t)l->blocks * l->lines * amx_layout_line(l);
}

/* The runs of one line of the filter, whose line of input lies `at` numbers after the output line's own. */
static void place_taps(const struct amx_layout *l, int tap, ptrdiff_t at)
{
    const struct conv_shape *s = &l->s;
    const int taps = l->pieces / l->blocks / s->kernel_h;
    for (int b = 0; b < l->blocks; b++)
        for (int k = 0; k < taps; k++) {
            const int x = k * s->dilation_w, pixel = x % l->phases * l->pixels + x / l->phases;
            l->piece[(b * s->kernel_h + tap) * taps + k] =
                b * l->lines * amx_layout_line(l) + at + (ptrdiff_t)pixel * l->beside * l->block;
        }
}

/* Input lines that the output lines of a band need, sorted by what they leave when divided by the stride: so
 * an output line further down is the next line here, for every tap. Their number; they are written where
 * there is room for them. */
static int list_lines(struct amx_layout *l)
{
    const struct conv_shape *s = &l->s;
    int count = 0;
    for (int rest = 0; rest < s->stride_h; rest++) {
        int last = -1;
        for (int k = 0; k < s->kernel_h; k++) {
            if (k * s->dilation_h % s->stride_h != rest)
                continue;
            last = k * s->dilation_h / s->stride_h;
            if (l->piece)
                place_taps(l, k, (count + last) * amx_layout_line(l));
        }
        for (int i = 0; last >= 0 && i < last + l->high; i++, count++)
            if (l->line)
                l->line[count] = rest + i * s->stride_h;
    }
    return count;
}

/* Sizes that follow from high and wide. */
static void measure(struct amx_layout *l)
{
    const struct conv_shape *s = &l->s;
    const int reach = (s->kernel_w - 1) * s->dilation_w;
    l->phases = in_blocks(s) ? s->stride_w : 1;
    l->pixels = l->phases > 1 ? l->wide + reach / l->phases : (l->wide - 1) * s->stride_w + reach + 1;
    l->pitch = in_blocks(s) ? l->block : s->stride_w * l->block;
    l->lines = list_lines(l);
}

static size_t group_bytes(const struct amx_layout *l)
{
    return (size_t)amx_layout_group(l) * sizeof(uint16_t);
}

static void choose_band(struct amx_layout *l)
{
    measure(l);
    while (l->flat && l->wide > 4 * AMX_ROWS && group_bytes(l) > BAND_BYTES) {
        l->wide = (l->wide / 2 + 4 * AMX_ROWS - 1) / (4 * AMX_ROWS) * (4 * AMX_ROWS);
        measure(l);
    }
    while (l->high > 1 && group_bytes(l) > BAND_BYTES) {
        l->high = (l->high + 1) / 2;
        measure(l);
    }
    l->images = l->beside;
    if (l->high == l->s.out_h && l->wide == l->s.out_w)
        while (l->images < l->s.batch && (size_t)(l->images / l->beside + 1) * group_bytes(l) <= BAND_BYTES)
            l->images += l->beside;
}

int amx_layout_init(struct amx_layout *l, const struct conv_shape *s)
{
    *l = (struct amx_layout){.s = *s, .flat = conv_is_pointwise(s)};
    if (l->flat) {
        l->s.in_w = l->s.out_w = s->in_h * s->in_w;
        l->s.in_h = l->s.out_h = 1;
    }
    l->block = in_blocks(s) ? AMX_DEPTH : pixel_of(s);
    l->blocks = in_blocks(s) ? s->in_c / AMX_DEPTH : 1;
    l->high = l->s.out_h;
    l->wide = l->s.out_w;
    l->beside = choose_beside(l);
    amx_layout_runs(s, &l->pieces, &l->run);
    choose_band(l);
    l->line = malloc((size_t)l->lines * sizeof *l->line);
    l->piece = malloc((size_t)l->pieces * sizeof *l->piece);
    if (!l->line || !l->piece)
        return -1;
    list_lines(l);
    return 0;
}

void amx_layout_free(struct amx_layout *l)
{
    free(l->line);
    free(l->piece);
}

size_t amx_layout_bytes(const struct amx_layout *l)
{
    const size_t beyond = (size_t)(AMX_ROWS * l->pitch + l->run) * sizeof(uint16_t);
    return amx_padded((size_t)(l->images / l->beside) * group_bytes(l) + beyond, 64);
}

/* Pixels [0, count) of a padded line: zeros, then `inside` pixels of the image, then zeros. */
struct padded_line {
    int left, inside, count;
};

static struct padded_line padded_line(const struct amx_layout *l, const struct amx_band *b)
{
    const struct conv_shape *s = &l->s;
    struct padded_line p = {.left = s->pad_left};
    p.count = (b->wide - 1) * s->stride_w + (s->kernel_w - 1) * s->dilation_w + 1;
    p.left = p.left < p.count ? p.left : p.count;
    const int rest = p.count - p.left, there = s->in_w - b->left;
    p.inside = rest < there ? rest : there;
    return p;
}

/* Channels together: as they lie, but for a last one that makes them even. */
static void fill_together(const struct amx_layout *l, struct padded_line p, const void *x, int from_half,
                          size_t at, uint16_t *to)
{
    const size_t channels = (size_t)l->s.in_c, pixel = (size_t)l->block;
    memset(to, 0, (size_t)p.left * pixel * sizeof *to);
    to += (size_t)p.left * pixel;
    if (channels == pixel)
        amx_halves(x, from_half, at, (size_t)p.inside * channels, to);
    else
        for (size_t i = 0; i < (size_t)p.inside; i++) {
            amx_halves(x, from_half, at + i * channels, channels, to + i * pixel);
            to[i * pixel + channels] = 0;
        }
    memset(to + (size_t)p.inside * pixel, 0, (size_t)(p.count - p.left - p.inside) * pixel * sizeof *to);
}

/* Channels in blocks: each block of a pixel goes to its own plane, where its image stands beside others. */
static void fill_blocks(const struct amx_layout *l, struct padded_line p, const void *x, int from_half,
                        size_t at, uint16_t *to)
{
    const size_t plane = (size_t)l->lines * (size_t)amx_layout_line(l), step = (size_t)l->beside * AMX_DEPTH;
    const struct amx_planes planes = {(size_t)l->blocks, plane};
    for (int phase = 0; phase < l->phases; phase++) {
        const int first = phase < p.left ? (p.left - phase + l->phases - 1) / l->phases : 0;
        const int end_inside = p.left + p.inside, end = (p.count - phase + l->phases - 1) / l->phases;
        int last = end_inside > phase ? (end_inside - phase + l->phases - 1) / l->phases : 0;
        last = last < first ? first : last;
        uint16_t *line = to + (size_t)phase * (size_t)l->pixels * step;
        amx_spread_zeros(&planes, (size_t)first, step, line);
        amx_spread(
            &planes, x, from_half, at + (size_t)(first * l->phases + phase - p.left) * (size_t)l->s.in_c,
            (size_t)l->phases * (size_t)l->s.in_c, (size_t)(last - first), step, line + (size_t)first * step);
        amx_spread_zeros(&planes, (size_t)(end - last), step, line + (size_t)last * step);
    }
}

/* One line of an image. row: its place among the image's lines, outside of which it is zeros. */
static void fill_line(const struct amx_layout *l, const struct amx_band *b, int image, int row, const void *x,
                      int from_half, uint16_t *to)
{
    const struct conv_shape *s = &l->s;
    struct padded_line p = padded_line(l, b);
    if (row < 0 || row >= s->in_h) {
        p.left = p.count;
        p.inside = 0;
        row = 0;
    }
    const size_t at = (((size_t)image * (size_t)s->in_h + (size_t)row) * (size_t)s->in_w + (size_t)b->left) *
                      (size_t)s->in_c;
    (in_blocks(s) ? fill_blocks : fill_together)(l, p, x, from_half, at, to);
}

void amx_layout_fill(const struct amx_layout *l, const struct amx_band *b, const void *x, int from_half,
                     uint16_t *to)
{
    const int top = b->first * l->s.stride_h - l->s.pad_top;
    for (int image = 0; image < b->images; image++) {
        uint16_t *group = to + image / l->beside * amx_layout_group(l) + image % l->beside * l->block;
        for (int i = 0; i < l->lines; i++)
            fill_line(l, b, b->image + image, top + l->line[i], x, from_half, group + i * amx_layout_line(l));
    }
}
