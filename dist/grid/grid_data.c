#include "dist/grid/grid_yaml.h"

#include <math.h>
#include <string.h>

static int read_paths(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_data *d = field;
    int n = grid_items(r, key, node);
    if (n < 0 || !(d->path = grid_alloc(r, n, sizeof *d->path)))
        return -1;
    d->paths = n;
    for (int k = 0; k < n; k++)
        if (grid_read_path(r, key, grid_item(r, node, k), &d->path[k]))
            return -1;
    return 0;
}

static int read_format(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    static const char *const name[] = {"cifar10", "cifar100", "idx", "netcdf", "npy", "npz"};
    return grid_read_choice(r, key, node, name, 6) < 0 ? -1 : grid_read_text(r, key, node, field);
}

static int read_layout(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    static const char *const name[] = {"nchw", "nhwc"};
    return grid_read_choice(r, key, node, name, 2) < 0 ? -1 : grid_read_text(r, key, node, field);
}

static int read_images(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_data *d = field;
    if (d->format && strcmp(d->format, "netcdf") && strcmp(d->format, "npz"))
        return grid_fail_at(r, node, "%s: files of format %s have no named variables", key, d->format);
    return grid_read_text(r, key, node, &d->variable);
}

static int parse_bound(const char **s, int64_t *out)
{
    size_t digits = strspn(*s, "0123456789");
    if (digits == 0 || digits > 10)
        return -1;
    int64_t v = 0;
    for (size_t i = 0; i < digits; i++)
        v = v * 10 + ((*s)[i] - '0');
    *s += digits;
    *out = v;
    return v <= UINT32_MAX ? 0 : -1;
}

/* "a:b", "a:", ":b" or "a"; -1: none of these. */
static int parse_range(const char *s, struct grid_range *range)
{
    *range = (struct grid_range){0, -1};
    if (*s != ':' && parse_bound(&s, &range->first))
        return -1;
    if (*s == '\0') {
        range->last = range->first + 1;
        return 0;
    }
    if (*s++ != ':')
        return -1;
    if (*s && parse_bound(&s, &range->last))
        return -1;
    return *s ? -1 : 0;
}

int grid_read_range(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_range *range = field;
    const char *text = grid_scalar(node);
    if (grid_check_text(r, key, node))
        return -1;
    if (parse_range(text, range))
        return grid_fail_at(
            r, node, "%s: '%.80s' is no sample range; ranges are a:b, 'a:', ':b' or one number", key, text);
    if (range->last >= 0 && range->last <= range->first)
        return grid_fail_at(r, node, "%s: the range '%.80s' is empty (the end is not part of it)", key, text);
    return 0;
}

static int read_samples(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_data *d = field;
    int n = grid_items(r, key, node);
    if (n < 0 || !(d->range = grid_alloc(r, n, sizeof *d->range)))
        return -1;
    d->ranges = n;
    for (int k = 0; k < n; k++) {
        yaml_node_t *item = grid_item(r, node, k);
        if (grid_read_range(r, key, item, &d->range[k]))
            return -1;
        if (k == 0)
            continue;
        const char *before = grid_scalar(grid_item(r, node, k - 1)), *text = grid_scalar(item);
        if (d->range[k].first < d->range[k - 1].first)
            return grid_fail_at(r, item, "%s: the range '%s' comes before '%s'; ranges must ascend", key,
                                text, before);
        if (d->range[k - 1].last < 0 || d->range[k].first < d->range[k - 1].last)
            return grid_fail_at(r, item, "%s: the range '%s' overlaps '%s'", key, text, before);
    }
    return 0;
}

static int read_numbers(struct grid_reader *r, const char *key, yaml_node_t *node, int *count,
                        double **number)
{
    int n = grid_items(r, key, node);
    if (n < 0 || !(*number = grid_alloc(r, n, sizeof **number)))
        return -1;
    *count = n;
    for (int k = 0; k < n; k++) {
        yaml_node_t *item = grid_item(r, node, k);
        if (grid_read_number(r, key, item, &(*number)[k]))
            return -1;
        if (isinf((*number)[k]))
            return grid_fail_at(r, item, "%s: must be finite", key);
    }
    return 0;
}

