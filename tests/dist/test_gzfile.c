#include "data_files.h"

#include "core/sha256.h"

#include <sys/stat.h>

static void read_is(const char *path, const char *expected)
{
    struct gzfile f;
    struct apex_error err = {""};
    if (gzfile_read(path, NULL, &f, &err))
        fail_msg("%s", err.text);
    assert_string_equal((const char *)f.data, expected);
    assert_int_equal(f.size, strlen(expected));
    gzfile_free(&f);
}

static void read_fails(const char *path, const char *part)
{
    struct gzfile f;
    struct apex_error err = {""};
    assert_int_equal(gzfile_read(path, NULL, &f, &err), -1);
    assert_null(f.data);
    assert_says(err.text, path);
    assert_says(err.text, part);
}

static void a_plain_file_is_read_as_it_is(void **state)
{
    read_is(put_text(state, "plain.gz", "not packed at all"), "not packed at all");
}

static void gzip_is_known_by_its_magic_not_by_its_name(void **state)
{
    read_is(put_gzip(state, "packed.bin", "hello", 5), "hello");
}

static void members_one_after_the_other_are_one_file(void **state)
{
    struct bytes b = {0};
    gzip_bytes("hello ", 6, &b);
    gzip_bytes("world", 5, &b);
    bytes_put(&b, "\0\0\0", 3); /* padding */
    read_is(put_file(state, "two", b.data, b.size), "hello world");
    bytes_free(&b);
}

static void what_packs_a_thousandfold_is_unpacked_whole(void **state)
{
    size_t size = 3000000;
    char *zeros = calloc(size, 1);
    memcpy(zeros + size - 3, "end", 3);
    struct gzfile f;
    assert_int_equal(gzfile_read(put_gzip(state, "zeros", zeros, size), NULL, &f, NULL), 0);
    assert_int_equal(f.size, size);
    assert_memory_equal(f.data, zeros, size);
    gzfile_free(&f);
    free(zeros);
}

static void the_digest_is_of_the_bytes_on_disk(void **state)
{
    struct bytes b = {0};
    gzip_bytes("hello", 5, &b);
    unsigned char expected[32], digest[32];
    sha256_of(b.data, b.size, expected);
    struct sha256 *disk = sha256_new();
    struct gzfile f;
    assert_int_equal(gzfile_read(put_file(state, "packed", b.data, b.size), disk, &f, NULL), 0);
    sha256_end(disk, digest);
    assert_memory_equal(digest, expected, 32);
    gzfile_free(&f);
    bytes_free(&b);
}

static void gzip_cut_at_any_byte_is_an_error(void **state)
{
    struct bytes b = {0};
    gzip_bytes("some text, some more text, and an end", 37, &b);
    for (size_t size = 2; size < b.size; size++)
        read_fails(put_file(state, "cut", b.data, size), "gzip data");
    bytes_free(&b);
}

static void a_damaged_gzip_byte_is_an_error(void **state)
{
    struct bytes b = {0};
    gzip_bytes("some text, some more text, and an end", 37, &b);
    for (size_t k = 10; k < b.size;
         k++) { /* behind the header, whose time and system are not checked by anyone */
        b.data[k] ^= 0x55;
        read_fails(put_file(state, "damaged", b.data, b.size), "gzip data");
        b.data[k] ^= 0x55;
    }
    bytes_free(&b);
}

static void rubbish_behind_gzip_is_an_error(void **state)
{
    struct bytes b = {0};
    gzip_bytes("hello", 5, &b);
    bytes_put(&b, "rubbish", 7);
    read_fails(put_file(state, "rubbish", b.data, b.size), "follows the gzip data");
    bytes_free(&b);
}

static void empty_missing_and_folder_are_errors_that_name_the_path(void **state)
{
    read_fails(put_file(state, "empty", "", 0), "is empty");
    read_fails(put_gzip(state, "packed-empty", "", 0), "is empty");
    read_fails(path_in(state, "missing"), "No such file");
    read_fails(((struct folder *)*state)->path, "directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plain_file_is_read_as_it_is),
        TEST(gzip_is_known_by_its_magic_not_by_its_name),
        TEST(members_one_after_the_other_are_one_file),
        TEST(what_packs_a_thousandfold_is_unpacked_whole),
        TEST(the_digest_is_of_the_bytes_on_disk),
        TEST(gzip_cut_at_any_byte_is_an_error),
        TEST(a_damaged_gzip_byte_is_an_error),
        TEST(rubbish_behind_gzip_is_an_error),
        TEST(empty_missing_and_folder_are_errors_that_name_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
