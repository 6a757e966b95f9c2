#include "dist/data/dataset_read.h"
#include "dist/files/file.h"

#include <stdlib.h>
#include <zlib.h>

static int is_gzip(const unsigned char *data, size_t size)
{
    return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

static int grow(struct gzfile *f, size_t *room, struct apex_error *err)
{
    unsigned char *bigger = *room <= SIZE_MAX / 4 ? realloc(f->data, *room * 2 + 1) : NULL;
    if (!bigger)
        return apex_fail(err, "%s: no memory to unpack more than %zu bytes", f->path, *room);
    f->data = bigger;
    *room *= 2;
    return 0;
}

static unsigned portion(size_t left)
{
    return left < (1u << 30) ? (unsigned)left : (1u << 30);
}

/* Another member, or the end? Zeros after the last member are padding (tar, tapes). -1: neither. */
static int next_member(z_stream *z, const unsigned char *end)
{
    size_t left = (size_t)(end - z->next_in);
    if (is_gzip(z->next_in, left))
        return inflateReset(z) == Z_OK ? 1 : -1;
    for (size_t i = 0; i < left; i++)
        if (z->next_in[i])
            return -1;
    return 0;
}

/* Inflates all members of packed[size] into f->data. */
static int inflate_members(z_stream *z, const unsigned char *packed, size_t size, size_t *room,
                           struct gzfile *f, struct apex_error *err)
{
    const unsigned char *end = packed + size;
    z->next_in = (unsigned char *)packed;
    for (;;) {
        if (f->size == *room && grow(f, room, err))
            return -1;
        z->avail_in = portion((size_t)(end - z->next_in));
        z->next_out = f->data + f->size;
        z->avail_out = portion(*room - f->size);
        unsigned before = z->avail_out;
        int rc = inflate(z, Z_NO_FLUSH);
        f->size += before - z->avail_out;
        if (rc == Z_STREAM_END) {
            int more = next_member(z, end);
            if (more < 0)
                return apex_fail(err, "%s: something that is not gzip follows the gzip data", f->path);
            if (!more)
                return 0;
        } else if (rc == Z_MEM_ERROR) {
            return apex_fail(err, "%s: no memory to unpack it", f->path);
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return apex_fail(err, "%s: damaged gzip data after %zu bytes: %s", f->path, f->size,
                             z->msg ? z->msg : zError(rc));
        } else if (z->next_in == end && z->avail_out) {
            return apex_fail(err, "%s: the gzip data is cut short after %zu unpacked bytes", f->path,
                             f->size);
        }
    }
}

/* Replaces f's bytes by what they unpack to. */
static int gunzip(struct gzfile *f, struct apex_error *err)
{
    unsigned char *packed = f->data;
    size_t size = f->size, room = size < 1024 ? 4096 : size * 4;
    z_stream z = {0};
    f->size = 0;
    f->data = malloc(room + 1);
    int rc = -1;
    if (!f->data || inflateInit2(&z, 15 + 16) != Z_OK) {
        apex_fail(err, "%s: no memory to unpack it", f->path);
    } else {
        rc = inflate_members(&z, packed, size, &room, f, err);
        inflateEnd(&z);
    }
    free(packed);
    if (rc == 0)
        f->data[f->size] = 0;
    return rc;
}

int gzfile_read(const char *path, struct sha256 *disk, struct gzfile *f, struct apex_error *err)
{
    *f = (struct gzfile){.path = path};
    f->data = (unsigned char *)file_read(path, &f->size, err);
    if (!f->data)
        return -1;
    if (disk)
        sha256_add(disk, f->data, f->size);
    int rc = is_gzip(f->data, f->size) ? gunzip(f, err) : 0;
    if (rc == 0 && f->size == 0)
        rc = apex_fail(err, "%s: is empty", path);
    if (rc)
        gzfile_free(f);
    return rc;
}

void gzfile_free(struct gzfile *f)
{
    free(f->data);
    f->data = NULL;
    f->size = 0;
}
