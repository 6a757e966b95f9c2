/* The imported graph: ONNX operators on values with known shapes, constants folded, in topological order.
 *
 * Every value that depends on the input ("dynamic") carries the batch as its first dimension, and the graph
 * is kept for a batch of one: dim[0] == 1 means "the sample". An operator that would mix samples (a Transpose
 * that moves dimension 0, a Concat over it) is refused at load, so the engine may run any batch. Shapes and
 * axes are those of ONNX (NCHW); how a tensor lies in memory is the engine's own business. */
#ifndef APEX_CORE_GRAPH_H
#define APEX_CORE_GRAPH_H

#include "core/tensor.h"

struct graph_value {
    char *name;                   /* the ONNX tensor name, unique, owned */
    struct apex_shape shape;      /* dynamic: dim[0] == 1 is the batch */
    struct apex_tensor *constant; /* owned; NULL: dynamic, or not computed yet */
    int producer;                 /* index of the node that makes it; -1: input or constant */
};

enum graph_attr_type { ATTR_INT, ATTR_FLOAT, ATTR_STRING, ATTR_TENSOR, ATTR_INTS, ATTR_FLOATS, ATTR_OTHER };

struct graph_attr {
    char *name;
    enum graph_attr_type type;
    int64_t i;
    float f;
    char *s;
    struct apex_tensor *t;
    size_t count; /* of ints or floats */
    int64_t *ints;
    float *floats;
};

struct graph_node {
    char *name; /* ONNX node name; "<op>_<index in file>" where the file has none */
    char *op;   /* operator, e.g. "Conv" */
    int inputs, outputs;
    int *input;  /* value indices; -1: optional input left out */
    int *output; /* value indices; -1: optional output not wanted */
    int attrs;
    struct graph_attr *attr;
};

struct graph {
    char *source; /* the file's name, for messages */
    int opset;    /* version of the default operator set */
    int values, nodes;
    struct graph_value *value;
    struct graph_node *node; /* topological order */
    int input;               /* the one dynamic input */
    int output;              /* the one output: class scores [1, classes] */
};

void graph_free(struct graph *g); /* accepts NULL */

/* Attribute access with the ONNX default as fallback. */
const struct graph_attr *graph_attr(const struct graph_node *n, const char *name); /* NULL: absent */
int64_t graph_attr_int(const struct graph_node *n, const char *name, int64_t fallback);
float graph_attr_float(const struct graph_node *n, const char *name, float fallback);
const char *graph_attr_string(const struct graph_node *n, const char *name, const char *fallback);

/* The k-th input value of a node, NULL where it is left out or beyond the list; likewise its constant. */
struct graph_value *graph_input(const struct graph *g, const struct graph_node *n, int k);
const struct apex_tensor *graph_constant(const struct graph *g, const struct graph_node *n, int k);

/* Whether a site pattern asks for this tensor: "tensor:NAME", where NAME may be a glob, or the plain name. */
int graph_tensor_asked(const char *pattern, const char *tensor);

/* "model.onnx: node 'conv1' (Conv): " + the formatted text into err; returns -1. */
int graph_fail(const struct graph *g, const struct graph_node *n, struct apex_error *err, const char *format,
               ...) APEX_PRINTF(4, 5);

#endif
