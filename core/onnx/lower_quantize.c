/* QuantizeLinear and DequantizeLinear in float: the network computes with the rounded numbers that an integer
 * kernel would see, exact up to 24 bits. */
#include "core/onnx/lower.h"

#include <string.h>

/* Input k, a constant number or one for each entry of the axis, as a value that broadcasts. */
static int per_axis(struct infer *in, const struct graph_node *n, int k, int axis, const struct apex_shape *x)
{
    const struct apex_tensor *t = graph_constant(in->g, n, k);
    char text[APEX_SHAPE_TEXT];
    if (!t || t->type == APEX_BOOL)
        return graph_fail(in->g, n, in->err, "input %d must be a constant number", k);
    int64_t count = apex_shape_count(&t->shape);
    struct apex_shape shape = {.rank = count == 1 ? 0 : x->rank - axis, .dim = {count}};
    if (count != 1 && (t->shape.rank != 1 || count != x->dim[axis]))
        return graph_fail(in->g, n, in->err,
                          "input %d of shape %s is neither one number nor one for each entry", k,
                          apex_shape_text(&t->shape, text));
    for (int d = 1; d < shape.rank; d++)
        shape.dim[d] = 1;
    struct apex_tensor *f = infer_make_tensor(in, n, APEX_F32, &shape);
    for (int64_t i = 0; f && i < count; i++)
        ((float *)f->data)[i] =
            t->type == APEX_F32 ? ((const float *)t->data)[i] : (float)((const int64_t *)t->data)[i];
    return lower_tensor(in, n, f);
}

struct scheme {
    int scale, zero; /* values; zero -1: none */
    float low, high;
};

/* The range of the type that the zero point or the attribute names; uint8 where neither is there. */
static int read_range(struct infer *in, const struct graph_node *n, struct scheme *s)
{
    static const int bits_of[] = {[2] = -8, [3] = 8, [4] = -16, [5] = 16, [21] = -4, [22] = 4};
    const struct apex_tensor *zero = graph_constant(in->g, n, 2);
    int64_t type = graph_attr_int(n, "output_dtype", 0);
    int bits = -8;
    if (type > 0 && type < (int64_t)(sizeof bits_of / sizeof bits_of[0]))
        bits = bits_of[type];
    else if (zero)
        bits = zero->bits;
    if (bits == 0 || bits > 16 || bits < -16)
        return graph_fail(in->g, n, in->err, "quantises to a type that is not supported");
    s->low = bits < 0 ? 0.0f : -(float)(1 << (bits - 1));
    s->high = (float)(1 << (bits < 0 ? -bits : bits - 1)) - 1;
    return 0;
}

static int read_scheme(struct infer *in, const struct graph_node *n, struct scheme *s)
{
    struct apex_shape x = *arg_shape(in, n, 0);
    int axis = 0, is_list = apex_shape_count(arg_shape(in, n, 1)) != 1;
    s->zero = -1;
    if (graph_attr_int(n, "block_size", 0) != 0)
        return graph_fail(in->g, n, in->err, "quantised in blocks, which is not supported");
    if (is_list && arg_axis(in, n, graph_attr_int(n, "axis", 1), x.rank, &axis) < 0)
        return -1;
    if (is_list && axis == 0 && arg_dynamic(in, n, 0))
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: a scale for each of them");
    s->scale = per_axis(in, n, 1, axis, &x);
    if (arg_given(n, 2))
        s->zero = per_axis(in, n, 2, axis, &x);
    return s->scale < 0 || (arg_given(n, 2) && s->zero < 0) ? -1 : 0;
}

/* min(a, most) by Min, and max(a, least) as -min(-a, -least): a Max would look like a ReLU, and be a site. */
static int clipped(struct infer *in, const struct graph_node *n, int a, float low, float high)
{
    int most = lower_number(in, n, high), least = lower_number(in, n, -low);
    if (a < 0 || most < 0 || least < 0)
        return -1;
    a = lower_step(in, n, "Neg", lower_step(in, n, "Min", a, most), -1);
    return lower_step(in, n, "Neg", a < 0 ? -1 : lower_step(in, n, "Min", a, least), -1);
}

int lower_quantize(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct scheme s;
    if (read_range(in, n, &s) < 0 || read_scheme(in, n, &s) < 0)
        return -1;
    int a = lower_step(in, n, "Round", lower_step(in, n, "Div", n->input[0], s.scale), -1);
    if (s.zero >= 0 && a >= 0)
        a = lower_step(in, n, "Add", a, s.zero);
    return lower_become(in, n, "Identity", clipped(in, n, a, s.low, s.high), -1);
}

int lower_dequantize(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct scheme s;
    struct graph_node cast;
    int a = n->input[0];
    if (read_scheme(in, n, &s) < 0)
        return -1;
    if (graph_constant(in->g, n, 0) && graph_constant(in->g, n, 0)->type == APEX_I64) {
        if (lower_begin(in, n, "Cast", a, -1, &cast) < 0)
            return -1;
        if (graph_node_add_int(&cast, "to", 1, in->err) < 0) {
            graph_node_clear(&cast);
            return -1;
        }
        a = infer_step(in, &cast);
    }
    if (s.zero >= 0 && a >= 0)
        a = lower_step(in, n, "Sub", a, s.zero);
    return lower_become(in, n, "Mul", a, s.scale);
}
