/* What the kernel sets share: shapes told apart, lowering, and the epilogue as a pass of its own. */
#include "core/engine/hot.h"
#include "core/engine/sets.h"

#include <stdlib.h>
#include <string.h>

int conv_is_depthwise(const struct conv_shape *s)
{
    return s->groups > 1 && s->groups == s->in_c && s->groups == s->out_c;
}

int conv_is_pointwise(const struct conv_shape *s)
{
    return s->kernel_h == 1 && s->kernel_w == 1 && s->stride_h == 1 && s->stride_w == 1 && s->pad_top == 0 &&
           s->pad_left == 0 && s->in_h == s->out_h && s->in_w == s->out_w;
}

void conv_lower_pixel(const struct conv_shape *s, const float *x, int oh, int ow, float *to)
{
    size_t width = (size_t)(s->in_c / s->groups);
    for (int kh = 0; kh < s->kernel_h; kh++) {
        int ih = oh * s->stride_h - s->pad_top + kh * s->dilation_h;
        int iw = ow * s->stride_w - s->pad_left;
        const float *row = x + ((ptrdiff_t)ih * s->in_w + iw) * s->in_c;
        int whole = s->groups == 1 && s->dilation_w == 1 && iw >= 0 && iw + s->kernel_w <= s->in_w;
        if (ih < 0 || ih >= s->in_h) {
            memset(to, 0, s->kernel_w * width * sizeof *to);
        } else if (whole) {
            memcpy(to, row, s->kernel_w * width * sizeof *to);
        } else {
            for (int kw = 0; kw < s->kernel_w; kw++) {
                int at = iw + kw * s->dilation_w;
                if (at < 0 || at >= s->in_w)
                    memset(to + kw * width, 0, width * sizeof *to);
                else
                    memcpy(to + kw * width, row + (ptrdiff_t)kw * s->dilation_w * s->in_c,
                           width * sizeof *to);
            }
        }
        to += s->kernel_w * width;
    }
}

HOT static void add_to(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

HOT static void cut_below_zero(float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = y[i] < 0 ? 0 : y[i]; /* NaN passes */
}

HOT static void add_scaled(float *y, const float *x, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += factor * x[i];
}

void epilogue_apply(const struct epilogue *end, int rows, size_t row, float *y)
{
    for (int r = 0; end && r < rows; r++, y += row) {
        if (end->add)
            add_to(y, end->add + (size_t)r * end->add_row, row);
        if (end->relu)
            cut_below_zero(y, row);
        if (end->xi)
            add_scaled(y, end->xi + (size_t)r * row, end->sigma, row);
    }
}

void linear_free(void *state)
{
    struct linear *l = state;
    if (!l)
        return;
    if (!l->borrowed)
        free(l->weight);
    free(l->bias);
    free(l);
}

void *linear_keep(struct linear l, int biased, struct apex_error *err)
{
    struct linear *kept = l.weight && (l.bias || !biased) ? malloc(sizeof *kept) : NULL;
    if (kept) {
        *kept = l;
        return kept;
    }
    if (!l.borrowed)
        free(l.weight);
    free(l.bias);
    apex_fail(err, "no memory");
    return NULL;
}
