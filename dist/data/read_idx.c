/* IDX (MNIST and its kin): 0 0 type rank, then `rank` big-endian 32-bit dimensions, then the elements,
 * big-endian. */
#include "dist/data/dataset_read.h"

static int idx_type(unsigned char code, enum raw_type *type)
{
    switch (code) {
    case 0x08:
        *type = RAW_U8;
        return 0;
    case 0x09:
        *type = RAW_I8;
        return 0;
    case 0x0b:
        *type = RAW_I16;
        return 0;
    case 0x0c:
        *type = RAW_I32;
        return 0;
    case 0x0d:
        *type = RAW_F32;
        return 0;
    case 0x0e:
        *type = RAW_F64;
        return 0;
    default:
        return -1;
    }
}

static int idx_header(const struct gzfile *f, struct raw_array *a, size_t *start, struct apex_error *err)
{
    enum raw_type type;
    if (f->size < 4 || f->data[0] || f->data[1] || idx_type(f->data[2], &type))
        return apex_fail(err, "%s: not an IDX file: it does not begin with 0 0 <type> <rank>", f->path);
    struct apex_shape shape = {.rank = f->data[3]};
    if (shape.rank < 1 || shape.rank > APEX_MAX_RANK)
        return apex_fail(err, "%s: IDX rank %d; 1 to %d are read", f->path, shape.rank, APEX_MAX_RANK);
    *start = 4 + 4 * (size_t)shape.rank;
    if (f->size < *start)
        return apex_fail(err, "%s: cut short inside the IDX header", f->path);
    for (int k = 0; k < shape.rank; k++) {
        const unsigned char *p = f->data + 4 + 4 * k;
        shape.dim[k] = (int64_t)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
    }
    raw_init(a, type, 1, &shape);
    return 0;
}

int read_idx(const struct gzfile *f, const struct raw_query *q, struct raw_array *a, struct apex_error *err)
{
    if (q->variable)
        return apex_fail(err, "%s: an IDX file has no variables ('%s' was asked for)", f->path, q->variable);
    if (q->role == RAW_OWN_LABELS)
        return 1;
    size_t start = 0;
    if (idx_header(f, a, &start, err))
        return -1;
    int64_t bytes = raw_bytes(a->type, &a->shape);
    char shape[APEX_SHAPE_TEXT];
    if (bytes < 0 || (uint64_t)bytes != f->size - start)
        return apex_fail(err, "%s: the IDX header says %s elements of %zu bytes, but %zu bytes follow it",
                         f->path, apex_shape_text(&a->shape, shape), raw_size(a->type), f->size - start);
    a->data = f->data + start;
    return 0;
}
