/* Functions of several tensors, on constants. */
#include "core/onnx/rules.h"

#include <math.h>
#include <string.h>

int fold_clip(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    struct apex_tensor *y = infer_make_output(in, n, 0, APEX_F32);
    float min = graph_attr_float(n, "min", 0), max = graph_attr_float(n, "max", 0);
    for (int64_t i = 0, count = apex_shape_count(&x->shape); y && i < count; i++)
        ((float *)y->data)[i] = fminf(fmaxf(((const float *)x->data)[i], min), max);
    return y ? 0 : -1;
}

static int64_t i_pow(int64_t a, int64_t b)
{
    double r = pow((double)a, (double)b);
    return fabs(r) < 0x1p62 ? (int64_t)r : 0;
}

/* One operation on two numbers; 0, or -1 for a division by zero. Integers wrap around. */
static int integer_op(const char *op, int is_fmod, int64_t a, int64_t b, int64_t *r)
{
    uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
    if (strcmp(op, "Add") == 0)
        *r = (int64_t)(ua + ub);
    else if (strcmp(op, "Sub") == 0)
        *r = (int64_t)(ua - ub);
    else if (strcmp(op, "Mul") == 0)
        *r = (int64_t)(ua * ub);
    else if (strcmp(op, "Pow") == 0)
        *r = i_pow(a, b);
    else if (strcmp(op, "Min") == 0)
        *r = a < b ? a : b;
    else if (strcmp(op, "Max") == 0)
        *r = a > b ? a : b;
    else if (b == 0)
        return -1;
    else if (strcmp(op, "Div") == 0)
        *r = b == -1 ? (int64_t)(0 - ua) : a / b;
    else if (is_fmod) /* the dividend's sign */
        *r = b == -1 ? 0 : a % b;
    else /* Mod takes the divisor's sign */
        *r = b == -1 ? 0 : a % b + (a % b && (a % b < 0) != (b < 0) ? b : 0);
    return 0;
}

static double float_op(const char *op, double a, double b)
{
    switch (op[0]) {
    case 'A':
        return a + b;
    case 'S':
        return a - b;
    case 'D':
        return a / b;
    case 'P':
        return pow(a, b);
    default:
        return strcmp(op, "Mul") == 0   ? a * b
               : strcmp(op, "Min") == 0 ? fmin(a, b)
               : strcmp(op, "Max") == 0 ? fmax(a, b)
                                        : fmod(a, b);
    }
}

static double number_at(const struct apex_tensor *t, int64_t i)
{
    return t->type == APEX_F32   ? ((const float *)t->data)[i]
           : t->type == APEX_I64 ? (double)((const int64_t *)t->data)[i]
                                 : ((const uint8_t *)t->data)[i];
}

static int compare(const char *op, const struct apex_tensor *a, const struct apex_tensor *b, int64_t i)
{
    double x = number_at(a, i), y = number_at(b, i);
    int equal = x == y;
    if (a->type == APEX_I64 && b->type == APEX_I64) { /* exact beyond 2^53 */
        int64_t m = ((const int64_t *)a->data)[i], n = ((const int64_t *)b->data)[i];
        equal = m == n;
        x = m > n;
        y = m < n;
    }
    switch (op[0]) {
    case 'A':
        return x != 0 && y != 0;
    case 'O':
        return x != 0 || y != 0;
    case 'X':
        return (x != 0) != (y != 0);
    case 'E':
        return equal;
    case 'L':
        return x < y || (op[4] && equal);
    default:
        return x > y || (op[7] && equal);
    }
}

/* Input k, repeated to this shape; freed by the caller. */
static struct apex_tensor *spread(struct infer *in, const struct graph_node *n, int k,
                                  const struct apex_shape *shape)
{
    const struct apex_tensor *t = graph_constant(in->g, n, k);
    struct apex_tensor *full = infer_make_tensor(in, n, t->type, shape);
    int64_t to[APEX_MAX_RANK], own[APEX_MAX_RANK], from[APEX_MAX_RANK] = {0};
    if (!full)
        return NULL;
    in->folded -= apex_shape_count(shape); /* lives for a moment only */
    apex_shape_strides(shape, to);
    apex_shape_strides(&t->shape, own);
    for (int d = 0; d < t->shape.rank; d++)
        if (t->shape.dim[d] != 1)
            from[d + shape->rank - t->shape.rank] = own[d];
    apex_strided_copy(shape, apex_type_size(t->type), full->data, to, t->data, from);
    return full;
}

static int64_t to_integer(double x) /* toward zero; what does not fit becomes a limit, NaN 0 */
{
    return isnan(x) ? 0 : x >= 0x1p63 ? INT64_MAX : x <= -0x1p63 ? INT64_MIN : (int64_t)x;
}

