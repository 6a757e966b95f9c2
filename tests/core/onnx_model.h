/* Small ONNX models made in a test, and checks on the graphs that come of them. Names in lists are separated
 * by spaces; "-" is a left-out one. Included by tests only, after cmocka. */
#ifndef APEX_TESTS_ONNX_MODEL_H
#define APEX_TESTS_ONNX_MODEL_H

#include "core/onnx/import.h"

#include "onnx.pb-c.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIMS(...) (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)
#define FLOATS(...) (const float[]){__VA_ARGS__}, sizeof((const float[]){__VA_ARGS__}) / sizeof(float)

/* One more pointer in a protobuf list. */
static inline void list_add(void *list, size_t *count, void *item)
{
    void ***p = list;
    *p = realloc(*p, (*count + 1) * sizeof **p);
    (*p)[(*count)++] = item;
}

static inline Onnx__ModelProto *model_new(int opset)
{
    Onnx__ModelProto *m = malloc(sizeof *m);
    onnx__model_proto__init(m);
    m->graph = malloc(sizeof *m->graph);
    onnx__graph_proto__init(m->graph);
    Onnx__OperatorSetIdProto *id = malloc(sizeof *id);
    onnx__operator_set_id_proto__init(id);
    id->has_version = 1;
    id->version = opset;
    list_add(&m->opset_import, &m->n_opset_import, id);
    return m;
}

static inline Onnx__ValueInfoProto *info_new(const char *name)
{
    Onnx__ValueInfoProto *info = malloc(sizeof *info);
    onnx__value_info_proto__init(info);
    info->name = strdup(name);
    return info;
}

/* An input; a dimension of -1 is the variable "N", 0 has nothing. */
static inline Onnx__TypeProto__Tensor *model_input(Onnx__ModelProto *m, const char *name, const int64_t *dim,
                                                   size_t rank)
{
    Onnx__ValueInfoProto *info = info_new(name);
    Onnx__TypeProto *type = info->type = malloc(sizeof *type);
    onnx__type_proto__init(type);
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    Onnx__TypeProto__Tensor *t = type->tensor_type = malloc(sizeof *t);
    onnx__type_proto__tensor__init(t);
    t->has_elem_type = 1;
    t->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    t->shape = malloc(sizeof *t->shape);
    onnx__tensor_shape_proto__init(t->shape);
    for (size_t k = 0; k < rank; k++) {
        Onnx__TensorShapeProto__Dimension *d = malloc(sizeof *d);
        onnx__tensor_shape_proto__dimension__init(d);
        if (dim[k] == -1) {
            d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            d->dim_param = strdup("N");
        } else if (dim[k] != 0) {
            d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            d->dim_value = dim[k];
        }
        list_add(&t->shape->dim, &t->shape->n_dim, d);
    }
    list_add(&m->graph->input, &m->graph->n_input, info);
    return t;
}

static inline void model_output(Onnx__ModelProto *m, const char *name)
{
    list_add(&m->graph->output, &m->graph->n_output, info_new(name));
}

static inline Onnx__TensorProto *tensor_new(const char *name, int type, const int64_t *dim, size_t rank)
{
    Onnx__TensorProto *t = malloc(sizeof *t);
    onnx__tensor_proto__init(t);
    t->name = name ? strdup(name) : NULL;
    t->has_data_type = 1;
    t->data_type = type;
    t->n_dims = rank;
    t->dims = malloc((rank + 1) * sizeof *t->dims);
    for (size_t k = 0; k < rank; k++)
        t->dims[k] = dim[k];
    return t;
}

static inline void tensor_raw(Onnx__TensorProto *t, const void *bytes, size_t size)
{
    t->has_raw_data = 1;
    t->raw_data.len = size;
    t->raw_data.data = malloc(size + 1);
    memcpy(t->raw_data.data, bytes, size);
}

static inline Onnx__TensorProto *tensor_floats(const char *name, const int64_t *dim, size_t rank,
                                               const float *v, size_t count)
{
    Onnx__TensorProto *t = tensor_new(name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, dim, rank);
    tensor_raw(t, v, count * sizeof *v);
    return t;
}

