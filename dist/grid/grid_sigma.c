#include "dist/grid/grid_yaml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Scales are used as float32; these bounds keep sigma and sigma squared inside it. */
static const double smallest = 1e-18, largest = 1e18;

static int check_sigma(struct grid_reader *r, const yaml_node_t *node, double sigma)
{
    if (isinf(sigma) && r->grid->noise == APEX_NOISE_DROPOUT)
        return grid_fail_at(r, node, "sigmas: .inf is not defined for dropout noise");
    if (!(sigma > 0))
        return grid_fail_at(r, node, "sigmas: a scale must be above 0, found '%.80s'", grid_scalar(node));
    if (!isinf(sigma) && (sigma < smallest || sigma > largest))
        return grid_fail_at(r, node, "sigmas: '%.80s' is outside %g to %g", grid_scalar(node), smallest,
                            largest);
    return 0;
}

/* The scales read so far. */
struct list {
    int n;
    double *sigma;
};

static int add_sigma(struct grid_reader *r, struct list *l, const yaml_node_t *node, double sigma)
{
    if (l->n == GRID_MAX_ENTRIES)
        return grid_fail_at(r, node, "sigmas: more than %d scales", GRID_MAX_ENTRIES);
    if ((l->n & (l->n - 1)) == 0) { /* room doubles at powers of two */
        double *grown = realloc(l->sigma, (l->n ? 2 * (size_t)l->n : 1) * sizeof *grown);
        if (!grown)
            return apex_fail(r->err, "%s: out of memory", r->grid->path);
        l->sigma = grown;
    }
    l->sigma[l->n++] = sigma;
    return 0;
}

static int read_sigma(struct grid_reader *r, struct list *l, yaml_node_t *node)
{
    double sigma;
    if (grid_read_number(r, "sigmas", node, &sigma) || check_sigma(r, node, sigma))
        return -1;
    return add_sigma(r, l, node, sigma);
}

/* Twelve significant digits: the same on every machine, whatever the last bit of its pow, equal to what a
 * person writes (0.1, not 0.10000000000000002), and what is printed reads back as the same number. */
static double round_sigma(double sigma)
{
    char text[32];
    snprintf(text, sizeof text, "%.12g", sigma);
    return strtod(text, NULL);
}

/* [first, last, count] */
static int read_spacing(struct grid_reader *r, const char *key, yaml_node_t *node, struct list *l, int is_log)
{
    if (node->type != YAML_SEQUENCE_NODE || grid_items(r, key, node) != 3)
        return grid_fail_at(r, node, "sigmas: %s: expected [first, last, count]", key);
    double end[2];
    uint64_t count;
    for (int k = 0; k < 2; k++) {
        yaml_node_t *item = grid_item(r, node, k);
        if (grid_read_number(r, key, item, &end[k]) || check_sigma(r, item, end[k]))
            return -1;
        if (isinf(end[k]))
            return grid_fail_at(r, item, "sigmas: %s: the ends must be finite; write [{%s: ...}, .inf]", key,
                                key);
    }
    if (grid_read_whole(r, "sigmas: count", grid_item(r, node, 2), 2, GRID_MAX_ENTRIES, &count))
        return -1;
    if (!(end[0] < end[1]))
        return grid_fail_at(r, node, "sigmas: %s: first (%g) must be below last (%g)", key, end[0], end[1]);
    for (uint64_t k = 0; k < count; k++) {
        double t = (double)k / (double)(count - 1);
        double sigma = is_log ? end[0] * pow(end[1] / end[0], t) : end[0] + (end[1] - end[0]) * t;
        sigma = k == 0 ? end[0] : k == count - 1 ? end[1] : round_sigma(sigma);
        if (add_sigma(r, l, node, sigma))
            return -1;
    }
    return 0;
}

static int read_log(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    return read_spacing(r, key, node, field, 1);
}

static int read_linear(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    return read_spacing(r, key, node, field, 0);
}

static int read_list(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return grid_fail_at(r, node, "sigmas: %s: expected a list of numbers", key);
    int n = grid_items(r, "sigmas: list", node);
    if (n < 0)
        return -1;
    for (int k = 0; k < n; k++)
        if (read_sigma(r, field, grid_item(r, node, k)))
            return -1;
    return 0;
}

static int read_part(struct grid_reader *r, struct list *l, yaml_node_t *node)
{
    static const struct grid_key key[] = {
        {"log", read_log, 0, 0}, {"linear", read_linear, 0, 0}, {"list", read_list, 0, 0}};
    if (node->type == YAML_MAPPING_NODE)
        return grid_read_map(r, "sigmas", node, key, 3, l);
    return read_sigma(r, l, node);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int read_all(struct grid_reader *r, const char *key, yaml_node_t *node, struct list *l)
{
    int n = grid_items(r, key, node);
    if (n < 0)
        return -1;
    for (int k = 0; k < n; k++)
        if (read_part(r, l, grid_item(r, node, k)))
            return -1;
    qsort(l->sigma, (size_t)l->n, sizeof *l->sigma, ascending);
    int kept = 1;
    for (int k = 1; k < l->n; k++)
        if (l->sigma[k] != l->sigma[kept - 1])
            l->sigma[kept++] = l->sigma[k];
    l->n = kept;
    return 0;
}

int grid_read_scales(struct grid_reader *r, const char *key, yaml_node_t *node, int *count, double **sigma)
{
    struct list l = {0};
    int outcome = read_all(r, key, node, &l);
    free(*sigma); /* a default */
    *sigma = l.sigma;
    *count = outcome ? 0 : l.n;
    return outcome;
}

int grid_read_sigmas(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid *g = field;
    g->sigmas_mark = grid_mark_of(node);
    return grid_read_scales(r, key, node, &g->sigmas, &g->sigma);
}
