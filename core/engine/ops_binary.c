/* Add, Sub, Mul, Div, Pow, Min, Max, PRelu, Where and comparisons (1 or 0) with NumPy broadcasting; either
 * operand may be clean, constant or (sigma = infinity) zero. */
#include "core/engine/builder.h"
#include "core/engine/hot.h"

#include <math.h>
#include <string.h>

enum binary_kind {
    BINARY_ADD,
    BINARY_SUB,
    BINARY_MUL,
    BINARY_DIV,
    BINARY_POW,
    BINARY_MIN,
    BINARY_MAX,
    BINARY_PRELU,
    BINARY_EQUAL,
    BINARY_LESS,
    BINARY_LESS_OR_EQUAL,
    BINARY_KEEP, /* b where a holds, else 0: the halves of a Where */
    BINARY_DROP
};

static const char *const binary_names[] = {"Add", "Sub",   "Mul",   "Div",  "Pow",        "Min",
                                           "Max", "PRelu", "Equal", "Less", "LessOrEqual"};

struct binary {
    enum binary_kind kind;
    int rank; /* of the loops, outer to inner, in the memory order of the output, merged where possible */
    int64_t dim[APEX_MAX_RANK], a[APEX_MAX_RANK], b[APEX_MAX_RANK];
};

static inline __attribute__((always_inline)) float apply(enum binary_kind kind, float a, float b)
{
    switch (kind) {
    case BINARY_ADD:
        return a + b;
    case BINARY_SUB:
        return a - b;
    case BINARY_MUL:
        return a * b;
    case BINARY_DIV:
        return a / b;
    case BINARY_POW:
        return b == 2 ? a * a : powf(a, b);
    case BINARY_MIN:
        return a < b || a != a ? a : b;
    case BINARY_MAX:
        return a > b || a != a ? a : b;
    case BINARY_PRELU:
        return a < 0 ? a * b : a;
    case BINARY_EQUAL:
        return a == b;
    case BINARY_LESS:
        return a < b;
    case BINARY_LESS_OR_EQUAL:
        return a <= b;
    case BINARY_KEEP:
        return a != 0 ? b : 0;
    case BINARY_DROP:
        return a != 0 ? 0 : b;
    }
    return 0;
}

/* The innermost loop; strides of 0 and 1 apart, so that the compiler can vectorise each. */
static inline __attribute__((always_inline)) void loop(enum binary_kind kind, const float *a, int64_t sa,
                                                       const float *b, int64_t sb, int64_t n, float *y)
{
    if (sa == 1 && sb == 1)
        for (int64_t i = 0; i < n; i++)
            y[i] = apply(kind, a[i], b[i]);
    else if (sa == 1 && sb == 0)
        for (int64_t i = 0; i < n; i++)
            y[i] = apply(kind, a[i], *b);
    else if (sa == 0 && sb == 1)
        for (int64_t i = 0; i < n; i++)
            y[i] = apply(kind, *a, b[i]);
    else
        for (int64_t i = 0; i < n; i++)
            y[i] = apply(kind, a[i * sa], b[i * sb]);
}

HOT static void inner(enum binary_kind kind, const float *a, int64_t sa, const float *b, int64_t sb,
                      int64_t n, float *y)
{
    switch (kind) {
    case BINARY_ADD:
        loop(BINARY_ADD, a, sa, b, sb, n, y);
        break;
    case BINARY_SUB:
        loop(BINARY_SUB, a, sa, b, sb, n, y);
        break;
    case BINARY_MUL:
        loop(BINARY_MUL, a, sa, b, sb, n, y);
        break;
    case BINARY_DIV:
        loop(BINARY_DIV, a, sa, b, sb, n, y);
        break;
    case BINARY_POW:
        loop(BINARY_POW, a, sa, b, sb, n, y);
        break;
    case BINARY_MIN:
        loop(BINARY_MIN, a, sa, b, sb, n, y);
        break;
    case BINARY_MAX:
        loop(BINARY_MAX, a, sa, b, sb, n, y);
        break;
    case BINARY_PRELU:
        loop(BINARY_PRELU, a, sa, b, sb, n, y);
        break;
    case BINARY_EQUAL:
        loop(BINARY_EQUAL, a, sa, b, sb, n, y);
        break;
    case BINARY_LESS:
        loop(BINARY_LESS, a, sa, b, sb, n, y);
        break;
    case BINARY_LESS_OR_EQUAL:
        loop(BINARY_LESS_OR_EQUAL, a, sa, b, sb, n, y);
        break;
    case BINARY_KEEP:
        loop(BINARY_KEEP, a, sa, b, sb, n, y);
        break;
    case BINARY_DROP:
        loop(BINARY_DROP, a, sa, b, sb, n, y);
        break;
    }
}