static inline Onnx__TensorProto *tensor_ints(const char *name, const int64_t *dim, size_t rank,
                                             const int64_t *v, size_t count)
{
    Onnx__TensorProto *t = tensor_new(name, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, dim, rank);
    tensor_raw(t, v, count * sizeof *v);
    return t;
}

static inline Onnx__TensorProto *model_add(Onnx__ModelProto *m, Onnx__TensorProto *t)
{
    list_add(&m->graph->initializer, &m->graph->n_initializer, t);
    return t;
}

static inline void model_ints(Onnx__ModelProto *m, const char *name, const int64_t *v, size_t count)
{
    model_add(m, tensor_ints(name, DIMS((int64_t)count), v, count));
}

static inline void model_scalar(Onnx__ModelProto *m, const char *name, float v)
{
    model_add(m, tensor_floats(name, NULL, 0, &v, 1));
}

/* Weights 0.5, 1, 1.5, ... */
static inline Onnx__TensorProto *model_ramp(Onnx__ModelProto *m, const char *name, const int64_t *dim,
                                            size_t rank)
{
    size_t count = 1;
    for (size_t k = 0; k < rank; k++)
        count *= (size_t)dim[k];
    float *v = malloc((count + 1) * sizeof *v);
    for (size_t i = 0; i < count; i++)
        v[i] = 0.5f * (float)(i + 1);
    Onnx__TensorProto *t = model_add(m, tensor_floats(name, dim, rank, v, count));
    free(v);
    return t;
}

static inline void add_names(char ***list, size_t *count, const char *names)
{
    char *copy = strdup(names), *rest = copy;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        list_add(list, count, strdup(strcmp(word, "-") == 0 ? "" : word));
    free(copy);
}

/* A node; its name is "the_<op>". */
static inline Onnx__NodeProto *model_node(Onnx__ModelProto *m, const char *op, const char *inputs,
                                          const char *outputs)
{
    Onnx__NodeProto *n = malloc(sizeof *n);
    onnx__node_proto__init(n);
    n->op_type = strdup(op);
    char name[64];
    snprintf(name, sizeof name, "the_%s", op);
    n->name = strdup(name);
    add_names(&n->input, &n->n_input, inputs);
    add_names(&n->output, &n->n_output, outputs);
    list_add(&m->graph->node, &m->graph->n_node, n);
    return n;
}

static inline Onnx__AttributeProto *attr_new(Onnx__NodeProto *n, const char *name, int type)
{
    Onnx__AttributeProto *a = malloc(sizeof *a);
    onnx__attribute_proto__init(a);
    a->name = strdup(name);
    a->has_type = 1;
    a->type = type;
    list_add(&n->attribute, &n->n_attribute, a);
    return a;
}

