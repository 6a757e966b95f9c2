/* Inside core only: what a node costs, and which nodes a change reaches. */
#ifndef APEX_CORE_FLOPS_H
#define APEX_CORE_FLOPS_H

#include "core/graph.h"

/* For one sample: 2 per multiply-add of Conv, Gemm and MatMul, one per output element of anything else. Stops
 * at INT64_MAX instead of wrapping. */
int64_t flops_of_node(const struct graph *g, const struct graph_node *n);

/* Of all nodes with needed[node] that a change of any value in changed[values] reaches. changed is filled up
 * with every value reached. */
int64_t flops_downstream(const struct graph *g, const unsigned char *needed, unsigned char *changed);

#endif
