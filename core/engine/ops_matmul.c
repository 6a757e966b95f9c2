/* MatMul: a dense layer where the right side is a constant matrix, else one product per leading index. */
#include "core/engine/builder.h"

#include <limits.h>

/* Both operands dynamic, or a constant of any rank: one product per index of the leading axes. */
struct matmul {
    const struct kernel_set *kernels;
    int m, n, k, rank;
    struct apex_shape lead;
    int64_t a[APEX_MAX_RANK], b[APEX_MAX_RANK];
};

static void run_matmul(const struct step *s, const struct pass *pass)
{
    const struct matmul *p = s->state;
    int64_t count = apex_shape_count(&p->lead);
    for (int64_t i = 0; i < count; i++) {
        const float *a = s->in[0].data, *b = s->in[1].data;
        int64_t rest = i;
        for (int k = p->lead.rank - 1; k >= 0; k--) {
            a += rest % p->lead.dim[k] * p->a[k];
            b += rest % p->lead.dim[k] * p->b[k];
            rest /= p->lead.dim[k];
        }
        p->kernels->matmul(p->m, p->n, p->k, a, b, s->out.data + i * p->m * p->n, pass->scratch);
    }
}

/* The strides of the leading axes of o under out's: as broadcast_strides, with the matrix axes taken off. */
static void lead_strides(const struct operand *o, const struct operand *out, int64_t *stride)
{
    struct apex_shape to = out->shape;
    int shift = to.rank - o->shape.rank;
    for (int i = o->shape.rank - 2; i < o->shape.rank; i++)
        to.dim[i + shift] = o->shape.dim[i];
    broadcast_strides(o, &to, stride);
}

int emit_matmul(struct builder *b, const struct graph_node *n)
{
    const struct apex_tensor *w = graph_constant(b->e->graph, n, 1);
    struct operand a, c, out;
    if (w && w->type == APEX_F32 && w->shape.rank == 2)
        return emit_linear(b, n, w, NULL);
    if (builder_input_as(b, n, 0, LAYOUT_ROW, &a) < 0 || builder_input_as(b, n, 1, LAYOUT_ROW, &c) < 0 ||
        builder_output(b, n, 0, &out) < 0)
        return -1;
    int ra = a.shape.rank, rc = c.shape.rank, r = out.shape.rank;
    int batch_is_matrix = (a.dynamic && ra < 3) || (c.dynamic && rc < 3);
    if (ra < 2 || rc < 2 || r < 3 || batch_is_matrix || (a.dynamic && ra < r && ra < rc) ||
        (c.dynamic && rc < r && rc < ra))
        return graph_fail(b->e->graph, n, b->err, "a product of ranks %d and %d is not supported here", ra,
                          rc);
    if (apex_shape_count(&out.shape) > INT_MAX || apex_shape_count(&a.shape) > INT_MAX ||
        apex_shape_count(&c.shape) > INT_MAX)
        return graph_fail(b->e->graph, n, b->err, "a dimension is too large");
    struct step *s = builder_step(b, n, run_matmul, sizeof(struct matmul));
    if (!s)
        return -1;
    struct matmul *p = s->state;
    p->kernels = b->e->kernels;
    p->m = (int)out.shape.dim[r - 2];
    p->n = (int)out.shape.dim[r - 1];
    p->k = (int)a.shape.dim[ra - 1];
    p->lead = out.shape;
    p->lead.rank = r - 2;
    if (p->kernels->matmul_scratch)
        builder_scratch(b, p->kernels->matmul_scratch(p->m, p->n, p->k));
    lead_strides(&a, &out, p->a);
    lead_strides(&c, &out, p->b);
    step_input(s, &a);
    step_input(s, &c);
    s->out = out;
    s->out.layout = LAYOUT_ROW;
    return 0;
}
