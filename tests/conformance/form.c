#include "case.h"

#include <stdlib.h>
#include <string.h>

/* The case's messages are borrowed, not copied: what is changed is a struct of our own that points at them.
 */

enum { TAIL = 3, MOST_DIMS = 16 };

static char in_name[] = "conformance:in", out_name[] = "conformance:out", float_name[] = "conformance:float";
static char row_name[] = "conformance:row", axis_name[] = "axis", to_name[] = "to";

struct tail { /* the nodes after the case's own */
    Onnx__NodeProto node[TAIL];
    char *input[TAIL][2], *output[TAIL];
    Onnx__AttributeProto attr[TAIL], *attr_list[TAIL];
};

static void add_node(struct tail *t, int k, char *op, char *a, char *b, char *output)
{
    Onnx__NodeProto *n = &t->node[k];
    onnx__node_proto__init(n);
    t->input[k][0] = a;
    t->input[k][1] = b;
    t->output[k] = output;
    n->op_type = op;
    n->n_input = b ? 2 : 1;
    n->input = t->input[k];
    n->n_output = 1;
    n->output = &t->output[k];
}

static void add_int(struct tail *t, int k, char *name, int64_t value)
{
    Onnx__AttributeProto *a = &t->attr[k];
    onnx__attribute_proto__init(a);
    a->name = name;
    a->has_type = a->has_i = 1;
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    a->i = value;
    t->attr_list[k] = a;
    t->node[k].n_attribute = 1;
    t->node[k].attribute = &t->attr_list[k];
}

/* Returns how many nodes. */
static size_t add_tail(struct tail *t, enum form form, char *output, int is_float)
{
    static char flatten[] = "Flatten", cast[] = "Cast", concat[] = "Concat";
    size_t k = 0;
    if (form == AS_BATCH) {
        add_node(t, 0, flatten, output, NULL, out_name);
        add_int(t, 0, axis_name, 1);
        return 1;
    }
    if (!is_float) {
        add_node(t, (int)k, cast, output, NULL, float_name);
        add_int(t, (int)k++, to_name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    }
    add_node(t, (int)k, flatten, is_float ? output : float_name, NULL, row_name);
    add_int(t, (int)k++, axis_name, 0);
    add_node(t, (int)k, concat, in_name, row_name, out_name);
    add_int(t, (int)k++, axis_name, 1);
    return k;
}

struct head { /* the one input */
    Onnx__ValueInfoProto value, output;
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension dim[MOST_DIMS], *dims[MOST_DIMS];
};

static void fill_head(struct head *h, char *name, size_t rank, const int64_t *dim, int type)
{
    onnx__value_info_proto__init(&h->value);
    onnx__value_info_proto__init(&h->output);
    onnx__type_proto__init(&h->type);
    onnx__type_proto__tensor__init(&h->tensor);
    onnx__tensor_shape_proto__init(&h->shape);
    for (size_t d = 0; d < rank && d < MOST_DIMS; d++) {
        onnx__tensor_shape_proto__dimension__init(&h->dim[d]);
        h->dim[d].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        h->dim[d].dim_value = dim[d];
        h->dims[d] = &h->dim[d];
    }
    h->shape.n_dim = rank < MOST_DIMS ? rank : MOST_DIMS;
    h->shape.dim = h->dims;
    h->tensor.has_elem_type = 1;
    h->tensor.elem_type = type;
    h->tensor.shape = &h->shape;
    h->type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    h->type.tensor_type = &h->tensor;
    h->value.name = name;
    h->value.type = &h->type;
    h->output.name = out_name;
}

/* Constants: the file's own, and the inputs that are none any more. given holds copies of the inputs'
 * messages, under the names of the graph. */
static size_t fill_initializers(const struct conf_case *c, size_t first, Onnx__TensorProto *given,
                                Onnx__TensorProto **list)
{
    const Onnx__GraphProto *g = c->model->graph;
    size_t count = 0;
    for (size_t i = 0; i < g->n_initializer; i++)
        list[count++] = g->initializer[i];
    for (size_t i = first; i < c->inputs; i++) {
        given[i] = *c->given[i];
        given[i].name = c->input[i]->name;
        list[count++] = &given[i];
    }
    return count;
}

static int is_float(const struct conf_case *c, size_t output)
{
    return c->expected[output]->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
}

void *form_pack(const struct conf_case *c, size_t output, enum form form, size_t *size,
                struct apex_error *err)
{
    int64_t ones[2] = {1, 1};
    struct tail tail = {0};
    struct head head;
    Onnx__ModelProto model = *c->model;
    Onnx__GraphProto g = *c->model->graph;
    Onnx__ValueInfoProto *in = &head.value, *out = &head.output;
    Onnx__NodeProto **node = calloc(g.n_node + TAIL, sizeof *node);
    Onnx__TensorProto **list = calloc(g.n_initializer + c->inputs + 1, sizeof *list);
    Onnx__TensorProto *given = calloc(c->inputs + 1, sizeof *given);
    uint8_t *bytes = NULL;
    if (!node || !list || !given) {
        apex_fail(err, "no memory");
        goto done;
    }
    if (form == AS_BATCH)
        fill_head(&head, c->input[0]->name, c->given[0]->n_dims, c->given[0]->dims, c->given[0]->data_type);
    else
        fill_head(&head, in_name, 2, ones, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    g.n_initializer = fill_initializers(c, form == AS_BATCH, given, list);
    g.initializer = list;
    size_t added = add_tail(&tail, form, g.output[output]->name, is_float(c, output));
    memcpy(node, g.node, g.n_node * sizeof *node);
    for (size_t k = 0; k < added; k++)
        node[g.n_node++] = &tail.node[k];
    g.node = node;
    g.n_input = g.n_output = 1;
    g.input = &in;
    g.output = &out;
    model.graph = &g;
    *size = onnx__model_proto__get_packed_size(&model);
    if ((bytes = malloc(*size + 1)))
        onnx__model_proto__pack(&model, bytes);
    else
        apex_fail(err, "no memory");
done:
    free(node);
    free(list);
    free(given);
    return bytes;
}
