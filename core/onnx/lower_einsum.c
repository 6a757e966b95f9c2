/* Einsum of one or two operands as Transpose, Reshape, MatMul and ReduceSum. */
#include "core/onnx/lower.h"

#include <ctype.h>
#include <string.h>

struct term {
    int rank;
    char label[APEX_MAX_RANK]; /* what stands for "..." has the labels '0', '1', ... counted from the right */
};

static int find(const struct term *t, char label)
{
    const char *at = t->rank ? memchr(t->label, label, (size_t)t->rank) : NULL;
    return at ? (int)(at - t->label) : -1;
}

/* One term of the equation, up to a ',', "->" or the end. wide: how many dimensions "..." stands for. */
static const char *read_term(const char *s, int wide, struct term *t)
{
    t->rank = 0;
    for (; *s && *s != ',' && *s != '-'; s++) {
        if (isspace((unsigned char)*s))
            continue;
        int dots = strncmp(s, "...", 3) == 0;
        if (wide < 0 || (!dots && !isalpha((unsigned char)*s)) || t->rank + (dots ? wide : 1) > APEX_MAX_RANK)
            return NULL;
        for (int k = wide; dots && k-- > 0;)
            t->label[t->rank++] = (char)('0' + k);
        if (!dots)
            t->label[t->rank++] = *s;
        s += dots ? 2 : 0;
    }
    return s;
}

/* How many dimensions "..." stands for in an operand of this rank. */
static int width(const char *s, int rank)
{
    int labels = 0, dots = 0;
    for (; *s && *s != ',' && *s != '-'; s++) {
        labels += isalpha((unsigned char)*s) != 0;
        dots += *s == '.';
    }
    return dots == 0 ? (labels == rank ? 0 : -1) : dots == 3 ? rank - labels : -1;
}

/* Without "->": what occurs once, in alphabetical order, after "...". */
static void implied_output(const struct term *from, int terms, int wide, struct term *y)
{
    y->rank = 0;
    for (int k = wide; k-- > 0 && y->rank < APEX_MAX_RANK;)
        y->label[y->rank++] = (char)('0' + k);
    for (int c = 'A'; c <= 'z'; c++) {
        int seen = 0;
        for (int k = 0; k < terms; k++)
            for (int d = 0; d < from[k].rank; d++)
                seen += from[k].label[d] == c;
        if (seen == 1 && y->rank < APEX_MAX_RANK)
            y->label[y->rank++] = (char)c;
    }
}

static int repeats(const struct term *t)
{
    for (int d = 1; d < t->rank; d++)
        if (memchr(t->label, t->label[d], (size_t)d))
            return 1;
    return 0;
}

static int read_equation(struct infer *in, const struct graph_node *n, struct term from[2], struct term *y)
{
    const char *equation = graph_attr_string(n, "equation", ""), *s = equation;
    int most = 0;
    for (int k = 0; k < n->inputs && s; k++) {
        int wide = width(s, arg_shape(in, n, k)->rank);
        most = wide > most ? wide : most;
        s = read_term(s, wide, &from[k]);
        if (s && *s == ',' && k + 1 < n->inputs)
            s++;
    }
    if (s && *s == '-' && s[1] == '>')
        s = read_term(s + 2, most, y);
    else if (s && !*s)
        implied_output(from, n->inputs, most, y);
    int ok = s && !*s && !repeats(y);
    for (int k = 0; ok && k < n->inputs; k++)
        ok = !repeats(&from[k]);
    for (int d = 0; ok && d < y->rank; d++)
        ok = find(&from[0], y->label[d]) >= 0 || (n->inputs > 1 && find(&from[1], y->label[d]) >= 0);
    return ok ? 0 : graph_fail(in->g, n, in->err, "equation '%.100s' is not supported here", equation);
}

/* v, whose dimensions are *t, with those of `want` in that order. */
static int arranged(struct infer *in, const struct graph_node *n, int v, const struct term *t,
                    const struct term *want)
{
    int64_t perm[APEX_MAX_RANK];
    for (int d = 0; d < want->rank; d++)
        perm[d] = find(t, want->label[d]);
    return want->rank < 2 ? v : lower_ints(in, n, "Transpose", v, "perm", perm, want->rank);
}

/* v without the dimensions that neither the output nor the other operand has: their sum. */
static int without_own(struct infer *in, const struct graph_node *n, int v, struct term *t,
                       const struct term *other, const struct term *y)
{
    int64_t axes[APEX_MAX_RANK];
    struct term left = {0};
    int count = 0;
    for (int d = 0; d < t->rank; d++) {
        if (find(y, t->label[d]) < 0 && (!other || find(other, t->label[d]) < 0))
            axes[count++] = d;
        else
            left.label[left.rank++] = t->label[d];
    }
    if (count == 0)
        return v;
    struct graph_node sum;
    *t = left;
    if (lower_begin(in, n, "ReduceSum", v, -1, &sum) < 0)
        return -1;
    if (graph_node_add_ints(&sum, "axes", axes, (size_t)count, in->err) == 0 &&
        graph_node_add_int(&sum, "keepdims", 0, in->err) == 0)
        return infer_step(in, &sum);
    graph_node_clear(&sum);
    return -1;
}

static void append(struct term *t, char label)
{
    t->label[t->rank++] = label;
}

