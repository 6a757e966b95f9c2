/* Perturbed inference on one thread. A runner owns all work memory; nothing is allocated once it is made.
 *
 * The clean pass runs one sample and keeps the tensors that perturbed passes need. A perturbed pass at a site
 * runs only the nodes downstream of it, on a tile of draws of that one sample: every other input (a skip
 * connection) is the clean tensor, read in place. Tiles have a fixed number of rows, the last one padded, so
 * numbers do not depend on how work is cut. */
#ifndef APEX_CORE_RUNNER_H
#define APEX_CORE_RUNNER_H

#include "core/model.h"
#include "core/noise.h"

struct apex_runner;

/* sigma = infinity behind operators whose response is no power of sigma (Sigmoid, Clip, Softmax, GELU): a
 * scale at which a value near 1 is below the rounding of the noise. Where all operators are homogeneous, or
 * LayerNorm, the limit itself is computed. */
#define APEX_LIMIT_SIGMA 16777216.0 /* 2^24 */

/* Rows of a tile for a model and a number of draws: a power of two, small enough that a tile of the largest
 * activation stays in cache. Part of the numerics: changing it changes results in the last bits. */
int apex_tile_rows(const struct apex_model *m, uint32_t draws);

/* How many scales one run computes at once, at least 1: they share what it reads of the weights and, at
 * `all`, of the noise. No part of the numerics. */
struct apex_scales {
    int single, all; /* at a single site; at `all` */
};

/* The best for such a tile where there are `sigmas` scales. */
struct apex_scales apex_tile_scales(const struct apex_model *m, int tile_rows, int sigmas);

/* Prepares passes at the given sites (APEX_SITE_INPUT and APEX_SITE_ALL included; n_sites may be 0 for clean
 * inference only). kernels: a name for kernel_set_find. limit: also prepare sigma = infinity; an operator
 * downstream of a site that has no such limit (Exp, Sin) is an error that names it. tile_rows 0: no perturbed
 * passes, only the sites' clean activations are kept. at_once: so many scales are computed at once
 * where that changes no bit (kernels `native`; no grouped convolution and no product of two activations
 * downstream), which takes that many times the memory for activations; NULL: each alone. NULL with err. Make
 * it on the thread that will use it. */
struct apex_runner *apex_runner_new(const struct apex_model *m, const char *kernels, const int *sites,
                                    int n_sites, int tile_rows, const struct apex_scales *at_once,
                                    const struct apex_noise *noise, int limit, struct apex_error *err);
void apex_runner_free(struct apex_runner *r); /* accepts NULL */

/* Runs one sample, given in ONNX order (model->input), and keeps its clean activations until the next call.
 * logits[classes]. */
void apex_runner_clean(struct apex_runner *r, const float *sample, float *logits);

/* The model's final output (after a final Softmax, if the model has one) of the last clean pass. */
const float *apex_runner_output(const struct apex_runner *r);

/* Adds the squares of the clean activation of each prepared site to sum[n_sites] (apex_site_match order is
 * not used: position i is sites[i] as given to apex_runner_new). For `all` it is left alone. Source of
 * `scale: relative`. */
void apex_runner_add_squares(const struct apex_runner *r, double *sum);

/* Perturbs the last clean sample at sites[site] (a position in the list given to apex_runner_new) with draws
 * draw0 .. draw0 + n - 1, n <= tile_rows, at each scale sigma[k] (k < n_sigmas; infinity allowed if
 * prepared). `scale` multiplies every sigma: for a single site one number, for `all` one per activation site;
 * NULL means 1. sample is the index that keys the noise. logits[(k * tile_rows + d) * classes + c]. The same
 * xi serves every sigma. */
void apex_runner_perturb(struct apex_runner *r, int site, const float *scale, const double *sigma,
                         int n_sigmas, uint32_t sample, uint32_t draw0, int n, float *logits);

/* A runner for passes at one site (not APEX_SITE_ALL) that can say what its noise became at other sites:
 * probe[k] is that site itself, or one downstream of it (core/response.h lists them); APEX_SITE_INPUT or an
 * index. The list is copied. Otherwise as apex_runner_new. */
struct apex_runner *apex_runner_new_probed(const struct apex_model *m, const char *kernels, int site,
                                           const int *probe, int probes, int tile_rows,
                                           const struct apex_noise *noise, struct apex_error *err);

/* One scale of apex_runner_perturb; difference[k][n][elements of probe k] becomes the perturbed activation
 * minus the clean one, draw by draw; NULL in place of an array leaves that probe out. Elements are in an
 * order of the engine's own, the same for every draw and for apex_runner_activation. */
void apex_runner_differences(struct apex_runner *r, const float *scale, double sigma, uint32_t sample,
                             uint32_t draw0, int n, float *const *difference);

/* The last clean activation of probe k: [elements]. */
const float *apex_runner_activation(const struct apex_runner *r, int k);

/* From now on the time of each part is added to seconds[APEX_TIMES]; NULL: no longer. Noise that is joined to
 * a layer's pass counts there once it is made. */
enum { APEX_TIME_CONV, APEX_TIME_DENSE, APEX_TIME_NOISE, APEX_TIME_OTHER, APEX_TIMES };
void apex_runner_profile(struct apex_runner *r, double *seconds);

size_t apex_runner_bytes(const struct apex_runner *r); /* work memory and prepared weights */

/* One line per layer: node, operator, kernel and algorithm, output shape, flops. For inspect. */
struct apex_layer {
    const char *node, *op, *kernel;
    struct apex_shape shape;
    int64_t flops;
};
int apex_runner_layers(const struct apex_runner *r, struct apex_layer *layer,
                       int most); /* returns the count */

#endif
