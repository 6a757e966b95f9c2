#include "core/runner_state.h"

#include <stdlib.h>
#include <string.h>

void apex_runner_free(struct apex_runner *r)
{
    if (!r)
        return;
    for (int i = 0; r->site && i < r->sites; i++) {
        program_free(r->site[i].finite);
        program_free(r->site[i].wide);
        program_free(r->site[i].limit);
    }
    program_free(r->clean);
    for (int k = 0; r->kept && k < r->e.model->sites; k++)
        free(r->kept[k].xi);
    free(r->kept);
    free(r->start.data);
    engine_free(&r->e);
    free(r->site);
    free(r->probe);
    free(r->sigma);
    free(r->place);
    free(r->arena);
    free(r->xi);
    free(r->row_xi);
    free(r->scratch);
    size_t freed = r->bytes;
    free(r);
    engine_give_back(freed);
}

static int site_value(const struct apex_model *m, int index)
{
    return index == APEX_SITE_INPUT ? m->graph->input : m->site[index].value;
}

/* The site's clean tensor must be kept even where no step of its programs reads it (the limit, add_squares).
 */
static int keep_site(struct apex_runner *r, int index, struct apex_error *err)
{
    const struct apex_model *m = r->e.model;
    if (index == APEX_SITE_ALL)
        return 0;
    return engine_keep(&r->e, site_value(m, index), err) ? 0 : -1;
}

/* For several scales at once; NULL where there is no such program: each is run alone. */
static struct program *compile_wide(struct apex_runner *r, int index)
{
    const int scales = index == APEX_SITE_ALL ? r->at_once.all : r->at_once.single;
    struct apex_error unused = {""};
    if (scales == 1)
        return NULL;
    return program_perturbed(&r->e, index, r->tile_rows, scales, 0, r->noise.kind, &unused);
}

static int compile_site(struct apex_runner *r, struct runner_site *s, int limit, struct apex_error *err)
{
    enum apex_noise_kind kind = r->noise.kind;
    if (s->index < APEX_SITE_ALL || s->index >= apex_site_count(r->e.model))
        return apex_fail(err, "%s: no site %d", r->e.graph->source, s->index);
    if (limit && kind == APEX_NOISE_DROPOUT)
        return apex_fail(err, "dropout noise has no limit for sigma = inf");
    if (keep_site(r, s->index, err) < 0)
        return -1;
    if (!r->tile_rows)
        return 0;
    s->finite = program_perturbed(&r->e, s->index, r->tile_rows, 1, 0, kind, err);
    if (s->finite)
        s->wide = compile_wide(r, s->index);
    r->e.settles = 0;
    if (s->finite && limit)
        s->limit = program_perturbed(&r->e, s->index, r->tile_rows, 1, 1, kind, err);
    return s->finite && (s->limit || r->e.settles || !limit) ? 0 : -1;
}

struct room {
    size_t arena, scratch;
    int64_t xi, row_xi;
};

static void room_for(struct room *room, const struct program *p)
{
    if (!p)
        return;
    room->arena = p->arena > room->arena ? p->arena : room->arena;
    room->scratch = p->scratch > room->scratch ? p->scratch : room->scratch;
    room->row_xi = p->row_xi > room->row_xi ? p->row_xi : room->row_xi;
    if (p->xi > room->xi && program_xi_fits(p))
        room->xi = p->xi;
}

/* The program that runs unless few scales are left; NULL: none. */
static struct program *usual(const struct runner_site *s)
{
    return s->wide ? s->wide : s->finite;
}

/* Where `all` is swept beside single sites it has their noise, which is then made once. Nothing is kept where
 * it would take too much room. */
static int keep_noise(struct apex_runner *r, struct apex_error *err)
{
    const struct apex_model *m = r->e.model;
    int64_t floats = 0;
    int all = 0;
    for (int i = 0; i < r->sites; i++)
        all |= r->site[i].index == APEX_SITE_ALL;
    for (int i = 0; i < r->sites; i++)
        if (r->site[i].index >= 0 && r->site[i].index < m->sites)
            floats +=
                apex_shape_count(&m->graph->value[m->site[r->site[i].index].value].shape) * r->tile_rows;
    if (!all || !floats || floats > (int64_t)(PROGRAM_XI_BYTES / sizeof(float)))
        return 0;
    if (!(r->kept = calloc((size_t)m->sites, sizeof *r->kept)))
        return apex_fail(err, "no memory");
    r->bytes += (size_t)floats * sizeof(float);
    for (int i = 0; i < r->sites; i++) {
        int k = r->site[i].index;
        if (k < 0 || k >= m->sites || r->kept[k].xi || (usual(&r->site[i]) && usual(&r->site[i])->start))
            continue; /* or `all` never asks for it */
        r->kept[k].xi =
            engine_alloc(apex_shape_count(&m->graph->value[m->site[k].value].shape) * r->tile_rows, err);
        if (!r->kept[k].xi)
            return -1;
    }
    return 0;
}

