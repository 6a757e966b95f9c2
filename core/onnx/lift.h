/* Tensors whose batch is not their first dimension.
 *
 * Attention as PyTorch exports it moves the batch: [N,L,E] becomes [L,N,E], then [N*heads,L,E/heads], then
 * [L*N,E], and back. Such a tensor is "lifted": the graph holds it as [1, T...], where T is its shape in the
 * file for a batch of one, and the new first dimension is the batch. An operator acts on the axes of T, one
 * further; so every sample is computed as a batch of its own, which is exactly what the file says for N = 1.
 *
 * That the file would give a sample the same numbers within a larger batch is proven by following the batch:
 * in row-major order it stands behind `outer` elements of dimension `axis`. A Reshape keeps the order, so it
 * keeps how many elements stand outside the batch; where dimensions of one (or no knowledge of N) leave
 * several places possible, all are kept. An operator that works along a dimension takes it off the list; when
 * the list is empty, it mixes samples and is refused. A tensor whose batch is first again is an ordinary one.
 */
#ifndef APEX_CORE_ONNX_LIFT_H
#define APEX_CORE_ONNX_LIFT_H

#include "core/onnx/ops.h"

struct lift { /* of a value; count 0: not lifted */
    int count;
    struct place {
        int axis;      /* of T */
        int64_t outer; /* factor of dimension `axis` that stands outside the batch */
    } at[APEX_MAX_RANK];
};

/* What an operator does to the place of the batch. */
enum lift_kind { POINTWISE, RESHAPE, PERMUTE, ALONG, GATHER, REDUCE, PRODUCT, ROWS, CONSTANT, LIFT_UNKNOWN };
enum lift_kind lift_kind(const char *op); /* places.c */

/* Whether the node has a lifted input, or moves the batch of an ordinary one. */
int lift_wanted(struct infer *in, const struct graph_node *n);

/* In place of op->infer: the same, on T. */
int lift_infer(struct infer *in, const struct op *op, struct graph_node *n);

/* Whether value v is lifted; NULL: not. */
const struct lift *lift_of(const struct infer *in, int v);

/* The shape of input 0 as the file has it, with the batch that it fixes. */
struct apex_shape lift_file_shape(const struct infer *in, const struct graph_node *n);

/* places.c: after a reshape of x to y (both T) the batch may be here. */
void places_reshape(const struct lift *from, const struct apex_shape *x, const struct apex_shape *y,
                    struct lift *to);
/* For a file with a fixed batch: a target with the batch in it becomes T, *axis is where it was. -1: mixes.
 */
int places_reduce(const struct lift *from, const struct apex_shape *x, int64_t batch, struct apex_shape *y,
                  int *axis);
void places_add(struct lift *to, int axis, int64_t outer);
/* After the Transpose or the Reduce... n, in normal form on T. */
void places_permute(const struct lift *l, const struct graph_node *n, struct lift *to);
void places_drop(const struct lift *l, const struct graph_node *n, struct lift *to);
/* Takes the axis off the list. */
void places_exclude(struct lift *l, int axis);

#endif
