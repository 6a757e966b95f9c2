#include "core/onnx/unpack.h"

#include "core/bytes.h"

#include <stdlib.h>

enum { GRAPH = 7, INITIALIZER = 5, LENGTH_DELIMITED = 2 }; /* onnx.proto: field numbers, and a wire type */

/* One field of a message that is known to be well formed. */
struct field {
    uint64_t number;
    unsigned wire_type;
    const uint8_t *start, *payload, *end;
};

struct large {
    size_t place; /* among all initializers */
    const uint8_t *payload;
    size_t size;
};

struct split {
    struct bytes model, graph; /* what is left */
    struct large *large;
    size_t count, room, initializers;
};

static uint64_t varint(const uint8_t **at)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            break;
    }
    return value;
}

static struct field next_field(const uint8_t *at)
{
    struct field f = {.start = at};
    const uint64_t tag = varint(&at);
    f.number = tag >> 3;
    f.wire_type = tag & 7;
    const size_t length = f.wire_type == LENGTH_DELIMITED ? varint(&at) : f.wire_type == 1 ? 8 : 4;
    f.payload = at;
    if (f.wire_type == 0)
        varint(&at);
    else
        at += length;
    f.end = at;
    return f;
}

static void put_varint(struct bytes *to, uint64_t v)
{
    for (; v >= 128; v >>= 7)
        bytes_put_u8(to, (uint8_t)(v | 128));
    bytes_put_u8(to, (uint8_t)v);
}

static int set_aside(struct split *s, const struct field *f)
{
    if (s->count == s->room) {
        const size_t room = s->room ? 2 * s->room : 64;
        struct large *more = realloc(s->large, room * sizeof *more);
        if (!more)
            return -1;
        s->large = more;
        s->room = room;
    }
    s->large[s->count++] = (struct large){s->initializers, f->payload, (size_t)(f->end - f->payload)};
    return 0;
}

static int split_graph(struct split *s, const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        const struct field f = next_field(at);
        const int is_initializer = f.number == INITIALIZER && f.wire_type == LENGTH_DELIMITED;
        if (!is_initializer || f.end - f.payload < UNPACK_LARGE)
            bytes_put(&s->graph, f.start, (size_t)(f.end - f.start));
        else if (set_aside(s, &f) < 0)
            return -1;
        s->initializers += is_initializer;
        at = f.end;
    }
    return 0;
}

/* The message without its large initializers. Several graphs in one model merge in protobuf: all their
 * initializers are one list. */
static int split_model(struct split *s, const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        const struct field f = next_field(at);
        if (f.number == GRAPH && f.wire_type == LENGTH_DELIMITED) {
            bytes_clear(&s->graph);
            if (split_graph(s, f.payload, f.end) < 0 || s->graph.failed)
                return -1;
            put_varint(&s->model, GRAPH << 3 | LENGTH_DELIMITED);
            put_varint(&s->model, s->graph.size);
            bytes_put(&s->model, s->graph.data, s->graph.size);
        } else {
            bytes_put(&s->model, f.start, (size_t)(f.end - f.start));
        }
        at = f.end;
    }
    return s->model.failed ? -1 : 0;
}

/* All initializers in the order of the file. */
static int join(Onnx__GraphProto *g, const struct split *s, onnx_release_fn release, void *context)
{
    Onnx__TensorProto **all = calloc(s->initializers + 1, sizeof *all);
    size_t small = 0, k = 0;
    if (!all || g->n_initializer != s->initializers - s->count) {
        free(all);
        return -1;
    }
    for (size_t i = 0; i < s->initializers; i++) {
        if (k == s->count || s->large[k].place != i) {
            all[i] = g->initializer[small++];
            continue;
        }
        all[i] = onnx__tensor_proto__unpack(NULL, s->large[k].size, s->large[k].payload);
        if (release)
            release(context, s->large[k].payload, s->large[k].size);
        k++;
    }
    free(g->initializer); /* protobuf-c has it from malloc */
    g->initializer = all;
    g->n_initializer = s->initializers;
    for (size_t i = 0; i < s->initializers; i++)
        if (!all[i])
            return -1;
    return 0;
}

Onnx__ModelProto *onnx_unpack(const uint8_t *bytes, size_t size, onnx_release_fn release, void *context,
                              struct apex_error *err)
{
    struct split s = {{0}, {0}, NULL, 0, 0, 0};
    Onnx__ModelProto *m = NULL;
    if (split_model(&s, bytes, bytes + size) < 0)
        apex_fail(err, "no memory for %zu initializers", s.initializers);
    else if (!(m = onnx__model_proto__unpack(NULL, s.model.size, s.model.data)))
        apex_fail(err, "not an ONNX file: protobuf cannot read it");
    if (m && s.count && (!m->graph || join(m->graph, &s, release, context) < 0)) {
        apex_fail(err, "not an ONNX file: protobuf cannot read an initializer");
        onnx__model_proto__free_unpacked(m, NULL);
        m = NULL;
    }
    bytes_free(&s.model);
    bytes_free(&s.graph);
    free(s.large);
    return m;
}
