/* Layout, little-endian (text: u32 length, bytes):
 *   u32 version; text name; u8 key[16]; u32 draws, classes; u8 flags; u32 samples, sites, sigmas;
 *   samples x { u32 index; i32 label };
 *   sites x { i32 index; text name, op, tensor; u64 key; u64 elements; f64 rms };
 *   sigmas x f64; sites x sigmas x u8 wanted; u32 attributes; attributes x { text name, text };
 *   from version 2: sites x f64 activation rms; u32 response samples; and where they are not 0 what is in
 *   put_response
 * flags: 1 class_count, 2 class_rank */
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

static void put_response(const struct context_response *p, struct bytes *out)
{
    bytes_put_u32(out, p->samples);
    if (!p->samples)
        return;
    bytes_put_u32(out, p->sigmas);
    bytes_put_u32(out, p->places);
    bytes_put_u32(out, p->draws);
    bytes_put(out, p->key, sizeof p->key);
    bytes_put_f64(out, p->factor);
    for (uint32_t i = 0; i < p->samples; i++) {
        bytes_put_u32(out, p->sample[i]);
        bytes_put_u32(out, p->partner[i]);
    }
    for (uint32_t i = 0; i < p->sigmas; i++)
        bytes_put_f64(out, p->sigma[i]);
    for (uint32_t i = 0; i < p->places; i++) {
        bytes_put_u32(out, (uint32_t)p->place[i].index);
        bytes_put_text(out, p->place[i].name);
        bytes_put_u64(out, (uint64_t)p->place[i].elements);
        bytes_put_f64(out, p->place[i].rms);
    }
}

void context_encode(const struct context *c, struct bytes *out)
{
    bytes_put_u32(out, CONTEXT_VERSION);
    bytes_put_text(out, c->name);
    bytes_put(out, c->key, sizeof c->key);
    bytes_put_u32(out, c->draws);
    bytes_put_u32(out, c->classes);
    bytes_put_u8(out, (uint8_t)((c->class_count != 0) | (c->class_rank != 0) << 1));
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
    put_response(&c->response, out);
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

static void take_places(struct context_response *p, struct cursor *at)
{
    p->place = take_room(at, p->places, 4 + 4 + 8 + 8, sizeof *p->place);
    for (uint32_t i = 0; !at->failed && i < p->places; i++) {
        p->place[i].index = (int32_t)cursor_u32(at);
        p->place[i].name = cursor_text(at);
        p->place[i].elements = (int64_t)cursor_u64(at);
        p->place[i].rms = cursor_f64(at);
    }
}

static void take_response(struct context_response *p, struct cursor *at)
{
    p->samples = cursor_u32(at);
    if (at->failed || !p->samples)
        return;
    p->sigmas = cursor_u32(at);
    p->places = cursor_u32(at);
    p->draws = cursor_u32(at);
    const void *key = cursor_take(at, sizeof p->key);
    if (key)
        memcpy(p->key, key, sizeof p->key);
    p->factor = cursor_f64(at);
    p->sample = take_room(at, p->samples, 8, sizeof *p->sample);
    p->partner = take_room(at, p->samples, 8, sizeof *p->partner);
    for (uint32_t i = 0; !at->failed && i < p->samples; i++) {
        p->sample[i] = cursor_u32(at);
        p->partner[i] = cursor_u32(at);
        at->failed |= i > 0 && p->sample[i] <= p->sample[i - 1];
    }
    p->sigma = take_room(at, p->sigmas, 8, sizeof *p->sigma);
    for (uint32_t i = 0; !at->failed && i < p->sigmas; i++) {
        p->sigma[i] = cursor_f64(at);
        at->failed |= !(p->sigma[i] > (i ? p->sigma[i - 1] : 0));
    }
    take_places(p, at);
    at->failed |= !p->sigmas || !p->places || !p->draws;
}

static void take_context(struct context *c, struct cursor *at, uint32_t version)
{
    c->name = cursor_text(at);
    const void *key = cursor_take(at, sizeof c->key);
    if (key)
        memcpy(c->key, key, sizeof c->key);
    c->draws = cursor_u32(at);
    c->classes = cursor_u32(at);
    const unsigned flags = cursor_u8(at);
    c->class_count = flags & 1;
    c->class_rank = flags >> 1 & 1;
    c->samples = cursor_u32(at);
    c->sites = cursor_u32(at);
    c->sigmas = cursor_u32(at);
    take_samples(c, at);
    take_sites(c, at);
    take_sigmas(c, at);
    take_attributes(c, at);
    take_activation_rms(c, at, version);
    if (version > 1)
        take_response(&c->response, at);
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
    for (uint32_t i = 0; c->response.place && i < c->response.places; i++)
        free(c->response.place[i].name);
    free(c->response.place);
    free(c->response.sample);
    free(c->response.partner);
    free(c->response.sigma);
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

static int64_t find_index(const uint32_t *list, uint32_t n, uint32_t index)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list[middle] < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && list[low] == index ? (int64_t)low : -1;
}

static int find_sigma(const double *list, uint32_t n, double sigma)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i] == sigma)
            return (int)i;
    return -1;
}

int64_t context_find_sample(const struct context *c, uint32_t index)
{
    return find_index(c->sample, c->samples, index);
}

int64_t context_find_response_sample(const struct context *c, uint32_t index)
{
    return find_index(c->response.sample, c->response.samples, index);
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
    return find_sigma(c->sigma, c->sigmas, sigma);
}

int context_find_response_sigma(const struct context *c, double sigma)
{
    return find_sigma(c->response.sigma, c->response.sigmas, sigma);
}
