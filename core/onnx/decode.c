#include "core/onnx/decode.h"
#include "core/onnx/edit.h"
#include "core/onnx/expand.h"
#include "core/onnx/external.h"
#include "core/onnx/names.h"
#include "core/onnx/unpack.h"
#include "core/onnx/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ATTRIBUTES = 256 }; /* of one node; ONNX has a dozen at most */

struct decode {
    const Onnx__GraphProto *proto;
    struct graph *g;
    struct names names;
    struct onnx_files files;
    int64_t batch;
    struct apex_error *err;
};

static const char *text_of(const char *s) /* protobuf leaves out empty strings */
{
    return s ? s : "";
}

/* A new value under a name that must be new. */
static int declare(struct decode *d, const char *name, const char *what)
{
    if (!*name)
        return apex_fail(d->err, "%s without a name", what);
    if (names_find(&d->names, name) >= 0)
        return apex_fail(d->err, "%s '%.200s': this tensor name is defined twice", what, name);
    int v = graph_add_value(d->g, name, d->err);
    if (v < 0 || names_add(&d->names, d->g->value[v].name, v, d->err) < 0)
        return -1;
    return v;
}

static int decode_initializers(struct decode *d)
{
    if (d->proto->n_sparse_initializer)
        return apex_fail(d->err, "sparse initializers are not supported");
    for (size_t i = 0; i < d->proto->n_initializer; i++) {
        Onnx__TensorProto *p = d->proto->initializer[i];
        int v = declare(d, text_of(p->name), "initializer");
        if (v < 0)
            return -1;
        struct apex_tensor *t = tensor_proto_take(p, &d->files, d->err);
        if (!t)
            return apex_fail_in(d->err, "initializer '%.200s'", text_of(p->name));
        d->g->value[v].constant = t;
        d->g->value[v].shape = t->shape;
    }
    return 0;
}

/* The input's shape from its type: a batch first (fixed or not), every other dimension fixed. */
static int input_shape(struct decode *d, const Onnx__ValueInfoProto *info, struct apex_shape *shape)
{
    const Onnx__TypeProto__Tensor *t =
        info->type && info->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? info->type->tensor_type
                                                                                    : NULL;
    enum apex_type type;
    if (!t || !t->shape)
        return apex_fail(d->err, "input '%.200s' is not a tensor of known rank", info->name);
    if (tensor_proto_type(t->elem_type, &type) < 0 || type != APEX_F32)
        return apex_fail(d->err, "input '%.200s' has element type %s; want float", info->name,
                         tensor_proto_type_name(t->elem_type));
    if (t->shape->n_dim < 2 || t->shape->n_dim > APEX_MAX_RANK)
        return apex_fail(d->err, "input '%.200s' has %zu dimensions; want 2 to %d, the batch first",
                         info->name, t->shape->n_dim, APEX_MAX_RANK);
    shape->rank = (int)t->shape->n_dim;
    for (int k = 0; k < shape->rank; k++) {
        const Onnx__TensorShapeProto__Dimension *dim = t->shape->dim[k];
        int fixed = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        shape->dim[k] = fixed ? dim->dim_value : 0;
        if (shape->dim[k] < 0 || (k > 0 && shape->dim[k] == 0))
            return apex_fail(d->err,
                             "input '%.200s': dimension %d is not fixed; only the first (the batch) may vary",
                             info->name, k);
    }
    d->batch = shape->dim[0] > 0 ? shape->dim[0] : 1;
    shape->dim[0] = 1;
    return 0;
}

static int decode_input(struct decode *d)
{
    const Onnx__ValueInfoProto *input = NULL;
    for (size_t i = 0; i < d->proto->n_input; i++) {
        const Onnx__ValueInfoProto *info = d->proto->input[i];
        int v = names_find(&d->names, text_of(info->name));
        if (v >= 0 && d->g->value[v].constant)
            continue; /* before IR 4, initializers were inputs, too */
        if (input)
            return apex_fail(d->err, "several inputs ('%.200s' and '%.200s'); one is supported", input->name,
                             text_of(info->name));
        input = info;
        if (declare(d, text_of(info->name), "input") < 0)
            return -1;
    }
    if (!input)
        return apex_fail(d->err, "the graph has no input");
    d->g->input = names_find(&d->names, input->name);
    struct apex_shape shape = {0};
    if (input_shape(d, input, &shape) < 0)
        return -1;
    d->g->value[d->g->input].shape = shape;
    return 0;
}

