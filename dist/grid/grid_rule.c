#include "dist/grid/grid_yaml.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A rule's scale may be written with the few digits that people read; it then means the nearest of the grid.
 */
static const double tolerance = 1e-3;

int grid_read_patterns(struct grid_reader *r, const char *key, yaml_node_t *node, int *count,
                       struct grid_pattern **pattern)
{
    int n = grid_items(r, key, node);
    if (n < 0 || !(*pattern = grid_alloc(r, n, sizeof **pattern)))
        return -1;
    *count = n;
    for (int k = 0; k < n; k++) {
        yaml_node_t *item = grid_item(r, node, k);
        (*pattern)[k].mark = grid_mark_of(item);
        if (grid_read_text(r, key, item, &(*pattern)[k].text))
            return -1;
    }
    return 0;
}

static int fail_model(struct grid_reader *r, const yaml_node_t *node)
{
    const struct grid *g = r->grid;
    const char **name = grid_alloc(r, g->models, sizeof *name);
    if (!name)
        return -1;
    for (int k = 0; k < g->models; k++)
        name[k] = g->model[k].name;
    char near[400];
    grid_suggest(near, sizeof near, grid_scalar(node), name, g->models);
    free(name);
    return grid_fail_at(r, node, "models: '%.80s' matches no model of the grid%s", grid_scalar(node), near);
}

static int read_rule_models(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_rule *rule = field;
    if (grid_read_patterns(r, key, node, &rule->models, &rule->model))
        return -1;
    for (int p = 0; p < rule->models; p++) {
        int hits = 0;
        for (int k = 0; k < r->grid->models; k++)
            hits += !fnmatch(rule->model[p].text, r->grid->model[k].name, 0);
        if (!hits)
            return fail_model(r, grid_item(r, node, p));
    }
    return 0;
}

static int read_rule_sites(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_rule *rule = field;
    return grid_read_patterns(r, key, node, &rule->sites, &rule->site);
}

/* Infinity is nearest to the last. */
static double nearest_sigma(const struct grid *g, double sigma)
{
    double best = g->sigma[0];
    for (int k = 1; k < g->sigmas; k++)
        if (isinf(sigma) || fabs(g->sigma[k] - sigma) < fabs(best - sigma))
            best = g->sigma[k];
    return best;
}

static int read_rule_sigma(struct grid_reader *r, const char *key, yaml_node_t *node, double *out)
{
    double sigma;
    if (grid_read_number(r, key, node, &sigma))
        return -1;
    *out = nearest_sigma(r->grid, sigma);
    if (*out != sigma && (isinf(sigma) || !(fabs(*out - sigma) <= tolerance * sigma)))
        return grid_fail_at(r, node, "%s: %.80s is no scale of the grid; the nearest is %.12g", key,
                            grid_scalar(node), *out);
    return 0;
}

static int read_rule_sigmas(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_rule *rule = field;
    int n = grid_items(r, key, node);
    if (n < 0 || !(rule->sigma = grid_alloc(r, n, sizeof *rule->sigma)))
        return -1;
    rule->sigmas = n;
    for (int k = 0; k < n; k++)
        if (read_rule_sigma(r, key, grid_item(r, node, k), &rule->sigma[k]))
            return -1;
    return 0;
}

static int read_rules(struct grid_reader *r, const char *key, yaml_node_t *node, int *count,
                      struct grid_rule **rule)
{
    static const struct grid_key keys[] = {{"models", read_rule_models, 0, 0},
                                           {"sites", read_rule_sites, 0, 0},
                                           {"sigmas", read_rule_sigmas, 0, 0}};
    if (node->type != YAML_SEQUENCE_NODE)
        return grid_fail_at(r, node, "%s: expected a list of rules, like [{models: NAME, sites: all}]", key);
    int n = grid_items(r, key, node);
    if (n < 0 || !(*rule = grid_alloc(r, n, sizeof **rule)))
        return -1;
    *count = n;
    for (int k = 0; k < n; k++) {
        yaml_node_t *item = grid_item(r, node, k);
        (*rule)[k].mark = grid_mark_of(item);
        if (grid_read_map(r, key, item, keys, 3, &(*rule)[k]))
            return -1;
    }
    return 0;
}

int grid_read_include(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid *g = field;
    return read_rules(r, key, node, &g->includes, &g->include);
}

int grid_read_exclude(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid *g = field;
    return read_rules(r, key, node, &g->excludes, &g->exclude);
}
