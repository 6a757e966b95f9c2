/* Operands in bfloat16 on AMX, by kernels of our own: images are laid out for it (amx_layout.c) and
 * multiplied with all that follows in the same pass (amx_product.c). A dense layer is a convolution of one
 * line of pixels, its rows. Grouped convolutions, which are rare, go to oneDNN, or are computed as in the
 * emulated set. */
#include "core/engine/amx_layout.h"
#include "core/engine/amx_product.h"
#include "core/engine/gemm.h"
#include "core/engine/sets.h"

#include <stdlib.h>

#ifdef APEX_HAVE_ONEDNN
static const struct kernel_set *const other_set = &kernel_set_avx512_bf16;
#else
static const struct kernel_set *const other_set = &kernel_set_emulated;
#endif

struct amx_layer {
    void *other; /* a state of other_set; or */
    struct amx_layout layout;
    uint16_t *packed;
    int borrowed; /* packed is another one's */
    float *bias;  /* [padded], zeros where there is none */
};

static void layer_free(void *state)
{
    struct amx_layer *l = state;
    if (!l)
        return;
    if (l->other)
        other_set->conv_free(l->other);
    amx_layout_free(&l->layout);
    if (!l->borrowed)
        free(l->packed);
    free(l->bias);
    free(l);
}

/* Where a weight's numbers lie (amx_pack). */
struct weight {
    const float *data;
    size_t out_step, in_step;
};

/* like: whose packed weights are shared, so that w is not looked at; or NULL. */
static void *make_layer(const struct amx_layer *like, const struct conv_shape *s, struct weight w,
                        const float *bias, size_t *scratch, struct apex_error *err)
{
    struct amx_layer *l = calloc(1, sizeof *l);
    if (l && amx_layout_init(&l->layout, s) == 0) {
        l->borrowed = like != NULL;
        l->packed = like ? like->packed : amx_pack(&l->layout, w.data, w.out_step, w.in_step);
        l->bias = gemm_pad_bias(s->out_c, bias);
        *scratch = AMX_SUMS_BYTES + amx_layout_bytes(&l->layout);
        if (l->packed && l->bias)
            return l;
    }
    layer_free(l);
    apex_fail(err, "no memory");
    return NULL;
}

static void *conv_like(const void *like, const struct conv_shape *s, const float *weight, const float *bias,
                       size_t *scratch, struct apex_error *err)
{
    const size_t area = (size_t)s->kernel_h * (size_t)s->kernel_w;
    const struct weight w = {weight, area * (size_t)s->in_c, area};
    if (s->groups == 1)
        return make_layer(like, s, w, bias, scratch, err);
    struct amx_layer *l = calloc(1, sizeof *l);
    if (!l)
        apex_fail(err, "no memory");
    else if ((l->other = other_set->conv_new(s, weight, bias, scratch, err)))
        return l;
    free(l);
    return NULL;
}

static void *conv_new(const struct conv_shape *s, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err)
{
    return conv_like(NULL, s, weight, bias, scratch, err);
}

/* Rows are the pixels of one image. */
static struct conv_shape rows_shape(int rows, int k, int n)
{
    return (struct conv_shape){.batch = 1,
                               .in_h = 1,
                               .in_w = rows,
                               .in_c = k,
                               .out_h = 1,
                               .out_w = rows,
                               .out_c = n,
                               .kernel_h = 1,
                               .kernel_w = 1,
                               .stride_h = 1,
                               .stride_w = 1,
                               .dilation_h = 1,
                               .dilation_w = 1,
                               .groups = 1};
}

static void *linear_new(int rows, int k, int n, const float *weight, const float *bias, size_t *scratch,
                        struct apex_error *err)
{
    const struct conv_shape s = rows_shape(rows, k, n);
    return make_layer(NULL, &s, (struct weight){weight, 1, (size_t)n}, bias, scratch, err);
}

static void *linear_like(const void *like, int rows, const float *bias, size_t *scratch,
                         struct apex_error *err)
{
    const struct amx_layer *l = like;
    const struct conv_shape s = rows_shape(rows, l->layout.s.in_c, l->layout.s.out_c);
    return make_layer(l, &s, (struct weight){0}, bias, scratch, err);
}

/* What follows, for the band that begins in_image numbers into an image of y. */
static void follow(struct amx_product *p, const struct epilogue *end, int image, size_t in_image)
{
    const size_t at = (size_t)image * p->y_image + in_image;
    p->relu = end->relu;
    p->sigma = end->sigma;
    p->sigmas = end->sigmas;
    p->draws = end->draws;
    p->first = image;
    p->xi = !end->xi ? NULL : end->sigmas ? end->xi + in_image : end->xi + at;
}

