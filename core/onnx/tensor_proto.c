#include "core/onnx/tensor_proto.h"

#include "core/onnx/external.h"

#include <stdlib.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "raw tensor data is little-endian, and so must this machine be"
#endif

static const struct element {
    const char *name;
    int width; /* bytes in raw data; 0: not supported */
    enum apex_type type;
} elements[] = {
    [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT] = {"float", 4, APEX_F32},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT8] = {"uint8", 1, APEX_I64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT8] = {"int8", 1, APEX_I64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT16] = {"uint16", 2, APEX_I64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT16] = {"int16", 2, APEX_I64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT32] = {"int32", 4, APEX_I64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT64] = {"int64", 8, APEX_I64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__STRING] = {"string", 0, APEX_I64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__BOOL] = {"bool", 1, APEX_BOOL},
    [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16] = {"float16", 2, APEX_F32},
    [ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE] = {"double", 8, APEX_F32},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT32] = {"uint32", 4, APEX_I64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT64] = {"uint64", 8, APEX_I64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX64] = {"complex64", 0, APEX_F32},
    [ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX128] = {"complex128", 0, APEX_F32},
    [ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16] = {"bfloat16", 2, APEX_F32},
};

static const struct element *element_of(int onnx_type)
{
    if (onnx_type <= 0 || (size_t)onnx_type >= sizeof elements / sizeof elements[0])
        return NULL;
    return &elements[onnx_type];
}

int tensor_proto_type(int onnx_type, enum apex_type *type)
{
    const struct element *e = element_of(onnx_type);
    if (!e || e->width == 0)
        return -1;
    *type = e->type;
    return 0;
}

int tensor_proto_bits(int onnx_type)
{
    const struct element *e = element_of(onnx_type);
    if (!e || e->type != APEX_I64)
        return 0;
    return e->name[0] == 'u' ? -8 * e->width : 8 * e->width;
}

const char *tensor_proto_type_name(int onnx_type)
{
    const struct element *e = element_of(onnx_type);
    return e ? e->name : "unknown type";
}

static float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 1023, bits;
    float f;
    if (exponent == 0) { /* zero or subnormal: a whole number of 2^-24 */
        f = (float)mantissa * 0x1p-24f;
        memcpy(&bits, &f, sizeof bits);
        bits |= sign;
    } else {
        bits = sign | (exponent == 31 ? 255u : exponent + 112) << 23 | mantissa << 13;
    }
    memcpy(&f, &bits, sizeof f);
    return f;
}

