#include "core/onnx/wire.h"

enum { MAX_DEPTH = 24, MAX_MESSAGES = 1 << 20 };

struct walk {
    const uint8_t *bytes;
    size_t at;
    size_t messages;
    struct apex_error *err;
};

static int walk_varint(struct walk *w, size_t end, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (w->at >= end)
            return apex_fail(w->err, "truncated, or not an ONNX file: ends inside a number at byte %zu",
                             w->at);
        uint8_t byte = w->bytes[w->at++];
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return 0;
    }
    return apex_fail(w->err, "not an ONNX file: a number of over 64 bits at byte %zu", w->at);
}

/* The bytes of a field's payload; for a varint they are skipped already. */
static int walk_length(struct walk *w, size_t end, unsigned wire_type, size_t *length)
{
    uint64_t n;
    *length = 0;
    switch (wire_type) {
    case 0:
        return walk_varint(w, end, &n);
    case 1:
        n = 8;
        break;
    case 2:
        if (walk_varint(w, end, &n) < 0)
            return -1;
        break;
    case 5:
        n = 4;
        break;
    default:
        return apex_fail(w->err, "not an ONNX file: wire type %u at byte %zu", wire_type, w->at);
    }
    if (n > end - w->at)
        return apex_fail(w->err, "truncated, or not an ONNX file: %llu bytes announced at byte %zu, %zu left",
                         (unsigned long long)n, w->at, end - w->at);
    *length = (size_t)n;
    return 0;
}

static int walk_message(struct walk *w, const ProtobufCMessageDescriptor *type, size_t end, int depth)
{
    if (depth > MAX_DEPTH)
        return apex_fail(w->err, "messages nested deeper than %d at byte %zu", MAX_DEPTH, w->at);
    if (++w->messages > MAX_MESSAGES)
        return apex_fail(w->err, "more than %d messages", MAX_MESSAGES);
    while (w->at < end) {
        uint64_t tag;
        size_t length;
        if (walk_varint(w, end, &tag) < 0 || walk_length(w, end, tag & 7, &length) < 0)
            return -1;
        const ProtobufCFieldDescriptor *field =
            tag >> 3 <= INT32_MAX ? protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3))
                                  : NULL;
        int nested = field && field->type == PROTOBUF_C_TYPE_MESSAGE && (tag & 7) == 2;
        if (nested && walk_message(w, field->descriptor, w->at + length, depth + 1) < 0)
            return -1;
        if (!nested)
            w->at += length;
    }
    return 0;
}

int wire_check(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t size,
               struct apex_error *err)
{
    struct walk w = {.bytes = bytes, .err = err};
    return walk_message(&w, type, size, 0);
}
