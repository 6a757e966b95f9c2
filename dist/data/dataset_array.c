#include "core/onnx/tensor_file.h"
#include "dist/data/dataset.h"
#include "dist/data/dataset_read.h"

#include <stdlib.h>
#include <string.h>

static int is_proto(const char *path)
{
    size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".pb") == 0;
}

/* t as float32 (t itself where it is); frees t otherwise. */
static struct apex_tensor *as_floats(struct apex_tensor *t, struct apex_error *err)
{
    if (t->type == APEX_F32)
        return t;
    struct apex_tensor *f = apex_tensor_new(APEX_F32, &t->shape, err);
    int64_t count = apex_shape_count(&t->shape);
    for (int64_t i = 0; f && i < count; i++)
        ((float *)f->data)[i] = t->type == APEX_I64 ? (float)((const int64_t *)t->data)[i]
                                                    : (float)((const unsigned char *)t->data)[i];
    apex_tensor_free(t);
    return f;
}

static struct apex_tensor *from_proto(const struct gzfile *f, const char *variable, struct apex_error *err)
{
    if (variable) {
        apex_fail(err, "%s: a tensor file has no variables ('%s' was asked for)", f->path, variable);
        return NULL;
    }
    struct apex_tensor *t = onnx_tensor_from_bytes(f->data, f->size, f->path, err);
    if (t && (t->shape.rank < 1 || apex_shape_count(&t->shape) < 1)) {
        apex_fail(err, "%s: no array: nothing, or a single number", f->path);
        apex_tensor_free(t);
        return NULL;
    }
    return t ? as_floats(t, err) : NULL;
}

static struct apex_tensor *from_raw(const struct raw_array *a, const char *path, struct apex_error *err)
{
    if (a->shape.rank < 1 || apex_shape_count(&a->shape) < 1) {
        apex_fail(err, "%s: no array: nothing, or a single number", path);
        return NULL;
    }
    int64_t count = raw_row_elements(a);
    struct apex_tensor *t = apex_tensor_new(APEX_F32, &a->shape, err);
    unsigned char *scratch = t ? malloc((size_t)count * raw_size(a->type)) : NULL;
    if (t && !scratch) {
        apex_fail(err, "%s: no memory for a row of %lld elements", path, (long long)count);
        apex_tensor_free(t);
        return NULL;
    }
    for (int64_t i = 0; t && i < a->shape.dim[0]; i++)
        raw_floats(a, raw_row(a, i, scratch), count, (float *)t->data + i * count);
    free(scratch);
    return t;
}

struct apex_tensor *dataset_array(const char *path, const char *variable, struct apex_error *err)
{
    struct gzfile f;
    struct raw_array a = {0};
    struct apex_tensor *t = NULL;
    if (gzfile_read(path, NULL, &f, err))
        return NULL;
    if (is_proto(path)) { /* a TensorProto has no magic: the name decides */
        t = from_proto(&f, variable, err);
    } else {
        raw_read_fn *read = raw_reader(&f, NULL, err);
        if (read && read(&f, &(struct raw_query){.role = RAW_ANY, .variable = variable}, &a, err) == 0)
            t = from_raw(&a, path, err);
    }
    raw_free(&a);
    gzfile_free(&f);
    return t;
}
