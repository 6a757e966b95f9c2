/* Internal to the engine: 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3): 36 products of matrices
 * for 4x4 outputs instead of 144, 4 times fewer multiplications. Channels-last; every output tile is computed
 * by itself, so that an image does not depend on the others of its batch. */
#ifndef APEX_CORE_ENGINE_WINOGRAD_H
#define APEX_CORE_ENGINE_WINOGRAD_H

#include "core/engine/kernels.h"

struct winograd;

/* 1 where it applies and does less work than the direct product. A rule of the shape alone. */
int winograd_suits(const struct conv_shape *s);

/* As in struct kernel_set; NULL: no memory. */
struct winograd *winograd_new(const struct conv_shape *s, const float *weight, const float *bias,
                              size_t *scratch);
/* With the weights of `like`, which outlives it. NULL: no memory. */
struct winograd *winograd_like(const struct winograd *like, const struct conv_shape *s, const float *bias,
                               size_t *scratch);
size_t winograd_bytes(const struct winograd *w); /* that it owns */
void winograd_run(const struct winograd *w, const float *x, float *y, const struct epilogue *end,
                  void *scratch);
void winograd_free(struct winograd *w); /* accepts NULL */

#endif
