/* Layout, little-endian (text: u32 length, bytes):
 *   u32 version; text name; u8 key[16]; u32 draws, classes; u8 class_count; u32 samples, sites, sigmas;
 *   samples x { u32 index; i32 label };
 *   sites x { i32 index; text name, op, tensor; u64 key; u64 elements; f64 rms };
 *   sigmas x f64; sites x sigmas x u8 wanted; u32 attributes; attributes x { text name, text };
 *   from version 2: sites x f64 activation rms */
#include "dist/results/context.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT_VERSION 2
#define SITE_BYTES (4 + 3 * 4 + 8 + 8 + 8) /* the least a site takes */

static void put_site(const struct context_site *s, struct bytes *out)
{
    bytes_put_u32(out, (uint32_t)s->index);
    bytes_put_text(out, s->name);
    bytes_put_text(out, s->op);
    bytes_put_text(out, s->tensor);
    bytes_put_u64(out, s->key);
    bytes_put_u64(out, (uint64_t)s->elements);
    bytes_put_f64(out, s->rms);
}

void context_encode(const struct context *c, struct bytes *out)
{
    bytes_put_u32(out, CONTEXT_VERSION);
    bytes_put_text(out, c->name);
    bytes_put(out, c->key, sizeof c->key);
    bytes_put_u32(out, c->draws);
    bytes_put_u32(out, c->classes);
    bytes_put_u8(out, c->class_count != 0);
    bytes_put_u32(out, c->samples);
    bytes_put_u32(out, c->sites);
    bytes_put_u32(out, c->sigmas);
    for (uint32_t i = 0; i < c->samples; i++) {
        bytes_put_u32(out, c->sample[i]);
        bytes_put_u32(out, (uint32_t)c->label[i]);
    }
    for (uint32_t i = 0; i < c->sites; i++)
        put_site(&c->site[i], out);
    for (uint32_t i = 0; i < c->sigmas; i++)
        bytes_put_f64(out, c->sigma[i]);
    for (size_t i = 0; i < (size_t)c->sites * c->sigmas; i++)
        bytes_put_u8(out, c->wanted[i] != 0);
    bytes_put_u32(out, c->attributes);
    for (uint32_t i = 0; i < c->attributes; i++) {
        bytes_put_text(out, c->attribute_name[i]);
        bytes_put_text(out, c->attribute_text[i]);
    }
    for (uint32_t i = 0; i < c->sites; i++)
        bytes_put_f64(out, c->site[i].activation_rms);
}

/* Zeroed room for count elements that take at least `least` bytes each of what is left. Never NULL for 0. */
static void *take_room(struct cursor *at, uint64_t count, size_t least, size_t size)
{
    if (at->failed || count > (uint64_t)(at->end - at->at) / least) {
        at->failed = 1;
        return NULL;
    }
    void *room = calloc(count ? (size_t)count : 1, size);
    at->failed = !room;
    return room;
}

static void take_samples(struct context *c, struct cursor *at)
{
    c->sample = take_room(at, c->samples, 8, sizeof *c->sample);
    c->label = take_room(at, c->samples, 8, sizeof *c->label);
    for (uint32_t i = 0; !at->failed && i < c->samples; i++) {
        c->sample[i] = cursor_u32(at);
        c->label[i] = (int32_t)cursor_u32(at);
        at->failed |= i > 0 && c->sample[i] <= c->sample[i - 1];
    }
}

static void take_sites(struct context *c, struct cursor *at)
{
    c->site = take_room(at, c->sites, SITE_BYTES, sizeof *c->site);
    for (uint32_t i = 0; !at->failed && i < c->sites; i++) {
        struct context_site *s = &c->site[i];
        s->index = (int32_t)cursor_u32(at);
        s->name = cursor_text(at);
        s->op = cursor_text(at);
        s->tensor = cursor_text(at);
        s->key = cursor_u64(at);
        s->elements = (int64_t)cursor_u64(at);
        s->rms = cursor_f64(at);
    }
}

