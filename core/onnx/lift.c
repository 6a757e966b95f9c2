#include "core/onnx/lift.h"
#include "core/onnx/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct lift *lift_of(const struct infer *in, int v)
{
    return v >= 0 && v < in->lifts && in->lift[v].count > 0 ? &in->lift[v] : NULL;
}

struct apex_shape lift_file_shape(const struct infer *in, const struct graph_node *n)
{
    struct apex_shape x = *arg_shape(in, n, 0);
    const struct lift *l = lift_of(in, n->input[0]);
    if (arg_dynamic(in, n, 0) && x.rank > 0)
        x.dim[l ? l->at[0].axis : 0] *= in->batch;
    return x;
}

static int set_lift(struct infer *in, int v, const struct lift *l)
{
    if (v >= in->lifts) {
        int room = 2 * v + 16;
        struct lift *more = realloc(in->lift, (size_t)room * sizeof *more);
        if (!more)
            return apex_fail(in->err, "no memory");
        memset(more + in->lifts, 0, (size_t)(room - in->lifts) * sizeof *more);
        in->lift = more;
        in->lifts = room;
    }
    in->lift[v] = *l;
    return 0;
}

int lift_wanted(struct infer *in, const struct graph_node *n)
{
    for (int k = 0; k < n->inputs; k++)
        if (lift_of(in, n->input[k]))
            return 1;
    if (n->inputs < 1 || !arg_dynamic(in, n, 0))
        return 0;
    const struct graph_attr *perm = graph_attr(n, "perm");
    if (strcmp(n->op, "Transpose") == 0)
        return perm ? perm->type == ATTR_INTS && perm->count > 0 && perm->ints[0] != 0
                    : arg_shape(in, n, 0)->rank > 1;
    return strcmp(n->op, "Reshape") == 0 && reshape_moves_batch(in, n);
}

static int lifted_shape(struct infer *in, const struct graph_node *n, const struct apex_shape *t,
                        struct apex_shape *lifted)
{
    if (t->rank >= APEX_MAX_RANK)
        return graph_fail(in->g, n, in->err, "more than %d dimensions", APEX_MAX_RANK - 1);
    lifted->rank = t->rank + 1;
    lifted->dim[0] = 1;
    memcpy(lifted->dim + 1, t->dim, (size_t)t->rank * sizeof *t->dim);
    return 0;
}

/* A Reshape from one value to another, at the end of the graph. */
static int emit_reshape_node(struct infer *in, const struct graph_node *n, const char *suffix, int from,
                             int to)
{
    struct graph_node made;
    return graph_node_init(&made, "Reshape", n->name, suffix, from, to, in->err) < 0 ? -1
                                                                                     : infer_emit(in, &made);
}

static int new_value(struct infer *in, const struct graph_node *n, const struct apex_shape *shape)
{
    char name[256];
    snprintf(name, sizeof name, "%.200s:lifted:%d", n->name, in->g->values);
    int v = graph_add_value(in->g, name, in->err);
    if (v >= 0)
        in->g->value[v].shape = *shape;
    return v;
}

/* An ordinary dynamic input becomes a lifted one. */
static int lift_input(struct infer *in, struct graph_node *n, int k)
{
    struct apex_shape shape;
    const struct lift first = {.count = 1, .at = {{0, 1}}};
    char suffix[32];
    if (!arg_dynamic(in, n, k) || lift_of(in, n->input[k]))
        return 0;
    if (lifted_shape(in, n, arg_shape(in, n, k), &shape) < 0)
        return -1;
    int v = new_value(in, n, &shape);
    snprintf(suffix, sizeof suffix, ":lift%d", k);
    if (v < 0 || emit_reshape_node(in, n, suffix, n->input[k], v) < 0)
        return -1;
    n->input[k] = v;
    return set_lift(in, v, &first);
}

/* op->infer with the shapes T in place of the lifted ones. */
static int infer_stripped(struct infer *in, const struct op *op, struct graph_node *n)
{
    int inputs = n->inputs, rc = -1, *index = malloc(((size_t)inputs + 1) * sizeof *index);
    struct apex_shape *saved = malloc(((size_t)inputs + 1) * sizeof *saved);
    int count = 0;
    if (!index || !saved) {
        apex_fail(in->err, "no memory for node '%.200s'", n->name);
        goto done;
    }
    for (int k = 0; k < inputs; k++) {
        int seen = !lift_of(in, n->input[k]);
        for (int j = 0; j < count; j++)
            seen = seen || index[j] == n->input[k];
        if (seen)
            continue;
        struct apex_shape *s = &in->g->value[n->input[k]].shape;
        index[count] = n->input[k];
        saved[count++] = *s;
        s->rank--;
        memmove(s->dim, s->dim + 1, (size_t)s->rank * sizeof *s->dim);
    }
    in->lifting = 1;
    in->lift_axis = -1;
    rc = op->infer(in, op, n);
    in->lifting = 0;
    for (int j = 0; j < count; j++)
        in->g->value[index[j]].shape = saved[j];
done:
    free(index);
    free(saved);
    return rc;
}

