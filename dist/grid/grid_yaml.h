/* Inside of the grid reader: libyaml nodes into C values, with an error that names the place. The schema has
 * a fixed depth and nothing here recurses, so an alias that points back at its own anchor ends as a wrong
 * type. All functions that return int give 0, or -1 with reader.err. */
#ifndef APEX_DIST_GRID_YAML_H
#define APEX_DIST_GRID_YAML_H

#include "dist/grid/grid.h"

#include <yaml.h>

#define GRID_MAX_ENTRIES 10000 /* of one map or list: bounds the search for duplicates */

struct grid_reader {
    struct grid *grid;
    yaml_document_t *document;
    char *folder; /* of the YAML file, absolute */
    struct apex_error *err;
};

/* Reads the value of one key into field (struct + offset). key is its name, for messages. */
typedef int (*grid_read_fn)(struct grid_reader *r, const char *key, yaml_node_t *node, void *field);

struct grid_key {
    const char *name;
    grid_read_fn read;
    size_t offset;
    int required;
};

/* grid_document.c: the only document of the text, -1 with err. The caller deletes it. */
int grid_open_document(yaml_document_t *document, const char *text, size_t size, const char *path,
                       struct apex_error *err);

/* grid_yaml.c: structure */
struct grid_mark grid_mark_of(const yaml_node_t *node);
int grid_fail_at(struct grid_reader *r, const yaml_node_t *node, const char *format, ...) APEX_PRINTF(3, 4);
void *grid_alloc(struct grid_reader *r, int count, size_t size); /* zeroed, never of size 0; NULL with err */
void grid_title(char *out, size_t size, const char *what, const char *name); /* "model 'x'", for messages */
/* A map with at least one entry, text keys, none twice. */
int grid_check_map(struct grid_reader *r, const char *what, yaml_node_t *node);
int grid_map_size(const yaml_node_t *map);
void grid_map_entry(struct grid_reader *r, yaml_node_t *map, int k, yaml_node_t **key, yaml_node_t **value);
yaml_node_t *grid_map_find(struct grid_reader *r, yaml_node_t *map, const char *key); /* NULL: absent */
/* A map with the given keys only, read in the order of the table; `what` names the map in messages. */
int grid_read_map(struct grid_reader *r, const char *what, yaml_node_t *node, const struct grid_key *key,
                  int keys, void *into);
/* A list or a single value: how many, -1 with err if the list is empty or far too long, and item k. */
int grid_items(struct grid_reader *r, const char *key, yaml_node_t *node);
yaml_node_t *grid_item(struct grid_reader *r, yaml_node_t *node, int k);

/* grid_scalar.c: single values */
int grid_is_null(const yaml_node_t *node);
int grid_is_true(const yaml_node_t *node);
int grid_is_false(const yaml_node_t *node);
const char *grid_scalar(const yaml_node_t *node);                               /* "" where it is no scalar */
int grid_check_text(struct grid_reader *r, const char *key, yaml_node_t *node); /* a scalar, not empty */
int grid_read_number(struct grid_reader *r, const char *key, yaml_node_t *node,
                     void *field); /* double; finite or .inf */
int grid_read_whole(struct grid_reader *r, const char *key, yaml_node_t *node, uint64_t low, uint64_t high,
                    uint64_t *out);
int grid_read_text(struct grid_reader *r, const char *key, yaml_node_t *node, void *field); /* char * */
/* Position of the node's text among the names; -1 with err, which suggests the nearest. */
int grid_read_choice(struct grid_reader *r, const char *key, yaml_node_t *node, const char *const *name,
                     int names);
/* "; did you mean 'x'?", or where no name is near "; it can be a, b, c". */
void grid_suggest(char *out, size_t size, const char *word, const char *const *name, int names);

/* grid_path.c */
int grid_read_path(struct grid_reader *r, const char *key, yaml_node_t *node, void *field); /* char * */
char *grid_expand(struct grid_reader *r, const char *key, const yaml_node_t *node, const char *text);
char *grid_absolute(struct grid_reader *r, const char *path);
char *grid_folder(const char *path, struct apex_error *err);
int grid_read_source(struct grid_reader *r, yaml_node_t *node, struct grid_labels *labels);

/* grid_data.c, grid_model.c, grid_sigma.c, grid_rule.c: parts of the file; field is the struct grid. */
int grid_read_datas(struct grid_reader *r, const char *key, yaml_node_t *node, void *field);
int grid_read_models(struct grid_reader *r, const char *key, yaml_node_t *node, void *field);
int grid_read_sigmas(struct grid_reader *r, const char *key, yaml_node_t *node, void *field);
/* Scales as `sigmas` writes them: ascending, each once. Replaces *sigma, which is malloc'ed. */
int grid_read_scales(struct grid_reader *r, const char *key, yaml_node_t *node, int *count, double **sigma);
int grid_read_response(struct grid_reader *r, const char *key, yaml_node_t *node, void *field);
int grid_read_include(struct grid_reader *r, const char *key, yaml_node_t *node, void *field);
int grid_read_exclude(struct grid_reader *r, const char *key, yaml_node_t *node, void *field);
int grid_read_patterns(struct grid_reader *r, const char *key, yaml_node_t *node, int *count,
                       struct grid_pattern **pattern);
int grid_read_range(struct grid_reader *r, const char *key, yaml_node_t *node, void *field);

#endif
