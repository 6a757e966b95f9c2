#include "core/onnx/external.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct range {
    const char *location;
    size_t offset, length;
    int has_length;
};

int external_is(const Onnx__TensorProto *p)
{
    return p->has_data_location && p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

/* A decimal number that fits a size; -1 otherwise. */
static int parse_size(const char *text, size_t *value)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno || end == text || *end || strchr(text, '-') || n > SIZE_MAX)
        return -1;
    *value = (size_t)n;
    return 0;
}

/* A file next to the model and nothing else: the model may come from a stranger. */
static int path_is_safe(const char *path)
{
    if (!*path || *path == '/' || strchr(path, '\\'))
        return 0;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return 0;
    }
    return 1;
}

static int range_of(const Onnx__TensorProto *p, struct range *r, struct apex_error *err)
{
    *r = (struct range){NULL, 0, 0, 0};
    for (size_t i = 0; i < p->n_external_data; i++) {
        const char *key = p->external_data[i]->key, *value = p->external_data[i]->value;
        if (!key || !value)
            continue;
        const int is_length = strcmp(key, "length") == 0;
        if (strcmp(key, "location") == 0)
            r->location = value;
        if ((strcmp(key, "offset") == 0 && parse_size(value, &r->offset) < 0) ||
            (is_length && parse_size(value, &r->length) < 0))
            return apex_fail(err, "external data: %s '%.60s' is not a number of bytes", key, value);
        r->has_length |= is_length;
    }
    if (!r->location || !path_is_safe(r->location))
        return apex_fail(err, "external data in '%.300s': want a relative path without '..'",
                         r->location ? r->location : "");
    return 0;
}

const uint8_t *external_bytes(const Onnx__TensorProto *p, const struct onnx_files *files, size_t need,
                              struct apex_error *err)
{
    struct range r;
    size_t size = 0;
    if (range_of(p, &r, err) < 0)
        return NULL;
    if (!files || !files->read) {
        apex_fail(err, "external data in '%.300s', but only the model's own bytes are at hand", r.location);
        return NULL;
    }
    const uint8_t *bytes = files->read(files->context, r.location, &size, err);
    if (!bytes)
        return NULL;
    const size_t length = r.has_length ? r.length : need;
    if (length != need || r.offset > size || need > size - r.offset) {
        apex_fail(
            err, "external data '%.300s': want %zu bytes at offset %zu, the model says %zu, the file has %zu",
            r.location, need, r.offset, length, size);
        return NULL;
    }
    return bytes + r.offset;
}

static int by_place(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    const int order = strcmp(x->location, y->location);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

static int are_disjoint(struct range *range, size_t count)
{
    if (count)
        qsort(range, count, sizeof *range, by_place);
    for (size_t i = 1; i < count; i++)
        if (strcmp(range[i].location, range[i - 1].location) == 0 &&
            range[i].offset - range[i - 1].offset < range[i - 1].length)
            return 0;
    return 1;
}

static int node_has_tensors(const Onnx__NodeProto *n)
{
    for (size_t i = 0; i < n->n_attribute; i++) {
        const Onnx__AttributeProto *a = n->attribute[i];
        if ((a->t && external_is(a->t)) || a->n_tensors || a->g || a->n_graphs)
            return 1;
    }
    return 0;
}

int external_is_disjoint(const Onnx__GraphProto *g)
{
    struct range *range = calloc(g->n_initializer + 1, sizeof *range);
    size_t count = 0;
    int is_known = range != NULL;
    for (size_t i = 0; i < g->n_node && is_known; i++)
        is_known = !node_has_tensors(g->node[i]);
    for (size_t i = 0; i < g->n_initializer && is_known; i++)
        if (external_is(g->initializer[i])) {
            is_known = range_of(g->initializer[i], &range[count], NULL) == 0 && range[count].has_length;
            count++;
        }
    is_known = is_known && are_disjoint(range, count);
    free(range);
    return is_known;
}
