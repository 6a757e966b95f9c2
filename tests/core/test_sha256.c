/* The examples of FIPS 180-2 and the empty message. */
#include "core/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_digest(const unsigned char digest[32], const char *expected)
{
    char text[65];
    sha256_hex(digest, text);
    assert_string_equal(text, expected);
}

static void the_published_digests_come_out(void **state)
{
    (void)state;
    static const char *const vector[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof vector / sizeof *vector; i++) {
        unsigned char digest[32];
        sha256_of(vector[i][0], strlen(vector[i][0]), digest);
        assert_digest(digest, vector[i][1]);
    }
}

static void a_million_letters_in_uneven_pieces_have_the_published_digest(void **state)
{
    (void)state;
    char *letters = malloc(1000000);
    assert_non_null(letters);
    memset(letters, 'a', 1000000);
    struct sha256 *h = sha256_new();
    assert_non_null(h);
    for (size_t at = 0, step = 1; at < 1000000; at += step, step = step * 3 + 1) {
        if (step > 1000000 - at)
            step = 1000000 - at;
        sha256_add(h, letters + at, step);
    }
    unsigned char digest[32];
    sha256_end(h, digest);
    free(letters);
    assert_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void nothing_at_all_may_be_a_null_pointer(void **state)
{
    (void)state;
    unsigned char digest[32];
    sha256_of(NULL, 0, digest);
    assert_digest(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct sha256 *h = sha256_new();
    sha256_add(h, NULL, 0);
    sha256_end(h, digest);
    assert_digest(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_digests_come_out),
        cmocka_unit_test(a_million_letters_in_uneven_pieces_have_the_published_digest),
        cmocka_unit_test(nothing_at_all_may_be_a_null_pointer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
