#include "core/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t apex_type_size(enum apex_type type)
{
    switch (type) {
    case APEX_F32:
        return sizeof(float);
    case APEX_I64:
        return sizeof(int64_t);
    case APEX_BOOL:
        return 1;
    }
    return 0;
}

int64_t apex_shape_count(const struct apex_shape *shape)
{
    /* A zero anywhere makes the product zero, but the other dimensions must still be sane. */
    int64_t count = 1;
    int empty = 0;
    if (shape->rank < 0 || shape->rank > APEX_MAX_RANK)
        return -1;
    for (int d = 0; d < shape->rank; d++) {
        if (shape->dim[d] < 0)
            return -1;
        if (shape->dim[d] == 0)
            empty = 1;
        else if (__builtin_mul_overflow(count, shape->dim[d], &count))
            return -1;
    }
    return empty ? 0 : count;
}

int apex_shape_equal(const struct apex_shape *a, const struct apex_shape *b)
{
    if (a->rank != b->rank)
        return 0;
    for (int d = 0; d < a->rank; d++)
        if (a->dim[d] != b->dim[d])
            return 0;
    return 1;
}

const char *apex_shape_text(const struct apex_shape *shape, char text[APEX_SHAPE_TEXT])
{
    size_t at = 0;
    text[at++] = '[';
    for (int d = 0; d < shape->rank && d < APEX_MAX_RANK; d++) /* 8 x 21 characters fit */
        at += (size_t)snprintf(text + at, APEX_SHAPE_TEXT - at, "%s%lld", d ? "," : "",
                               (long long)shape->dim[d]);
    snprintf(text + at, APEX_SHAPE_TEXT - at, "]");
    return text;
}

struct apex_tensor *apex_tensor_new(enum apex_type type, const struct apex_shape *shape,
                                    struct apex_error *err)
{
    char text[APEX_SHAPE_TEXT];
    int64_t count = apex_shape_count(shape);
    size_t size = apex_type_size(type);
    if (count < 0 || size == 0 || (uint64_t)count > SIZE_MAX / 2 / size) {
        apex_fail(err, "impossible tensor shape %s", apex_shape_text(shape, text));
        return NULL;
    }
    struct apex_tensor *t = calloc(1, sizeof *t);
    void *data = calloc(count ? (size_t)count : 1, size);
    if (!t || !data) {
        free(t);
        free(data);
        apex_fail(err, "no memory for a tensor of shape %s", apex_shape_text(shape, text));
        return NULL;
    }
    *t = (struct apex_tensor){.type = type, .shape = *shape, .data = data};
    return t;
}

struct apex_tensor *apex_tensor_copy(const struct apex_tensor *t, struct apex_error *err)
{
    struct apex_tensor *copy = apex_tensor_new(t->type, &t->shape, err);
    if (copy) {
        memcpy(copy->data, t->data, (size_t)apex_shape_count(&t->shape) * apex_type_size(t->type));
        copy->bits = t->bits;
    }
    return copy;
}

void apex_tensor_free(struct apex_tensor *t)
{
    if (!t)
        return;
    free(t->data);
    free(t);
}

void apex_shape_strides(const struct apex_shape *shape, int64_t stride[APEX_MAX_RANK])
{
    int64_t step = 1;
    for (int d = shape->rank - 1; d >= 0; d--) {
        stride[d] = step;
        step *= shape->dim[d];
    }
}

/* The axes from the outermost to the innermost one of where a copy goes. */
static void order_axes(const struct apex_shape *shape, const int64_t *to_stride, int order[APEX_MAX_RANK])
{
    for (int d = 0; d < shape->rank; d++) {
        int k = d;
        for (; k > 0 && llabs(to_stride[order[k - 1]]) < llabs(to_stride[d]); k--)
            order[k] = order[k - 1];
        order[k] = d;
    }
}

/* The region of a strided copy with unit dimensions dropped and neighbours that lie back to back merged, so
 * that the inner loop is as long as it can be. Strides are in bytes. */
struct region {
    int rank;
    int64_t dim[APEX_MAX_RANK], to[APEX_MAX_RANK], from[APEX_MAX_RANK];
};

