/* The operators that import knows, one row each. docs/operators.md is printed from this table. */
#ifndef APEX_CORE_ONNX_OPS_H
#define APEX_CORE_ONNX_OPS_H

#include "core/onnx/infer.h"

struct op_param { /* a float attribute that the normal form keeps, and its ONNX default */
    const char *name;
    float value;
};

struct op {
    const char *name;
    int first, last;            /* opset versions that were read and are handled */
    int min_inputs, max_inputs; /* the first min_inputs must be there */
    int max_outputs;            /* outputs beyond are fine if nothing reads them */
    int (*infer)(struct infer *in, const struct op *op, struct graph_node *n);
    int (*fold)(struct infer *in, const struct graph_node *n); /* NULL: not on constants */
    int runtime;                                               /* 1: also on what depends on the input */
    struct op_param param[2];
};

#define OP_ANY 1000000   /* any number of inputs or outputs */
#define OP_LAST_OPSET 23 /* the newest operator set that was compared with this table */

const struct op *op_find(const char *name); /* NULL: unknown */
const struct op *op_at(int index);          /* rows in order of name; NULL past the end */
const char *op_note(const char *name);      /* what a user should know about it, "" if nothing */

#endif
