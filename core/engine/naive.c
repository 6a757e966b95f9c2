/* The reference: plain loops that read like the definition, sums in double. */
#include "core/engine/sets.h"

#include <stdlib.h>
#include <string.h>

struct naive_conv {
    struct conv_shape s;
    float *weight, *bias;
};

static float *copy_of(const float *from, size_t count)
{
    float *p = malloc(count ? count * sizeof *p : 1);
    if (p)
        memcpy(p, from, count * sizeof *p);
    return p;
}

static void conv_free(void *state)
{
    struct naive_conv *c = state;
    if (!c)
        return;
    free(c->weight);
    free(c->bias);
    free(c);
}

static void *conv_new(const struct conv_shape *s, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err)
{
    struct naive_conv *c = calloc(1, sizeof *c);
    *scratch = 0;
    if (c) {
        c->s = *s;
        c->weight = copy_of(weight, (size_t)s->out_c * (s->in_c / s->groups) * s->kernel_h * s->kernel_w);
        c->bias = bias ? copy_of(bias, (size_t)s->out_c) : NULL;
    }
    if (c && c->weight && (!bias || c->bias))
        return c;
    conv_free(c);
    apex_fail(err, "no memory");
    return NULL;
}

static double conv_at(const struct naive_conv *c, const float *x, int oc, int oh, int ow)
{
    const struct conv_shape *s = &c->s;
    int width = s->in_c / s->groups, first = oc / (s->out_c / s->groups) * width;
    double sum = c->bias ? c->bias[oc] : 0;
    for (int ic = 0; ic < width; ic++)
        for (int kh = 0; kh < s->kernel_h; kh++)
            for (int kw = 0; kw < s->kernel_w; kw++) {
                int ih = oh * s->stride_h - s->pad_top + kh * s->dilation_h;
                int iw = ow * s->stride_w - s->pad_left + kw * s->dilation_w;
                size_t w = (((size_t)oc * width + ic) * s->kernel_h + kh) * s->kernel_w + kw;
                if (ih >= 0 && ih < s->in_h && iw >= 0 && iw < s->in_w)
                    sum += (double)c->weight[w] * x[((size_t)ih * s->in_w + iw) * s->in_c + first + ic];
            }
    return sum;
}

static void conv_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    const struct naive_conv *c = state;
    const struct conv_shape *s = &c->s;
    float *all = y;
    (void)scratch;
    for (int b = 0; b < s->batch; b++) {
        const float *image = x + (size_t)b * s->in_h * s->in_w * s->in_c;
        for (int oh = 0; oh < s->out_h; oh++)
            for (int ow = 0; ow < s->out_w; ow++)
                for (int oc = 0; oc < s->out_c; oc++)
                    *y++ = (float)conv_at(c, image, oc, oh, ow);
    }
    epilogue_apply(end, s->batch, (size_t)s->out_h * s->out_w * s->out_c, all);
}

static const char *conv_algorithm(void *state)
{
    (void)state;
    return "naive:loops";
}

static void *linear_new(int rows, int k, int n, const float *weight, const float *bias, size_t *scratch,
                        struct apex_error *err)
{
    struct linear l = {.rows = rows, .k = k, .n = n, .weight = copy_of(weight, (size_t)k * n)};
    l.bias = bias ? copy_of(bias, (size_t)n) : NULL;
    *scratch = 0;
    return linear_keep(l, bias != NULL, err);
}

static void linear_run(void *state, const float *x, float *y, const struct epilogue *end, void *scratch)
{
    const struct linear *l = state;
    (void)scratch;
    for (int r = 0; r < l->rows; r++)
        for (int j = 0; j < l->n; j++) {
            double sum = l->bias ? l->bias[j] : 0;
            for (int i = 0; i < l->k; i++)
                sum += (double)x[(size_t)r * l->k + i] * l->weight[(size_t)i * l->n + j];
            y[(size_t)r * l->n + j] = (float)sum;
        }
    epilogue_apply(end, l->rows, (size_t)l->n, y);
}

static void matmul(int m, int n, int k, const float *a, const float *b, float *y, void *scratch)
{
    (void)scratch;
    for (int r = 0; r < m; r++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int i = 0; i < k; i++)
                sum += (double)a[(size_t)r * k + i] * b[(size_t)i * n + j];
            y[(size_t)r * n + j] = (float)sum;
        }
}

const struct kernel_set kernel_set_naive = {
    .name = "naive",
    .conv_new = conv_new,
    .conv_run = conv_run,
    .conv_free = conv_free,
    .conv_algorithm = conv_algorithm,
    .linear_new = linear_new,
    .linear_run = linear_run,
    .linear_free = linear_free,
    .matmul = matmul,
};
