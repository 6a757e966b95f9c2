/* NPY: "\x93NUMPY", version, header length, a Python dictionary {'descr': '<f4', 'fortran_order': False,
 * 'shape': (3, 4), }, then the elements. */
#include "dist/data/dataset_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MAX = 65536 };

/* Where the value of a key begins; NULL: absent. */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    if (!at)
        return NULL;
    at += strlen(key);
    at += strspn(at, " ");
    if (*at != ':')
        return NULL;
    return at + 1 + strspn(at + 1, " ");
}

static int type_of(const char *code, enum raw_type *type)
{
    static const struct {
        char code[3];
        enum raw_type type;
    } known[] = {
        {"b1", RAW_BOOL}, {"u1", RAW_U8},  {"i1", RAW_I8},  {"u2", RAW_U16}, {"i2", RAW_I16}, {"u4", RAW_U32},
        {"i4", RAW_I32},  {"u8", RAW_U64}, {"i8", RAW_I64}, {"f2", RAW_F16}, {"f4", RAW_F32}, {"f8", RAW_F64},
    };
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (strncmp(code, known[k].code, 2) == 0) {
            *type = known[k].type;
            return 0;
        }
    return -1;
}

/* 'descr': a quoted byte order, kind and size. */
static int parse_type(const char *at, const char *name, enum raw_type *type, int *big_endian,
                      struct apex_error *err)
{
    if (!at || (*at != '\'' && *at != '"'))
        return apex_fail(err, "%s: an NPY file of records; apex reads plain arrays of numbers", name);
    char quote = *at++;
    const char *end = strchr(at, quote);
    int length = end ? (int)(end - at) : 0;
    if (length != 3 || !strchr("<>|=", at[0]) || type_of(at + 1, type))
        return apex_fail(
            err, "%s: NPY type '%.*s' is not read; save it as one of b1 u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8",
            name, length > 40 ? 40 : length, at);
    *big_endian = at[0] == '>' || (at[0] == '=' && raw_host_is_big());
    return 0;
}

/* 'shape': (3, 4), (3,), () and Python 2's (3L,). */
static int parse_shape(const char *at, const char *name, struct apex_shape *shape, struct apex_error *err)
{
    *shape = (struct apex_shape){0};
    if (!at || *at++ != '(')
        return apex_fail(err, "%s: NPY header without a shape", name);
    for (;;) {
        at += strspn(at, " ,L");
        if (*at == ')')
            return 0;
        char *end;
        errno = 0;
        long long dim = strtoll(at, &end, 10);
        if (end == at || errno || dim < 0)
            return apex_fail(err, "%s: NPY header with a broken shape near '%.20s'", name, at);
        if (shape->rank == APEX_MAX_RANK)
            return apex_fail(err, "%s: NPY array of more than %d dimensions", name, APEX_MAX_RANK);
        shape->dim[shape->rank++] = dim;
        at = end;
    }
}

/* Column-major: the first dimension is next to itself. */
static void fortran_strides(struct raw_array *a)
{
    int64_t stride = 1;
    for (int k = 0; k < a->shape.rank; k++) {
        a->stride[k] = stride;
        stride *= a->shape.dim[k];
    }
}

static int parse_dictionary(const char *text, const char *name, struct raw_array *a, struct apex_error *err)
{
    enum raw_type type = RAW_U8;
    int big_endian = 0;
    struct apex_shape shape;
    const char *order = value_of(text, "'fortran_order'");
    if (parse_type(value_of(text, "'descr'"), name, &type, &big_endian, err) ||
        parse_shape(value_of(text, "'shape'"), name, &shape, err))
        return -1;
    if (!order || (strncmp(order, "True", 4) && strncmp(order, "False", 5)))
        return apex_fail(err, "%s: NPY header without fortran_order", name);
    raw_init(a, type, big_endian, &shape);
    if (*order == 'T' && apex_shape_count(&shape) > 0)
        fortran_strides(a);
    return 0;
}

int npy_header(const unsigned char *bytes, size_t size, const char *name, struct raw_array *a, size_t *start,
               struct apex_error *err)
{
    if (size < 10 || memcmp(bytes, "\x93NUMPY", 6))
        return apex_fail(err, "%s: not an NPY file", name);
    if (bytes[6] < 1 || bytes[6] > 3)
        return apex_fail(err, "%s: NPY version %d; 1 to 3 are read", name, bytes[6]);
    size_t before = bytes[6] == 1 ? 10 : 12;
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] > 1 && size >= 12)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > HEADER_MAX)
        return apex_fail(err, "%s: NPY header of %zu bytes; at most %d are read", name, length, HEADER_MAX);
    if (size < before || size - before < length)
        return apex_fail(err, "%s: cut short inside the NPY header", name);
    char *text = strndup((const char *)bytes + before, length);
    if (!text)
        return apex_fail(err, "%s: no memory", name);
    int rc = parse_dictionary(text, name, a, err);
    free(text);
    *start = before + length;
    return rc;
}

int npy_array(const unsigned char *bytes, size_t size, const char *name, struct raw_array *a,
              struct apex_error *err)
{
    size_t start = 0;
    char shape[APEX_SHAPE_TEXT];
    if (npy_header(bytes, size, name, a, &start, err))
        return -1;
    int64_t need = raw_bytes(a->type, &a->shape);
    if (need < 0 || (uint64_t)need != size - start)
        return apex_fail(err, "%s: the NPY header says %s elements of %zu bytes, but %zu bytes follow it",
                         name, apex_shape_text(&a->shape, shape), raw_size(a->type), size - start);
    a->data = bytes + start;
    return 0;
}

int read_npy(const struct gzfile *f, const struct raw_query *q, struct raw_array *a, struct apex_error *err)
{
    if (q->variable)
        return apex_fail(err, "%s: an NPY file has no variables ('%s' was asked for)", f->path, q->variable);
    return q->role == RAW_OWN_LABELS ? 1 : npy_array(f->data, f->size, f->path, a, err);
}