static enum graph_attr_type attr_type(const Onnx__AttributeProto *p)
{
    if (p->ref_attr_name && *p->ref_attr_name)
        return ATTR_OTHER;
    switch (p->has_type ? (int)p->type : 0) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
        return ATTR_FLOAT;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
        return ATTR_INT;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
        return ATTR_STRING;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
        return ATTR_TENSOR;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
        return ATTR_INTS;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
        return ATTR_FLOATS;
    case 0: /* IR version 1 had no type field: go by what is there */
        return p->has_f      ? ATTR_FLOAT
               : p->has_i    ? ATTR_INT
               : p->has_s    ? ATTR_STRING
               : p->t        ? ATTR_TENSOR
               : p->n_ints   ? ATTR_INTS
               : p->n_floats ? ATTR_FLOATS
                             : ATTR_OTHER;
    default:
        return ATTR_OTHER;
    }
}

static int decode_attr(struct decode *d, const Onnx__AttributeProto *p, struct graph_node *n)
{
    const char *name = text_of(p->name);
    enum graph_attr_type type = attr_type(p);
    if (graph_attr(n, name))
        return graph_fail(d->g, n, d->err, "attribute '%.100s' is given twice", name);
    if (type == ATTR_INTS)
        return graph_node_add_ints(n, name, p->ints, p->n_ints, d->err);
    struct graph_attr *a = graph_node_add_attr(n, name, type, d->err);
    if (!a)
        return -1;
    a->i = p->i;
    a->f = p->f;
    if (type == ATTR_STRING && !(a->s = strndup(p->s.data ? (const char *)p->s.data : "", p->s.len)))
        return apex_fail(d->err, "no memory for attribute '%.100s'", name);
    if (type == ATTR_TENSOR && (!p->t || !(a->t = tensor_proto_read(p->t, &d->files, d->err)))) {
        if (!p->t)
            apex_fail(d->err, "there is no tensor");
        char cause[APEX_ERROR_TEXT];
        snprintf(cause, sizeof cause, "%s", d->err ? d->err->text : "");
        return graph_fail(d->g, n, d->err, "attribute '%.100s': %s", name, cause);
    }
    if (type == ATTR_FLOATS) {
        a->floats = malloc((p->n_floats + 1) * sizeof *a->floats);
        if (!a->floats)
            return apex_fail(d->err, "no memory for attribute '%.100s'", name);
        if (p->n_floats)
            memcpy(a->floats, p->floats, p->n_floats * sizeof *a->floats);
        a->count = p->n_floats;
    }
    return 0;
}

/* Value indices for the names of a node's inputs or outputs (which are new names); -1 for empty names. */
static int *decode_names(struct decode *d, const struct graph_node *n, char **name, size_t count,
                         int is_output)
{
    int *list = count < INT32_MAX / 2 ? malloc((count + 1) * sizeof *list) : NULL;
    if (!list) {
        apex_fail(d->err, "no memory for node '%.200s'", n->name);
        return NULL;
    }
    for (size_t k = 0; k < count; k++) {
        int known = names_find(&d->names, name[k]);
        list[k] = known;
        if (!*name[k]) {
            list[k] = -1;
            continue;
        }
        if (is_output && known >= 0)
            list[k] =
                graph_fail(d->g, n, d->err, "output '%.200s': this tensor name is defined twice", name[k]);
        else if (is_output)
            list[k] = declare(d, name[k], "output");
        else if (known < 0)
            graph_fail(d->g, n, d->err, "input '%.200s' is not defined anywhere", name[k]);
        if (list[k] < 0) {
            free(list);
            return NULL;
        }
    }
    return list;
}

