#include "dist/grid/grid.h"

#include <stdlib.h>

static void free_data(struct grid_data *d)
{
    free(d->name);
    for (int k = 0; k < d->paths; k++)
        free(d->path[k]);
    free(d->path);
    free(d->format);
    free(d->variable);
    free(d->layout);
    free(d->mean);
    free(d->std);
    free(d->range);
    for (int k = 0; k < d->label_sets; k++) {
        free(d->labels[k].name);
        free(d->labels[k].path);
        free(d->labels[k].variable);
    }
    free(d->labels);
}

static void free_patterns(struct grid_pattern *pattern, int n)
{
    for (int k = 0; k < n; k++)
        free(pattern[k].text);
    free(pattern);
}

static void free_rules(struct grid_rule *rule, int n)
{
    for (int k = 0; k < n; k++) {
        free_patterns(rule[k].model, rule[k].models);
        free_patterns(rule[k].site, rule[k].sites);
        free(rule[k].sigma);
    }
    free(rule);
}

void grid_free(struct grid *g)
{
    if (!g)
        return;
    for (int k = 0; k < g->datas; k++)
        free_data(&g->data[k]);
    free(g->data);
    for (int k = 0; k < g->models; k++) {
        free(g->model[k].name);
        free(g->model[k].path);
        free(g->model[k].labels);
    }
    free(g->model);
    free_patterns(g->site, g->sites);
    free(g->sigma);
    free(g->response.site);
    free(g->response.sigma);
    free_rules(g->include, g->includes);
    free_rules(g->exclude, g->excludes);
    free(g->path);
    free(g->text);
    free(g->sweep);
    free(g->output);
    free(g->kernels);
    free(g);
}
