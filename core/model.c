#include "core/model.h"

#include "core/sha256.h"
#include "core/site.h"

#include <stdlib.h>
#include <string.h>

/* Stands between the importer and the caller's reader: each external file is asked for once and hashed when
 * it is first used. */
struct external {
    const struct onnx_files *from;
    struct sha256 *hash;
    struct external_file {
        char *path;
        const void *data;
        size_t size;
    } * file;
    int files;
};

static const void *read_external(void *context, const char *path, size_t *size, struct apex_error *err)
{
    struct external *e = context;
    for (int i = 0; i < e->files; i++)
        if (!strcmp(e->file[i].path, path)) {
            *size = e->file[i].size;
            return e->file[i].data;
        }
    struct external_file *more = realloc(e->file, ((size_t)e->files + 1) * sizeof *more);
    if (more)
        e->file = more;
    char *copy = more ? strdup(path) : NULL;
    if (!copy) {
        apex_fail(err, "no memory for external data '%s'", path);
        return NULL;
    }
    const void *data = e->from->read(e->from->context, path, size, err);
    if (!data) {
        free(copy);
        return NULL;
    }
    sha256_add(e->hash, data, *size);
    e->file[e->files++] = (struct external_file){copy, data, *size};
    return data;
}

static void release_bytes(void *context, const void *from, size_t size)
{
    const struct external *e = context;
    e->from->release(e->from->context, from, size);
}

static void external_free(struct external *e)
{
    for (int i = 0; i < e->files; i++)
        free(e->file[i].path);
    free(e->file);
}

struct apex_model *apex_model_from_memory(const void *bytes, size_t size, const char *source,
                                          onnx_read_fn read, void *context, struct apex_error *err)
{
    return apex_model_with_tensors(bytes, size, source, read, context, NULL, 0, err);
}

struct apex_model *apex_model_with_tensors(const void *bytes, size_t size, const char *source,
                                           onnx_read_fn read, void *context, const char *const *pattern,
                                           int patterns, struct apex_error *err)
{
    const struct onnx_files files = {read, NULL, context};
    return apex_model_import(bytes, size, source, &files, pattern, patterns, err);
}

struct apex_model *apex_model_import(const void *bytes, size_t size, const char *source,
                                     const struct onnx_files *files, const char *const *pattern, int patterns,
                                     struct apex_error *err)
{
    const struct onnx_keep keep = {pattern, patterns};
    struct external e = {files, sha256_new(), NULL, 0};
    const struct onnx_files hashed = {files->read ? read_external : NULL,
                                      files->release ? release_bytes : NULL, &e};
    struct apex_model *m = calloc(1, sizeof *m);
    if (!m || !e.hash) {
        apex_fail(err, "%s: no memory for a model", source);
        goto failed;
    }
    sha256_add(e.hash, bytes, size);
    m->graph = onnx_import_keeping(bytes, size, source, &hashed, &keep, err);
    if (!m->graph || apex_model_analyse(m, err) || apex_model_add_tensors(m, pattern, patterns, err))
        goto failed;
    sha256_end(e.hash, m->sha256);
    external_free(&e);
    return m;
failed:
    if (e.hash)
        sha256_end(e.hash, (unsigned char[32]){0});
    external_free(&e);
    apex_model_free(m);
    return NULL;
}

void apex_model_free(struct apex_model *m)
{
    if (!m)
        return;
    graph_free(m->graph);
    free(m->site);
    free(m);
}

int apex_model_multiplies(const struct apex_model *m)
{
    for (int i = 0; i < m->graph->nodes; i++) {
        const struct graph_node *n = &m->graph->node[i];
        const struct apex_tensor *w = n->inputs > 1 ? graph_constant(m->graph, n, 1) : NULL;
        if (strcmp(n->op, "MatMul") == 0 && (!w || w->shape.rank != 2))
            return 1;
    }
    return 0;
}
