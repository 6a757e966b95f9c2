/* Inside core only: which nodes of a graph are activations. An activation is a pattern, not an operator:
 * x * Sigmoid(x) is one SiLU whose output is the Mul's, and the same Sigmoid times anything else is a gate.
 *
 *   relu leakyrelu prelu elu selu celu sigmoid hardsigmoid tanh softplus softsign hardswish gelu mish
 *                       the operator of that name; relu also as Max(x, 0)
 *   relu6, clip         Clip to 0..6; Clip with two bounds, or with the lower bound 0
 *   silu                x Sigmoid(x)
 *   hardswish           x HardSigmoid(x), x Clip(x + 3, 0, 6) / 6
 *   gelu                x / 2 (1 + Erf(..x..)), x / 2 (1 + Tanh(..x..)), x Sigmoid(..x..), in any order of
 * factors mish                x Tanh(Softplus(x)) No activation: Softmax, normalisations, and a Sigmoid,
 * HardSigmoid or Clip(x + 3, 0, 6) that multiplies something else than its own input. */
#ifndef APEX_CORE_PATTERN_H
#define APEX_CORE_PATTERN_H

#include "core/graph.h"

/* kind[nodes] gets, for each node whose output is an activation's output, the name of the pattern as an
 * operator ("Relu", "Silu", ...; static text), else NULL. -1 with err: no memory. */
int pattern_find(const struct graph *g, const char **kind, struct apex_error *err);

/* The node that makes a value; NULL for the input and for constants. */
const struct graph_node *pattern_producer(const struct graph *g, int value);

#endif