/* `all` and the site where its noise enters first. */
static int share_start(struct apex_runner *r, struct apex_error *err)
{
    struct program *all = NULL, *first = NULL;
    for (int i = 0; i < r->sites; i++)
        if (r->site[i].index == APEX_SITE_ALL)
            all = usual(&r->site[i]);
    for (int i = 0; i < r->sites; i++)
        if (all && r->site[i].index == all->ray_site && usual(&r->site[i]) != all)
            first = usual(&r->site[i]);
    if (!first)
        return 0;
    if (program_share_start(all, first, &r->start, err) < 0)
        return -1;
    r->bytes += (size_t)r->start.count * sizeof(float);
    return 0;
}

static int allocate(struct apex_runner *r, struct apex_error *err)
{
    struct room room = {0};
    room_for(&room, r->clean);
    for (int i = 0; i < r->sites; i++) {
        room_for(&room, r->site[i].finite);
        room_for(&room, r->site[i].wide);
        room_for(&room, r->site[i].limit);
    }
    r->xi_room = room.xi;
    r->arena = engine_alloc((int64_t)room.arena, err);
    r->scratch = r->arena ? engine_alloc((int64_t)(room.scratch / sizeof(float) + 1), err) : NULL;
    r->xi = r->scratch ? engine_alloc(room.xi, err) : NULL;
    r->row_xi = r->xi ? engine_alloc(room.row_xi, err) : NULL;
    r->bytes =
        r->e.bytes + (room.arena + (size_t)room.xi + (size_t)room.row_xi) * sizeof(float) + room.scratch;
    return r->row_xi && share_start(r, err) == 0 ? keep_noise(r, err) : -1;
}

static void bind_all(struct apex_runner *r)
{
    program_bind(r->clean, r->arena);
    for (int i = 0; i < r->sites; i++) {
        if (r->site[i].finite)
            program_bind(r->site[i].finite, r->arena);
        if (r->site[i].wide)
            program_bind(r->site[i].wide, r->arena);
        if (r->site[i].limit)
            program_bind(r->site[i].limit, r->arena);
    }
}

static int set_probes(struct apex_runner *r, const int *probe, int probes, struct apex_error *err)
{
    r->probe = malloc(((size_t)probes + 1) * sizeof *r->probe);
    if (!r->probe)
        return apex_fail(err, "no memory");
    for (int k = 0; k < probes; k++)
        r->probe[k] = site_value(r->e.model, probe[k]);
    r->e.probe = r->probe;
    r->e.probes = probes;
    return 0;
}

static int set_tile(struct apex_runner *r, int rows, const struct apex_scales *at_once,
                    struct apex_error *err)
{
    const struct apex_scales n = at_once ? *at_once : (struct apex_scales){1, 1};
    r->tile_rows = rows;
    r->at_once = n;
    if (rows < 0 || n.single < 1 || n.all < 1)
        return apex_fail(err, "a tile cannot have %d rows at %d or %d scales", rows, n.single, n.all);
    const size_t most = (size_t)(n.single > n.all ? n.single : n.all);
    r->sigma = calloc(most, sizeof *r->sigma);
    r->place = calloc(most, sizeof *r->place);
    return r->sigma && r->place ? 0 : apex_fail(err, "no memory");
}

static struct apex_runner *new_runner(const struct apex_model *m, const char *kernels, const int *sites,
                                      int n_sites, const int *probe, int probes, int tile_rows,
                                      const struct apex_scales *at_once, const struct apex_noise *noise,
                                      int limit, struct apex_error *err)
{
    const struct kernel_set *set = kernel_set_find(kernels, err);
    struct apex_runner *r = set ? calloc(1, sizeof *r) : NULL;
    if (!r) {
        if (set)
            apex_fail(err, "no memory");
        return NULL;
    }
    r->noise = *noise;
    r->sites = n_sites;
    r->site = calloc((size_t)n_sites + 1, sizeof *r->site);
    int failed = engine_init(&r->e, m, set, err) < 0;
    failed = failed || set_tile(r, tile_rows, at_once, err) < 0;
    if (!r->site)
        failed = apex_fail(err, "no memory");
    /* both ends are read after the pass */
    failed = failed || !engine_keep(&r->e, m->logits, err) || !engine_keep(&r->e, m->graph->output, err);
    failed = failed || set_probes(r, probe, probes, err) < 0;
    for (int i = 0; i < n_sites && !failed; i++) {
        r->site[i].index = sites[i];
        failed = compile_site(r, &r->site[i], limit, err) < 0;
    }
    r->clean = failed ? NULL : program_clean(&r->e, err);
    if (!r->clean || allocate(r, err) < 0) {
        apex_runner_free(r);
        return NULL;
    }
    bind_all(r);
    return r;
}

