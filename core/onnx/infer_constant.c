#include "core/onnx/lift.h"
#include "core/onnx/lower.h"
#include "core/onnx/rules.h"
#include "core/onnx/tensor_proto.h"

#include <math.h>
#include <string.h>

/* Output 0 becomes this constant, which is taken over; NULL fails with the error that is set. */
static int give(struct infer *in, const struct graph_node *n, struct apex_tensor *t)
{
    if (!t)
        return -1;
    if (n->output[0] < 0) {
        apex_tensor_free(t);
        return graph_fail(in->g, n, in->err, "its output has no name");
    }
    in->g->value[n->output[0]].constant = t;
    in->g->value[n->output[0]].shape = t->shape;
    return 0;
}

static int give_ints(struct infer *in, const struct graph_node *n, int rank, const int64_t *v, int64_t count)
{
    struct apex_shape shape = {.rank = rank, .dim = {count}};
    struct apex_tensor *t = infer_make_tensor(in, n, APEX_I64, &shape);
    if (t && count)
        memcpy(t->data, v, (size_t)count * sizeof *v);
    return give(in, n, t);
}

static int give_floats(struct infer *in, const struct graph_node *n, int rank, const float *v, int64_t count)
{
    struct apex_shape shape = {.rank = rank, .dim = {count}};
    struct apex_tensor *t = infer_make_tensor(in, n, APEX_F32, &shape);
    if (t && count)
        memcpy(t->data, v, (size_t)count * sizeof *v);
    return give(in, n, t);
}

int infer_constant(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    for (int i = 0; i < n->attrs; i++) {
        const struct graph_attr *a = &n->attr[i];
        if (strcmp(a->name, "value") == 0 && a->type == ATTR_TENSOR)
            return give(in, n, apex_tensor_copy(a->t, in->err));
        if (strcmp(a->name, "value_int") == 0 && a->type == ATTR_INT)
            return give_ints(in, n, 0, &a->i, 1);
        if (strcmp(a->name, "value_ints") == 0 && a->type == ATTR_INTS)
            return give_ints(in, n, 1, a->ints, (int64_t)a->count);
        if (strcmp(a->name, "value_float") == 0 && a->type == ATTR_FLOAT)
            return give_floats(in, n, 0, &a->f, 1);
        if (strcmp(a->name, "value_floats") == 0 && a->type == ATTR_FLOATS)
            return give_floats(in, n, 1, a->floats, (int64_t)a->count);
    }
    return graph_fail(in->g, n, in->err, "no value of a supported kind (a tensor, integers or floats)");
}

int infer_constant_of_shape(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct int_list want;
    struct apex_shape shape = {0};
    const struct graph_attr *a = graph_attr(n, "value");
    if (arg_ints(in, n, "", 0, &want) < 0)
        return -1;
    if (want.count > APEX_MAX_RANK)
        return graph_fail(in->g, n, in->err, "to %lld dimensions", (long long)want.count);
    if (a && (a->type != ATTR_TENSOR || apex_shape_count(&a->t->shape) != 1))
        return graph_fail(in->g, n, in->err, "'value' is not a tensor of one element");
    shape.rank = (int)want.count;
    for (int d = 0; d < shape.rank; d++)
        shape.dim[d] = want.v[d];
    struct apex_tensor *t = infer_make_tensor(in, n, a ? a->t->type : APEX_F32, &shape);
    size_t size = t ? apex_type_size(t->type) : 0;
    for (int64_t i = 0, count = apex_shape_count(&shape); t && a && i < count; i++)
        memcpy((char *)t->data + (size_t)i * size, a->t->data, size);
    return give(in, n, t);
}

int infer_shape_of(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = lift_file_shape(in, n);
    int64_t start = graph_attr_int(n, "start", 0), end = graph_attr_int(n, "end", x.rank);
    start = start < -x.rank ? 0 : start < 0 ? start + x.rank : start > x.rank ? x.rank : start;
    end = end < -x.rank ? 0 : end < 0 ? end + x.rank : end > x.rank ? x.rank : end;
    return give_ints(in, n, 1, x.dim + start, end > start ? end - start : 0);
}

int infer_size(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct apex_shape x = lift_file_shape(in, n);
    int64_t count = apex_shape_count(&x);
    return give_ints(in, n, 0, &count, 1);
}

static int range_of_ints(struct infer *in, const struct graph_node *n, const int64_t *limit[3])
{
    __int128 start = *limit[0], step = *limit[2], room = (__int128)*limit[1] - start;
    __int128 count = step == 0                               ? -1
                     : room == 0 || (room < 0) != (step < 0) ? 0
                                                             : (room + step - (step > 0 ? 1 : -1)) / step;
    if (count < 0 || count > INFER_MAX_ELEMENTS)
        return graph_fail(in->g, n, in->err, "from %lld to %lld in steps of %lld", (long long)*limit[0],
                          (long long)*limit[1], (long long)*limit[2]);
    struct apex_shape shape = {.rank = 1, .dim = {(int64_t)count}};
    struct apex_tensor *t = infer_make_tensor(in, n, APEX_I64, &shape);
    for (int64_t i = 0; t && i < shape.dim[0]; i++)
        ((int64_t *)t->data)[i] = (int64_t)(start + i * step);
    return give(in, n, t);
}