/* The axes of the normal form, one further. */
static int shift_axes(struct infer *in, struct graph_node *n)
{
    static const char *const lists[] = {"perm", "starts", "ends", "axes", "steps"};
    static const int64_t firsts[] = {0, 0, 1, 0, 1};
    int is_slice = strcmp(n->op, "Slice") == 0;
    for (int i = 0; i < n->attrs; i++) {
        struct graph_attr *a = &n->attr[i];
        if (strcmp(a->name, "axis") == 0)
            a->i++;
        if (strcmp(a->name, "axes") == 0 || strcmp(a->name, "perm") == 0)
            for (size_t k = 0; k < a->count; k++)
                a->ints[k]++;
        int grows = strcmp(a->name, "perm") == 0 || is_slice;
        for (size_t l = 0; grows && l < sizeof lists / sizeof *lists; l++) {
            if (strcmp(a->name, lists[l]) != 0)
                continue;
            int64_t *more = realloc(a->ints, (a->count + 1) * sizeof *more);
            if (!more)
                return apex_fail(in->err, "no memory for node '%.200s'", n->name);
            memmove(more + 1, more, a->count++ * sizeof *more);
            more[0] = firsts[l];
            a->ints = more;
        }
    }
    return 0;
}

static int64_t axis_of(const struct graph_node *n)
{
    return graph_attr_int(n, "axis", 0);
}

/* Places of input k, seen from the right end of an output of this rank, without its dimension `along` (from
 * the end, 1 is the last; 0: none). */
static void from_right(const struct lift *l, int rank, int out_rank, int along, struct lift *to)
{
    for (int i = 0; i < l->count; i++)
        if (along == 0 || l->at[i].axis != rank - along)
            places_add(to, l->at[i].axis + out_rank - rank, l->at[i].outer);
}

static void along_axes(const struct lift *l, const struct graph_node *n, const struct apex_shape *x,
                       struct lift *to)
{
    *to = *l;
    if (strcmp(n->op, "Slice") == 0) {
        const struct graph_attr *steps = graph_attr(n, "steps"), *starts = graph_attr(n, "starts");
        const struct graph_attr *ends = graph_attr(n, "ends");
        for (int d = 0; d < x->rank; d++)
            if (steps->ints[d] != 1 || starts->ints[d] != 0 || ends->ints[d] != x->dim[d])
                places_exclude(to, d);
        return;
    }
    int last = strcmp(n->op, "LayerNormalization") == 0 ? x->rank - 1 : (int)axis_of(n);
    for (int d = (int)axis_of(n); d <= last; d++)
        places_exclude(to, d);
}

static void picked(const struct lift *l, const struct graph_node *n, int rank, int out_rank, struct lift *to)
{
    int axis = (int)axis_of(n);
    for (int i = 0; i < l->count; i++)
        if (l->at[i].axis != axis)
            places_add(to, l->at[i].axis + (l->at[i].axis > axis ? out_rank - rank : 0), l->at[i].outer);
}

/* Where the batch may be in the output; all places that any lifted input leaves. */
static int find_places(struct infer *in, enum lift_kind kind, const struct graph_node *n, const int *input,
                       int inputs, const struct apex_shape *y, struct lift *to)
{
    int first = 1;
    for (int k = 0; k < inputs; k++) {
        const struct lift *l = lift_of(in, input[k]);
        struct lift own = {0};
        if (!l)
            continue;
        struct apex_shape x = in->g->value[input[k]].shape;
        x.rank--;
        memmove(x.dim, x.dim + 1, (size_t)x.rank * sizeof *x.dim);
        switch (kind) {
        case RESHAPE:
            places_reshape(l, &x, y, &own);
            for (int d = 0; in->lift_axis >= 0 && d < y->rank; d++)
                if (d != in->lift_axis)
                    places_exclude(&own, d);
            break;
        case PERMUTE:
            places_permute(l, n, &own);
            break;
        case ALONG:
            along_axes(l, n, &x, &own);
            break;
        case GATHER:
            picked(l, n, x.rank, y->rank, &own);
            break;
        case REDUCE:
            places_drop(l, n, &own);
            break;
        case PRODUCT:
        case ROWS:
            from_right(l, x.rank, y->rank, k == 0 ? 1 : 2, &own);
            break;
        default:
            from_right(l, x.rank, y->rank, 0, &own);
        }
        if (first)
            *to = own;
        else /* several operands: where all of them have it */
            for (int i = to->count; i-- > 0;) {
                int met = 0;
                for (int j = 0; j < own.count; j++)
                    met = met || (own.at[j].axis == to->at[i].axis && own.at[j].outer == to->at[i].outer);
                if (!met)
                    to->at[i] = to->at[--to->count];
            }
        first = 0;
    }
    return to->count;
}