struct apex_runner *apex_runner_new(const struct apex_model *m, const char *kernels, const int *sites,
                                    int n_sites, int tile_rows, const struct apex_scales *at_once,
                                    const struct apex_noise *noise, int limit, struct apex_error *err)
{
    return new_runner(m, kernels, sites, n_sites, NULL, 0, tile_rows, at_once, noise, limit, err);
}

struct apex_runner *apex_runner_new_probed(const struct apex_model *m, const char *kernels, int site,
                                           const int *probe, int probes, int tile_rows,
                                           const struct apex_noise *noise, struct apex_error *err)
{
    return new_runner(m, kernels, &site, 1, probe, probes, tile_rows, NULL, noise, 0, err);
}

void apex_runner_clean(struct apex_runner *r, const float *sample, float *logits)
{
    const struct operand *in = &r->clean->input;
    struct pass pass = {.noise = &r->noise, .scales = 1, .rows = 1, .scratch = r->scratch};
    if (in->layout == LAYOUT_NHWC) {
        int64_t plane = in->shape.dim[2] * in->shape.dim[3];
        struct apex_shape shape = {.rank = 2, .dim = {in->shape.dim[1], plane}};
        int64_t from[2] = {plane, 1}, to[2] = {1, in->shape.dim[1]};
        apex_strided_copy(&shape, sizeof *sample, in->data, to, sample, from);
    } else {
        memcpy(in->data, sample, (size_t)apex_shape_count(&in->shape) * sizeof *sample);
    }
    r->start.rows = 0; /* a direction may depend on the sample */
    program_run(r->clean, &pass);
    memcpy(logits, r->clean->logits.data, (size_t)r->e.model->classes * sizeof *logits);
}

const float *apex_runner_output(const struct apex_runner *r)
{
    return r->clean->output.data;
}

void apex_runner_add_squares(const struct apex_runner *r, double *sum)
{
    const struct apex_model *m = r->e.model;
    for (int i = 0; i < r->sites; i++) {
        int index = r->site[i].index;
        if (index == APEX_SITE_ALL)
            continue;
        int value = site_value(m, index);
        int64_t count = apex_shape_count(&m->graph->value[value].shape);
        const float *a = r->e.clean[value];
        for (int64_t k = 0; k < count; k++)
            sum[i] += (double)a[k] * a[k];
    }
}

const float *apex_runner_activation(const struct apex_runner *r, int k)
{
    return r->e.clean[r->probe[k]];
}

void apex_runner_profile(struct apex_runner *r, double *seconds)
{
    r->seconds = seconds;
}

size_t apex_runner_bytes(const struct apex_runner *r)
{
    return r->bytes;
}

/* FLOPs of one row: known for layers; every other operation counts one per output element. */
static void describe_step(const struct apex_runner *r, const struct step *s, struct apex_layer *layer)
{
    const struct kernel_set *set = r->e.kernels;
    *layer = (struct apex_layer){.node = s->node->name, .op = s->node->op, .kernel = "loops"};
    layer->shape = s->out.shape;
    layer->flops = apex_shape_count(&s->out.shape);
    if (!s->layer)
        return;
    layer->flops = s->layer->flops;
    layer->kernel = s->layer->is_conv                  ? set->conv_algorithm(s->layer->state)
                    : set->linear_algorithm            ? set->linear_algorithm(s->layer->state)
                    : strcmp(set->name, "native") == 0 ? "native:gemm"
                    : strcmp(set->name, "naive")       ? "openblas:gemm"
                                                       : "naive:loops";
}

int apex_runner_layers(const struct apex_runner *r, struct apex_layer *layer, int most)
{
    int count = 0;
    for (int i = 0; i < r->clean->steps; i++) {
        const struct step *s = &r->clean->step[i];
        if (!s->node)
            continue;
        if (count < most)
            describe_step(r, s, &layer[count]);
        count++;
    }
    return count;
}
