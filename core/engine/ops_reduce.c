/* ReduceMean, ReduceSum, ReduceMax and the global pools, in any layout; sums in double. */
#include "core/engine/builder.h"

#include <math.h>
#include <string.h>

struct reduce {
    int is_max, rank; /* loops over the input, outer to inner in memory */
    int64_t dim[APEX_MAX_RANK], to[APEX_MAX_RANK];
    int64_t outputs;
    double divisor;
};

static double sum_run(const float *x, int64_t n, double sum)
{
    for (int64_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

static void add_run(const struct reduce *r, const float *x, int64_t n, int64_t to, double *y)
{
    if (r->is_max)
        for (int64_t i = 0; i < n; i++, y += to)
            *y = x[i] > *y || x[i] != x[i] ? x[i] : *y;
    else if (to == 1)
        for (int64_t i = 0; i < n; i++)
            y[i] += x[i];
    else if (to == 0)
        *y = sum_run(x, n, *y);
    else
        for (int64_t i = 0; i < n; i++)
            y[i * to] += x[i];
}

enum { TOGETHER = 8 };

/* The sums of some lines of n numbers, each in its own order: side by side they hide the latency of the
 * additions. */
static void add_lines(const float *x, int64_t n, double *y, int64_t to)
{
    double sum[TOGETHER];
    for (int k = 0; k < TOGETHER; k++)
        sum[k] = y[k * to];
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < TOGETHER; k++)
            sum[k] += x[k * n + i];
    for (int k = 0; k < TOGETHER; k++)
        y[k * to] = sum[k];
}

/* The two innermost axes, or the one there is. */
static void add_plane(const struct reduce *r, const float *x, double *y)
{
    const int last = r->rank - 1;
    const int64_t n = r->dim[last], lines = last ? r->dim[last - 1] : 1, to = last ? r->to[last - 1] : 0;
    int64_t l = 0;
    if (!r->is_max && r->to[last] == 0 && to != 0)
        for (; l + TOGETHER <= lines; l += TOGETHER)
            add_lines(x + l * n, n, y + l * to, to);
    for (; l < lines; l++)
        add_run(r, x + l * n, n, r->to[last], y + l * to);
}

static void run_reduce(const struct step *s, const struct pass *pass)
{
    const struct reduce *r = s->state;
    double *sum = pass->scratch, *y = sum;
    const float *x = s->in[0].data;
    int64_t index[APEX_MAX_RANK] = {0};
    int last = r->rank - 1, k;
    for (int64_t i = 0; i < r->outputs; i++)
        sum[i] = r->is_max ? -INFINITY : 0;
    do {
        add_plane(r, x, y);
        x += r->dim[last] * (last ? r->dim[last - 1] : 1);
        for (k = last - 2; k >= 0; k--) {
            y += r->to[k];
            if (++index[k] < r->dim[k])
                break;
            y -= r->to[k] * r->dim[k];
            index[k] = 0;
        }
    } while (k >= 0);
    for (int64_t i = 0; i < r->outputs; i++)
        s->out.data[i] = (float)(sum[i] / r->divisor);
}

/* The output's strides seen from the input's axes; the output has its own layout, so it is looked at with all
 * reduced axes kept. */
static int add_reduce(struct builder *b, const struct graph_node *n, const struct operand *in,
                      const unsigned char *reduced)
{
    struct operand out;
    if (builder_output(b, n, 0, &out) < 0)
        return -1;
    int rank = in->shape.rank, keeps = out.shape.rank == rank, order[APEX_MAX_RANK];
    int64_t own[APEX_MAX_RANK], to[APEX_MAX_RANK];
    layout_strides(out.layout, &out.shape, own);
    struct step *s = builder_step(b, n, run_reduce, sizeof(struct reduce));
    if (!s)
        return -1;
    struct reduce *r = s->state;
    r->divisor = 1;
    for (int i = 0, j = 0; i < rank; i++) {
        to[i] = reduced[i] ? 0 : own[keeps ? i : j];
        j += !reduced[i];
        if (reduced[i])
            r->divisor *= (double)in->shape.dim[i];
    }
    r->is_max = strstr(n->op, "Max") != NULL;
    if (r->is_max || strcmp(n->op, "ReduceSum") == 0)
        r->divisor = 1;
    layout_axes(in->layout, rank, order);
    r->rank = rank;
    for (int i = 0; i < rank; i++) {
        r->dim[i] = in->shape.dim[order[i]];
        r->to[i] = to[order[i]];
    }
    r->outputs = apex_shape_count(&out.shape);
    builder_scratch(b, (size_t)r->outputs * sizeof(double));
    step_input(s, in);
    s->out = out;
    return 0;
}

int emit_reduce(struct builder *b, const struct graph_node *n)
{
    const struct graph_attr *axes = graph_attr(n, "axes");
    unsigned char reduced[APEX_MAX_RANK] = {0};
    struct operand in;
    if (builder_input(b, n, 0, &in) < 0)
        return -1;
    for (size_t i = 0; axes && i < axes->count; i++)
        if (axes->ints[i] < 1 || axes->ints[i] >= in.shape.rank)
            return graph_fail(b->e->graph, n, b->err, "cannot reduce over axis %lld",
                              (long long)axes->ints[i]);
        else
            reduced[axes->ints[i]] = 1;
    return add_reduce(b, n, &in, reduced);
}

int emit_global_pool(struct builder *b, const struct graph_node *n)
{
    unsigned char reduced[APEX_MAX_RANK] = {0};
    struct operand in;
    if (builder_input(b, n, 0, &in) < 0)
        return -1;
    for (int i = 2; i < in.shape.rank; i++)
        reduced[i] = 1;
    return add_reduce(b, n, &in, reduced);
}
