/* What noise at one site becomes at the sites after it: energy, mean shift and effective rank of
 * delta_l = a_l(x + sigma xi) - a_l(x) over draws, for one sample at a time (docs/statistics.md has the
 * formulas). On one thread; a pure function of (model, kernels, noise, site, sample, draws). */
#ifndef APEX_CORE_RESPONSE_H
#define APEX_CORE_RESPONSE_H

#include "core/runner.h"
#include "core/spread.h"

#define APEX_RESPONSE_DRAWS 256 /* at most; at least APEX_SPREAD_LEAST */

/* The places where noise at `source` (APEX_SITE_INPUT, an activation or a tensor) is looked at: the source
 * itself, then every activation downstream of it in order. place[m->sites + 1]; returns how many, 0: no
 * memory. */
int apex_response_places(const struct apex_model *m, int source, int *place);

/* Clean activations of a sample at one place. */
struct apex_response_clean {
    double square;   /* mean over elements of a^2 */
    double variance; /* mean over elements of (a - b)^2 / 2, b of the partner: its mean over samples is the
                        variance over samples */
};

/* What noise of one scale became there. */
struct apex_response_noise {
    double energy; /* mean over elements and draws of delta^2 */
    double shift;  /* of it, the square of the mean over draws, without the bias of few draws */
    double rank; /* effective rank of the covariance over draws, (tr C)^2 / tr C^2; NaN: delta is the same for
                    all draws */
};

struct apex_response;

/* kept_bytes: of differences to hold at a time (0: 256 MiB); less room takes further passes and gives the
 * same numbers. NULL with err. The model outlives it. */
struct apex_response *apex_response_new(const struct apex_model *m, const char *kernels, int source,
                                        uint32_t draws, const struct apex_noise *noise, size_t kept_bytes,
                                        struct apex_error *err);
void apex_response_free(struct apex_response *r);       /* accepts NULL */
int apex_response_count(const struct apex_response *r); /* of places */
size_t apex_response_bytes(const struct apex_response *r);

/* sample and partner: [input elements] in ONNX order; index keys the noise; factor multiplies every sigma,
 * which are finite and > 0. clean[places]; noise[sigmas][places]. -1 with err: something is not a number. */
int apex_response_sample(struct apex_response *r, const float *sample, const float *partner, uint32_t index,
                         float factor, const double *sigma, int sigmas, struct apex_response_clean *clean,
                         struct apex_response_noise *noise, struct apex_error *err);

/* Predicted operations of one sample. */
double apex_response_flops(const struct apex_model *m, int source, uint32_t draws, int sigmas);

#endif
