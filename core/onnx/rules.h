/* The infer and fold functions behind the operator table (ops.c). */
#ifndef APEX_CORE_ONNX_RULES_H
#define APEX_CORE_ONNX_RULES_H

#include "core/onnx/ops.h"

/* infer_elementwise.c, fold_unary.c, fold_elementwise.c */
int infer_unary(struct infer *in, const struct op *op, struct graph_node *n);
int infer_gelu(struct infer *in, const struct op *op, struct graph_node *n);
int infer_clip(struct infer *in, const struct op *op, struct graph_node *n);
int infer_broadcast(struct infer *in, const struct op *op, struct graph_node *n);
int infer_compare(struct infer *in, const struct op *op, struct graph_node *n);
int infer_is(struct infer *in, const struct op *op, struct graph_node *n);
int infer_prelu(struct infer *in, const struct op *op, struct graph_node *n);
int infer_identity(struct infer *in, const struct op *op, struct graph_node *n);
int infer_dropout(struct infer *in, const struct op *op, struct graph_node *n);
int fold_unary(struct infer *in, const struct graph_node *n);
int fold_is(struct infer *in, const struct graph_node *n);
int fold_clip(struct infer *in, const struct graph_node *n);
int fold_matmul(struct infer *in, const struct graph_node *n);
int fold_binary(struct infer *in, const struct graph_node *n);
int fold_where(struct infer *in, const struct graph_node *n);

/* infer_window.c */
int infer_conv(struct infer *in, const struct op *op, struct graph_node *n);
int infer_pool(struct infer *in, const struct op *op, struct graph_node *n);
int infer_global_pool(struct infer *in, const struct op *op, struct graph_node *n);

/* infer_linear.c, infer_norm.c */
int infer_gemm(struct infer *in, const struct op *op, struct graph_node *n);
int infer_matmul(struct infer *in, const struct op *op, struct graph_node *n);
int infer_batch_norm(struct infer *in, const struct op *op, struct graph_node *n);
int infer_layer_norm(struct infer *in, const struct op *op, struct graph_node *n);
int infer_lrn(struct infer *in, const struct op *op, struct graph_node *n);

/* infer_shape.c */
int infer_reshape(struct infer *in, const struct op *op, struct graph_node *n);
/* Whether a Reshape of a dynamic input has something else than the batch as its first dimension. */
int reshape_moves_batch(struct infer *in, const struct graph_node *n);
int infer_flatten(struct infer *in, const struct op *op, struct graph_node *n);
int infer_squeeze(struct infer *in, const struct op *op, struct graph_node *n);
int infer_unsqueeze(struct infer *in, const struct op *op, struct graph_node *n);
int infer_transpose(struct infer *in, const struct op *op, struct graph_node *n);
int infer_expand(struct infer *in, const struct op *op, struct graph_node *n);
int infer_tile(struct infer *in, const struct op *op, struct graph_node *n);

/* infer_move.c, infer_pad.c, fold_move.c */
int infer_slice(struct infer *in, const struct op *op, struct graph_node *n);
int infer_concat(struct infer *in, const struct op *op, struct graph_node *n);
int infer_split(struct infer *in, const struct op *op, struct graph_node *n);
int infer_gather(struct infer *in, const struct op *op, struct graph_node *n);
int infer_pad(struct infer *in, const struct op *op, struct graph_node *n);
int fold_reshape(struct infer *in, const struct graph_node *n);
int fold_transpose(struct infer *in, const struct graph_node *n);
int fold_expand(struct infer *in, const struct graph_node *n);
int fold_tile(struct infer *in, const struct graph_node *n);
int fold_slice(struct infer *in, const struct graph_node *n);
int fold_concat(struct infer *in, const struct graph_node *n);
int fold_split(struct infer *in, const struct graph_node *n);
int fold_gather(struct infer *in, const struct graph_node *n);
int fold_pad(struct infer *in, const struct graph_node *n);

