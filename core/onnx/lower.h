/* Operators written as others: what lower*.c are made of. A value of -1 is a failure that in->err tells
 * already, and passes through. */
#ifndef APEX_CORE_ONNX_LOWER_H
#define APEX_CORE_ONNX_LOWER_H

#include "core/onnx/rules.h"

#define LOWER_MAX_EXTENT (1 << 20)

/* A node `op` on value a (and b, unless -1), to be completed and given to infer_step; -1 on failure. */
int lower_begin(struct infer *in, const struct graph_node *n, const char *op, int a, int b,
                struct graph_node *step);
/* The value of op(a, b). */
int lower_step(struct infer *in, const struct graph_node *n, const char *op, int a, int b);
/* The value of op(a) with one list of integers. */
int lower_ints(struct infer *in, const struct graph_node *n, const char *op, int a, const char *attr,
               const int64_t *list, int count);
/* The same elements in these dimensions, 0 for the one at that place. */
int lower_reshape(struct infer *in, const struct graph_node *n, int a, const int64_t *dim, int rank);
/* A constant [count, 1, 1, ...] of `rank` dimensions, element i from[i / repeat], or 1 without from. */
int lower_constant(struct infer *in, const struct graph_node *n, const float *from, int64_t repeat,
                   int64_t count, int rank);
/* A constant that takes t over (NULL: -1). */
int lower_tensor(struct infer *in, const struct graph_node *n, struct apex_tensor *t);
/* One number. */
int lower_number(struct infer *in, const struct graph_node *n, float x);
/* The attribute `name` of an operator over `count` dimensions (strides, pads, ...), each entry at least
 * `least` and at most LOWER_MAX_EXTENT; all `fallback` where it is absent. 1: given; 0: absent; -1: bad. */
int lower_extents(struct infer *in, const struct graph_node *n, const char *name, int64_t least, int count,
                  int64_t fallback, int64_t *out);
/* The node becomes `op` on a (and b); its attributes go. */
int lower_become(struct infer *in, struct graph_node *n, const char *op, int a, int b);

#endif