static float bfloat_to_float(uint16_t b)
{
    uint32_t bits = (uint32_t)b << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* One integer of the given width from bytes, sign-extended where the type has a sign. */
static int64_t integer_at(const uint8_t *p, int width, int is_signed)
{
    uint64_t u = 0;
    memcpy(&u, p, (size_t)width);
    int unused = 64 - 8 * width;
    return is_signed ? (int64_t)(u << unused) >> unused : (int64_t)u;
}

static void convert_raw(int onnx_type, const uint8_t *raw, int64_t count, struct apex_tensor *t)
{
    int width = elements[onnx_type].width;
    int is_signed = onnx_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT8 ||
                    onnx_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT16 ||
                    onnx_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
    float *f = t->data;
    if (onnx_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT) {
        memcpy(t->data, raw, (size_t)count * sizeof(float));
        return;
    }
    for (int64_t i = 0; i < count; i++, raw += width) {
        uint16_t half;
        double d;
        switch (onnx_type) {
        case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
            memcpy(&d, raw, sizeof d);
            f[i] = (float)d;
            break;
        case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
        case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
            memcpy(&half, raw, sizeof half);
            f[i] = onnx_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 ? half_to_float(half)
                                                                       : bfloat_to_float(half);
            break;
        case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL:
            ((uint8_t *)t->data)[i] = *raw != 0;
            break;
        default:
            ((int64_t *)t->data)[i] = integer_at(raw, width, is_signed);
        }
    }
}

/* How many elements the typed list of this type has. */
static size_t typed_count(const Onnx__TensorProto *p)
{
    switch (p->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        return p->n_float_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        return p->n_double_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
        return p->n_int64_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT64:
        return p->n_uint64_data;
    default:
        return p->n_int32_data;
    }
}

static void convert_typed(const Onnx__TensorProto *p, int64_t count, struct apex_tensor *t)
{
    float *f = t->data;
    int64_t *n = t->data;
    for (int64_t i = 0; i < count; i++) {
        switch (p->data_type) {
        case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
            f[i] = p->float_data[i];
            break;
        case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
            f[i] = (float)p->double_data[i];
            break;
        case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
            f[i] = half_to_float((uint16_t)p->int32_data[i]);
            break;
        case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
            f[i] = bfloat_to_float((uint16_t)p->int32_data[i]);
            break;
        case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL:
            ((uint8_t *)t->data)[i] = p->int32_data[i] != 0;
            break;
        case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
            n[i] = p->int64_data[i];
            break;
        case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
        case ONNX__TENSOR_PROTO__DATA_TYPE__UINT64:
            n[i] = (int64_t)p->uint64_data[i];
            break;
        default:
            n[i] = p->int32_data[i];
        }
    }
}

static int proto_shape(const Onnx__TensorProto *p, struct apex_shape *shape, int64_t *count,
                       struct apex_error *err)
{
    if (p->n_dims > APEX_MAX_RANK)
        return apex_fail(err, "%zu dimensions, at most %d are supported", p->n_dims, APEX_MAX_RANK);
    shape->rank = (int)p->n_dims;
    for (int d = 0; d < shape->rank; d++)
        shape->dim[d] = p->dims[d];
    *count = apex_shape_count(shape);
    char text[APEX_SHAPE_TEXT];
    if (*count < 0 || *count > INT64_MAX / 8)
        return apex_fail(err, "impossible shape %s", apex_shape_text(shape, text));
    return 0;
}

struct apex_tensor *tensor_proto_read(const Onnx__TensorProto *p, const struct onnx_files *external,
                                      struct apex_error *err)
{
    struct apex_shape shape = {0};
    const struct element *e = element_of(p->data_type);
    int64_t count = 0;
    if (!e || e->width == 0) {
        apex_fail(err, "element type %d (%s) is not supported", p->data_type,
                  tensor_proto_type_name(p->data_type));
        return NULL;
    }
    if (proto_shape(p, &shape, &count, err) < 0)
        return NULL;
    size_t need = (size_t)count * (size_t)e->width;
    const uint8_t *raw = NULL;
    const int is_external = external_is(p);
    if (is_external && !(raw = external_bytes(p, external, need, err)))
        return NULL;
    char text[APEX_SHAPE_TEXT];
    if (!is_external && p->has_raw_data) {
        raw = p->raw_data.data;
        if (p->raw_data.len != need) {
            apex_fail(err, "%zu bytes of data for shape %s, which needs %zu", p->raw_data.len,
                      apex_shape_text(&shape, text), need);
            return NULL;
        }
    } else if (!is_external && typed_count(p) != (size_t)count) {
        apex_fail(err, "%zu elements of data for shape %s, which needs %lld", typed_count(p),
                  apex_shape_text(&shape, text), (long long)count);
        return NULL;
    }
    struct apex_tensor *t = apex_tensor_new(e->type, &shape, err);
    if (t)
        t->bits = tensor_proto_bits(p->data_type);
    if (t && count && raw)
        convert_raw(p->data_type, raw, count, t);
    else if (t && count)
        convert_typed(p, count, t);
    if (t && is_external && external->release)
        external->release(external->context, raw, need);
    return t;
}

struct apex_tensor *tensor_proto_take(Onnx__TensorProto *p, const struct onnx_files *external,
                                      struct apex_error *err)
{
    struct apex_shape shape = {0};
    int64_t count = 0;
    if (external_is(p) || !p->has_raw_data || p->data_type != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT ||
        proto_shape(p, &shape, &count, NULL) < 0 || count == 0 ||
        p->raw_data.len != (size_t)count * sizeof(float))
        return tensor_proto_read(p, external, err);
    struct apex_shape empty = {.rank = 1};
    struct apex_tensor *t = apex_tensor_new(APEX_F32, &empty, err);
    if (!t)
        return NULL;
    free(t->data);
    t->shape = shape;
    t->data = p->raw_data.data; /* protobuf-c has it from malloc */
    p->raw_data = (ProtobufCBinaryData){0};
    return t;
}
