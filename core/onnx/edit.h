/* Building and changing a graph while it is imported. Indices are stable, pointers to values and nodes are
 * valid only until the next one is added. */
#ifndef APEX_CORE_ONNX_EDIT_H
#define APEX_CORE_ONNX_EDIT_H

#include "core/graph.h"

/* A new value with a copy of the name; the caller keeps names unique. Returns its index or -1. */
int graph_add_value(struct graph *g, const char *name, struct apex_error *err);

/* A new constant value that takes over t (freed on failure, too; NULL is a failure that err tells already).
 */
int graph_add_constant(struct graph *g, const char *name, struct apex_tensor *t, struct apex_error *err);

/* Moves *n to the end of the node list; on failure *n is still the caller's. */
int graph_push_node(struct graph *g, struct graph_node *n, struct apex_error *err);

/* A node of one output (and one input unless input is -1), named "<name><suffix>". */
int graph_node_init(struct graph_node *n, const char *op, const char *name, const char *suffix, int input,
                    int output, struct apex_error *err);
void graph_node_clear(struct graph_node *n); /* frees what it holds */

/* Normalising a node: its operator, its inputs cut to the first `count`, its attributes. */
int graph_node_rename(struct graph_node *n, const char *op, struct apex_error *err);
void graph_node_cut_inputs(struct graph_node *n, int count);
int graph_node_add_input(struct graph_node *n, int value, struct apex_error *err);
void graph_node_drop_attrs(struct graph_node *n);

/* A new empty attribute of this name; NULL with err if there is no memory. */
struct graph_attr *graph_node_add_attr(struct graph_node *n, const char *name, enum graph_attr_type type,
                                       struct apex_error *err);
int graph_node_add_int(struct graph_node *n, const char *name, int64_t value, struct apex_error *err);
int graph_node_add_float(struct graph_node *n, const char *name, float value, struct apex_error *err);
int graph_node_add_string(struct graph_node *n, const char *name, const char *value, struct apex_error *err);
int graph_node_add_ints(struct graph_node *n, const char *name, const int64_t *value, size_t count,
                        struct apex_error *err);

#endif
