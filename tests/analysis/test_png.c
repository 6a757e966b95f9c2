#include "analysis/png.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Every chunk's CRC must be right; the pixels come back through zlib. */
static void a_written_image_reads_back_pixel_by_pixel(void **state)
{
    (void)state;
    enum { WIDTH = 5, HEIGHT = 3, LINE = 3 * WIDTH + 1 };
    unsigned char rgb[HEIGHT * WIDTH * 3], raw[HEIGHT * LINE];
    struct bytes png = {0};
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (unsigned char)(37 * i + 11);
    assert_int_equal(png_encode(rgb, WIDTH, HEIGHT, &png, NULL), 0);
    assert_memory_equal(png.data, "\211PNG\r\n\32\n", 8);
    int chunks = 0;
    for (size_t at = 8; at < png.size; chunks++) {
        const unsigned char *chunk = png.data + at;
        size_t size = big_endian(chunk);
        assert_true(at + 12 + size <= png.size);
        assert_int_equal(crc32(0, chunk + 4, (uInt)size + 4), big_endian(chunk + 8 + size));
        if (!memcmp(chunk + 4, "IHDR", 4)) {
            assert_int_equal(big_endian(chunk + 8), WIDTH);
            assert_int_equal(big_endian(chunk + 12), HEIGHT);
            assert_memory_equal(chunk + 16, "\10\2\0\0\0", 5);
        }
        if (!memcmp(chunk + 4, "IDAT", 4)) {
            uLongf n = sizeof raw;
            assert_int_equal(uncompress(raw, &n, chunk + 8, size), Z_OK);
            assert_int_equal(n, sizeof raw);
        }
        at += 12 + size;
    }
    assert_int_equal(chunks, 3);
    for (int y = 0; y < HEIGHT; y++) {
        assert_int_equal(raw[y * LINE], 0);
        assert_memory_equal(raw + y * LINE + 1, rgb + 3 * WIDTH * y, 3 * WIDTH);
    }
    bytes_free(&png);
}

static void an_image_without_pixels_is_refused(void **state)
{
    (void)state;
    struct bytes png = {0};
    struct apex_error err = {{0}};
    assert_int_equal(png_encode((const unsigned char *)"", 0, 4, &png, &err), -1);
    assert_string_equal(err.text, "an image of 0 x 4 pixels cannot be written");
    bytes_free(&png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_written_image_reads_back_pixel_by_pixel),
        cmocka_unit_test(an_image_without_pixels_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
