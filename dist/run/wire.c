#include "dist/run/wire.h"

#include <string.h>

void wire_put_result(struct bytes *out, const struct crew_result *r)
{
    bytes_put_u32(out, r->unit);
    bytes_put_u8(out, r->failed != 0);
    bytes_put_f32(out, (float)r->seconds);
    if (r->failed)
        bytes_put(out, r->error.text, strlen(r->error.text));
    else
        bytes_put(out, r->record.data, r->record.size);
}

int wire_get_result(struct wire_result *r, const void *data, size_t size)
{
    struct cursor c = {data, (const unsigned char *)data + size, 0};
    memset(r, 0, sizeof *r);
    r->unit = cursor_u32(&c);
    r->failed = cursor_u8(&c);
    r->seconds = cursor_f32(&c);
    if (c.failed)
        return -1;
    r->size = (size_t)(c.end - c.at);
    if (r->failed)
        apex_fail(&r->error, "%.*s", (int)(r->size < APEX_ERROR_TEXT ? r->size : APEX_ERROR_TEXT - 1),
                  (const char *)c.at);
    else
        r->record = c.at;
    return 0;
}
