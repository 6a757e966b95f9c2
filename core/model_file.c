/* A model from a file, with external data from its folder. */
#include "core/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct blob {
    void *data;
    size_t size;
    struct blob *next;
};

struct folder {
    const char *model; /* the model file's path */
    struct blob *blob; /* what was read; kept until import ends */
};

static int open_regular(const char *path, FILE **file, size_t *size, struct apex_error *err)
{
    struct stat s;
    *file = fopen(path, "rb");
    if (!*file)
        return apex_fail(err, "%s: %s", path, strerror(errno));
    int failed = fstat(fileno(*file), &s);
    if (!failed && S_ISREG(s.st_mode) && s.st_size > 0 && (uintmax_t)s.st_size < SIZE_MAX) {
        *size = (size_t)s.st_size;
        return 0;
    }
    const char *cause = failed                ? strerror(errno)
                        : S_ISDIR(s.st_mode)  ? "is a directory"
                        : !S_ISREG(s.st_mode) ? "is not a regular file"
                        : s.st_size <= 0      ? "is empty"
                                              : "is too large";
    fclose(*file);
    return apex_fail(err, "%s: %s", path, cause);
}

static struct blob *read_blob(const char *path, struct apex_error *err)
{
    FILE *file;
    size_t size = 0;
    if (open_regular(path, &file, &size, err))
        return NULL;
    struct blob *b = calloc(1, sizeof *b);
    if (b)
        b->data = malloc(size);
    if (!b || !b->data) {
        apex_fail(err, "%s: no memory for %zu bytes", path, size);
        goto failed;
    }
    b->size = fread(b->data, 1, size, file);
    if (b->size != size) {
        apex_fail(err, "%s: %s after %zu of %zu bytes", path,
                  ferror(file) ? strerror(errno) : "the file ends", b->size, size);
        goto failed;
    }
    fclose(file);
    return b;
failed:
    if (b)
        free(b->data);
    free(b);
    fclose(file);
    return NULL;
}

static void free_blobs(struct blob *b)
{
    while (b) {
        struct blob *next = b->next;
        free(b->data);
        free(b);
        b = next;
    }
}

/* The folder of the model, then the name as the model has it. */
static char *beside(const char *model, const char *name)
{
    const char *slash = strrchr(model, '/');
    size_t length = slash ? (size_t)(slash - model) + 1 : 0;
    char *path = malloc(length + strlen(name) + 1);
    if (path) {
        memcpy(path, model, length);
        strcpy(path + length, name);
    }
    return path;
}

static const void *read_beside(void *context, const char *name, size_t *size, struct apex_error *err)
{
    struct folder *f = context;
    char *path = beside(f->model, name);
    if (!path) {
        apex_fail(err, "no memory for external data '%s'", name);
        return NULL;
    }
    struct blob *b = read_blob(path, err);
    free(path);
    if (!b)
        return NULL;
    b->next = f->blob;
    f->blob = b;
    *size = b->size;
    return b->data;
}

/* The whole pages of a part of a blob, whose bytes nobody wants any more. */
static void give_back_pages(void *context, const void *from, size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t before = (page - (uintptr_t)from % page) % page;
    (void)context;
    if (size >= before + page)
        madvise((char *)from + before, (size - before) / page * page, MADV_DONTNEED);
}

struct apex_model *apex_model_load(const char *path, struct apex_error *err)
{
    return apex_model_load_with_tensors(path, NULL, 0, err);
}

struct apex_model *apex_model_load_with_tensors(const char *path, const char *const *pattern, int patterns,
                                                struct apex_error *err)
{
    struct blob *file = read_blob(path, err);
    if (!file)
        return NULL;
    struct folder folder = {path, NULL};
    const struct onnx_files files = {read_beside, give_back_pages, &folder};
    struct apex_model *m = apex_model_import(file->data, file->size, path, &files, pattern, patterns, err);
    free_blobs(folder.blob);
    free_blobs(file);
    return m;
}