static int decode_node(struct decode *d, const Onnx__NodeProto *p, size_t index)
{
    struct graph_node n = {0};
    char unnamed[128];
    const char *op = text_of(p->op_type), *domain = text_of(p->domain);
    snprintf(unnamed, sizeof unnamed, "%.100s_%zu", op, index);
    n.name = strdup(p->name && *p->name ? p->name : unnamed);
    n.op = strdup(op);
    int rc = -1;
    if (!n.name || !n.op) {
        apex_fail(d->err, "no memory for node %zu", index);
        goto done;
    }
    if (*domain && strcmp(domain, "ai.onnx") != 0) {
        graph_fail(d->g, &n, d->err, "operators of domain '%.100s' are not supported", domain);
        goto done;
    }
    if (!(n.output = decode_names(d, &n, p->output, p->n_output, 1)))
        goto done;
    n.outputs = (int)p->n_output;
    if (p->n_attribute > MAX_ATTRIBUTES) {
        graph_fail(d->g, &n, d->err, "%zu attributes", p->n_attribute);
        goto done;
    }
    for (size_t k = 0; k < p->n_attribute; k++)
        if (decode_attr(d, p->attribute[k], &n) < 0)
            goto done;
    rc = graph_push_node(d->g, &n, d->err);
done:
    graph_node_clear(&n);
    return rc;
}

static int decode_nodes(struct decode *d)
{
    for (size_t i = 0; i < d->proto->n_node; i++)
        if (decode_node(d, d->proto->node[i], i) < 0)
            return -1;
    for (size_t i = 0; i < d->proto->n_node; i++) { /* now that all names are known, in any order */
        const Onnx__NodeProto *p = d->proto->node[i];
        struct graph_node *n = &d->g->node[i];
        if (!(n->input = decode_names(d, n, p->input, p->n_input, 0)))
            return -1;
        n->inputs = (int)p->n_input;
    }
    return 0;
}

/* The class scores: the first output, or of several the first that is declared as [batch, classes]. */
static int decode_output(struct decode *d)
{
    size_t chosen = 0, count = d->proto->n_output;
    if (count == 0)
        return apex_fail(d->err, "the graph has no output");
    for (size_t i = count; count > 1 && i-- > 0;) {
        const Onnx__TypeProto *type = d->proto->output[i]->type;
        if (type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE && type->tensor_type->shape &&
            type->tensor_type->shape->n_dim == 2)
            chosen = i;
    }
    const char *name = text_of(d->proto->output[chosen]->name);
    d->g->output = names_find(&d->names, name);
    if (d->g->output < 0)
        return apex_fail(d->err, "output '%.200s' is not made by any node", name);
    return 0;
}

static int decode_opset(const Onnx__ModelProto *model, int *opset, struct apex_error *err)
{
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = text_of(model->opset_import[i]->domain);
        int64_t version = model->opset_import[i]->version;
        if (*domain && strcmp(domain, "ai.onnx") != 0)
            continue;
        if (version < 1 || version > 1000)
            return apex_fail(err, "opset version %lld", (long long)version);
        *opset = (int)version;
        return 0;
    }
    return apex_fail(err, "the file names no version of the ONNX operators (opset_import)");
}

static int decode_model(struct decode *d, Onnx__ModelProto *model)
{
    d->proto = model->graph;
    if (!model->graph)
        return apex_fail(d->err, "not an ONNX model: there is no graph");
    if (model->graph->n_node == 0)
        return apex_fail(d->err, "the graph is empty");
    if (decode_opset(model, &d->g->opset, d->err) < 0 || onnx_expand(model, d->err) < 0)
        return -1;
    if (!external_is_disjoint(model->graph))
        d->files.release = NULL;
    if (decode_initializers(d) < 0 || decode_input(d) < 0 || decode_nodes(d) < 0 || decode_output(d) < 0)
        return -1;
    return graph_sort(d->g, d->err);
}

struct graph *onnx_decode(const void *bytes, size_t size, const char *source, const struct onnx_files *files,
                          int64_t *batch, struct apex_error *err)
{
    struct decode d = {.files = *files, .batch = 1, .err = err};
    Onnx__ModelProto *model = NULL;
    int rc = -1;
    d.g = calloc(1, sizeof *d.g);
    if (!d.g || !(d.g->source = strdup(source))) {
        apex_fail(err, "no memory for a graph");
        goto done;
    }
    if (size == 0) {
        apex_fail(err, "the file is empty");
        goto done;
    }
    if (wire_check(&onnx__model_proto__descriptor, bytes, size, err) < 0)
        goto done;
    model = onnx_unpack(bytes, size, files->release, files->context, err);
    if (!model)
        goto done;
    rc = decode_model(&d, model);
    *batch = d.batch;
done:
    names_clear(&d.names);
    if (model)
        onnx__model_proto__free_unpacked(model, NULL);
    if (rc == 0)
        return d.g;
    graph_free(d.g);
    return NULL;
}