static int range_of_floats(struct infer *in, const struct graph_node *n, const float *limit[3])
{
    double start = *limit[0], step = *limit[2], count = ceil((*limit[1] - start) / step);
    if (!(count <= (double)INFER_MAX_ELEMENTS))
        return graph_fail(in->g, n, in->err, "from %g to %g in steps of %g", start, (double)*limit[1], step);
    struct apex_shape shape = {.rank = 1, .dim = {count > 0 ? (int64_t)count : 0}};
    struct apex_tensor *t = infer_make_tensor(in, n, APEX_F32, &shape);
    for (int64_t i = 0; t && i < shape.dim[0]; i++)
        ((float *)t->data)[i] = (float)(start + (double)i * step);
    return give(in, n, t);
}

int infer_range(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    const struct apex_tensor *first = graph_constant(in->g, n, 0);
    enum apex_type type = first && first->type == APEX_F32 ? APEX_F32 : APEX_I64;
    const void *limit[3];
    for (int k = 0; k < 3; k++) {
        const struct apex_tensor *t = arg_constant(in, n, k, type);
        if (!t)
            return -1;
        if (apex_shape_count(&t->shape) != 1)
            return graph_fail(in->g, n, in->err, "input %d is not a scalar", k);
        limit[k] = t->data;
    }
    if (type == APEX_F32)
        return range_of_floats(in, n, (const float *[]){limit[0], limit[1], limit[2]});
    return range_of_ints(in, n, (const int64_t *[]){limit[0], limit[1], limit[2]});
}

static int is_nonzero(const struct apex_tensor *t, int64_t i)
{
    switch (t->type) {
    case APEX_F32:
        return ((const float *)t->data)[i] != 0.0f;
    case APEX_I64:
        return ((const int64_t *)t->data)[i] != 0;
    case APEX_BOOL:
        return ((const uint8_t *)t->data)[i] != 0;
    }
    return 0;
}

int infer_nonzero(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    if (!x)
        return graph_fail(in->g, n, in->err, "its input must be constant");
    int64_t count = apex_shape_count(&x->shape), found = 0, at = 0, stride[APEX_MAX_RANK];
    for (int64_t i = 0; i < count; i++)
        found += is_nonzero(x, i);
    struct apex_shape shape = {.rank = 2, .dim = {x->shape.rank, found}};
    struct apex_tensor *t = infer_make_tensor(in, n, APEX_I64, &shape);
    apex_shape_strides(&x->shape, stride);
    for (int64_t i = 0; t && i < count; i++) {
        if (!is_nonzero(x, i))
            continue;
        for (int d = 0; d < x->shape.rank; d++)
            ((int64_t *)t->data)[d * found + at] = i / stride[d] % x->shape.dim[d];
        at++;
    }
    return give(in, n, t);
}

int infer_type(struct infer *in, const struct graph_node *n, int64_t onnx_type, enum apex_type *type)
{
    if (onnx_type >= 0 && onnx_type <= INT32_MAX && tensor_proto_type((int)onnx_type, type) == 0)
        return 0;
    return graph_fail(in->g, n, in->err, "to element type %lld is not supported", (long long)onnx_type);
}

int infer_if(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    const struct apex_tensor *t = arg_constant(in, n, 0, APEX_BOOL);
    if (!t)
        return -1;
    int side = apex_shape_count(&t->shape) == 1 && *(const uint8_t *)t->data ? 1 : 2;
    if (apex_shape_count(&t->shape) != 1 || side >= n->inputs || n->input[side] < 0)
        return graph_fail(in->g, n, in->err, "has no branch for its condition");
    n->input[0] = n->input[side];
    return INFER_VANISH;
}

int infer_cast(struct infer *in, const struct op *op, struct graph_node *n)
{
    enum apex_type to;
    struct apex_shape shape = *arg_shape(in, n, 0);
    const struct apex_tensor *x = graph_constant(in->g, n, 0), *like = graph_constant(in->g, n, 1);
    int64_t wanted = graph_attr_int(n, "to", 0);
    if (strcmp(op->name, "CastLike") == 0)
        to = like ? like->type : APEX_F32; /* what is not constant is float */
    else if (infer_type(in, n, wanted, &to) < 0)
        return -1;
    if ((x ? x->type : APEX_F32) == to)
        return INFER_VANISH;
    if (!x && to == APEX_BOOL) /* 1 or 0 */
        return lower_become(in, n, "Not", lower_step(in, n, "Not", n->input[0], -1), -1);
    if (!x)
        return graph_fail(in->g, n, in->err, "what depends on the network's input can only be float");
    graph_node_cut_inputs(n, 1);
    graph_node_drop_attrs(n);
    int bits = like ? like->bits : tensor_proto_bits((int)wanted);
    if (graph_node_add_int(n, "to", (int64_t)to, in->err) < 0 ||
        graph_node_add_int(n, "bits", bits, in->err) < 0)
        return -1;
    return arg_set_shape(in, n, 0, &shape);
}
