/* NPZ: a zip archive of NPY members (np.savez, np.savez_compressed), read with libzip from memory. */
#include "dist/data/dataset_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { MEMBERS_MAX = 4096, PEEK = 65536 + 12 };

static zip_t *open_archive(const struct gzfile *f, struct apex_error *err)
{
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *source = zip_source_buffer_create(f->data, f->size, 0, &why);
    zip_t *zip = source ? zip_open_from_source(source, ZIP_RDONLY, &why) : NULL;
    if (!zip) {
        apex_fail(err, "%s: cannot read the zip archive: %s", f->path, zip_error_strerror(&why));
        zip_source_free(source);
    }
    zip_error_fini(&why);
    return zip;
}

/* Reads up to `room` bytes of a member. To the very end, so that libzip compares the CRC, when `whole`. -1
 * with err. */
static int64_t read_member(zip_t *zip, int64_t k, unsigned char *to, size_t room, int whole, const char *name,
                           struct apex_error *err)
{
    zip_file_t *member = zip_fopen_index(zip, (zip_uint64_t)k, 0);
    if (!member)
        return apex_fail(err, "%s: %s", name, zip_strerror(zip));
    size_t done = 0;
    zip_int64_t got = 1;
    while (done < room && (got = zip_fread(member, to + done, room - done)) > 0)
        done += (size_t)got;
    unsigned char more;
    if (whole && got > 0)
        got = zip_fread(member, &more, 1);
    if (got < 0)
        apex_fail(err, "%s: %s", name, zip_file_strerror(member));
    zip_fclose(member);
    if (got > 0 && whole)
        return apex_fail(err, "%s: longer than the archive says", name);
    return got < 0 ? -1 : (int64_t)done;
}

/* "file.npz:images.npy" */
static const char *member_path(const struct gzfile *f, const char *member, char *text, size_t room)
{
    snprintf(text, room, "%s:%s", f->path, member);
    return text;
}

/* What the archive says of member k: its name without ".npy", its type and shape. A member that is no NPY
 * array, or of a type that is not read, is listed as not usable. */
static int describe(const struct gzfile *f, zip_t *zip, int64_t k, unsigned char *peek, struct raw_choice *c,
                    struct apex_error *err)
{
    const char *name = zip_get_name(zip, (zip_uint64_t)k, 0);
    if (!name)
        return apex_fail(err, "%s: %s", f->path, zip_strerror(zip));
    snprintf(c->name, sizeof c->name, "%s", name);
    size_t length = strlen(c->name);
    if (length < 4 || strcmp(c->name + length - 4, ".npy"))
        return 0;
    struct raw_array a;
    size_t start;
    int64_t got = read_member(zip, k, peek, PEEK, 0, name, NULL);
    c->name[length - 4] = '\0';
    if (got < 0 || npy_header(peek, (size_t)got, name, &a, &start, NULL))
        return 0;
    c->usable = 1;
    c->integer = raw_is_integer(a.type);
    c->shape = a.shape;
    return 0;
}

/* Position of the member that is meant; -1 with err, -2: none. */
static int choose_member(const struct gzfile *f, zip_t *zip, const struct raw_query *q,
                         struct apex_error *err)
{
    int64_t n = zip_get_num_entries(zip, 0);
    if (n < 1 || n > MEMBERS_MAX)
        return apex_fail(err, "%s: an archive of %lld members; 1 to %d are read", f->path, (long long)n,
                         MEMBERS_MAX);
    struct raw_choice *c = calloc((size_t)n, sizeof *c);
    unsigned char *peek = malloc(PEEK);
    int k = c && peek ? 0 : apex_fail(err, "%s: no memory", f->path);
    for (int64_t i = 0; i < n && k == 0; i++)
        k = describe(f, zip, i, peek, &c[i], err);
    if (k == 0)
        k = raw_choose(c, (int)n, q, f->path, err);
    free(peek);
    free(c);
    return k;
}

/* Unpacks member k and reads it as NPY. */
static int open_member(const struct gzfile *f, zip_t *zip, int k, struct raw_array *a, struct apex_error *err)
{
    zip_stat_t st;
    char name[RAW_NAME + 512];
    if (zip_stat_index(zip, (zip_uint64_t)k, 0, &st) || !(st.valid & ZIP_STAT_SIZE) ||
        !(st.valid & ZIP_STAT_NAME))
        return apex_fail(err, "%s: member %d: %s", f->path, k, zip_strerror(zip));
    member_path(f, st.name, name, sizeof name);
    if (st.size / RAW_MAX_RATIO > f->size)
        return apex_fail(err, "%s: the archive says %llu bytes, more than its %zu can hold", name,
                         (unsigned long long)st.size, f->size);
    unsigned char *bytes = malloc(st.size + 1);
    if (!bytes)
        return apex_fail(err, "%s: no memory for its %llu bytes", name, (unsigned long long)st.size);
    int64_t got = read_member(zip, k, bytes, st.size, 1, name, err);
    int rc = got < 0 ? -1 : 0;
    if (rc == 0 && (uint64_t)got != st.size)
        rc = apex_fail(err, "%s: cut short after %lld of %llu bytes", name, (long long)got,
                       (unsigned long long)st.size);
    if (rc == 0)
        rc = npy_array(bytes, (size_t)got, name, a, err);
    if (rc) {
        free(bytes);
        return -1;
    }
    a->owned = bytes;
    snprintf(a->name, sizeof a->name, "%.*s", (int)strlen(st.name) - 4, st.name);
    return 0;
}

int read_npz(const struct gzfile *f, const struct raw_query *q, struct raw_array *a, struct apex_error *err)
{
    zip_t *zip = open_archive(f, err);
    if (!zip)
        return -1;
    int k = choose_member(f, zip, q, err);
    int rc = k == -2 ? 1 : k < 0 ? -1 : open_member(f, zip, k, a, err);
    zip_discard(zip);
    return rc;
}