static struct region region_merge(const struct apex_shape *shape, int64_t size, const int64_t *to_stride,
                                  const int64_t *from_stride)
{
    struct region r = {0};
    int order[APEX_MAX_RANK];
    order_axes(shape, to_stride, order);
    for (int k = 0; k < shape->rank; k++) {
        const int d = order[k];
        int64_t n = shape->dim[d], to = to_stride[d] * size, from = from_stride[d] * size;
        int last = r.rank - 1;
        if (n == 1)
            continue;
        if (last >= 0 && r.to[last] == to * n && r.from[last] == from * n) {
            r.dim[last] *= n;
            r.to[last] = to;
            r.from[last] = from;
            continue;
        }
        r.dim[r.rank] = n;
        r.to[r.rank] = to;
        r.from[r.rank] = from;
        r.rank++;
    }
    return r;
}

static void copy_row(int64_t n, size_t size, char *to, int64_t to_stride, const char *from,
                     int64_t from_stride)
{
    if (size == sizeof(float)) { /* a constant size lets memcpy become one move */
        for (int64_t i = 0; i < n; i++)
            memcpy(to + i * to_stride, from + i * from_stride, sizeof(float));
        return;
    }
    for (int64_t i = 0; i < n; i++)
        memcpy(to + i * to_stride, from + i * from_stride, size);
}

/* Rows of `bytes` bytes that lie back to back in themselves, one after the other: short ones are not worth a
 * call of memcpy for each. */
static void copy_rows(int64_t rows, size_t bytes, char *to, int64_t to_stride, const char *from,
                      int64_t from_stride)
{
    enum { PIECE = 64 };
    if (bytes % PIECE || bytes > 16 * PIECE) {
        for (int64_t i = 0; i < rows; i++)
            memcpy(to + i * to_stride, from + i * from_stride, bytes);
        return;
    }
    for (int64_t i = 0; i < rows; i++, to += to_stride, from += from_stride)
        for (size_t at = 0; at < bytes; at += PIECE)
            memcpy(to + at, from + at, PIECE); /* of a constant size: moves */
}

/* The two innermost dimensions of a region, or the one it has. */
static void copy_plane(const struct region *r, size_t size, char *to, const char *from)
{
    const int inner = r->rank - 1, outer = inner - 1;
    const int64_t rows = outer < 0 ? 1 : r->dim[outer];
    const int64_t to_stride = outer < 0 ? 0 : r->to[outer], from_stride = outer < 0 ? 0 : r->from[outer];
    if (r->to[inner] == (int64_t)size && r->from[inner] == (int64_t)size) {
        copy_rows(rows, (size_t)r->dim[inner] * size, to, to_stride, from, from_stride);
        return;
    }
    for (int64_t i = 0; i < rows; i++)
        copy_row(r->dim[inner], size, to + i * to_stride, r->to[inner], from + i * from_stride,
                 r->from[inner]);
}

void apex_strided_copy(const struct apex_shape *shape, size_t size, void *to, const int64_t *to_stride,
                       const void *from, const int64_t *from_stride)
{
    if (apex_shape_count(shape) <= 0)
        return;
    struct region r = region_merge(shape, (int64_t)size, to_stride, from_stride);
    if (r.rank == 0) {
        memcpy(to, from, size);
        return;
    }
    int64_t index[APEX_MAX_RANK] = {0}, to_at = 0, from_at = 0;
    for (;;) {
        copy_plane(&r, size, (char *)to + to_at, (const char *)from + from_at);
        int d = r.rank - 3;
        for (; d >= 0; d--) { /* an odometer over the outer dimensions */
            to_at += r.to[d];
            from_at += r.from[d];
            if (++index[d] < r.dim[d])
                break;
            to_at -= r.to[d] * r.dim[d];
            from_at -= r.from[d] * r.dim[d];
            index[d] = 0;
        }
        if (d < 0)
            return;
    }
}

int apex_shape_broadcast(const struct apex_shape *a, const struct apex_shape *b, struct apex_shape *out,
                         struct apex_error *err)
{
    struct apex_shape r = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int d = 0; d < r.rank; d++) {
        int in_a = d - (r.rank - a->rank), in_b = d - (r.rank - b->rank);
        int64_t da = in_a >= 0 ? a->dim[in_a] : 1, db = in_b >= 0 ? b->dim[in_b] : 1;
        if (da != db && da != 1 && db != 1) {
            char ta[APEX_SHAPE_TEXT], tb[APEX_SHAPE_TEXT];
            return apex_fail(err, "shapes %s and %s do not broadcast", apex_shape_text(a, ta),
                             apex_shape_text(b, tb));
        }
        r.dim[d] = da == 1 ? db : da;
    }
    *out = r;
    return 0;
}