static void take_sigmas(struct context *c, struct cursor *at)
{
    c->sigma = take_room(at, c->sigmas, 8, sizeof *c->sigma);
    for (uint32_t i = 0; !at->failed && i < c->sigmas; i++) {
        c->sigma[i] = cursor_f64(at);
        at->failed |= !(c->sigma[i] > (i ? c->sigma[i - 1] : 0));
    }
    size_t cells = (size_t)c->sites * c->sigmas;
    c->wanted = take_room(at, cells, 1, 1);
    for (size_t i = 0; !at->failed && i < cells; i++)
        c->wanted[i] = cursor_u8(at);
}

static void take_attributes(struct context *c, struct cursor *at)
{
    uint32_t n = cursor_u32(at);
    c->attribute_name = take_room(at, n, 8, sizeof *c->attribute_name);
    c->attribute_text = take_room(at, n, 8, sizeof *c->attribute_text);
    c->attributes = at->failed ? 0 : n;
    for (uint32_t i = 0; !at->failed && i < n; i++) {
        c->attribute_name[i] = cursor_text(at);
        c->attribute_text[i] = cursor_text(at);
    }
}

/* Version 1 knew the root mean squares of relative sweeps only. */
static void take_activation_rms(struct context *c, struct cursor *at, uint32_t version)
{
    for (uint32_t i = 0; !at->failed && i < c->sites; i++) {
        double factor = c->site[i].rms;
        c->site[i].activation_rms = version > 1 ? cursor_f64(at) : factor > 0 && factor != 1 ? factor : NAN;
    }
}

static void take_context(struct context *c, struct cursor *at, uint32_t version)
{
    c->name = cursor_text(at);
    const void *key = cursor_take(at, sizeof c->key);
    if (key)
        memcpy(c->key, key, sizeof c->key);
    c->draws = cursor_u32(at);
    c->classes = cursor_u32(at);
    c->class_count = cursor_u8(at) != 0;
    c->samples = cursor_u32(at);
    c->sites = cursor_u32(at);
    c->sigmas = cursor_u32(at);
    take_samples(c, at);
    take_sites(c, at);
    take_sigmas(c, at);
    take_attributes(c, at);
    take_activation_rms(c, at, version);
    if (!c->draws || !c->classes || at->at != at->end)
        at->failed = 1;
}

struct context *context_decode(const void *data, size_t size, struct apex_error *err)
{
    struct cursor at = {.at = data, .end = (const unsigned char *)data + size};
    uint32_t version = cursor_u32(&at);
    if (!at.failed && (version < 1 || version > CONTEXT_VERSION)) {
        apex_fail(err, "context of version %u; this program reads up to version %d", version,
                  CONTEXT_VERSION);
        return NULL;
    }
    struct context *c = calloc(1, sizeof *c);
    if (!c) {
        apex_fail(err, "no memory for a context");
        return NULL;
    }
    take_context(c, &at, version);
    if (!at.failed)
        return c;
    apex_fail(err, "context '%s' of %zu bytes is damaged, or there is no memory for it",
              c->name ? c->name : "?", size);
    context_free(c);
    return NULL;
}

void context_free(struct context *c)
{
    if (!c)
        return;
    for (uint32_t i = 0; c->site && i < c->sites; i++) {
        free(c->site[i].name);
        free(c->site[i].op);
        free(c->site[i].tensor);
    }
    for (uint32_t i = 0; i < c->attributes; i++) {
        free(c->attribute_name[i]);
        free(c->attribute_text[i]);
    }
    free(c->name);
    free(c->sample);
    free(c->label);
    free(c->site);
    free(c->sigma);
    free(c->wanted);
    free(c->attribute_name);
    free(c->attribute_text);
    free(c);
}

int64_t context_find_sample(const struct context *c, uint32_t index)
{
    uint32_t low = 0, high = c->samples;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->sample[middle] < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->samples && c->sample[low] == index ? (int64_t)low : -1;
}

int context_find_site(const struct context *c, uint64_t key)
{
    for (uint32_t i = 0; i < c->sites; i++)
        if (c->site[i].key == key)
            return (int)i;
    return -1;
}

int context_find_sigma(const struct context *c, double sigma)
{
    for (uint32_t i = 0; i < c->sigmas; i++)
        if (c->sigma[i] == sigma)
            return (int)i;
    return -1;
}
