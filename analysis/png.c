#include "analysis/png.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void put_big_endian(struct bytes *out, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes_put_u8(out, (uint8_t)(v >> shift));
}

static void put_chunk(struct bytes *out, const char *type, const void *data, size_t size)
{
    put_big_endian(out, (uint32_t)size);
    uLong crc = crc32(crc32(0, NULL, 0), (const Bytef *)type, 4);
    if (size)
        crc = crc32(crc, data, (uInt)size);
    bytes_put(out, type, 4);
    bytes_put(out, data, size);
    put_big_endian(out, (uint32_t)crc);
}

int png_encode(const unsigned char *rgb, int width, int height, struct bytes *out, struct apex_error *err)
{
    if (width < 1 || height < 1 || width > 65535 || height > 65535)
        return apex_fail(err, "an image of %d x %d pixels cannot be written", width, height);
    const size_t line = 3 * (size_t)width, size = (line + 1) * (size_t)height;
    uLongf packed_size = compressBound(size);
    unsigned char *raw = malloc(size), *packed = malloc(packed_size);
    struct bytes header = {0};
    for (int y = 0; raw && y < height; y++) {
        raw[(line + 1) * (size_t)y] = 0; /* no filter */
        memcpy(raw + (line + 1) * (size_t)y + 1, rgb + line * (size_t)y, line);
    }
    int failed = !raw || !packed || compress2(packed, &packed_size, raw, size, 9) != Z_OK;
    put_big_endian(&header, (uint32_t)width);
    put_big_endian(&header, (uint32_t)height);
    bytes_put(&header, "\10\2\0\0\0", 5); /* 8 bits, RGB */
    failed |= header.failed;
    if (!failed) {
        bytes_put(out, "\211PNG\r\n\32\n", 8);
        put_chunk(out, "IHDR", header.data, header.size);
        put_chunk(out, "IDAT", packed, packed_size);
        put_chunk(out, "IEND", NULL, 0);
    }
    bytes_free(&header);
    free(raw);
    free(packed);
    return failed || out->failed ? apex_fail(err, "out of memory for an image") : 0;
}
