#include "dist/data/dataset_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t raw_size(enum raw_type type)
{
    static const unsigned char size[] = {
        [RAW_BOOL] = 1, [RAW_U8] = 1,  [RAW_I8] = 1,  [RAW_U16] = 2, [RAW_I16] = 2, [RAW_U32] = 4,
        [RAW_I32] = 4,  [RAW_U64] = 8, [RAW_I64] = 8, [RAW_F16] = 2, [RAW_F32] = 4, [RAW_F64] = 8,
    };
    return size[type];
}

int raw_is_integer(enum raw_type type)
{
    return type < RAW_F16;
}

int raw_host_is_big(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

void raw_free(struct raw_array *a)
{
    free(a->owned);
    a->owned = NULL;
    a->data = NULL;
}

void raw_init(struct raw_array *a, enum raw_type type, int big_endian, const struct apex_shape *shape)
{
    *a = (struct raw_array){.type = type, .big_endian = big_endian, .shape = *shape, .scale = 1};
    if (apex_shape_count(shape) > 0) /* else strides could overflow, and nothing is there to step over */
        apex_shape_strides(shape, a->stride);
}

int64_t raw_bytes(enum raw_type type, const struct apex_shape *shape)
{
    int64_t count = apex_shape_count(shape), size = (int64_t)raw_size(type);
    return count < 0 || count > INT64_MAX / size ? -1 : count * size;
}

/* The shape of one row. */
static struct apex_shape row_shape(const struct raw_array *a)
{
    struct apex_shape row = {.rank = a->shape.rank > 0 ? a->shape.rank - 1 : 0};
    memcpy(row.dim, a->shape.dim + 1, (size_t)row.rank * sizeof row.dim[0]);
    return row;
}

int64_t raw_row_elements(const struct raw_array *a)
{
    struct apex_shape row = row_shape(a);
    return apex_shape_count(&row);
}

const unsigned char *raw_row(const struct raw_array *a, int64_t i, unsigned char *scratch)
{
    size_t size = raw_size(a->type);
    const unsigned char *from = a->data + i * a->stride[0] * (int64_t)size;
    struct apex_shape row = row_shape(a);
    int64_t plain[APEX_MAX_RANK];
    apex_shape_strides(&row, plain);
    int in_place = 1;
    for (int k = 0; k < row.rank; k++)
        in_place &= row.dim[k] <= 1 || plain[k] == a->stride[k + 1];
    if (in_place)
        return from;
    apex_strided_copy(&row, size, scratch, plain, from, a->stride + 1);
    return scratch;
}

/* The element's bytes as a number, whatever their order. */
static uint64_t load(const unsigned char *p, size_t size, int big_endian)
{
    uint64_t v = 0;
    for (size_t k = 0; k < size; k++)
        v = v << 8 | p[big_endian ? k : size - 1 - k];
    return v;
}

static double half_value(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31), mantissa = (int)(bits & 1023);
    double v = exponent == 31 ? (mantissa ? NAN : INFINITY)
                              : ldexp(mantissa + (exponent ? 1024 : 0), (exponent ? exponent : 1) - 25);
    return bits & 0x8000 ? -v : v;
}

static double float_value(enum raw_type type, uint64_t bits)
{
    if (type == RAW_F16)
        return half_value(bits);
    if (type == RAW_F64) {
        double v;
        memcpy(&v, &bits, sizeof v);
        return v;
    }
    uint32_t low = (uint32_t)bits;
    float v;
    memcpy(&v, &low, sizeof v);
    return v;
}

/* Two's complement of a number of `size` bytes. */
static int64_t signed_value(uint64_t bits, size_t size)
{
    uint64_t sign = (uint64_t)1 << (8 * size - 1);
    return (int64_t)((bits ^ sign) - sign);
}

static double value(const struct raw_array *a, size_t size, const unsigned char *p)
{
    uint64_t bits = load(p, size, a->big_endian);
    switch (a->type) {
    case RAW_BOOL:
        return bits != 0;
    case RAW_U8:
    case RAW_U16:
    case RAW_U32:
    case RAW_U64:
        return (double)bits;
    case RAW_I8:
    case RAW_I16:
    case RAW_I32:
    case RAW_I64:
        return (double)signed_value(bits, size);
    default:
        return float_value(a->type, bits);
    }
}

void raw_floats(const struct raw_array *a, const unsigned char *from, int64_t count, float *to)
{
    size_t size = raw_size(a->type);
    int scaled = a->scale != 1 || a->offset != 0;
    if (a->type == RAW_F32 && a->big_endian == raw_host_is_big() && !a->has_missing && !scaled) {
        memcpy(to, from, (size_t)count * sizeof *to);
        return;
    }
    for (int64_t i = 0; i < count; i++, from += size) {
        double v = value(a, size, from);
        if (a->has_missing && memcmp(from, a->missing, size) == 0)
            v = NAN;
        to[i] = (float)(scaled ? v * a->scale + a->offset : v);
    }
}

int64_t raw_integer(const struct raw_array *a, const unsigned char *from)
{
    size_t size = raw_size(a->type);
    uint64_t bits = load(from, size, a->big_endian);
    if (a->type == RAW_I8 || a->type == RAW_I16 || a->type == RAW_I32 || a->type == RAW_I64)
        return signed_value(bits, size);
    return bits > INT64_MAX ? INT64_MAX : (int64_t)bits;
}
