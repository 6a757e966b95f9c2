/* Small data files of every format, made in a temporary folder that goes with the test. */
#ifndef APEX_TESTS_DATA_FILES_H
#define APEX_TESTS_DATA_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "dist/data/dataset.h"
#include "dist/data/dataset_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

enum { FILES_MAX = 64 };

struct folder {
    char path[64];
    char *file[FILES_MAX];
    int files;
};

static inline int folder_setup(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    snprintf(f->path, sizeof f->path, "/tmp/apex-test-XXXXXX");
    *state = f;
    return mkdtemp(f->path) ? 0 : -1;
}

static inline int folder_teardown(void **state)
{
    struct folder *f = *state;
    for (int k = 0; k < f->files; k++) {
        unlink(f->file[k]);
        free(f->file[k]);
    }
    int rc = rmdir(f->path);
    free(f);
    return rc;
}

/* The path of a file of the folder, there or not; it is removed with the folder. */
static inline char *path_in(void **state, const char *name)
{
    struct folder *f = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    for (int k = 0; k < f->files; k++)
        if (strcmp(f->file[k], path) == 0)
            return f->file[k];
    assert_true(f->files < FILES_MAX);
    return f->file[f->files++] = strdup(path);
}

static inline char *put_file(void **state, const char *name, const void *data, size_t size)
{
    char *path = path_in(state, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
    return path;
}

static inline char *put_text(void **state, const char *name, const char *text)
{
    return put_file(state, name, text, strlen(text));
}

/* One gzip member. */
static inline void gzip_bytes(const void *data, size_t size, struct bytes *out)
{
    unsigned char *packed = malloc(size + 1000);
    z_stream z = {.next_in = (unsigned char *)data, .avail_in = (unsigned)size};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = packed;
    z.avail_out = (unsigned)(size + 1000);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    bytes_put(out, packed, size + 1000 - z.avail_out);
    deflateEnd(&z);
    free(packed);
}

static inline char *put_gzip(void **state, const char *name, const void *data, size_t size)
{
    struct bytes packed = {0};
    gzip_bytes(data, size, &packed);
    char *path = put_file(state, name, packed.data, packed.size);
    bytes_free(&packed);
    return path;
}

/* NPY of a version, e.g. npy_bytes(&b, 1, "<f4", "False", "(2, 3)", values, sizeof values). */
static inline void npy_bytes(struct bytes *b, int version, const char *descr, const char *fortran,
                             const char *shape, const void *data, size_t size)
{
    char text[256];
    int length = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr,
                          fortran, shape);
    bytes_put(b, "\x93NUMPY", 6);
    bytes_put_u8(b, (uint8_t)version);
    bytes_put_u8(b, 0);
    if (version == 1)
        bytes_put_u16(b, (uint16_t)length);
    else
        bytes_put_u32(b, (uint32_t)length);
    bytes_put(b, text, (size_t)length);
    bytes_put(b, data, size);
}

static inline char *put_npy(void **state, const char *name, const char *descr, const char *shape,
                            const void *data, size_t size)
{
    struct bytes b = {0};
    npy_bytes(&b, 1, descr, "False", shape, data, size);
    char *path = put_file(state, name, b.data, b.size);
    bytes_free(&b);
    return path;
}

struct member {
    const char *name, *descr, *shape;
    const void *data;
    size_t size;
};

static inline char *put_npz(void **state, const char *name, const struct member *member, int n)
{
    char *path = path_in(state, name);
    int status;
    unlink(path);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_EXCL, &status);
    assert_non_null(zip);
    for (int k = 0; k < n; k++) {
        struct bytes b = {0};
        npy_bytes(&b, 1, member[k].descr, "False", member[k].shape, member[k].data, member[k].size);
        zip_source_t *source = zip_source_buffer(zip, b.data, b.size, 1); /* frees b.data */
        assert_true(zip_file_add(zip, member[k].name, source, ZIP_FL_ENC_UTF_8) >= 0);
    }
    assert_int_equal(zip_close(zip), 0);
    return path;
}

/* IDX with big-endian dimensions; data as given. */
static inline void idx_bytes(struct bytes *b, int type, int rank, const uint32_t *dim, const void *data,
                             size_t size)
{
    bytes_put_u16(b, 0);
    bytes_put_u8(b, (uint8_t)type);
    bytes_put_u8(b, (uint8_t)rank);
    for (int k = 0; k < rank; k++)
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes_put_u8(b, (uint8_t)(dim[k] >> shift));
    bytes_put(b, data, size);
}

/* n CIFAR records of one or two label bytes; pixel p of record i is (i + p) % 251. */
static inline void cifar_bytes(struct bytes *b, int label_bytes, const unsigned char *label, int n)
{
    for (int i = 0; i < n; i++) {
        bytes_put(b, label + i * label_bytes, (size_t)label_bytes);
        for (int p = 0; p < 3072; p++)
            bytes_put_u8(b, (uint8_t)((i + p) % 251));
    }
}

static inline struct grid_data data_of(char **path, int paths)
{
    return (struct grid_data){
        .name = (char *)"d", .path = path, .paths = paths, .layout = (char *)"nchw", .mark = {7, 3}};
}

/* Loads, or fails the test with the error. */
static inline struct dataset *load_ok(const struct grid_data *spec)
{
    struct grid g = {.path = (char *)"sweep.yaml"};
    struct apex_error err = {""};
    struct dataset *d = dataset_load(&g, spec, &err);
    if (!d)
        fail_msg("%s", err.text);
    return d;
}

static inline void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not say '%s'", text, part);
}

/* Loading fails with a message that names the grid's line and says `part`. */
static inline void load_fails(const struct grid_data *spec, const char *part)
{
    struct grid g = {.path = (char *)"sweep.yaml"};
    struct apex_error err = {""};
    struct dataset *d = dataset_load(&g, spec, &err);
    if (d) {
        dataset_free(d);
        fail_msg("was read without an error; expected '%s'", part);
    }
    assert_says(err.text, "sweep.yaml:");
    assert_says(err.text, "data 'd': ");
    assert_says(err.text, part);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

#endif
