#include "core/onnx/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash(const char *name) /* FNV-1a */
{
    uint64_t h = 14695981039346656037u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h ^ h >> 32;
}

/* The slot that holds the name, or the free one where it belongs. The table is at most half full. */
static struct name_slot *slot_of(const struct names *t, const char *name)
{
    size_t at = hash(name) & (t->slots - 1);
    while (t->slot[at].name && strcmp(t->slot[at].name, name) != 0)
        at = (at + 1) & (t->slots - 1);
    return &t->slot[at];
}

static int names_grow(struct names *t, struct apex_error *err)
{
    struct names bigger = {.slots = t->slots ? 2 * t->slots : 64, .used = t->used};
    bigger.slot = calloc(bigger.slots, sizeof *bigger.slot);
    if (!bigger.slot)
        return apex_fail(err, "no memory for %zu tensor names", bigger.slots);
    for (size_t i = 0; i < t->slots; i++)
        if (t->slot[i].name)
            *slot_of(&bigger, t->slot[i].name) = t->slot[i];
    free(t->slot);
    *t = bigger;
    return 0;
}

int names_add(struct names *t, const char *name, int index, struct apex_error *err)
{
    if (2 * (t->used + 1) > t->slots && names_grow(t, err) < 0)
        return -1;
    *slot_of(t, name) = (struct name_slot){name, index};
    t->used++;
    return 0;
}

int names_find(const struct names *t, const char *name)
{
    if (!t->slots)
        return -1;
    const struct name_slot *s = slot_of(t, name);
    return s->name ? s->index : -1;
}

void names_clear(struct names *t)
{
    free(t->slot);
    *t = (struct names){0};
}