/* A Gemm on lifted rows [1, rows, K]: MatMul, then Add. */
static int split_gemm(struct infer *in, struct graph_node *n, const struct apex_shape *lifted)
{
    struct graph_node product;
    if (n->inputs < 3)
        return graph_node_rename(n, "MatMul", in->err);
    int v = new_value(in, n, lifted), bias = n->input[2];
    if (v < 0 || graph_node_init(&product, "MatMul", n->name, ":product", n->input[0], v, in->err) < 0)
        return -1;
    int *input = realloc(product.input, 2 * sizeof *input);
    if (!input) {
        graph_node_clear(&product);
        return apex_fail(in->err, "no memory for node '%.200s'", n->name);
    }
    product.input = input;
    product.inputs = 2;
    input[1] = n->input[1];
    n->input[0] = v;
    n->input[1] = bias;
    graph_node_cut_inputs(n, 2);
    return infer_emit(in, &product) < 0 ? -1 : graph_node_rename(n, "Add", in->err);
}

/* The batch is the first dimension and nothing else is in it. */
static int is_ordinary(const struct lift *l, const struct apex_shape *t)
{
    for (int i = 0; i < l->count; i++)
        if (l->at[i].axis == 0 && l->at[i].outer == 1 && t->rank > 0 && t->dim[0] == 1)
            return 1;
    return 0;
}

/* Output k in its lifted shape; or, if it is an ordinary tensor again, by way of a Reshape after the node. */
static int finish_output(struct infer *in, const struct op *op, struct graph_node *n, const struct lift *l,
                         const struct apex_shape *t)
{
    struct apex_shape lifted;
    int out = n->output[0];
    if (lifted_shape(in, n, t, &lifted) < 0 || shift_axes(in, n) < 0)
        return -1;
    if (strcmp(op->name, "Gemm") == 0 && split_gemm(in, n, &lifted) < 0)
        return -1;
    if (!is_ordinary(l, t)) {
        in->g->value[out].shape = lifted;
        return set_lift(in, out, l);
    }
    if (strcmp(n->op, "Reshape") == 0)
        return 0; /* straight to the ordinary shape, which the output has */
    return infer_then_reshape(in, n, &lifted, t);
}

int lift_infer(struct infer *in, const struct op *op, struct graph_node *n)
{
    enum lift_kind kind = lift_kind(op->name);
    struct lift places = {0};
    if (kind == LIFT_UNKNOWN)
        return graph_fail(
            in->g, n, in->err,
            "mixes the samples of a batch, or is not supported where the batch is not the first dimension");
    int moves = 1;
    for (int k = 0; k < n->inputs; k++)
        moves = moves && !lift_of(in, n->input[k]);
    if (moves)
        snprintf(in->moved, sizeof in->moved, "node '%.160s' (%.60s)", n->name, n->op);
    for (int k = 0; k < n->inputs; k++)
        if (lift_input(in, n, k) < 0)
            return -1;
    int inputs = n->inputs < APEX_MAX_RANK ? n->inputs : APEX_MAX_RANK, input[APEX_MAX_RANK];
    memcpy(input, n->input, (size_t)inputs * sizeof *input);
    int rc = infer_stripped(in, op, n);
    if (rc != INFER_KEEP || in->g->value[n->output[0]].constant)
        return rc;
    struct apex_shape t = in->g->value[n->output[0]].shape;
    if (find_places(in, kind, n, input, inputs, &t, &places) == 0)
        return graph_fail(in->g, n, in->err,
                          "mixes the samples of a batch: it works along the dimension that holds them");
    for (int k = 1; k < n->outputs; k++) { /* of a Split */
        struct apex_shape part;
        if (n->output[k] < 0)
            continue;
        if (lifted_shape(in, n, &in->g->value[n->output[k]].shape, &part) < 0 ||
            set_lift(in, n->output[k], &places) < 0)
            return -1;
        in->g->value[n->output[k]].shape = part;
    }
    if (n->outputs > 1 && is_ordinary(&places, &t))
        return graph_fail(in->g, n, in->err, "splits a tensor whose batch was moved, which is not supported");
    return finish_output(in, op, n, &places, &t);
}