static void run_binary(const struct step *s, const struct pass *pass)
{
    const struct binary *p = s->state;
    int64_t index[APEX_MAX_RANK] = {0};
    const float *a = s->in[0].data, *b = s->in[1].data;
    float *y = s->out.data;
    int last = p->rank - 1;
    (void)pass;
    for (;;) {
        inner(p->kind, a, p->a[last], b, p->b[last], p->dim[last], y);
        y += p->dim[last];
        int k = last - 1;
        for (; k >= 0; k--) {
            a += p->a[k];
            b += p->b[k];
            if (++index[k] < p->dim[k])
                break;
            a -= p->a[k] * p->dim[k];
            b -= p->b[k] * p->dim[k];
            index[k] = 0;
        }
        if (k < 0)
            return;
    }
}

/* Loops in the output's memory order; neighbours that both operands walk without a jump become one. */
static void plan_loops(struct binary *p, const struct operand *a, const struct operand *b,
                       const struct operand *out)
{
    int64_t sa[APEX_MAX_RANK], sb[APEX_MAX_RANK];
    int order[APEX_MAX_RANK];
    broadcast_strides(a, &out->shape, sa);
    broadcast_strides(b, &out->shape, sb);
    layout_axes(out->layout, out->shape.rank, order);
    for (int i = 0; i < out->shape.rank; i++) {
        int64_t dim = out->shape.dim[order[i]], ai = sa[order[i]], bi = sb[order[i]];
        int k = p->rank - 1;
        if (dim == 1)
            continue;
        if (k >= 0 && p->a[k] == ai * dim && p->b[k] == bi * dim) {
            p->dim[k] *= dim;
        } else {
            k = p->rank++;
            p->dim[k] = dim;
        }
        p->a[k] = ai;
        p->b[k] = bi;
    }
    if (p->rank == 0) {
        p->rank = 1;
        p->dim[0] = 1;
    }
}

static int is_whole(const struct operand *o, const struct operand *out)
{
    return apex_shape_equal(&o->shape, &out->shape) && layout_same_memory(o->layout, out->layout, &o->shape);
}

static int emit_pair(struct builder *b, const struct graph_node *n, enum binary_kind kind, struct operand *a,
                     struct operand *c, const struct operand *out)
{
    int zero_counts = kind == BINARY_ADD || kind == BINARY_SUB || kind == BINARY_MIN || kind == BINARY_MAX;
    if (zero_counts && a->degree < b->degree)
        *a = builder_zero(b);
    if (zero_counts && c->degree < b->degree)
        *c = builder_zero(b);
    struct step *s =
        a->buffer < 0 || c->buffer < 0 ? NULL : builder_step(b, n, run_binary, sizeof(struct binary));
    if (!s)
        return -1;
    struct binary *p = s->state;
    p->kind = kind;
    s->kind = kind == BINARY_ADD ? STEP_ADD : STEP_OTHER;
    plan_loops(p, a, c, out);
    step_input(s, a);
    step_input(s, c);
    s->in_place = (unsigned)is_whole(a, out) | (unsigned)is_whole(c, out) << 1;
    s->out = *out;
    return 0;
}

int emit_binary(struct builder *b, const struct graph_node *n)
{
    enum binary_kind kind = BINARY_ADD;
    while (strcmp(binary_names[kind], n->op) != 0)
        kind++;
    struct operand a, c, out;
    if (builder_input(b, n, 0, &a) < 0)
        return -1;
    if (n->inputs == 1) /* Min and Max of one tensor */
        return builder_alias(b, n, 0, &a);
    if (builder_output(b, n, 0, &out) < 0)
        return -1;
    for (int k = 1; k < n->inputs; k++) {
        if (builder_input(b, n, k, &c) < 0 || emit_pair(b, n, kind, &a, &c, &out) < 0)
            return -1;
        a = out;
    }
    return 0;
}

/* KEEP and DROP leave 0 where the other speaks, so their sum is the choice, even of infinities. */
int emit_where(struct builder *b, const struct graph_node *n)
{
    struct operand c, x, y, kept, out;
    if (builder_input(b, n, 0, &c) < 0 || builder_input(b, n, 1, &x) < 0 || builder_input(b, n, 2, &y) < 0 ||
        builder_output(b, n, 0, &out) < 0)
        return -1;
    kept = out;
    kept.buffer = builder_buffer(b, apex_shape_count(&out.shape), NULL);
    struct operand dropped = kept;
    dropped.buffer = builder_buffer(b, apex_shape_count(&out.shape), NULL);
    if (kept.buffer < 0 || dropped.buffer < 0)
        return -1;
    struct operand again = c;
    if (emit_pair(b, n, BINARY_KEEP, &c, &x, &kept) < 0 ||
        emit_pair(b, n, BINARY_DROP, &again, &y, &dropped) < 0)
        return -1;
    return emit_pair(b, n, BINARY_ADD, &kept, &dropped, &out);
}
