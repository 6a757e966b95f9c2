#include "dist/run/sweep.h"

#include "core/engine/kernels.h"
#include "core/runner.h"
#include "dist/files/file.h"
#include "dist/grid/cell_rules.h"
#include "dist/run/sweep_grid.h"
#include "dist/run/sweep_memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The description goes as a message of its own; the values straight into shared memory. */
static struct dataset *share_dataset(struct dataset *mine, struct team *team, struct apex_error *err)
{
    struct bytes head = {0};
    if (mine)
        dataset_encode(mine, &head);
    size_t size = 0, values_size = 0;
    const void *shared = team_share(team, head.data, head.size, &size, err);
    struct dataset *all = shared ? dataset_decode(shared, size, err) : NULL;
    if (all) {
        size_t bytes = (size_t)all->samples * (size_t)all->elements * (all->is_bytes ? 1 : sizeof(float));
        all->owns = 0;
        all->values = (void *)team_share(team, mine ? mine->values : NULL, bytes, &values_size, err);
        if (!all->values) {
            dataset_free(all);
            all = NULL;
        }
    }
    bytes_free(&head);
    dataset_free(mine);
    return all;
}

static int load_data(struct sweep *s, struct team *team, struct apex_error *err)
{
    const struct grid *g = s->grid;
    s->data = calloc((size_t)g->datas, sizeof *s->data);
    if (!s->data)
        return apex_fail(err, "out of memory");
    s->datas = g->datas;
    for (int m = 0; m < g->models; m++) {
        int d = g->model[m].data;
        if (s->data[d])
            continue;
        struct dataset *mine = NULL;
        int outcome = 0;
        if (team_rank(team) == 0 && !(mine = dataset_load(g, &g->data[d], err)))
            outcome = -1;
        if (team_agree(team, outcome, err))
            return -1;
        s->data[d] = share_dataset(mine, team, err);
        if (!s->data[d])
            return -1;
    }
    return 0;
}

struct model_reader {
    struct team *team;
    const char *model_path;
};

/* Reads a model's external data on rank 0, for every rank. */
static const void *read_beside(void *context, const char *path, size_t *size, struct apex_error *err)
{
    struct model_reader *r = context;
    char *data = NULL;
    int outcome = 0;
    if (team_rank(r->team) == 0) {
        const char *slash = strrchr(r->model_path, '/');
        size_t folder = slash ? (size_t)(slash - r->model_path) + 1 : 0;
        char *full = malloc(folder + strlen(path) + 1);
        if (full) {
            memcpy(full, r->model_path, folder);
            strcpy(full + folder, path);
            data = file_read(full, size, err);
            free(full);
        } else {
            apex_fail(err, "out of memory");
        }
        outcome = data ? 0 : -1;
    }
    const void *shared = NULL;
    if (!team_agree(r->team, outcome, err))
        shared = team_share(r->team, data, *size, size, err);
    free(data);
    return shared;
}

/* Tensors that the grid asks for become sites. */
static struct apex_model *load_with_sites(const struct grid *g, const void *bytes, size_t size,
                                          const char *path, struct model_reader *reader,
                                          struct apex_error *err)
{
    const char **pattern = malloc(((size_t)g->sites + 1) * sizeof *pattern);
    if (!pattern) {
        apex_fail(err, "out of memory");
        return NULL;
    }
    for (int p = 0; p < g->sites; p++)
        pattern[p] = g->site[p].text;
    struct apex_model *m =
        apex_model_with_tensors(bytes, size, path, read_beside, reader, pattern, g->sites, err);
    free(pattern);
    return m;
}

static struct apex_model *load_model(const struct grid *g, const struct grid_model *entry, struct team *team,
                                     struct apex_error *err)
{
    struct apex_error cause = {{0}};
    char *data = NULL;
    size_t size = 0;
    int outcome = 0;
    if (team_rank(team) == 0 && !(data = file_read(entry->path, &size, &cause)))
        outcome = -1;
    struct apex_model *model = NULL;
    if (!team_agree(team, outcome, &cause)) {
        const void *before = team_shared(team), *shared = team_share(team, data, size, &size, &cause);
        struct model_reader reader = {team, entry->path};
        free(data); /* before the weights are there, too */
        if (shared)
            model = load_with_sites(g, shared, size, entry->path, &reader, &cause);
        team_unshare_since(team, before);
    } else {
        free(data);
    }
    if (!model)
        grid_fail(g, entry->mark, err, "model '%s': %s", entry->name, cause.text);
    return model;
}

static int check_labels(const struct sweep *s, const struct sweep_model *m, struct apex_error *err)
{
    for (int64_t i = 0; m->label && i < m->data->samples; i++)
        if (m->label[i] < 0 || m->label[i] >= m->model->classes)
            return grid_fail(s->grid, m->entry->mark, err,
                             "model '%s' has %d classes, but label set '%s' gives sample %u the label %d",
                             m->entry->name, m->model->classes, m->entry->labels, m->data->index[i],
                             m->label[i]);
    return 0;
}