/* An operand as a stack of matrices: the labels of `outer` (1 where it lacks one), then those of `row` in one
 * dimension, then those of `column`. */
static int stacked(struct infer *in, const struct graph_node *n, int v, const struct term *t,
                   const struct term *outer, const struct term *row, const struct term *column)
{
    struct term order = {0};
    struct apex_shape x = in->g->value[v].shape;
    int64_t dim[APEX_MAX_RANK + 2];
    int rank = 0, is_dynamic = !in->g->value[v].constant;
    for (int d = 0; d < outer->rank; d++) {
        int at = find(t, outer->label[d]);
        dim[rank++] = at < 0 ? 1 : x.dim[at];
        if (at >= 0)
            append(&order, outer->label[d]);
    }
    const struct term *sides[] = {row, column};
    for (int k = 0; k < 2; k++) {
        dim[rank] = 1;
        for (int d = 0; d < sides[k]->rank; d++) {
            append(&order, sides[k]->label[d]);
            if (__builtin_mul_overflow(dim[rank], x.dim[find(t, sides[k]->label[d])], &dim[rank]))
                return graph_fail(in->g, n, in->err, "shape overflow");
        }
        rank++;
    }
    if (rank > APEX_MAX_RANK)
        return graph_fail(in->g, n, in->err, "more than %d dimensions", APEX_MAX_RANK);
    v = arranged(in, n, v, t, &order);
    if (is_dynamic && outer->rank > 0 && find(t, outer->label[0]) >= 0)
        dim[0] = 0; /* the batch, whatever the file says of it */
    int drop = 0;   /* a constant matrix is a dense layer's weight */
    while (!is_dynamic && drop < rank - 2 && dim[drop] == 1)
        drop++;
    return v < 0 ? -1 : lower_reshape(in, n, v, dim + drop, rank - drop);
}

/* The product of a and b, whose dimensions are from[0] and from[1]. */
static int product(struct infer *in, const struct graph_node *n, int a, int b, const struct term from[2],
                   const struct term *y, int64_t *size)
{
    struct term outer = {0}, row = {0}, inner = {0}, column = {0}, made = {0};
    int first_is_a = !in->g->value[a].constant && from[0].rank > 0;
    for (int d = 0; d < y->rank; d++) {
        char c = y->label[d];
        int in_a = find(&from[0], c), in_b = find(&from[1], c);
        int is_batch = in_a == 0 && first_is_a && d == 0;
        append(is_batch || (in_a >= 0 && in_b >= 0) ? &outer : in_a >= 0 ? &row : &column, c);
    }
    for (int d = 0; d < from[0].rank; d++)
        if (find(y, from[0].label[d]) < 0)
            append(&inner, from[0].label[d]);
    int left = stacked(in, n, a, &from[0], &outer, &row, &inner);
    int right = left < 0 ? -1 : stacked(in, n, b, &from[1], &outer, &inner, &column);
    int v = right < 0 ? -1 : lower_step(in, n, "MatMul", left, right);
    const struct term *parts[] = {&outer, &row, &column};
    int64_t dim[APEX_MAX_RANK];
    for (int k = 0; k < 3; k++)
        for (int d = 0; d < parts[k]->rank; d++) {
            dim[made.rank] = size[(unsigned char)parts[k]->label[d]];
            append(&made, parts[k]->label[d]);
        }
    if (v >= 0 && !in->g->value[v].constant && outer.rank > 0)
        dim[0] = 0;
    v = v < 0 ? -1 : lower_reshape(in, n, v, dim, made.rank);
    return v < 0 ? -1 : arranged(in, n, v, &made, y);
}

/* How long each label is. */
static int sizes(struct infer *in, const struct graph_node *n, const struct term from[2], int64_t size[256])
{
    for (int k = 0; k < n->inputs; k++)
        for (int d = 0; d < from[k].rank; d++) {
            int64_t *s = &size[(unsigned char)from[k].label[d]], own = arg_shape(in, n, k)->dim[d];
            if (*s >= 0 && *s != own)
                return graph_fail(in->g, n, in->err, "dimensions of %lld and %lld under one letter",
                                  (long long)*s, (long long)own);
            *s = own;
        }
    return 0;
}

int lower_einsum(struct infer *in, const struct op *op, struct graph_node *n)
{
    (void)op;
    struct term from[2] = {{0}}, y = {0};
    int64_t size[256];
    int both = n->inputs == 2;
    memset(size, -1, sizeof size);
    if (read_equation(in, n, from, &y) < 0 || sizes(in, n, from, size) < 0)
        return -1;
    int a = without_own(in, n, n->input[0], &from[0], both ? &from[1] : NULL, &y);
    if (!both || a < 0)
        return a < 0 ? -1 : lower_become(in, n, "Identity", arranged(in, n, a, &from[0], &y), -1);
    int b = without_own(in, n, n->input[1], &from[1], &from[0], &y);
    if (b < 0)
        return -1;
    if (in->g->value[a].constant &&
        !in->g->value[b].constant) { /* what depends on the input is on the left */
        struct term t = from[0];
        int v = a;
        from[0] = from[1];
        from[1] = t;
        a = b;
        b = v;
    }
    return lower_become(in, n, "Identity", product(in, n, a, b, from, &y, size), -1);
}
