#include "dist/grid/grid_yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct grid_mark grid_mark_of(const yaml_node_t *node)
{
    return (struct grid_mark){(int)node->start_mark.line + 1, (int)node->start_mark.column + 1};
}

int grid_fail_at(struct grid_reader *r, const yaml_node_t *node, const char *format, ...)
{
    char text[APEX_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return grid_fail(r->grid, grid_mark_of(node), r->err, "%s", text);
}

void *grid_alloc(struct grid_reader *r, int count, size_t size)
{
    void *p = calloc(count > 0 ? (size_t)count : 1, size);
    if (!p)
        apex_fail(r->err, "%s: out of memory", r->grid->path);
    return p;
}

void grid_title(char *out, size_t size, const char *what, const char *name)
{
    snprintf(out, size, "%s '%.60s'", what, name);
}

int grid_map_size(const yaml_node_t *map)
{
    return (int)(map->data.mapping.pairs.top - map->data.mapping.pairs.start);
}

void grid_map_entry(struct grid_reader *r, yaml_node_t *map, int k, yaml_node_t **key, yaml_node_t **value)
{
    const yaml_node_pair_t *pair = map->data.mapping.pairs.start + k;
    *key = yaml_document_get_node(r->document, pair->key);
    *value = yaml_document_get_node(r->document, pair->value);
}

yaml_node_t *grid_map_find(struct grid_reader *r, yaml_node_t *map, const char *key)
{
    for (int k = 0; k < grid_map_size(map); k++) {
        yaml_node_t *name, *value;
        grid_map_entry(r, map, k, &name, &value);
        if (!strcmp(grid_scalar(name), key))
            return value;
    }
    return NULL;
}

static int check_key(struct grid_reader *r, const char *what, yaml_node_t *map, int k)
{
    yaml_node_t *key, *value, *other;
    grid_map_entry(r, map, k, &key, &value);
    if (key->type != YAML_SCALAR_NODE || !*grid_scalar(key))
        return grid_fail_at(r, key, "%s: a key is a name, not a list, a map or nothing", what);
    for (int j = 0; j < k; j++) {
        grid_map_entry(r, map, j, &other, &value);
        if (!strcmp(grid_scalar(other), grid_scalar(key)))
            return grid_fail_at(r, key, "%s: '%.80s' is there twice; the first is in line %d", what,
                                grid_scalar(key), grid_mark_of(other).line);
    }
    return 0;
}

int grid_check_map(struct grid_reader *r, const char *what, yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE)
        return grid_fail_at(r, node, "%s: expected a map (key: value)%s", what,
                            grid_is_null(node) ? ", found nothing" : "");
    int size = grid_map_size(node);
    if (size == 0)
        return grid_fail_at(r, node, "%s: the map is empty", what);
    if (size > GRID_MAX_ENTRIES)
        return grid_fail_at(r, node, "%s: %d entries are more than %d", what, size, GRID_MAX_ENTRIES);
    for (int k = 0; k < size; k++)
        if (check_key(r, what, node, k))
            return -1;
    return 0;
}

static int check_known(struct grid_reader *r, const char *what, yaml_node_t *node, const struct grid_key *key,
                       int keys)
{
    const char *name[32];
    for (int i = 0; i < keys; i++)
        name[i] = key[i].name;
    for (int k = 0; k < grid_map_size(node); k++) {
        yaml_node_t *word, *value;
        grid_map_entry(r, node, k, &word, &value);
        int known = 0;
        for (int i = 0; i < keys; i++)
            known |= !strcmp(name[i], grid_scalar(word));
        if (!known) {
            char near[400];
            grid_suggest(near, sizeof near, grid_scalar(word), name, keys);
            return grid_fail_at(r, word, "%s: unknown key '%.80s'%s", what, grid_scalar(word), near);
        }
    }
    return 0;
}

int grid_read_map(struct grid_reader *r, const char *what, yaml_node_t *node, const struct grid_key *key,
                  int keys, void *into)
{
    if (grid_check_map(r, what, node) || check_known(r, what, node, key, keys))
        return -1;
    for (int i = 0; i < keys; i++) {
        yaml_node_t *value = grid_map_find(r, node, key[i].name);
        if (!value && key[i].required)
            return grid_fail_at(r, node, "%s: the key '%s' is missing", what, key[i].name);
        if (value && key[i].read(r, key[i].name, value, (char *)into + key[i].offset))
            return -1;
    }
    return 0;
}

int grid_items(struct grid_reader *r, const char *key, yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return 1;
    long n = node->data.sequence.items.top - node->data.sequence.items.start;
    if (n == 0)
        return grid_fail_at(r, node, "%s: the list is empty", key);
    if (n > GRID_MAX_ENTRIES)
        return grid_fail_at(r, node, "%s: %ld entries are more than %d", key, n, GRID_MAX_ENTRIES);
    return (int)n;
}

yaml_node_t *grid_item(struct grid_reader *r, yaml_node_t *node, int k)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return node;
    return yaml_document_get_node(r->document, node->data.sequence.items.start[k]);
}