static int finite_scales(const struct grid *g)
{
    int n = 0;
    for (int k = 0; k < g->sigmas; k++)
        n += isfinite(g->sigma[k]) != 0;
    return n;
}

static int load_models(struct sweep *s, struct team *team, struct apex_error *err)
{
    const struct grid *g = s->grid;
    s->model = calloc((size_t)g->models, sizeof *s->model);
    if (!s->model)
        return apex_fail(err, "out of memory");
    s->models = g->models;
    for (int k = 0; k < g->models; k++) {
        struct sweep_model *m = &s->model[k];
        struct apex_error cause = {{0}};
        m->entry = &g->model[k];
        m->data = s->data[m->entry->data];
        if (!(m->model = load_model(g, m->entry, team, err)))
            return -1;
        if (dataset_fits(m->data, &m->model->input, &cause))
            return grid_fail(g, m->entry->mark, err, "model '%s' and data '%s': %s", m->entry->name,
                             g->data[m->entry->data].name, cause.text);
        m->label = m->entry->labels ? dataset_labels(m->data, m->entry->labels) : NULL;
        m->tile_rows = apex_tile_rows(m->model, g->draws);
        m->at_once = apex_tile_scales(m->model, m->tile_rows, finite_scales(g));
        if (check_labels(s, m, err))
            return -1;
    }
    return 0;
}

/* Sites in canonical order: input, 0, 1, ..., all. `chosen` has all at 0, input at 1, site k at k + 2. */
static int list_sites(struct sweep_model *m, const unsigned char *chosen, int sigmas)
{
    int places = apex_site_count(m->model) + 2;
    m->site = malloc((size_t)places * sizeof *m->site);
    m->wanted = malloc((size_t)places * (size_t)sigmas);
    if (!m->site || !m->wanted)
        return -1;
    for (int p = 1; p < places; p++)
        if (chosen[p])
            m->site[m->sites++] = p - 2;
    if (chosen[0])
        m->site[m->sites++] = APEX_SITE_ALL;
    memset(m->wanted, 1, (size_t)m->sites * (size_t)sigmas);
    return 0;
}

/* A site that the rules left without any cell is no site of this model's result file. */
static void drop_empty_sites(struct sweep_model *m, int sigmas)
{
    int kept = 0;
    for (int i = 0; i < m->sites; i++) {
        const unsigned char *row = m->wanted + (size_t)i * (size_t)sigmas;
        if (!memchr(row, 1, (size_t)sigmas))
            continue;
        m->site[kept] = m->site[i];
        memmove(m->wanted + (size_t)kept * (size_t)sigmas, row, (size_t)sigmas);
        kept++;
    }
    m->sites = kept;
}

static int choose_sites(struct sweep *s, struct sweep_model *m, int *named, struct apex_error *err)
{
    const struct grid *g = s->grid;
    unsigned char *chosen = calloc((size_t)apex_site_count(m->model) + 2, 1);
    if (!chosen)
        return apex_fail(err, "out of memory");
    for (int p = 0; p < g->sites; p++)
        named[p] += apex_site_match(m->model, g->site[p].text, chosen);
    int outcome = list_sites(m, chosen, g->sigmas);
    free(chosen);
    if (outcome)
        return apex_fail(err, "out of memory");
    if (rules_apply(g, (int)(m - s->model), m->model, m->site, m->sites, m->wanted, s->removed))
        return apex_fail(err, "out of memory");
    drop_empty_sites(m, g->sigmas);
    if (m->sites == 0)
        return grid_fail(
            g, m->entry->mark, err,
            "model '%s' has nothing to do: no site pattern names one of its sites, or the rules leave none",
            m->entry->name);
    return 0;
}

static int choose_all_sites(struct sweep *s, struct apex_error *err)
{
    const struct grid *g = s->grid;
    s->removed = calloc((size_t)(g->includes + g->excludes) + 1, sizeof *s->removed);
    int *named = calloc((size_t)g->sites + 1, sizeof *named);
    int outcome = s->removed && named ? 0 : apex_fail(err, "out of memory");
    /* A pattern without any match is the likelier mistake, so it is told before a model without sites. */
    struct apex_error later = {{0}};
    int empty = 0;
    for (int k = 0; !outcome && k < s->models; k++)
        if (choose_sites(s, &s->model[k], named, empty ? NULL : &later))
            empty = -1;
    for (int p = 0; !outcome && p < g->sites; p++)
        if (!named[p])
            outcome = grid_fail(g, g->site[p].mark, err,
                                "site '%s' names no site of any model (apex inspect MODEL.onnx lists them)",
                                g->site[p].text);
    if (!outcome && empty) {
        outcome = -1;
        *err = later;
    }
    if (!outcome)
        outcome = rules_check(g, s->removed, err);
    free(named);
    return outcome;
}

