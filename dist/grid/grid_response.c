/* The key `response`. */
#include "core/response.h"
#include "dist/grid/grid_yaml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double default_sigma[] = {0.1, 0.5};
enum { DEFAULT_SAMPLES = 32, DEFAULT_DRAWS = 32, SAMPLES_LEAST = 2, SAMPLES_MOST = 1000000 };

static int read_site(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_response *p = field;
    if (grid_check_text(r, key, node))
        return -1;
    if (!strcmp(grid_scalar(node), "all"))
        return grid_fail_at(r, node, "response: site: noise at `all` has no one place to start from");
    free(p->site);
    p->site = NULL;
    return grid_read_text(r, key, node, &p->site);
}

static int read_sigmas(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_response *p = field;
    if (grid_read_scales(r, key, node, &p->sigmas, &p->sigma))
        return -1;
    if (isinf(p->sigma[p->sigmas - 1]))
        return grid_fail_at(r, node,
                            "response: sigmas: must be finite: at .inf nothing is left to compare with");
    return 0;
}

static int read_samples(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    uint64_t n;
    (void)key;
    if (grid_read_whole(r, "response: samples", node, SAMPLES_LEAST, SAMPLES_MOST, &n))
        return -1;
    ((struct grid_response *)field)->samples = (uint32_t)n;
    return 0;
}

static int read_draws(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    uint64_t n;
    (void)key;
    if (grid_read_whole(r, "response: draws", node, APEX_SPREAD_LEAST, APEX_RESPONSE_DRAWS, &n))
        return -1;
    ((struct grid_response *)field)->draws = (uint32_t)n;
    return 0;
}

static int set_defaults(struct grid_reader *r, struct grid_response *p)
{
    p->samples = DEFAULT_SAMPLES;
    p->draws = DEFAULT_DRAWS;
    p->sigmas = sizeof default_sigma / sizeof *default_sigma;
    p->site = strdup("input");
    p->sigma = malloc(sizeof default_sigma);
    if (!p->site || !p->sigma)
        return apex_fail(r->err, "%s: out of memory", r->grid->path);
    memcpy(p->sigma, default_sigma, sizeof default_sigma);
    return 0;
}

int grid_read_response(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    static const struct grid_key keys[] = {{"site", read_site, 0, 0},
                                           {"sigmas", read_sigmas, 0, 0},
                                           {"samples", read_samples, 0, 0},
                                           {"draws", read_draws, 0, 0}};
    struct grid_response *p = &((struct grid *)field)->response;
    p->mark = grid_mark_of(node);
    p->asked = !grid_is_false(node);
    if (!p->asked)
        return 0;
    if (set_defaults(r, p))
        return -1;
    if (grid_is_true(node))
        return 0;
    if (node->type != YAML_MAPPING_NODE)
        return grid_fail_at(r, node, "%s: expected true, false or a map of site, sigmas, samples, draws",
                            key);
    return grid_read_map(r, key, node, keys, 4, p);
}
