/* Compiling and running programs. A perturbed program starts at its sites and holds only what is downstream
 * of them; everything else is read from the clean pass. */
#include "core/engine/builder.h"
#include "core/runner.h"

#include <stdlib.h>
#include <time.h>

void program_free(struct program *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->steps; i++) {
        free(p->step[i].state);
        free(p->step[i].noise);
    }
    free(p->step);
    free(p->buffer);
    free(p);
}

int program_xi_fits(const struct program *p)
{
    return p->xi <= PROGRAM_XI_BYTES / (int64_t)sizeof(float);
}

double engine_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run_timed(const struct step *s, const struct pass *pass)
{
    double start = engine_clock();
    s->run(s, pass);
    int part = s->layer   ? s->layer->is_conv ? APEX_TIME_CONV : APEX_TIME_DENSE
               : s->noise ? APEX_TIME_NOISE
                          : APEX_TIME_OTHER;
    pass->seconds[part] += engine_clock() - start;
}

static void run_steps(const struct program *p, const struct pass *pass, int from, int to)
{
    for (int i = from; i < to; i++)
        if (pass->seconds)
            run_timed(&p->step[i], pass);
        else
            p->step[i].run(&p->step[i], pass);
}

void program_begin(const struct program *p, const struct pass *pass)
{
    run_steps(p, pass, program_start(p, pass, run_steps), p->once);
}

void program_run(const struct program *p, const struct pass *pass)
{
    run_steps(p, pass, p->once, p->steps);
}

static int reached(const struct builder *b, const struct graph_node *n)
{
    for (int k = 0; k < n->inputs; k++)
        if (n->input[k] >= 0 &&
            (b->at[n->input[k]].buffer >= 0 || b->ray[n->input[k]].buffer >= 0 || b->kink[n->input[k]] >= 0))
            return 1;
    return 0;
}

/* The first noise that enters is the start of a ray; what is perturbed already gets a step. */
static int emit_noise(struct builder *b, int value, int site, enum apex_noise_kind kind)
{
    if (ray_resolve(b, value) < 0)
        return -1;
    int clean = b->at[value].buffer < 0;
    if (clean && !b->p->limit && kind != APEX_NOISE_DROPOUT && b->ray_site == APEX_SITE_ALL)
        return ray_start(b, value, site, kind);
    return builder_noise(b, value, site, kind);
}

static int emit_node(struct builder *b, const struct graph_node *n, int perturbed)
{
    if (ray_is_linear(b, n))
        return ray_emit(b, n);
    if (n->inputs > 0 && n->input[0] >= 0 && b->kink[n->input[0]] >= 0)
        return kink_emit(b, n, b->kink[n->input[0]]);
    if (!perturbed && n->inputs > 0 && n->input[0] >= 0 && kink_suits(b, n)) {
        b->kink[n->output[0]] = n->input[0];
        return 0;
    }
    for (int k = 0; k < n->inputs; k++)
        if (n->input[k] >= 0 && ray_resolve(b, n->input[k]) < 0)
            return -1;
    return builder_emit(b, n);
}

/* Whether noise enters at a value; site_of[v]: the site that value v is, -1 if none. */
static int is_perturbed(const struct builder *b, int site, const int *site_of, int value)
{
    int at = value >= 0 ? site_of[value] : -1;
    return at >= 0 && (site == at || (site == APEX_SITE_ALL && at < b->e->model->sites));
}

static int emit_perturbed(struct builder *b, int site, const int *site_of, enum apex_noise_kind kind)
{
    const struct graph *g = b->e->graph;
    int logits = b->e->model->logits;
    if (site == APEX_SITE_INPUT &&
        (emit_noise(b, g->input, site, kind) < 0 || builder_probe(b, g->input) < 0))
        return -1;
    for (int i = 0; i < g->nodes; i++) {
        const struct graph_node *n = &g->node[i];
        if (reached(b, n) && emit_node(b, n, n->outputs && is_perturbed(b, site, site_of, n->output[0])) < 0)
            return -1;
        for (int k = 0; k < n->outputs; k++) {
            int at = n->output[k] >= 0 ? site_of[n->output[k]] : -1;
            if (is_perturbed(b, site, site_of, n->output[k]) && emit_noise(b, n->output[k], at, kind) < 0)
                return -1;
            if (at >= 0 && builder_probe(b, n->output[k]) < 0)
                return -1;
        }
        if (b->at[logits].buffer >= 0 || b->ray[logits].buffer >= 0)
            break; /* a final Softmax is not needed */
    }
    if (ray_resolve(b, logits) < 0)
        return -1;
    b->p->logits = b->at[logits].buffer >= 0 ? b->at[logits] : builder_clean(b, logits);
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

static int builder_init(struct builder *b, struct engine *e, int draws, int scales, struct apex_error *err)
{
    static float zero = 0; /* never written */
    *b = (struct builder){.e = e, .err = err, .zero = &zero};
    b->p = calloc(1, sizeof *b->p);
    b->at = calloc((size_t)e->graph->values, sizeof *b->at);
    b->ray = calloc((size_t)e->graph->values, sizeof *b->ray);
    b->kink = calloc((size_t)e->graph->values, sizeof *b->kink);
    b->ray_site = APEX_SITE_ALL; /* none yet */
    if (!b->p || !b->at || !b->ray || !b->kink)
        return apex_fail(err, "no memory");
    for (int v = 0; v < e->graph->values; v++)
        b->at[v].buffer = b->ray[v].buffer = b->kink[v] = -1;
    b->p->draws = draws;
    b->p->scales = scales;
    b->p->batch = b->rows = draws * scales;
    b->p->input.buffer = b->p->logits.buffer = b->p->output.buffer = -1;
    return 0;
}

static struct program *builder_finish(struct builder *b, int failed)
{
    free(b->at);
    free(b->ray);
    free(b->kink);
    if (b->p)
        b->p->ray_site = b->ray_site;
    if (!failed && !b->clean) /* the clean pass keeps what lies between */
        program_fuse(b->p);
    if (!failed && program_plan(b->p, b->err) == 0)
        return b->p;
    program_free(b->p);
    return NULL;
}

struct program *program_perturbed(struct engine *e, int site, int draws, int scales, int limit,
                                  enum apex_noise_kind kind, struct apex_error *err)
{
    struct builder b;
    int *site_of = malloc((size_t)e->graph->values * sizeof *site_of);
    int failed = builder_init(&b, e, draws, scales, err) < 0;
    if (!site_of)
        failed = apex_fail(err, "no memory");
    if (!failed)
        b.p->limit = limit;
    if (!failed && scales > 1 && (limit || e->probes || !e->kernels->rows_alone))
        failed = apex_fail(err, "%s: not for several scales at once", e->graph->source);
    for (int v = 0; v < e->graph->values && !failed; v++)
        site_of[v] = -1;
    for (int k = 0; k < apex_site_count(e->model) && !failed; k++)
        site_of[e->model->site[k].value] = k;
    failed = failed || emit_perturbed(&b, site, site_of, kind) < 0;
    free(site_of);
    return builder_finish(&b, failed);
}

struct program *program_clean(struct engine *e, struct apex_error *err)
{
    struct builder b;
    int failed = builder_init(&b, e, 1, 1, err) < 0;
    b.clean = 1;
    return builder_finish(&b, failed || emit_clean(&b) < 0);
}
