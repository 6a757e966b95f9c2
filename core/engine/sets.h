/* Internal to the engine: the kernel sets, and the parts that they share. */
#ifndef APEX_CORE_ENGINE_SETS_H
#define APEX_CORE_ENGINE_SETS_H

#include "core/engine/kernels.h"

extern const struct kernel_set kernel_set_naive, kernel_set_openblas;
#ifdef APEX_HAVE_ONEDNN
extern const struct kernel_set kernel_set_onednn;
#endif

/* 1 where every channel has its own filter: groups == in_c == out_c. */
int conv_is_depthwise(const struct conv_shape *s);

/* Depthwise convolution: weight [kernel_h][kernel_w][channels], bias [channels] or NULL. */
void depthwise_run(const struct conv_shape *s, const float *weight, const float *bias, const float *x,
                   float *y);

#endif
