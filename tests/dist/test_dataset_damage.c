/* Every format cut at every byte and with every byte wrong: an error that names the file, or a data set;
 * never a crash. (Most telling in a build with sanitizers.) */
#include "data_files.h"

static char *put_example(void **state, const char *kind)
{
    const struct member member[] = {{"x.npy", "|u1", "(2, 3)", "abcdef", 6},
                                    {"y.npy", "|u1", "(2,)", "\1\2", 2}};
    struct bytes b = {0};
    char *path;
    if (strcmp(kind, "npz") == 0)
        return put_npz(state, "good", member, 2);
    if (strcmp(kind, "npy") == 0)
        return put_npy(state, "good", "<f4", "(2, 3)", "abcdefghijklmnopqrstuvwx", 24);
    idx_bytes(&b, 0x08, 2, (const uint32_t[]){2, 3}, "abcdef", 6);
    path = put_file(state, "good", b.data, b.size);
    bytes_free(&b);
    return path;
}

/* Whether the file is read; if not, the error must name it. */
static int is_read(char *path)
{
    struct grid g = {.path = (char *)"sweep.yaml"};
    struct grid_data spec = data_of(&path, 1);
    struct apex_error err = {""};
    struct dataset *d = dataset_load(&g, &spec, &err);
    if (!d)
        assert_says(err.text, path);
    dataset_free(d);
    return d != NULL;
}

static void spoil(void **state, const char *kind)
{
    struct gzfile f;
    char *good = put_example(state, kind);
    assert_true(is_read(good));
    assert_int_equal(gzfile_read(good, NULL, &f, NULL), 0);
    for (size_t size = 0; size < f.size; size++)
        if (is_read(put_file(state, "cut", f.data, size)))
            fail_msg("%s cut to %zu of %zu bytes was read", kind, size, f.size);
    const unsigned char flip[] = {0x01, 0x80, 0xff};
    for (size_t at = 0; at < f.size; at++)
        for (int k = 0; k < 3; k++) {
            f.data[at] ^= flip[k];
            is_read(put_file(state, "flipped", f.data, f.size));
            f.data[at] ^= flip[k];
        }
    gzfile_free(&f);
}

static void an_npy_file_spoilt_anywhere_is_refused_or_read_without_harm(void **state)
{
    spoil(state, "npy");
}

static void an_npz_file_spoilt_anywhere_is_refused_or_read_without_harm(void **state)
{
    spoil(state, "npz");
}

static void an_idx_file_spoilt_anywhere_is_refused_or_read_without_harm(void **state)
{
    spoil(state, "idx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(an_npy_file_spoilt_anywhere_is_refused_or_read_without_harm),
                                       TEST(an_npz_file_spoilt_anywhere_is_refused_or_read_without_harm),
                                       TEST(an_idx_file_spoilt_anywhere_is_refused_or_read_without_harm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
