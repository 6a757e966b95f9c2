#include "core/unit.h"

#include <stdlib.h>
#include <string.h>

/* u32 version, id, model, first, count, cells; u8 wanted[cells]; u8 kind */
void apex_unit_encode(const struct apex_unit *u, struct bytes *out)
{
    bytes_put_u32(out, APEX_UNIT_VERSION);
    bytes_put_u32(out, u->id);
    bytes_put_u32(out, u->model);
    bytes_put_u32(out, u->first);
    bytes_put_u32(out, u->count);
    bytes_put_u32(out, u->cells);
    bytes_put(out, u->wanted, u->cells);
    bytes_put_u8(out, (uint8_t)u->kind);
}

static int check(const struct apex_unit *u, const unsigned char *wanted, const struct cursor *c,
                 struct apex_error *err)
{
    if (c->failed)
        return apex_fail(err, "unit: its bytes end early");
    if (c->at != c->end)
        return apex_fail(err, "unit %u: %zu bytes too many", u->id, (size_t)(c->end - c->at));
    if (u->kind > APEX_UNIT_RESPONSE)
        return apex_fail(err, "unit %u: there is no kind %d", u->id, (int)u->kind);
    if (!u->count)
        return apex_fail(err, "unit %u: no samples", u->id);
    if (u->count > UINT32_MAX - u->first)
        return apex_fail(err, "unit %u: samples %u + %u are out of range", u->id, u->first, u->count);
    for (uint32_t k = 0; k < u->cells; k++)
        if (wanted[k] > 1)
            return apex_fail(err, "unit %u: cell %u is neither wanted nor not", u->id, k);
    return 0;
}

int apex_unit_decode(struct apex_unit *u, const void *data, size_t size, struct apex_error *err)
{
    memset(u, 0, sizeof *u);
    struct cursor c = {data, data ? (const unsigned char *)data + size : NULL, 0};
    uint32_t version = cursor_u32(&c);
    if (!c.failed && version != APEX_UNIT_VERSION)
        return apex_fail(err, "unit: version %u, this program knows %d", version, APEX_UNIT_VERSION);
    struct apex_unit read = {.id = cursor_u32(&c), .wanted = NULL};
    read.model = cursor_u32(&c);
    read.first = cursor_u32(&c);
    read.count = cursor_u32(&c);
    read.cells = cursor_u32(&c);
    const unsigned char *wanted = cursor_take(&c, read.cells);
    read.kind = (enum apex_unit_kind)cursor_u8(&c);
    if (check(&read, wanted, &c, err))
        return -1;
    read.wanted = malloc(read.cells ? read.cells : 1);
    if (!read.wanted)
        return apex_fail(err, "unit %u: no memory for %u cells", read.id, read.cells);
    if (read.cells)
        memcpy(read.wanted, wanted, read.cells);
    *u = read;
    return 0;
}

void apex_unit_free(struct apex_unit *u)
{
    free(u->wanted);
    memset(u, 0, sizeof *u);
}