/* infer_index.c, fold_index.c: on constants only, but for Trilu */
int infer_trilu(struct infer *in, const struct op *op, struct graph_node *n);
int infer_cumsum(struct infer *in, const struct op *op, struct graph_node *n);
int infer_scatter(struct infer *in, const struct op *op, struct graph_node *n);
int infer_gather_elements(struct infer *in, const struct op *op, struct graph_node *n);
int infer_gather_nd(struct infer *in, const struct op *op, struct graph_node *n);
int infer_one_hot(struct infer *in, const struct op *op, struct graph_node *n);
int infer_eye(struct infer *in, const struct op *op, struct graph_node *n);
int fold_trilu(struct infer *in, const struct graph_node *n);
int fold_cumsum(struct infer *in, const struct graph_node *n);
int fold_scatter_nd(struct infer *in, const struct graph_node *n);
int fold_scatter_elements(struct infer *in, const struct graph_node *n);
int fold_gather_elements(struct infer *in, const struct graph_node *n);
int fold_gather_nd(struct infer *in, const struct graph_node *n);

/* infer_reduce.c, fold_reduce.c */
int infer_reduce(struct infer *in, const struct op *op, struct graph_node *n);
int infer_softmax(struct infer *in, const struct op *op, struct graph_node *n);
/* ArgMax that ends the network vanishes: its input has the scores. */
int infer_arg(struct infer *in, const struct op *op, struct graph_node *n);
int fold_arg(struct infer *in, const struct graph_node *n);
int fold_reduce(struct infer *in, const struct graph_node *n);

/* lower.c: operators that are written as others */
int lower_sum(struct infer *in, const struct op *op, struct graph_node *n); /* and Mean */
int lower_reduce(struct infer *in, const struct op *op, struct graph_node *n);
int lower_tile(struct infer *in, const struct op *op, struct graph_node *n);
int lower_space_depth(struct infer *in, const struct op *op, struct graph_node *n);
int lower_group_norm(struct infer *in, const struct op *op,
                     struct graph_node *n); /* and InstanceNormalization */

/* lower_norm.c, lower_einsum.c, lower_volume.c, lower_transposed.c, lower_resize.c, lower_quantize.c,
 * lower_attention.c */
int lower_log_sum_exp(struct infer *in, const struct op *op, struct graph_node *n);
int lower_lp_norm(struct infer *in, const struct op *op, struct graph_node *n);
int lower_mean_variance(struct infer *in, const struct op *op, struct graph_node *n);
int lower_rms_norm(struct infer *in, const struct op *op, struct graph_node *n);
int lower_einsum(struct infer *in, const struct op *op, struct graph_node *n);
int lower_conv_volume(struct infer *in, const struct op *op, struct graph_node *n);
int lower_conv_transposed(struct infer *in, const struct op *op, struct graph_node *n);
int lower_pool_volume(struct infer *in, const struct op *op, struct graph_node *n);
/* The axes from 2 on of Resize and Upsample, one after the other. */
int lower_resize(struct infer *in, const struct op *op, struct graph_node *n);
int lower_quantize(struct infer *in, const struct op *op, struct graph_node *n);
int lower_dequantize(struct infer *in, const struct op *op, struct graph_node *n);
int lower_attention(struct infer *in, const struct op *op, struct graph_node *n);

/* infer_constant.c: those that make constants, mostly at once */
int infer_constant(struct infer *in, const struct op *op, struct graph_node *n);
int infer_constant_of_shape(struct infer *in, const struct op *op, struct graph_node *n);
int infer_shape_of(struct infer *in, const struct op *op, struct graph_node *n);
int infer_size(struct infer *in, const struct op *op, struct graph_node *n);
int infer_range(struct infer *in, const struct op *op, struct graph_node *n);
int infer_nonzero(struct infer *in, const struct op *op, struct graph_node *n);
/* If, as expand.h leaves it. */
int infer_if(struct infer *in, const struct op *op, struct graph_node *n);
int infer_cast(struct infer *in, const struct op *op, struct graph_node *n);
int fold_cast(struct infer *in, const struct graph_node *n);

#endif
