#include "core/bytes.h"

#include <stdlib.h>
#include <string.h>

void bytes_free(struct bytes *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

void bytes_clear(struct bytes *b)
{
    b->size = 0;
    b->failed = 0;
}

/* Room for `more` bytes after the end; 0 or -1. Doubling keeps appends cheap. */
static int reserve(struct bytes *b, size_t more)
{
    if (b->failed)
        return -1;
    if (more <= b->room - b->size)
        return 0;
    size_t room = b->room ? b->room : 64;
    while (room - b->size < more && room <= SIZE_MAX / 2)
        room *= 2;
    unsigned char *data = room - b->size < more ? NULL : realloc(b->data, room);
    if (!data) {
        b->failed = 1;
        return -1;
    }
    b->data = data;
    b->room = room;
    return 0;
}

void bytes_put(struct bytes *b, const void *data, size_t size)
{
    if (!size || reserve(b, size))
        return;
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void put_little_endian(struct bytes *b, uint64_t v, int size)
{
    unsigned char raw[8];
    for (int i = 0; i < size; i++)
        raw[i] = (unsigned char)(v >> (8 * i));
    bytes_put(b, raw, (size_t)size);
}

void bytes_put_u8(struct bytes *b, uint8_t v)
{
    put_little_endian(b, v, 1);
}

void bytes_put_u16(struct bytes *b, uint16_t v)
{
    put_little_endian(b, v, 2);
}

void bytes_put_u32(struct bytes *b, uint32_t v)
{
    put_little_endian(b, v, 4);
}

void bytes_put_u64(struct bytes *b, uint64_t v)
{
    put_little_endian(b, v, 8);
}

void bytes_put_f32(struct bytes *b, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bytes_put_u32(b, bits);
}

void bytes_put_f64(struct bytes *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    bytes_put_u64(b, bits);
}

void bytes_put_text(struct bytes *b, const char *text)
{
    size_t size = text ? strlen(text) : 0;
    if (size > UINT32_MAX) {
        b->failed = 1;
        return;
    }
    bytes_put_u32(b, (uint32_t)size);
    bytes_put(b, text, size);
}

const void *cursor_take(struct cursor *c, size_t size)
{
    if (c->failed || size > (size_t)(c->end - c->at)) {
        c->failed = 1;
        return NULL;
    }
    const void *taken = c->at;
    c->at += size;
    return taken;
}

static uint64_t take_little_endian(struct cursor *c, int size)
{
    const unsigned char *raw = cursor_take(c, (size_t)size);
    uint64_t v = 0;
    for (int i = 0; raw && i < size; i++)
        v |= (uint64_t)raw[i] << (8 * i);
    return v;
}

uint8_t cursor_u8(struct cursor *c)
{
    return (uint8_t)take_little_endian(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
    return (uint16_t)take_little_endian(c, 2);
}

uint32_t cursor_u32(struct cursor *c)
{
    return (uint32_t)take_little_endian(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
    return take_little_endian(c, 8);
}

float cursor_f32(struct cursor *c)
{
    uint32_t bits = cursor_u32(c);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

double cursor_f64(struct cursor *c)
{
    uint64_t bits = cursor_u64(c);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

char *cursor_text(struct cursor *c)
{
    uint32_t size = cursor_u32(c);
    const char *from = cursor_take(c, size);
    if (c->failed)
        return NULL;
    /* A zero byte inside never comes from bytes_put_text: the text is damaged. */
    char *text = size && memchr(from, 0, size) ? NULL : malloc((size_t)size + 1);
    if (!text) {
        c->failed = 1;
        return NULL;
    }
    if (size)
        memcpy(text, from, size);
    text[size] = '\0';
    return text;
}
