/* Noise as a pure function of (seed, site, sample, draw, element): Philox4x32-10 (Salmon et al., SC11), then
 * a transform to mean 0 and standard deviation 1. docs/noise.md gives the formula for recomputing a draw
 * elsewhere.
 *
 * key     = (low, high 32 bits of seed)
 * counter = (element / 4, stream, draw, sample), element counted in the order of the ONNX tensor (NCHW)
 * stream  = 0 for the input, k + 1 for activation site k
 * The four output words x0..x3 of a block serve elements 4 block + 0..3.
 *
 * Noise `per channel` has one number for each channel (second axis of the ONNX tensor), that of the element
 * whose number is the channel's, and every place of the channel takes it. Tensors without places (a vector)
 * or with a single channel (a grey picture, which would only get lighter or darker) have one per element. */
#ifndef APEX_CORE_NOISE_H
#define APEX_CORE_NOISE_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

enum apex_noise_kind {
    APEX_NOISE_GAUSSIAN,       /* a + sigma xi, Box-Muller on word pairs */
    APEX_NOISE_UNIFORM,        /* a + sigma xi, xi uniform on [-sqrt 3, sqrt 3] */
    APEX_NOISE_LAPLACE,        /* a + sigma xi, xi Laplace of variance 1 */
    APEX_NOISE_MULTIPLICATIVE, /* a (1 + sigma xi), xi gaussian */
    APEX_NOISE_DROPOUT /* a m, m = 1 + sigma^2 where u >= p, else 0, p = sigma^2 / (1 + sigma^2): mean 1, std
                          sigma */
};

const char *apex_noise_name(enum apex_noise_kind kind);            /* "gaussian", ... */
int apex_noise_kind(const char *name, enum apex_noise_kind *kind); /* -1: no such kind */
int apex_noise_is_additive(enum apex_noise_kind kind);

struct apex_noise {
    enum apex_noise_kind kind;
    uint64_t seed;
    int per_channel;
};

/* One Philox4x32-10 block. */
void apex_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* xi[e] for elements first .. first + count - 1 of one (stream, sample, draw), in ONNX element order. first
 * is a multiple of 4. gaussian and multiplicative: N(0,1); uniform, laplace: as above; dropout: u, uniform on
 * (0,1). The same bits on every machine. */
void apex_noise_fill(const struct apex_noise *noise, uint32_t stream, uint32_t sample, uint32_t draw,
                     int64_t first, int64_t count, float *xi);

/* The same for a channels-last tensor: xi[(p * channels) + c] = the value of ONNX element c * pixels + p.
 * Equal to apex_noise_fill and a transposition, bit for bit. */
void apex_noise_fill_nhwc(const struct apex_noise *noise, uint32_t stream, uint32_t sample, uint32_t draw,
                          int64_t channels, int64_t pixels, float *xi);

/* Noise per channel: xi of channel c at each of its `pixels` places, channels-last (xi[p * channels + c]) or
 * in ONNX order (xi[c * pixels + p]). */
void apex_noise_fill_channels(const struct apex_noise *noise, uint32_t stream, uint32_t sample, uint32_t draw,
                              int64_t channels, int64_t pixels, int channels_last, float *xi);

/* y[i] = a[i] perturbed by xi[i] at scale sigma, elementwise; y may be a. sigma = infinity: the limit divided
 * by sigma, i.e. xi itself (additive) or a xi (multiplicative); not defined for dropout. */
void apex_noise_apply(enum apex_noise_kind kind, float sigma, const float *a, const float *xi, int64_t count,
                      float *y);

#endif