static inline void node_int(Onnx__NodeProto *n, const char *name, int64_t v)
{
    Onnx__AttributeProto *a = attr_new(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    a->has_i = 1;
    a->i = v;
}

static inline void node_float(Onnx__NodeProto *n, const char *name, float v)
{
    Onnx__AttributeProto *a = attr_new(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    a->has_f = 1;
    a->f = v;
}

static inline void node_string(Onnx__NodeProto *n, const char *name, const char *v)
{
    Onnx__AttributeProto *a = attr_new(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    a->has_s = 1;
    a->s.data = (uint8_t *)strdup(v);
    a->s.len = strlen(v);
}

static inline void node_ints(Onnx__NodeProto *n, const char *name, const int64_t *v, size_t count)
{
    Onnx__AttributeProto *a = attr_new(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    a->ints = malloc((count + 1) * sizeof *a->ints);
    memcpy(a->ints, v, count * sizeof *a->ints);
    a->n_ints = count;
}

static inline void node_tensor(Onnx__NodeProto *n, const char *name, Onnx__TensorProto *t)
{
    attr_new(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR)->t = t;
}

/* The packed bytes, freed by the caller; frees m. */
static inline uint8_t *model_pack(Onnx__ModelProto *m, size_t *size)
{
    *size = onnx__model_proto__get_packed_size(m);
    uint8_t *bytes = malloc(*size + 1);
    onnx__model_proto__pack(m, bytes);
    onnx__model_proto__free_unpacked(m, NULL);
    return bytes;
}

static inline struct graph *model_import(Onnx__ModelProto *m, struct apex_error *err)
{
    size_t size;
    uint8_t *bytes = model_pack(m, &size);
    struct graph *g = onnx_import(bytes, size, "test.onnx", NULL, NULL, err);
    free(bytes);
    return g;
}

/* Imports and frees m; the test fails with the error's text if there is one. */
static inline struct graph *want_graph(Onnx__ModelProto *m)
{
    struct apex_error err = {{0}};
    struct graph *g = model_import(m, &err);
    if (!g)
        fail_msg("import failed: %s", err.text);
    return g;
}

/* Imports and frees m; the test fails unless that gives an error that has this part, and names the file. */
static inline void want_error(Onnx__ModelProto *m, const char *part)
{
    struct apex_error err = {{0}};
    struct graph *g = model_import(m, &err);
    if (g) {
        graph_free(g);
        fail_msg("import succeeded; want an error with '%s'", part);
    }
    if (!strstr(err.text, part) || strncmp(err.text, "test.onnx: ", 11) != 0)
        fail_msg("want an error with '%s', got: %s", part, err.text);
}

/* The k-th node with this operator. */
static inline const struct graph_node *node_at(const struct graph *g, int k, const char *op)
{
    for (int i = 0; i < g->nodes; i++)
        if (strcmp(g->node[i].op, op) == 0 && k-- == 0)
            return &g->node[i];
    fail_msg("there is no such %s node among %d", op, g->nodes);
    return NULL;
}

static inline struct graph_value *output_of(const struct graph *g, const struct graph_node *n, int k)
{
    return &g->value[n->output[k]];
}

static inline void assert_shape(const struct graph_value *v, const int64_t *dim, size_t rank)
{
    char a[APEX_SHAPE_TEXT], b[APEX_SHAPE_TEXT];
    struct apex_shape want = {.rank = (int)rank};
    for (size_t k = 0; k < rank; k++)
        want.dim[k] = dim[k];
    if (!apex_shape_equal(&v->shape, &want))
        fail_msg("'%s' has shape %s, want %s", v->name, apex_shape_text(&v->shape, a),
                 apex_shape_text(&want, b));
}

static inline void assert_ints(const struct graph_node *n, const char *name, const int64_t *v, size_t count)
{
    const struct graph_attr *a = graph_attr(n, name);
    if (!a || a->type != ATTR_INTS)
        fail_msg("%s has no list '%s'", n->name, name);
    assert_int_equal(a->count, count);
    for (size_t i = 0; i < count; i++)
        if (a->ints[i] != v[i])
            fail_msg("%s: %s[%zu] is %lld, want %lld", n->name, name, i, (long long)a->ints[i],
                     (long long)v[i]);
}

static inline void assert_floats(const struct apex_tensor *t, const float *v, size_t count)
{
    assert_non_null(t);
    assert_int_equal(t->type, APEX_F32);
    assert_int_equal(apex_shape_count(&t->shape), count);
    for (size_t i = 0; i < count; i++)
        if (fabsf(((const float *)t->data)[i] - v[i]) > 1e-6f * (1 + fabsf(v[i])))
            fail_msg("element %zu is %g, want %g", i, (double)((const float *)t->data)[i], (double)v[i]);
}

/* The operators of the graph in order, one space between. */
static inline void assert_ops(const struct graph *g, const char *expected)
{
    char text[512] = "";
    for (int i = 0; i < g->nodes; i++) {
        strcat(text, i ? " " : "");
        strcat(text, g->node[i].op);
    }
    assert_string_equal(text, expected);
}

#endif
