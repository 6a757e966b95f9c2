/* Operands in bfloat16 on AMX, by kernels of our own: images are laid out for it (amx_lower.c) and multiplied
 * with all that follows in the same pass (amx_product.c). Grouped convolutions, which are rare, go to oneDNN,
 * or are computed as in the emulated set. */
#include "core/engine/amx_lower.h"
#include "core/engine/amx_product.h"
#include "core/engine/sets.h"

#include <stdlib.h>
#include <string.h>

#ifdef APEX_HAVE_ONEDNN
static const struct kernel_set *const other_set = &kernel_set_avx512_bf16;
#else
static const struct kernel_set *const other_set = &kernel_set_emulated;
#endif

enum { ROUNDED_BYTES = 256 * 1024 }; /* of a dense layer's rows at a time */

/* What a layer is but for its number of rows. */
struct weights {
    int pieces, length, n;
    uint16_t *packed;
    float *bias;  /* padded, zeros where there is none */
    int borrowed; /* packed is another one's */
};

struct amx_conv {
    void *other; /* a state of other_set; or */
    struct weights w;
    struct amx_lower lower;
};

struct amx_linear {
    int rows;
    struct weights w;
};

static size_t depth_of(const struct weights *w)
{
    return amx_padded((size_t)w->length, AMX_DEPTH);
}

static void weights_free(struct weights *w)
{
    if (!w->borrowed)
        free(w->packed);
    free(w->bias);
}

/* like: whose packed weights are shared, or NULL. The weight is [pieces][length][n]. -1: no memory. */
static int weights_init(struct weights *w, const struct weights *like, const float *weight, const float *bias)
{
    const size_t n = amx_padded((size_t)w->n, AMX_COLS);
    w->borrowed = like != NULL;
    w->packed = like ? like->packed : weight ? amx_pack(w->pieces, w->length, w->n, weight) : NULL;
    w->bias = aligned_alloc(64, (n ? n : AMX_COLS) * sizeof *w->bias);
    if (!w->packed || !w->bias)
        return -1;
    memset(w->bias, 0, n * sizeof *w->bias);
    if (bias)
        memcpy(w->bias, bias, (size_t)w->n * sizeof *w->bias);
    return 0;
}

static size_t weights_bytes(const struct weights *w)
{
    return (w->borrowed ? 0 : amx_packed_bytes(w->pieces, w->length, w->n)) +
           amx_padded((size_t)w->n, AMX_COLS) * sizeof(float);
}

/* [out_c][in_c][kh][kw] -> [kh][kw][in_c][out_c]. */
static float *turn_weight(const struct conv_shape *s, const float *weight)
{
    const size_t area = (size_t)s->kernel_h * (size_t)s->kernel_w, in = (size_t)s->in_c,
                 out = (size_t)s->out_c;
    float *w = malloc((area * in * out + 1) * sizeof *w);
    for (size_t oc = 0; w && oc < out; oc++)
        for (size_t ic = 0; ic < in; ic++)
            for (size_t k = 0; k < area; k++)
                w[(k * in + ic) * out + oc] = weight[(oc * in + ic) * area + k];
    return w;
}

static void conv_free(void *state)
{
    struct amx_conv *c = state;
    if (!c)
        return;
    if (c->other)
        other_set->conv_free(c->other);
    weights_free(&c->w);
    amx_lower_free(&c->lower);
    free(c);
}

static int prepare(struct amx_conv *c, const struct amx_conv *like, const struct conv_shape *s,
                   const float *weight, const float *bias, size_t *scratch)
{
    c->w = (struct weights){.pieces = s->kernel_h, .length = s->kernel_w * s->in_c, .n = s->out_c};
    float *turned = like ? NULL : turn_weight(s, weight);
    const int failed = weights_init(&c->w, like ? &like->w : NULL, turned, bias) < 0 ||
                       amx_lower_init(&c->lower, s, amx_packed_bytes(c->w.pieces, c->w.length, c->w.n)) < 0;
    free(turned);
    if (!failed)
        *scratch = AMX_BLOCK_BYTES + amx_lower_line_bytes(&c->lower) + amx_lower_bytes(&c->lower);
    return failed ? -1 : 0;
}

