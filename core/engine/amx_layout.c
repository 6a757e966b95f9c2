#include "core/engine/amx_layout.h"

#include "core/engine/amx_product.h"
#include "core/engine/sets.h"

#include <limits.h>
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

static void choose_runs(const struct conv_shape *s, int *pieces, int *run)
{
    const int merged = !in_blocks(s) && s->dilation_w == 1;
    *pieces = s->kernel_h * (merged ? 1 : s->kernel_w) * (in_blocks(s) ? s->in_c / AMX_DEPTH : 1);
    *run = in_blocks(s) ? AMX_DEPTH : pixel_of(s) * (merged ? s->kernel_w : 1);
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
    const size_t pixels = (size_t)l->phases * (size_t)l->pixels * (size_t)l->beside;
    return (ptrdiff_t)amx_padded((size_t)l->lead + pixels * (size_t)l->block, AMX_DEPTH);
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
                b * l->lines * amx_layout_line(l) + at + l->lead + (ptrdiff_t)pixel * l->beside * l->block;
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
    const int64_t area = (int64_t)s->in_h * s->in_w;
    *l = (struct amx_layout){.s = *s, .flat = conv_is_pointwise(s) && area <= INT_MAX / 4};
    if (l->flat) {
        l->s.in_w = l->s.out_w = (int)area;
        l->s.in_h = l->s.out_h = 1;
    }
    l->block = in_blocks(s) ? AMX_DEPTH : pixel_of(s);
    l->blocks = in_blocks(s) ? s->in_c / AMX_DEPTH : 1;
    l->lead = (AMX_DEPTH - s->pad_left * l->block % AMX_DEPTH) % AMX_DEPTH;
    l->high = l->s.out_h;
    l->wide = l->s.out_w;
    l->beside = choose_beside(l);
    choose_runs(s, &l->pieces, &l->run);
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

/* Pixels of a padded line: zeros, then so many of the image, then zeros. */
struct span {
    size_t before, inside, after;
};

/* The whole line. */
static struct span line_span(const struct amx_layout *l, const struct amx_band *b)
{
    const struct conv_shape *s = &l->s;
    const int count = (b->wide - 1) * s->stride_w + (s->kernel_w - 1) * s->dilation_w + 1;
    const int before = s->pad_left < count ? s->pad_left : count, rest = count - before,
              there = s->in_w - b->left;
    const int inside = rest < there ? rest : there;
    return (struct span){(size_t)before, (size_t)inside, (size_t)(rest - inside)};
}

/* Of `count` pixels from 0 on, those that leave `phase`. */
static size_t of_phase(size_t count, size_t phase, size_t phases)
{
    return count > phase ? (count - phase + phases - 1) / phases : 0;
}

static struct span phase_span(struct span line, size_t phase, size_t phases)
{
    const size_t before = of_phase(line.before, phase, phases);
    const size_t inside = of_phase(line.before + line.inside, phase, phases) - before;
    const size_t all = of_phase(line.before + line.inside + line.after, phase, phases);
    return (struct span){before, inside, all - before - inside};
}

/* Where line i of an image begins in x, in numbers; -1: outside, zeros. */
static ptrdiff_t line_begin(const struct amx_layout *l, const struct amx_band *b, int image, int i)
{
    const struct conv_shape *s = &l->s;
    const int row = b->first * s->stride_h - s->pad_top + l->line[i];
    if (row < 0 || row >= s->in_h)
        return -1;
    return (((ptrdiff_t)(b->image + image) * s->in_h + row) * s->in_w + b->left) * s->in_c;
}

static uint16_t *line_place(const struct amx_layout *l, int image, int i, uint16_t *to)
{
    return to + image / l->beside * amx_layout_group(l) + image % l->beside * l->block +
           i * amx_layout_line(l);
}

/* Channels together: as they lie, but for one more that makes their number even. */
static void fill_together(const struct amx_layout *l, const struct amx_band *b, const void *x, int from_half,
                          uint16_t *to)
{
    const struct span span = line_span(l, b);
    const size_t channels = (size_t)l->s.in_c, pixel = (size_t)l->block;
    for (int image = 0; image < b->images; image++)
        for (int i = 0; i < l->lines; i++) {
            uint16_t *line = line_place(l, image, i, to) + l->lead;
            const ptrdiff_t at = line_begin(l, b, image, i);
            if (at < 0) {
                memset(line, 0, (span.before + span.inside + span.after) * pixel * sizeof *line);
                continue;
            }
            memset(line, 0, span.before * pixel * sizeof *line);
            line += span.before * pixel;
            if (channels == pixel)
                amx_halves(x, from_half, (size_t)at, span.inside * channels, line);
            else
                amx_even_pixels(x, from_half, (size_t)at, channels, span.inside, line);
            memset(line + span.inside * pixel, 0, span.after * pixel * sizeof *line);
        }
}

/* Channels in blocks: each block of a pixel goes to its own plane, where its image stands beside others. */
static void fill_blocks(const struct amx_layout *l, const struct amx_band *b, const void *x, int from_half,
                        uint16_t *to)
{
    const size_t channels = (size_t)l->s.in_c, phases = (size_t)l->phases;
    const struct span whole = line_span(l, b);
    struct amx_spread s = {.planes = (size_t)l->blocks, .from_half = from_half, .x_step = phases * channels};
    s.plane = (size_t)l->lines * (size_t)amx_layout_line(l);
    s.step = (size_t)l->beside * AMX_DEPTH;
    for (size_t phase = 0; phase < phases; phase++) {
        const struct span span = phase_span(whole, phase, phases);
        const size_t first = span.before * phases + phase - whole.before;
        for (int image = 0; image < b->images; image++)
            for (int i = 0; i < l->lines; i++) {
                uint16_t *line = line_place(l, image, i, to) + phase * (size_t)l->pixels * s.step;
                const ptrdiff_t at = line_begin(l, b, image, i);
                s.before = at < 0 ? span.before + span.inside + span.after : span.before;
                s.inside = at < 0 ? 0 : span.inside;
                s.after = at < 0 ? 0 : span.after;
                amx_spread(&s, x, at < 0 ? 0 : (size_t)at + first * channels, line);
            }
    }
}

void amx_layout_fill(const struct amx_layout *l, const struct amx_band *b, const void *x, int from_half,
                     uint16_t *to)
{
    (in_blocks(&l->s) ? fill_blocks : fill_together)(l, b, x, from_half, to);
}
