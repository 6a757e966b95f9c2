/* Little-endian byte strings that leave the process: units, records, journal entries. A writer that grows, a
 * reader that cannot run past the end. */
#ifndef APEX_CORE_BYTES_H
#define APEX_CORE_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Grows as needed. After a failed allocation `failed` is set, later puts do nothing: check once at the end.
 */
struct bytes {
    unsigned char *data;
    size_t size, room;
    int failed;
};

void bytes_free(struct bytes *b);  /* releases and zeroes; the struct itself is the caller's */
void bytes_clear(struct bytes *b); /* size = 0, keeps the room */
void bytes_put(struct bytes *b, const void *data, size_t size);
void bytes_put_u8(struct bytes *b, uint8_t v);
void bytes_put_u16(struct bytes *b, uint16_t v);
void bytes_put_u32(struct bytes *b, uint32_t v);
void bytes_put_u64(struct bytes *b, uint64_t v);
void bytes_put_f32(struct bytes *b, float v);
void bytes_put_f64(struct bytes *b, double v);
void bytes_put_text(struct bytes *b,
                    const char *text); /* u32 length, then the bytes; NULL is written as "" */

/* Reads past the end give zeros and set `failed`: check once at the end. */
struct cursor {
    const unsigned char *at, *end;
    int failed;
};

const void *cursor_take(struct cursor *c, size_t size); /* NULL and failed when fewer are left */
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
float cursor_f32(struct cursor *c);
double cursor_f64(struct cursor *c);
char *cursor_text(struct cursor *c); /* malloc'ed, terminated; NULL and failed on a short or huge text */

#endif
