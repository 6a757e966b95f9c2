#include "dist/grid/cell_rules.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static int names_model(const struct grid_rule *rule, const char *name)
{
    int hit = rule->models == 0;
    for (int k = 0; !hit && k < rule->models; k++)
        hit = !fnmatch(rule->model[k].text, name, 0);
    return hit;
}

static int names_sigma(const struct grid_rule *rule, double sigma)
{
    int hit = rule->sigmas == 0;
    for (int k = 0; !hit && k < rule->sigmas; k++)
        hit = rule->sigma[k] == sigma;
    return hit;
}

/* chosen[apex_site_count(m) + 2] as apex_site_match marks it. */
static void choose_sites(const struct grid_rule *rule, const struct apex_model *m, unsigned char *chosen)
{
    memset(chosen, rule->sites == 0, (size_t)apex_site_count(m) + 2);
    for (int k = 0; k < rule->sites; k++)
        apex_site_match(m, rule->site[k].text, chosen);
}

/* The cells still wanted of one model, and what marks them. */
struct cells {
    const struct grid *grid;
    const int *site;
    int sites;
    unsigned char *wanted; /* [sites * grid->sigmas] */
    unsigned char *chosen; /* [apex_site_count + 2], of the rule at hand */
    unsigned char *kept;   /* [sites * grid->sigmas], by some include rule */
};

/* Counts the wanted cells that the rule names. An include rule marks them in kept, an exclude rule clears
 * them. */
static int64_t apply(const struct grid_rule *rule, struct cells *c, int exclude)
{
    int64_t hits = 0;
    for (int s = 0; s < c->sites; s++) {
        if (!c->chosen[c->site[s] + 2])
            continue;
        for (int k = 0; k < c->grid->sigmas; k++) {
            size_t cell = (size_t)s * (size_t)c->grid->sigmas + (size_t)k;
            if (!c->wanted[cell] || !names_sigma(rule, c->grid->sigma[k]))
                continue;
            hits++;
            if (exclude)
                c->wanted[cell] = 0;
            else
                c->kept[cell] = 1;
        }
    }
    return hits;
}

static void apply_rules(const struct grid_rule *rule, int rules, const struct apex_model *m, const char *name,
                        struct cells *c, int exclude, int64_t *count)
{
    for (int k = 0; k < rules; k++)
        if (names_model(&rule[k], name)) {
            choose_sites(&rule[k], m, c->chosen);
            count[k] += apply(&rule[k], c, exclude);
        }
}

int rules_apply(const struct grid *g, int model, const struct apex_model *m, const int *site, int n_sites,
                unsigned char *wanted, int64_t *removed)
{
    const char *name = g->model[model].name;
    size_t cells = (size_t)n_sites * (size_t)g->sigmas;
    struct cells c = {
        g, site, n_sites, wanted, malloc((size_t)apex_site_count(m) + 2), calloc(cells ? cells : 1, 1)};
    int failed = !c.chosen || !c.kept ? -1 : 0;
    if (!failed && g->includes) {
        apply_rules(g->include, g->includes, m, name, &c, 0, removed);
        for (size_t i = 0; i < cells; i++)
            wanted[i] = wanted[i] && c.kept[i];
    }
    if (!failed)
        apply_rules(g->exclude, g->excludes, m, name, &c, 1, removed + g->includes);
    free(c.chosen);
    free(c.kept);
    return failed;
}

int rules_check(const struct grid *g, const int64_t *removed, struct apex_error *err)
{
    for (int k = 0; k < g->includes; k++)
        if (removed[k] == 0)
            return grid_fail(g, g->include[k].mark, err,
                             "include: this rule names no cell of the grid (rule %d of %d)", k + 1,
                             g->includes);
    for (int k = 0; k < g->excludes; k++)
        if (removed[g->includes + k] == 0)
            return grid_fail(
                g, g->exclude[k].mark, err,
                "exclude: this rule removes no cell: none of the grid matches it, or the rules before it "
                "left none (rule %d of %d)",
                k + 1, g->excludes);
    return 0;
}