/* end->add_row is that of an image, or of a row of a dense layer, which is a pixel here. */
static void add_to(struct amx_product *p, const struct epilogue *end, int dense, int image, size_t pixel)
{
    p->add_pitch = dense ? end->add_row : (size_t)p->n;
    p->add_image = dense ? 0 : end->add_row;
    p->add = end->add ? end->add + (size_t)image * p->add_image + pixel * p->add_pitch : NULL;
}

static void run_band(const struct amx_layer *l, const struct amx_band *b, int dense, const float *x, float *y,
                     const struct epilogue *end, char *scratch)
{
    const struct amx_layout *o = &l->layout;
    uint16_t *laid = (uint16_t *)(void *)(scratch + AMX_SUMS_BYTES);
    const size_t pixel = (size_t)b->first * (size_t)o->s.out_w + (size_t)b->left, n = (size_t)o->s.out_c;
    struct amx_product p = {.images = b->images, .beside = o->beside, .lines = b->high, .pixels = b->wide};
    amx_layout_fill(o, b, x, end && end->from_half, laid);
    p.n = o->s.out_c;
    p.pieces = o->pieces;
    p.run = o->run;
    p.x = laid;
    p.x_pitch = o->pitch;
    p.x_line = amx_layout_line(o);
    p.x_group = amx_layout_group(o);
    p.piece = o->piece;
    p.packed = l->packed;
    p.bias = l->bias;
    p.y_image = (size_t)o->s.out_h * (size_t)o->s.out_w * n;
    p.to_half = end && end->to_half;
    const size_t at = (size_t)b->image * p.y_image + pixel * n;
    p.y = p.to_half ? (void *)((uint16_t *)(void *)y + at) : (void *)(y + at);
    if (end) {
        follow(&p, end, b->image, pixel * n);
        add_to(&p, end, dense, b->image, pixel);
    }
    amx_product_run(&p, (float *)(void *)scratch);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void run_layer(const struct amx_layer *l, int dense, const float *x, float *y,
                      const struct epilogue *end, void *scratch)
{
    const struct amx_layout *o = &l->layout;
    struct amx_band b;
    for (b.image = 0; b.image < o->s.batch; b.image += o->images)
        for (b.first = 0; b.first < o->s.out_h; b.first += o->high)
            for (b.left = 0; b.left < o->s.out_w; b.left += o->wide) {
                b.images = least(o->s.batch - b.image, o->images);
                b.high = least(o->s.out_h - b.first, o->high);
                b.wide = least(o->s.out_w - b.left, o->wide);
                run_band(l, &b, dense, x, y, end, scratch);
            }
}

static void conv_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    const struct amx_layer *l = state;
    if (l->other)
        other_set->conv_run(l->other, x, y, end, scratch);
    else
        run_layer(l, 0, x, y, end, scratch);
}

static void linear_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    run_layer(state, 1, x, y, end, scratch);
}

static const char *algorithm(void *state)
{
    const struct amx_layer *l = state;
    return l->other ? other_set->conv_algorithm(l->other) : l->layout.blocks > 1 ? "amx:planes" : "amx:lines";
}

static size_t layer_bytes(const void *state)
{
    const struct amx_layer *l = state;
    const struct amx_layout *o = &l->layout;
    if (l->other)
        return other_set->conv_bytes ? other_set->conv_bytes(l->other) : 0;
    return (l->borrowed ? 0 : amx_packed_bytes(o->pieces, o->run, o->s.out_c)) +
           amx_padded((size_t)o->s.out_c, AMX_COLS) * sizeof(float);
}

const struct kernel_set kernel_set_amx = {
    .fuses = 1,
    .rows_alone = 1,
    .conv_scales = 1,
    .bf16 = 1,
    .name = "amx",
    .conv_new = conv_new,
    .conv_run = conv_run,
    .conv_free = layer_free,
    .conv_algorithm = algorithm,
    .conv_like = conv_like,
    .conv_bytes = layer_bytes,
    .linear_new = linear_new,
    .linear_run = linear_run,
    .linear_free = layer_free,
    .linear_algorithm = algorithm,
    .linear_like = linear_like,
    .linear_bytes = layer_bytes,
    .matmul = emulated_matmul,
    .matmul_scratch = emulated_matmul_scratch,
};
