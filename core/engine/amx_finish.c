/* What follows a layer, in the pass over the tiles of its sums: the addend, ReLU, noise, and bfloat16 if it
 * is to be stored so. The numbers are those of epilogue_apply. */
#include "core/engine/amx_product.h"
#include "core/engine/amx_vec.h"

#include <math.h>

#ifdef CPU_BUILDS_AMX

/* What follows, on pixels of one image: sums `apart` from each other, and what is read and written for them.
 */
struct finish {
    int pixels, n, add_pitch;
    const float *sum, *add, *xi;
    void *y;
    size_t apart;
    __m512 sigma, floor;
    __mmask16 cols;
};

AMX_INLINE void finish_pixels(const struct finish *f, int adds, int noisy, int half)
{
    for (size_t i = 0; i < (size_t)f->pixels; i++) {
        __m512 v = _mm512_load_ps(f->sum + i * f->apart);
        if (adds)
            v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(f->cols, f->add + i * (size_t)f->add_pitch));
        v = _mm512_max_ps(f->floor, v); /* NaN passes */
        if (noisy)
            v = _mm512_add_ps(
                v, _mm512_mul_ps(f->sigma, _mm512_maskz_loadu_ps(f->cols, f->xi + i * (size_t)f->n)));
        if (half)
            _mm256_mask_storeu_epi16((uint16_t *)f->y + i * (size_t)f->n, f->cols,
                                     (__m256i)_mm512_cvtneps_pbh(v));
        else
            _mm512_mask_storeu_ps((float *)f->y + i * (size_t)f->n, f->cols, v);
    }
}

/* A loop of its own for each combination: what does not follow costs nothing. */
AMX_INLINE void finish_as(const struct finish *f, int half)
{
    if (f->add && f->xi)
        finish_pixels(f, 1, 1, half);
    else if (f->add)
        finish_pixels(f, 1, 0, half);
    else if (f->xi)
        finish_pixels(f, 0, 1, half);
    else
        finish_pixels(f, 0, 0, half);
}

/* Noise of one image: its own at the one scale, or that of its draw at its scale. */
AMX static void choose_noise(const struct amx_product *p, int image, size_t in_image, struct finish *f)
{
    const int whole = p->first + image;
    if (!p->xi)
        return;
    f->xi = p->xi + (size_t)(p->sigmas ? whole % p->draws : image) * p->y_image + in_image;
    f->sigma = _mm512_set1_ps(p->sigmas ? p->sigmas[whole / p->draws] : p->sigma);
}

/* The pixels of one tile, image by image. */
AMX void amx_finish(const struct amx_product *p, const struct amx_place *at, int column, const float *sum)
{
    const size_t pixel = (size_t)at->line * (size_t)p->pixels + (size_t)at->pixel;
    const size_t in_image = pixel * (size_t)p->n + (size_t)column;
    const int width = p->n - column < AMX_COLS ? p->n - column : AMX_COLS;
    struct finish f = {.pixels = at->pixels, .n = p->n, .add_pitch = (int)p->add_pitch};
    f.apart = (size_t)p->beside * AMX_COLS;
    f.cols = (__mmask16)((1u << width) - 1);
    f.floor = _mm512_set1_ps(p->relu ? 0 : -INFINITY);
    for (int k = 0; k < p->beside; k++) {
        const int image = at->group * p->beside + k;
        const size_t to = (size_t)image * p->y_image + in_image;
        if (image >= p->images)
            break;
        f.sum = sum + k * AMX_COLS;
        f.add = p->add ? p->add + (size_t)image * p->add_image + pixel * p->add_pitch + column : NULL;
        f.y = p->to_half ? (void *)((uint16_t *)p->y + to) : (void *)((float *)p->y + to);
        choose_noise(p, image, in_image, &f);
        if (p->to_half)
            finish_as(&f, 1);
        else
            finish_as(&f, 0);
    }
}

#else /* never reached */

void amx_finish(const struct amx_product *p, const struct amx_place *at, int column, const float *sum)
{
    (void)p, (void)at, (void)column, (void)sum;
}
#endif
