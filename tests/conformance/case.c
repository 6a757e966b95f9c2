#include "case.h"

#include "core/onnx/ops.h"
#include "core/onnx/tensor_proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole file, with *size; NULL if it is not there or cannot be read. */
static uint8_t *slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    if (!f)
        return NULL;
    long length = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    if (length >= 0 && (bytes = malloc((size_t)length + 1))) {
        rewind(f);
        *size = fread(bytes, 1, (size_t)length, f);
    }
    fclose(f);
    return bytes;
}

static Onnx__TensorProto *read_tensor(const char *folder, int set, const char *what, size_t k)
{
    char path[1024];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/test_data_set_%d/%s_%zu.pb", folder, set, what, k);
    uint8_t *bytes = slurp(path, &size);
    Onnx__TensorProto *t = bytes ? onnx__tensor_proto__unpack(NULL, size, bytes) : NULL;
    free(bytes);
    return t;
}

static int is_initializer(const Onnx__GraphProto *g, const char *name)
{
    for (size_t i = 0; i < g->n_initializer; i++)
        if (g->initializer[i]->name && strcmp(g->initializer[i]->name, name) == 0)
            return 1;
    return 0;
}

/* The files of ONNX hold bfloat16 as plain 16-bit numbers. */
static void as_declared(const Onnx__ValueInfoProto *v, Onnx__TensorProto *t)
{
    if (t && v->type->tensor_type->elem_type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16 &&
        t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT16)
        t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
}

static int is_tensor(const Onnx__ValueInfoProto *v)
{
    return v->type && v->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
}

/* Values that are no tensors have files of another kind, which are left alone: case_is_foreign names them. */
static int read_values(struct conf_case *c, const char *folder, int set, struct apex_error *err)
{
    const Onnx__GraphProto *g = c->model->graph;
    for (size_t i = 0; i < g->n_input; i++)
        if (!is_initializer(g, g->input[i]->name))
            c->input[c->inputs++] = g->input[i];
    c->outputs = g->n_output;
    for (size_t i = 0; i < c->inputs; i++)
        if (is_tensor(c->input[i]) && !(c->given[i] = read_tensor(folder, set, "input", i)))
            return apex_fail(err, "input_%zu.pb cannot be read", i);
    for (size_t i = 0; i < c->inputs; i++)
        as_declared(c->input[i], c->given[i]);
    for (size_t i = 0; i < c->outputs; i++)
        if (is_tensor(g->output[i]) && !(c->expected[i] = read_tensor(folder, set, "output", i)))
            return apex_fail(err, "output_%zu.pb cannot be read", i);
    for (size_t i = 0; i < c->outputs; i++)
        as_declared(g->output[i], c->expected[i]);
    return 0;
}

int case_read(struct conf_case *c, const char *folder, int set, struct apex_error *err)
{
    char path[1024];
    size_t size = 0;
    *c = (struct conf_case){0};
    snprintf(path, sizeof path, "%s/test_data_set_%d", folder, set);
    FILE *there = fopen(path, "r");
    if (!there)
        return 1;
    fclose(there);
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    uint8_t *bytes = slurp(path, &size);
    c->model = bytes ? onnx__model_proto__unpack(NULL, size, bytes) : NULL;
    free(bytes);
    if (!c->model || !c->model->graph)
        return apex_fail(err, "model.onnx cannot be read");
    c->input = calloc(c->model->graph->n_input + 1, sizeof(void *));
    c->given = calloc(c->model->graph->n_input + 1, sizeof(void *));
    c->expected = calloc(c->model->graph->n_output + 1, sizeof(void *));
    if (!c->input || !c->given || !c->expected)
        return apex_fail(err, "no memory");
    return read_values(c, folder, set, err);
}

void case_clear(struct conf_case *c)
{
    for (size_t i = 0; c->given && i < c->inputs; i++)
        if (c->given[i])
            onnx__tensor_proto__free_unpacked(c->given[i], NULL);
    for (size_t i = 0; c->expected && i < c->outputs; i++)
        if (c->expected[i])
            onnx__tensor_proto__free_unpacked(c->expected[i], NULL);
    free(c->input);
    free(c->given);
    free(c->expected);
    if (c->model)
        onnx__model_proto__free_unpacked(c->model, NULL);
    *c = (struct conf_case){0};
}

static int type_is_foreign(const Onnx__ValueInfoProto *v, char *reason, size_t size)
{
    enum apex_type type;
    if (!is_tensor(v))
        return snprintf(reason, size, "type: sequences and optional values") > 0;
    if (tensor_proto_type(v->type->tensor_type->elem_type, &type) < 0)
        return snprintf(reason, size, "type: %s", tensor_proto_type_name(v->type->tensor_type->elem_type)) >
               0;
    return 0;
}

static int default_opset(const Onnx__ModelProto *m)
{
    for (size_t i = 0; i < m->n_opset_import; i++)
        if (!m->opset_import[i]->domain || !*m->opset_import[i]->domain)
            return (int)m->opset_import[i]->version;
    return 0;
}

int case_is_foreign(const struct conf_case *c, char *reason, size_t size)
{
    const Onnx__GraphProto *g = c->model->graph;
    for (size_t i = 0; i < g->n_node; i++) {
        const Onnx__NodeProto *n = g->node[i];
        const struct op *op = op_find(n->op_type);
        if (n->domain && *n->domain && strcmp(n->domain, "ai.onnx") != 0)
            return snprintf(reason, size, "domain: %s", n->domain) > 0;
        if (!op)
            return snprintf(reason, size, "operator not for classifiers: %s", n->op_type) > 0;
        if (default_opset(c->model) < op->first)
            return snprintf(reason, size, "old form: %s before opset %d", n->op_type, op->first) > 0;
    }
    for (size_t i = 0; i < c->inputs; i++)
        if (type_is_foreign(c->input[i], reason, size))
            return 1;
    for (size_t i = 0; i < c->outputs; i++)
        if (type_is_foreign(g->output[i], reason, size))
            return 1;
    return 0;
}