static int combine(struct infer *in, const struct graph_node *n, const struct apex_tensor *a,
                   const struct apex_tensor *b, struct apex_tensor *y)
{
    int64_t count = apex_shape_count(&y->shape);
    int is_fmod = graph_attr_int(n, "fmod", 0) != 0;
    for (int64_t i = 0; i < count; i++) {
        if (y->type == APEX_BOOL)
            ((uint8_t *)y->data)[i] = (uint8_t)compare(n->op, a, b, i);
        else if (y->type == APEX_F32)
            ((float *)y->data)[i] = (float)float_op(n->op, number_at(a, i), number_at(b, i));
        else if (b->type == APEX_F32) /* an exponent */
            ((int64_t *)y->data)[i] = to_integer(pow(number_at(a, i), number_at(b, i)));
        else if (integer_op(n->op, is_fmod, ((const int64_t *)a->data)[i], ((const int64_t *)b->data)[i],
                            &((int64_t *)y->data)[i]) < 0)
            return graph_fail(in->g, n, in->err, "division of integers by zero");
    }
    return 0;
}

/* The result's type, or -1: bools for comparisons; numbers must agree, except for an exponent. */
static int result_type(const struct graph_node *n, enum apex_type a, enum apex_type b)
{
    static const char *const logic[] = {"And",  "Or",          "Xor",     "Equal",
                                        "Less", "LessOrEqual", "Greater", "GreaterOrEqual"};
    int is_pow = strcmp(n->op, "Pow") == 0;
    for (size_t i = 0; i < sizeof logic / sizeof logic[0]; i++)
        if (strcmp(n->op, logic[i]) == 0)
            return a == b && (i > 2 || a == APEX_BOOL) ? APEX_BOOL : -1;
    if (a == APEX_BOOL || b == APEX_BOOL || (a != b && !is_pow))
        return -1;
    return (int)a;
}

int fold_binary(struct infer *in, const struct graph_node *n)
{
    const struct apex_shape shape = in->g->value[n->output[0]].shape;
    struct apex_tensor *y = NULL;
    int rc = 0;
    for (int k = 1; k < n->inputs && rc == 0; k++) { /* Min and Max take any number */
        struct apex_tensor *a = k == 1 ? spread(in, n, 0, &shape) : y, *b = spread(in, n, k, &shape);
        int type = a && b ? result_type(n, a->type, b->type) : -1;
        y = NULL;
        rc = -1;
        if (a && b && type < 0)
            graph_fail(in->g, n, in->err, "constants of these types do not combine");
        else if (a && b && (y = infer_make_tensor(in, n, (enum apex_type)type, &shape)))
            rc = combine(in, n, a, b, y);
        apex_tensor_free(a);
        apex_tensor_free(b);
    }
    in->g->value[n->output[0]].constant = y;
    return rc;
}

int fold_where(struct infer *in, const struct graph_node *n)
{
    const struct apex_shape shape = in->g->value[n->output[0]].shape;
    struct apex_tensor *choice = spread(in, n, 0, &shape), *a = NULL, *b = NULL;
    int rc = -1;
    if (choice && (a = spread(in, n, 1, &shape)) && (b = spread(in, n, 2, &shape))) {
        struct apex_tensor *y = NULL;
        if (choice->type != APEX_BOOL || a->type != b->type)
            graph_fail(in->g, n, in->err, "constants of these types do not combine");
        else
            y = infer_make_output(in, n, 0, a->type);
        size_t size = apex_type_size(a->type);
        for (int64_t i = 0, count = apex_shape_count(&shape); y && i < count; i++) {
            const struct apex_tensor *from = ((const uint8_t *)choice->data)[i] ? a : b;
            memcpy((char *)y->data + (size_t)i * size, (const char *)from->data + (size_t)i * size, size);
        }
        rc = y ? 0 : -1;
    }
    apex_tensor_free(choice);
    apex_tensor_free(a);
    apex_tensor_free(b);
    return rc;
}

int fold_cast(struct infer *in, const struct graph_node *n)
{
    const struct apex_tensor *x = graph_constant(in->g, n, 0);
    enum apex_type type = (enum apex_type)graph_attr_int(n, "to", APEX_F32);
    struct apex_tensor *y = infer_make_output(in, n, 0, type);
    if (y)
        y->bits = (int)graph_attr_int(n, "bits", 0);
    for (int64_t i = 0, count = apex_shape_count(&x->shape); y && i < count; i++) {
        double v = number_at(x, i);
        if (type == APEX_F32)
            ((float *)y->data)[i] = (float)v;
        else if (type == APEX_I64)
            ((int64_t *)y->data)[i] = to_integer(v);
        else
            ((uint8_t *)y->data)[i] = v != 0;
    }
    return y ? 0 : -1;
}
