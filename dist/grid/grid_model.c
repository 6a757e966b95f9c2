#include "dist/grid/grid_yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* The name becomes <output>/<name>.nc. */
static int check_name(struct grid_reader *r, yaml_node_t *name)
{
    const char *text = grid_scalar(name);
    if (strlen(text) > 100)
        return grid_fail_at(r, name, "models: the name '%.40s...' is longer than 100 letters", text);
    const char *bad = text + strspn(text, LETTERS_AND_DIGITS "_-.");
    if (*bad) {
        int bytes = 1; /* of the character, which may be one of several bytes */
        while (((unsigned char)bad[bytes] & 0xC0) == 0x80)
            bytes++;
        return grid_fail_at(r, name,
                            "models: '%s' names a file: letters, digits, '_', '-' and '.' only, found '%.*s'",
                            text, bytes, bad);
    }
    if (!strchr(LETTERS_AND_DIGITS "_", *text))
        return grid_fail_at(r, name, "models: '%s' names a file and must not begin with '%c'", text, *text);
    return 0;
}

/* Names as a list for grid_nearest; NULL with err. Freed by the caller. */
static const char **data_names(struct grid_reader *r)
{
    const struct grid *g = r->grid;
    const char **name = grid_alloc(r, g->datas, sizeof *name);
    for (int k = 0; name && k < g->datas; k++)
        name[k] = g->data[k].name;
    return name;
}

static int read_data_name(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    const char **name = data_names(r);
    if (!name)
        return -1;
    int *data = field;
    *data = -1;
    if (!grid_check_text(r, key, node)) {
        for (int k = 0; k < r->grid->datas; k++)
            if (!strcmp(name[k], grid_scalar(node)))
                *data = k;
        if (*data < 0) {
            char near[400];
            grid_suggest(near, sizeof near, grid_scalar(node), name, r->grid->datas);
            grid_fail_at(r, node, "%s: no data set is named '%.80s'%s", key, grid_scalar(node), near);
        }
    }
    free(name);
    return *data < 0 ? -1 : 0;
}

static int read_label_name(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    char **labels = field;
    if (grid_is_null(node) || grid_is_false(node) || !strcmp(grid_scalar(node), "none")) {
        free(*labels);
        *labels = NULL;
        return 0;
    }
    if (grid_is_true(node))
        return 0; /* as it was set: "true" */
    free(*labels);
    *labels = NULL;
    return grid_read_text(r, key, node, labels);
}

/* A data set that lists no label sets has those of its file: set NAME is the variable label_NAME. */
static int imply_label_set(struct grid_reader *r, yaml_node_t *node, struct grid_data *d, const char *name)
{
    int named = !d->format || !strcmp(d->format, "netcdf") || !strcmp(d->format, "npz");
    if (!named)
        return grid_fail_at(r, node,
                            "labels: files of format %s have no label set '%.80s'; give data set '%.80s' "
                            "'labels: {%.80s: FILE}'",
                            d->format, name, d->name, name);
    struct grid_labels *grown = realloc(d->labels, ((size_t)d->label_sets + 1) * sizeof *grown);
    if (!grown)
        return apex_fail(r->err, "%s: out of memory", r->grid->path);
    d->labels = grown;
    struct grid_labels *set = &d->labels[d->label_sets];
    size_t size = strlen(name) + sizeof "label_";
    *set = (struct grid_labels){strdup(name), NULL, malloc(size), grid_mark_of(node)};
    d->label_sets++;
    if (!set->name || !set->variable)
        return apex_fail(r->err, "%s: out of memory", r->grid->path);
    snprintf(set->variable, size, "label_%s", name);
    return 0;
}

static int fail_label_set(struct grid_reader *r, yaml_node_t *node, const struct grid_data *d,
                          const char *name)
{
    const char **known = grid_alloc(r, d->label_sets + 2, sizeof *known);
    if (!known)
        return -1;
    int n = 0;
    for (int k = 0; k < d->label_sets; k++)
        if (strcmp(d->labels[k].name, "true"))
            known[n++] = d->labels[k].name;
    known[n++] = "true";
    known[n++] = "none";
    char near[400];
    grid_suggest(near, sizeof near, name, known, n);
    free(known);
    return grid_fail_at(r, node, "labels: data set '%.80s' has no label set '%.80s'%s", d->name, name, near);
}

static int check_labels(struct grid_reader *r, yaml_node_t *node, struct grid_model *m, int listed)
{
    if (!m->labels || !strcmp(m->labels, "true"))
        return 0;
    struct grid_data *d = &r->grid->data[m->data];
    for (int k = 0; k < d->label_sets; k++)
        if (!strcmp(d->labels[k].name, m->labels))
            return 0;
    return listed ? fail_label_set(r, node, d, m->labels) : imply_label_set(r, node, d, m->labels);
}

/* listed[d]: data set d lists its label sets. */
static int read_model(struct grid_reader *r, yaml_node_t *name, yaml_node_t *node, struct grid_model *m,
                      const unsigned char *listed)
{
    static const struct grid_key key[] = {
        {"path", grid_read_path, offsetof(struct grid_model, path), 1},
        {"data", read_data_name, offsetof(struct grid_model, data), 0},
        {"labels", read_label_name, offsetof(struct grid_model, labels), 0},
    };
    m->mark = grid_mark_of(name);
    m->data = r->grid->datas == 1 ? 0 : -1;
    if (check_name(r, name) || grid_read_text(r, "models", name, &m->name))
        return -1;
    if (!(m->labels = strdup("true")))
        return apex_fail(r->err, "%s: out of memory", r->grid->path);
    char what[96];
    grid_title(what, sizeof what, "model", m->name);
    if (grid_read_map(r, what, node, key, sizeof key / sizeof *key, m))
        return -1;
    if (m->data < 0)
        return grid_fail_at(
            r, name, "%s: the key 'data' is missing; it can be left out only where there is one data set",
            what);
    return check_labels(r, grid_map_find(r, node, "labels"), m, listed[m->data]);
}

int grid_read_models(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid *g = field;
    if (grid_check_map(r, key, node))
        return -1;
    int n = grid_map_size(node), failed = 0;
    unsigned char *listed = grid_alloc(r, g->datas, 1);
    if (!listed || !(g->model = grid_alloc(r, n, sizeof *g->model))) {
        free(listed);
        return -1;
    }
    g->models = n;
    for (int k = 0; k < g->datas; k++)
        listed[k] = g->data[k].label_sets > 0;
    for (int k = 0; !failed && k < n; k++) {
        yaml_node_t *name, *value;
        grid_map_entry(r, node, k, &name, &value);
        failed = read_model(r, name, value, &g->model[k], listed);
    }
    free(listed);
    return failed;
}