static void *conv_make(const struct amx_conv *like, const struct conv_shape *s, const float *weight,
                       const float *bias, size_t *scratch, struct apex_error *err)
{
    struct amx_conv *c = calloc(1, sizeof *c);
    int failed = !c;
    if (c && s->groups > 1)
        failed = !(c->other = other_set->conv_new(s, weight, bias, scratch, err));
    else if (c && prepare(c, like, s, weight, bias, scratch) < 0)
        failed = apex_fail(err, "no memory");
    if (!failed)
        return c;
    if (!c)
        apex_fail(err, "no memory");
    conv_free(c);
    return NULL;
}

static void *conv_new(const struct conv_shape *s, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err)
{
    return conv_make(NULL, s, weight, bias, scratch, err);
}

static void *conv_like(const void *like, const struct conv_shape *s, const float *weight, const float *bias,
                       size_t *scratch, struct apex_error *err)
{
    return conv_make(like, s, weight, bias, scratch, err);
}

static struct amx_product product_of(const struct weights *w)
{
    return (struct amx_product){.images = 1,
                                .n = w->n,
                                .pieces = w->pieces,
                                .depth = (int)depth_of(w),
                                .packed = w->packed,
                                .bias = w->bias};
}

/* y and what follows, from `at` numbers into y on, which is in_image numbers into an image. */
static void follow(struct amx_product *p, const struct epilogue *end, float *y, size_t at, size_t in_image)
{
    p->to_half = end && end->to_half;
    p->y = p->to_half ? (void *)((uint16_t *)(void *)y + at) : (void *)(y + at);
    if (!end)
        return;
    p->relu = end->relu;
    p->sigma = end->sigma;
    p->xi = end->xi ? end->xi + (end->sigmas ? in_image : at) : NULL;
    p->sigmas = end->sigmas;
    p->draws = end->draws;
}

/* The band of `images` images from output line `first` on. */
static void run_band(const struct amx_conv *c, int image, int images, int first, const float *x, float *y,
                     const struct epilogue *end, char *scratch)
{
    const struct amx_lower *l = &c->lower;
    const struct conv_shape *s = &l->s;
    const size_t line = (size_t)s->out_w * (size_t)s->out_c, in_image = (size_t)first * line;
    const size_t in = (size_t)image * (size_t)s->in_h * (size_t)s->in_w * (size_t)s->in_c;
    const int from_half = end && end->from_half;
    const void *from = from_half ? (const void *)((const uint16_t *)(const void *)x + in) : x + in;
    uint16_t *lowered = (uint16_t *)(void *)(scratch + AMX_BLOCK_BYTES + amx_lower_line_bytes(l));
    struct amx_product p = product_of(&c->w);
    amx_lower_fill(l, from, from_half, images, first, (uint16_t *)(void *)(scratch + AMX_BLOCK_BYTES),
                   lowered);
    p.images = images;
    p.rows = (s->out_h - first < l->high ? s->out_h - first : l->high) * s->out_w;
    p.x = lowered;
    p.x_pitch = l->depth;
    p.x_image = (ptrdiff_t)l->lines * s->out_w * l->depth;
    p.piece = l->piece;
    follow(&p, end, y, (size_t)image * (size_t)s->out_h * line + in_image, in_image);
    p.xi_image = (size_t)s->out_h * line;
    p.first = image;
    if (end && end->add) {
        p.add = end->add + (size_t)image * end->add_row + in_image;
        p.add_pitch = (size_t)s->out_c;
        p.add_image = end->add_row;
    }
    amx_product_run(&p, (float *)(void *)scratch);
}

static void conv_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    const struct amx_conv *c = state;
    const struct amx_lower *l = &c->lower;
    if (c->other) {
        other_set->conv_run(c->other, x, y, end, scratch);
        return;
    }
    amx_begin();
    for (int image = 0; image < l->s.batch; image += l->images)
        for (int first = 0; first < l->s.out_h; first += l->high)
            run_band(c, image, l->s.batch - image < l->images ? l->s.batch - image : l->images, first, x, y,
                     end, scratch);
    amx_end();
}

static const char *conv_algorithm(void *state)
{
    const struct amx_conv *c = state;
    return c->other ? other_set->conv_algorithm(c->other) : "amx:lines";
}

static size_t conv_bytes(const void *state)
{
    const struct amx_conv *c = state;
    return !c->other ? weights_bytes(&c->w) : other_set->conv_bytes ? other_set->conv_bytes(c->other) : 0;
}

