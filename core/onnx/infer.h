/* Shapes forwards through the nodes. Each operator's infer function, in this order, checks the node, brings
 * it into its normal form (normal_form.h) and sets the shapes of its outputs; if all that is left of its
 * inputs is constant, its fold function then computes the outputs from the normal form. */
#ifndef APEX_CORE_ONNX_INFER_H
#define APEX_CORE_ONNX_INFER_H

#include "core/onnx/edit.h"

#define INFER_MAX_ELEMENTS (INT64_C(1) << 28) /* of one value */
/* Constants made while folding, all together: masks and tables that a few bytes ask for, and what is made of
 * the file's own constants (weights transposed, half floats widened). */
#define INFER_FREE_ELEMENTS (INT64_C(1) << 22)
#define INFER_PER_ELEMENT 16

struct infer {
    struct graph *g;   /* its nodes: those that are done */
    int64_t batch;     /* the first dimension that the file fixes for the input, else 1 */
    int64_t folded;    /* elements of constants made so far */
    int64_t room;      /* the most that may be */
    struct lift *lift; /* of values whose batch is not first (lift.h), [lifts] */
    int lifts;
    int lifting;     /* an infer function runs on shapes without the batch: no rule about batches holds */
    char moved[256]; /* the last node that moved the batch away from the front */
    int lift_axis;   /* where a Reshape of a fixed batch put it; -1: open */
    struct apex_error *err;
};

/* What an infer function returns: */
enum { INFER_FAILED = -1, INFER_KEEP = 0, INFER_VANISH = 1 /* output 0 is input 0: the node goes */ };

/* All nodes of g; afterwards g has runtime nodes in normal form only. */
int onnx_infer(struct graph *g, int64_t batch, struct apex_error *err);

/* Finishes a node that an infer function makes in front of its own: folded, or put into the graph. n is
 * emptied. Its output needs a shape. */
int infer_emit(struct infer *in, struct graph_node *n);

/* Infers and finishes a node that stands for a part of another one: not in normal form yet. Its output is
 * made here; returns the value that holds the result, or -1. n is emptied. */
int infer_step(struct infer *in, struct graph_node *n);

/* n, in normal form, gets an output of shape `made`; after it comes a Reshape to its own output, which n
 * becomes. */
int infer_then_reshape(struct infer *in, struct graph_node *n, const struct apex_shape *made,
                       const struct apex_shape *want);

/* Constants made for a node: a copy of input k's name with a suffix; input k then is that value. Takes t over
 * (NULL: fails with the error that is set). */
int infer_replace_input(struct infer *in, struct graph_node *n, int k, struct apex_tensor *t);

/* A new tensor for output k, in its shape, within the limit on folding; NULL with in->err. */
struct apex_tensor *infer_make_output(struct infer *in, const struct graph_node *n, int k,
                                      enum apex_type type);
/* A tensor of this shape within the limit, owned by the caller. */
struct apex_tensor *infer_make_tensor(struct infer *in, const struct graph_node *n, enum apex_type type,
                                      const struct apex_shape *shape);

/* Reading a node (args.c). Inputs below op->min_inputs are there. */
const struct apex_shape *arg_shape(const struct infer *in, const struct graph_node *n, int k);
int arg_given(const struct graph_node *n, int k);
int arg_dynamic(const struct infer *in, const struct graph_node *n, int k);
int arg_batched(const struct infer *in, const struct graph_node *n,
                int k); /* dynamic, and dim[0] is the batch */
int arg_any_dynamic(const struct infer *in, const struct graph_node *n);

/* The type here of an ONNX element type; an error if it is not supported. */
int infer_type(struct infer *in, const struct graph_node *n, int64_t onnx_type, enum apex_type *type);

/* Output k gets the shape; an error if it has absurdly many elements. */
int arg_set_shape(struct infer *in, const struct graph_node *n, int k, const struct apex_shape *shape);

/* A possibly negative axis into 0..rank-1. */
int arg_axis(struct infer *in, const struct graph_node *n, int64_t axis, int rank, int *out);

/* A list of integers from the attribute, else from constant input k (k < 0: attribute only). 1: there; 0:
 * absent; -1: an error (dynamic, wrong type). The list is borrowed from the node. */
struct int_list {
    const int64_t *v;
    int64_t count;
};
int arg_ints(struct infer *in, const struct graph_node *n, const char *name, int k, struct int_list *list);

/* A float from the attribute, else from constant input k of one element, else the fallback. */
int arg_float(struct infer *in, const struct graph_node *n, const char *name, int k, float fallback,
              float *out);

/* The constant at input k, of this type; NULL with in->err if it depends on the network's input. */
const struct apex_tensor *arg_constant(struct infer *in, const struct graph_node *n, int k,
                                       enum apex_type type);

/* Constant input k of the given rank whose first dimension is the file's fixed batch, with equal contents for
 * every sample, gets 1 there. Anything else stays. */
int arg_drop_batch(struct infer *in, struct graph_node *n, int k, int rank);

#endif