/* The one site of every model where the noise of the response enters. */
static int choose_response_source(const struct sweep *s, struct sweep_model *m, struct apex_error *err)
{
    const struct grid_response *p = &s->grid->response;
    unsigned char *chosen = calloc((size_t)apex_site_count(m->model) + 2, 1);
    if (!chosen)
        return apex_fail(err, "out of memory");
    int named = apex_site_match(m->model, p->site, chosen);
    for (int k = 0; k < apex_site_count(m->model) + 2; k++)
        if (chosen[k])
            m->response_source = k - 2;
    free(chosen);
    if (named == 1)
        return 0;
    if (named)
        return grid_fail(s->grid, p->mark, err,
                         "response: site '%s' names %d sites of model '%s'; it must be one", p->site, named,
                         m->entry->name);
    return grid_fail(s->grid, p->mark, err,
                     "response: site '%s' names no site of model '%s' (apex inspect MODEL.onnx lists them)",
                     p->site, m->entry->name);
}

static int choose_response_sources(struct sweep *s, struct apex_error *err)
{
    for (int k = 0; s->grid->response.asked && k < s->models; k++)
        if (choose_response_source(s, &s->model[k], err))
            return -1;
    return 0;
}

/* Collective: an error on every rank where the processor of one cannot run the set. */
static int check_processors(const char *kernels, struct team *team, struct apex_error *err)
{
    const int ranks = team_size(team);
    double *missing = calloc((size_t)ranks, sizeof *missing);
    int outcome = team_agree(team, missing ? 0 : apex_fail(err, "out of memory"), err);
    if (missing && !outcome) {
        missing[team_rank(team)] = kernel_set_missing(kernels);
        team_sum(team, missing, ranks);
    }
    for (int k = 0; missing && !outcome && k < ranks; k++)
        if (missing[k] > 0) {
            char where[64];
            snprintf(where, sizeof where, "that of rank %d", k);
            outcome = kernel_set_refuse(kernels, where, (unsigned)missing[k], err);
        }
    free(missing);
    return outcome;
}

/* `auto` may mean another set on an older processor of the same job: rank 0's choice is everybody's. */
static int choose_kernels(struct sweep *s, struct team *team, struct apex_error *err)
{
    int first = team_rank(team) == 0;
    const struct kernel_set *set = first ? kernel_set_choose(s->grid->bf16, s->grid->kernels, err) : NULL;
    if (team_agree(team, first && !set ? -1 : 0, err))
        return -1;
    size_t size = set ? strlen(set->name) + 1 : 0;
    const char *name = team_share(team, set ? set->name : NULL, size, &size, err);
    if (!name || check_processors(name, team, err))
        return -1;
    set = kernel_set_find(name, err);
    if (!set)
        return -1;
    s->kernels = set->name;
    return 0;
}

/* Another kind of processor is no error: every kernel is chosen by what its own rank can run. */
static int count_strangers(struct sweep *s, struct team *team, struct apex_error *err)
{
    char mine[128];
    size_t size = strlen(kernel_set_processor(mine, sizeof mine)) + 1;
    const char *first = team_share(team, mine, size, &size, err);
    if (!first)
        return -1;
    double others = strcmp(first, mine) != 0;
    team_sum(team, &others, 1);
    s->strangers = (int)others;
    return 0;
}

struct sweep *sweep_load(const char *path, struct team *team, struct apex_error *err)
{
    struct sweep *s = calloc(1, sizeof *s);
    if (!s) {
        apex_fail(err, "out of memory");
        return NULL;
    }
    s->grid = sweep_load_grid(path, team, err);
    if (!s->grid || choose_kernels(s, team, err) || count_strangers(s, team, err) ||
        load_data(s, team, err) || load_models(s, team, err) || choose_all_sites(s, err) ||
        choose_response_sources(s, err) || sweep_bound_memory(s, team, err)) {
        sweep_free(s);
        return NULL;
    }
    return s;
}

void sweep_model_clear(struct sweep_model *m)
{
    apex_model_free(m->model);
    context_free(m->context);
    free(m->site);
    free(m->wanted);
    free(m->rms);
}

void sweep_free(struct sweep *s)
{
    if (!s)
        return;
    for (int k = 0; k < s->models; k++)
        sweep_model_clear(&s->model[k]);
    for (int d = 0; d < s->datas; d++)
        dataset_free(s->data[d]);
    free(s->model);
    free(s->data);
    free(s->removed);
    grid_free(s->grid);
    free(s);
}

const float *sweep_scale(const struct sweep_model *m, int site)
{
    if (!m->scale)
        return NULL;
    return site == APEX_SITE_INPUT ? m->scale : m->scale + 1 + (site == APEX_SITE_ALL ? 0 : site);
}