static void linear_free_state(void *state)
{
    struct amx_linear *l = state;
    if (l)
        weights_free(&l->w);
    free(l);
}

/* Rows that are rounded at a time: whole tiles. */
static size_t rounded_rows(const struct amx_linear *l)
{
    const size_t fit = ROUNDED_BYTES / (depth_of(&l->w) * sizeof(uint16_t)) / AMX_ROWS * AMX_ROWS;
    const size_t all = amx_padded((size_t)l->rows, AMX_ROWS);
    return fit < AMX_ROWS ? AMX_ROWS : fit < all ? fit : all;
}

static void *linear_make(const struct amx_linear *like, int rows, struct weights w, const float *weight,
                         const float *bias, size_t *scratch, struct apex_error *err)
{
    struct amx_linear *l = malloc(sizeof *l);
    if (l) {
        *l = (struct amx_linear){.rows = rows, .w = w};
        if (weights_init(&l->w, like ? &like->w : NULL, weight, bias) == 0) {
            const size_t row = depth_of(&l->w) * sizeof(uint16_t);
            *scratch = AMX_BLOCK_BYTES + row + rounded_rows(l) * row;
            return l;
        }
    }
    linear_free_state(l);
    apex_fail(err, "no memory");
    return NULL;
}

static void *linear_new(int rows, int k, int n, const float *weight, const float *bias, size_t *scratch,
                        struct apex_error *err)
{
    return linear_make(NULL, rows, (struct weights){.pieces = 1, .length = k, .n = n}, weight, bias, scratch,
                       err);
}

static void *linear_like(const void *like, int rows, const float *bias, size_t *scratch,
                         struct apex_error *err)
{
    const struct amx_linear *l = like;
    return linear_make(l, rows, (struct weights){.pieces = 1, .length = l->w.length, .n = l->w.n}, NULL, bias,
                       scratch, err);
}

/* `rows` rows of x, rounded and padded with zeros. line: work memory of one row. */
static void round_rows(const struct weights *w, const float *x, int from_half, size_t first, size_t rows,
                       uint16_t *line, uint16_t *to)
{
    const size_t k = (size_t)w->length;
    for (size_t r = 0; r < rows; r++, to += depth_of(w)) {
        const uint16_t *from = from_half ? (const uint16_t *)(const void *)x + (first + r) * k : line;
        if (!from_half)
            amx_round(x + (first + r) * k, k, line);
        amx_gather(from, 1, k, k, to);
    }
}

static void linear_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    static const ptrdiff_t whole[1] = {0};
    const struct amx_linear *l = state;
    const size_t rows = (size_t)l->rows, most = rounded_rows(l);
    uint16_t *line = (uint16_t *)(void *)((char *)scratch + AMX_BLOCK_BYTES),
             *rounded = line + depth_of(&l->w);
    amx_begin();
    for (size_t first = 0; first < rows; first += most) {
        struct amx_product p = product_of(&l->w);
        p.rows = (int)(rows - first < most ? rows - first : most);
        round_rows(&l->w, x, end && end->from_half, first, (size_t)p.rows, line, rounded);
        p.x = rounded;
        p.x_pitch = p.depth;
        p.piece = whole;
        follow(&p, end, y, first * (size_t)p.n, 0);
        if (end && end->add) {
            p.add = end->add + first * end->add_row;
            p.add_pitch = end->add_row;
        }
        amx_product_run(&p, scratch);
    }
    amx_end();
}

static size_t linear_bytes(const void *state)
{
    const struct amx_linear *l = state;
    return weights_bytes(&l->w);
}

static const char *linear_algorithm(void *state)
{
    (void)state;
    return "amx:rows";
}

const struct kernel_set kernel_set_amx = {
    .fuses = 1,
    .rows_alone = 1,
    .conv_scales = 1,
    .bf16 = 1,
    .name = "amx",
    .conv_new = conv_new,
    .conv_run = conv_run,
    .conv_free = conv_free,
    .conv_algorithm = conv_algorithm,
    .conv_like = conv_like,
    .conv_bytes = conv_bytes,
    .linear_new = linear_new,
    .linear_run = linear_run,
    .linear_free = linear_free_state,
    .linear_algorithm = linear_algorithm,
    .linear_like = linear_like,
    .linear_bytes = linear_bytes,
    .matmul = emulated_matmul,
    .matmul_scratch = emulated_matmul_scratch,
};
