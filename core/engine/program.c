/* Compiling and running programs. A perturbed program starts at its sites and holds only what is downstream
 * of them; everything else is read from the clean pass. */
#include "core/engine/builder.h"

#include <math.h>
#include <stdlib.h>

void program_free(struct program *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->steps; i++)
        free(p->step[i].state);
    free(p->step);
    free(p->buffer);
    free(p);
}

void program_run(const struct program *p, const struct pass *pass)
{
    for (int i = 0; i < p->steps; i++)
        p->step[i].run(&p->step[i], pass);
}

/* Noise added to one site: in[0] is the clean tensor (one row) or the tile's own activation. */
struct noise_step {
    int site;
    uint32_t stream;
    int64_t elements, xi;     /* per row; offset of this site's xi for the whole tile */
    int64_t channels, pixels; /* channels-last; channels 0: row-major */
    int64_t from_row;
    int limit, degree; /* of in[0] */
};

static void fill_row(const struct noise_step *z, const struct pass *pass, int row, float *xi)
{
    uint32_t draw = pass->draw0 + (uint32_t)row;
    if (z->channels)
        apex_noise_fill_nhwc(pass->noise, z->stream, pass->sample, draw, z->channels, z->pixels, xi);
    else
        apex_noise_fill(pass->noise, z->stream, pass->sample, draw, 0, z->elements, xi);
}

/* sigma = infinity: the leading power of sigma, whose factor is `scale` for each noise that enters it. */
static void apply_limit(const struct noise_step *z, enum apex_noise_kind kind, float scale, const float *a,
                        const float *xi, float *y)
{
    if (apex_noise_is_additive(kind) && z->degree > 0) {
        apex_noise_apply(kind, z->degree == 1 ? scale : 0, a, xi, z->elements, y);
        return;
    }
    apex_noise_apply(kind, INFINITY, a, xi, z->elements, y);
    for (int64_t i = 0; i < z->elements && scale != 1; i++)
        y[i] *= scale;
}

static void run_noise(const struct step *s, const struct pass *pass)
{
    const struct noise_step *z = s->state;
    double scale = !pass->scale ? 1 : pass->per_site ? pass->scale[z->site] : pass->scale[0];
    int rows = (int)s->out.shape.dim[0];
    for (int d = 0; d < rows; d++) {
        const float *a = s->in[0].data + d * z->from_row;
        float *y = s->out.data + d * z->elements;
        const float *xi = pass->xi ? pass->xi + z->xi + d * z->elements : pass->row_xi;
        if (d >= pass->rows) { /* padding: any finite numbers */
            for (int64_t i = 0; i < z->elements; i++)
                y[i] = a[i];
            continue;
        }
        if (!pass->xi)
            fill_row(z, pass, d, pass->row_xi);
        if (z->limit)
            apply_limit(z, pass->noise->kind, (float)scale, a, xi, y);
        else
            apex_noise_apply(pass->noise->kind, (float)(pass->sigma * scale), a, xi, z->elements, y);
    }
}

void program_fill_noise(const struct program *p, const struct pass *pass, float *xi)
{
    for (int i = 0; i < p->steps; i++) {
        const struct noise_step *z = p->step[i].state;
        for (int d = 0; p->step[i].run == run_noise && d < pass->rows; d++)
            fill_row(z, pass, d, xi + z->xi + d * z->elements);
    }
}

/* Degree of a perturbed site in the limit; additive noise does not raise what is already large. */
static int noisy_degree(enum apex_noise_kind kind, int degree)
{
    return apex_noise_is_additive(kind) ? (degree > 1 ? degree : 1) : degree + 1;
}

static struct operand clean_operand(struct builder *b, int value)
{
    struct operand o = {
        .shape = b->e->graph->value[value].shape, .layout = b->e->layout[value], .dynamic = 1};
    float *data = engine_keep(b->e, value, b->err);
    o.buffer = data ? builder_buffer(b, apex_shape_count(&o.shape), data) : -1;
    return o;
}

static int add_noise(struct builder *b, int value, int site, enum apex_noise_kind kind)
{
    struct operand from = b->at[value].buffer >= 0 ? b->at[value] : clean_operand(b, value);
    struct step *s = from.buffer >= 0 ? builder_step(b, NULL, run_noise, sizeof(struct noise_step)) : NULL;
    if (!s)
        return -1;
    struct operand to = from;
    to.shape.dim[0] = b->p->batch;
    int64_t all = apex_shape_count(&to.shape);
    if (all < 0)
        return apex_fail(b->err, "site %s is too large for a tile of %d rows",
                         site < 0 ? "input" : b->e->model->site[site].name, b->p->batch);
    to.buffer = builder_buffer(b, all, NULL);
    to.degree = b->p->limit ? noisy_degree(kind, from.degree) : 0;
    struct noise_step *z = s->state;
    *z = (struct noise_step){.site = site < 0 ? 0 : site, .stream = (uint32_t)(site + 1), .xi = b->p->xi};
    z->elements = all / b->p->batch;
    z->from_row = from.shape.dim[0] == 1 ? 0 : z->elements;
    z->limit = b->p->limit;
    z->degree = from.degree;
    if (from.layout == LAYOUT_NHWC && !layout_same_memory(from.layout, LAYOUT_ROW, &from.shape)) {
        z->channels = from.shape.dim[1];
        z->pixels = from.shape.dim[2] * from.shape.dim[3];
    }
    b->p->xi += all;
    if (z->elements > b->p->row_xi)
        b->p->row_xi = z->elements;
    step_input(s, &from);
    s->in_place = from.shape.dim[0] == to.shape.dim[0];
    s->out = to;
    b->at[value] = to;
    return to.buffer < 0 ? -1 : 0;
}