static int read_mean(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_data *d = field;
    return read_numbers(r, key, node, &d->means, &d->mean);
}

static int read_std(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_data *d = field;
    if (read_numbers(r, key, node, &d->stds, &d->std))
        return -1;
    for (int k = 0; k < d->stds; k++)
        if (!(d->std[k] > 0))
            return grid_fail_at(r, grid_item(r, node, k), "%s: must be above 0", key);
    if (d->means > 1 && d->stds > 1 && d->means != d->stds)
        return grid_fail_at(r, node, "%s: %d numbers, but mean has %d", key, d->stds, d->means);
    return 0;
}

static int read_divide(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    double *divide = field;
    if (grid_read_number(r, key, node, divide))
        return -1;
    if (!(*divide > 0) || isinf(*divide))
        return grid_fail_at(r, node, "%s: must be above 0 and finite", key);
    return 0;
}

static int read_label_set(struct grid_reader *r, yaml_node_t *name, yaml_node_t *source,
                          struct grid_labels *set)
{
    if (grid_is_null(name) || grid_is_false(name) || !strcmp(grid_scalar(name), "none"))
        return grid_fail_at(r, name, "labels: '%s' means 'no labels' and cannot name a label set",
                            grid_scalar(name));
    if (grid_read_source(r, source, set))
        return -1;
    if (grid_is_true(name)) { /* True and TRUE are the same word in YAML */
        set->name = strdup("true");
        return set->name ? 0 : apex_fail(r->err, "%s: out of memory", r->grid->path);
    }
    return grid_read_text(r, "labels", name, &set->name);
}

/* A source alone is the source of the set "true"; else a map of names to sources. */
static int read_labels(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid_data *d = field;
    int is_map = node->type == YAML_MAPPING_NODE;
    if (is_map && grid_check_map(r, key, node))
        return -1;
    int n = is_map ? grid_map_size(node) : 1;
    if (!(d->labels = grid_alloc(r, n, sizeof *d->labels)))
        return -1;
    d->label_sets = n;
    if (!is_map) {
        d->labels->name = strdup("true");
        return d->labels->name ? grid_read_source(r, node, d->labels)
                               : apex_fail(r->err, "%s: out of memory", r->grid->path);
    }
    for (int k = 0; k < n; k++) {
        yaml_node_t *name, *source;
        grid_map_entry(r, node, k, &name, &source);
        if (read_label_set(r, name, source, &d->labels[k]))
            return -1;
    }
    return 0;
}

static int read_data(struct grid_reader *r, yaml_node_t *name, yaml_node_t *node, struct grid_data *d)
{
    static const struct grid_key key[] = {
        {"path", read_paths, 0, 1},      {"format", read_format, offsetof(struct grid_data, format), 0},
        {"images", read_images, 0, 0},   {"layout", read_layout, offsetof(struct grid_data, layout), 0},
        {"samples", read_samples, 0, 0}, {"mean", read_mean, 0, 0},
        {"std", read_std, 0, 0},         {"divide", read_divide, offsetof(struct grid_data, divide), 0},
        {"labels", read_labels, 0, 0},
    };
    d->mark = grid_mark_of(name);
    if (grid_read_text(r, "data", name, &d->name))
        return -1;
    char what[96];
    grid_title(what, sizeof what, "data set", d->name);
    if (grid_read_map(r, what, node, key, sizeof key / sizeof *key, d))
        return -1;
    if (!d->layout && !(d->layout = strdup("nchw")))
        return apex_fail(r->err, "%s: out of memory", r->grid->path);
    return 0;
}

int grid_read_datas(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid *g = field;
    if (grid_check_map(r, key, node))
        return -1;
    int n = grid_map_size(node);
    if (!(g->data = grid_alloc(r, n, sizeof *g->data)))
        return -1;
    g->datas = n;
    for (int k = 0; k < n; k++) {
        yaml_node_t *name, *value;
        grid_map_entry(r, node, k, &name, &value);
        if (read_data(r, name, value, &g->data[k]))
            return -1;
    }
    return 0;
}
