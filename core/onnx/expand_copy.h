/* Internal to expand.c: copies of nodes under new names. All return 0, or -1 with e->err. */
#ifndef APEX_CORE_ONNX_EXPAND_COPY_H
#define APEX_CORE_ONNX_EXPAND_COPY_H

#include "core/onnx/expand.h"
#include "core/onnx/names.h"

struct expand {
    Onnx__ModelProto *model;
    Onnx__NodeProto **node; /* the new list, its nodes owned */
    size_t nodes, room;
    size_t bytes, most; /* made so far, and the limit */
    struct apex_error *err;
};

/* New names for the tensors of a body. */
struct scope {
    struct names known; /* index into `to` */
    char **to;          /* NULL, or NULL at a place: that name gets the prefix */
    const char *prefix;
    int all; /* names that are not known get the prefix, too; else they stay */
};

int expand_no_memory(struct expand *e);

/* A copy of a message; NULL with err. */
void *expand_copy(struct expand *e, const ProtobufCMessage *m);

/* The name, malloc'ed, becomes its new one; and all names in a node, with those in its branches. */
int expand_rename(struct expand *e, const struct scope *s, char **name);
int expand_rename_node(struct expand *e, const struct scope *s, Onnx__NodeProto *n);
/* The node's own name becomes "<prefix>/<name>". */
int expand_name_node(struct expand *e, const char *prefix, Onnx__NodeProto *n);

int expand_append(struct expand *e, Onnx__NodeProto *n, const char *name); /* an input */
/* How many of the last inputs are conditions. */
size_t expand_guards(const Onnx__NodeProto *n);
/* n gets the conditions of the node `from` that it comes from, and one more unless it is NULL. */
int expand_guard(struct expand *e, const Onnx__NodeProto *from, const char *condition, int taken,
                 Onnx__NodeProto *n);

#endif