static int reached(const struct builder *b, const struct graph_node *n)
{
    for (int k = 0; k < n->inputs; k++)
        if (n->input[k] >= 0 && b->at[n->input[k]].buffer >= 0)
            return 1;
    return 0;
}

/* site_of[v]: the activation site that value v is, -1 if none. */
static int emit_perturbed(struct builder *b, int site, const int *site_of, enum apex_noise_kind kind)
{
    const struct graph *g = b->e->graph;
    if (site == APEX_SITE_INPUT && add_noise(b, g->input, site, kind) < 0)
        return -1;
    for (int i = 0; i < g->nodes; i++) {
        const struct graph_node *n = &g->node[i];
        if (reached(b, n) && builder_emit(b, n) < 0)
            return -1;
        for (int k = 0; k < n->outputs; k++) {
            int at = n->output[k] >= 0 ? site_of[n->output[k]] : -1;
            if (at >= 0 && (site == APEX_SITE_ALL || site == at) && add_noise(b, n->output[k], at, kind) < 0)
                return -1;
        }
        if (b->at[b->e->model->logits].buffer >= 0)
            break; /* a final Softmax is not needed */
    }
    int logits = b->e->model->logits;
    b->p->logits = b->at[logits].buffer >= 0 ? b->at[logits] : clean_operand(b, logits);
    return b->p->logits.buffer < 0 ? -1 : builder_convert(b, &b->p->logits, LAYOUT_ROW);
}

static int emit_clean(struct builder *b)
{
    const struct graph *g = b->e->graph;
    struct operand in = {.shape = g->value[g->input].shape, .layout = b->e->layout[g->input], .dynamic = 1};
    in.buffer = builder_buffer(b, apex_shape_count(&in.shape), b->e->clean[g->input]);
    b->at[g->input] = b->p->input = in;
    for (int i = 0; i < g->nodes; i++)
        if (in.buffer < 0 || builder_emit(b, &g->node[i]) < 0)
            return -1;
    b->p->logits = b->at[b->e->model->logits];
    b->p->output = b->at[g->output];
    if (b->p->logits.buffer < 0 || b->p->output.buffer < 0)
        return apex_fail(b->err, "%s: the class scores do not depend on the input", g->source);
    return 0;
}

static int builder_init(struct builder *b, struct engine *e, int batch, int limit, struct apex_error *err)
{
    static float zero = 0; /* never written */
    *b = (struct builder){.e = e, .err = err, .zero = &zero};
    b->p = calloc(1, sizeof *b->p);
    b->at = calloc((size_t)e->graph->values, sizeof *b->at);
    if (!b->p || !b->at)
        return apex_fail(err, "no memory");
    for (int v = 0; v < e->graph->values; v++)
        b->at[v].buffer = -1;
    b->p->batch = batch;
    b->p->limit = limit;
    b->p->input.buffer = b->p->logits.buffer = b->p->output.buffer = -1;
    return 0;
}

static struct program *builder_finish(struct builder *b, int failed)
{
    free(b->at);
    if (!failed && program_plan(b->p, b->err) == 0)
        return b->p;
    program_free(b->p);
    return NULL;
}

struct program *program_perturbed(struct engine *e, int site, int batch, int limit, enum apex_noise_kind kind,
                                  struct apex_error *err)
{
    struct builder b;
    int *site_of = malloc((size_t)e->graph->values * sizeof *site_of);
    int failed = builder_init(&b, e, batch, limit, err) < 0;
    if (!site_of)
        failed = apex_fail(err, "no memory");
    for (int v = 0; v < e->graph->values && !failed; v++)
        site_of[v] = -1;
    for (int k = 0; k < e->model->sites && !failed; k++)
        site_of[e->model->site[k].value] = k;
    failed = failed || emit_perturbed(&b, site, site_of, kind) < 0;
    free(site_of);
    return builder_finish(&b, failed);
}

struct program *program_clean(struct engine *e, struct apex_error *err)
{
    struct builder b;
    int failed = builder_init(&b, e, 1, 0, err) < 0;
    b.clean = 1;
    return builder_finish(&b, failed || emit_clean(&b) < 0);
}
