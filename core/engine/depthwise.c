/* Depthwise convolution needs no GEMM: channels lie together, so each tap is one multiply-add of vectors. */
#include "core/engine/hot.h"
#include "core/engine/sets.h"

#include <string.h>

HOT static void add_product(float *y, const float *x, const float *w, int n)
{
    for (int i = 0; i < n; i++)
        y[i] += x[i] * w[i];
}

static void pixel(const struct conv_shape *s, const float *weight, const float *x, int oh, int ow, float *y)
{
    for (int kh = 0; kh < s->kernel_h; kh++) {
        int ih = oh * s->stride_h - s->pad_top + kh * s->dilation_h;
        for (int kw = 0; kw < s->kernel_w && ih >= 0 && ih < s->in_h; kw++) {
            int iw = ow * s->stride_w - s->pad_left + kw * s->dilation_w;
            if (iw >= 0 && iw < s->in_w)
                add_product(y, x + ((size_t)ih * s->in_w + iw) * s->in_c,
                            weight + ((size_t)kh * s->kernel_w + kw) * s->in_c, s->in_c);
        }
    }
}

void depthwise_run(const struct conv_shape *s, const float *weight, const float *bias, const float *x,
                   float *y)
{
    size_t channels = (size_t)s->in_c;
    for (int b = 0; b < s->batch; b++) {
        for (int oh = 0; oh < s->out_h; oh++)
            for (int ow = 0; ow < s->out_w; ow++, y += channels) {
                if (bias)
                    memcpy(y, bias, channels * sizeof *y);
                else
                    memset(y, 0, channels * sizeof *y);
                pixel(s, weight, x, oh, ow, y);
            }
        x += (size_t)s->in_h * s->in_w * channels;
    }
}
