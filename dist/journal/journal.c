#include "dist/files/durable.h"
#include "dist/journal/journal_format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct journal {
    int fd;
    char *path;
    uint64_t end; /* after the last whole entry */
    int dirty;    /* something was written since the last sync */
};

/* Writes both parts at offset, whole. -1 with errno. */
static int write_all(int fd, struct iovec part[2], uint64_t offset)
{
    int first = 0;
    while (first < 2) {
        ssize_t n = pwritev(fd, part + first, 2 - first, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        offset += (uint64_t)n;
        size_t rest = (size_t)n;
        while (first < 2 && rest >= part[first].iov_len)
            rest -= part[first++].iov_len;
        if (first < 2) {
            part[first].iov_base = (char *)part[first].iov_base + rest;
            part[first].iov_len -= rest;
        }
    }
    return 0;
}

static int write_header(struct journal *j, struct apex_error *err)
{
    unsigned char header[JOURNAL_HEADER_SIZE];
    journal_put_header(header);
    struct iovec part[2] = {{header, sizeof header}, {NULL, 0}};
    if (write_all(j->fd, part, 0) != 0 || fsync(j->fd) != 0)
        return apex_fail(err, "%s: cannot write the header: %s", j->path, durable_reason(errno));
    return durable_folder_of(j->path, err);
}

/* Brings the file into the state that appending needs: a good header, and nothing after the last good entry.
 */
static int prepare(struct journal *j, struct apex_error *err)
{
    struct journal_scan_end end;
    struct journal_health health;
    if (journal_scan_fd(j->fd, j->path, NULL, NULL, &health, &end, err) != 0)
        return -1;
    j->end = end.good_end;
    if (health.torn_bytes > 0 && ftruncate(j->fd, (off_t)j->end) != 0)
        return apex_fail(err, "%s: cannot cut the torn tail: %s", j->path, strerror(errno));
    j->dirty = health.torn_bytes > 0;
    /* A file whose beginning was lost has no room for a header: its entries are found by their markers. */
    if (end.header_good || end.first_entry < JOURNAL_HEADER_SIZE)
        return 0;
    if (j->end < JOURNAL_HEADER_SIZE)
        j->end = JOURNAL_HEADER_SIZE;
    return write_header(j, err);
}

struct journal *journal_open(const char *path, struct apex_error *err)
{
    struct journal *j = calloc(1, sizeof *j);
    char *copy = strdup(path);
    if (!j || !copy) {
        free(j);
        free(copy);
        apex_fail(err, "%s: no memory", path);
        return NULL;
    }
    j->path = copy;
    j->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (j->fd < 0)
        apex_fail(err, "%s: cannot open for appending: %s", path, strerror(errno));
    if (j->fd < 0 || prepare(j, err) != 0) {
        if (j->fd >= 0)
            close(j->fd);
        free(j->path);
        free(j);
        return NULL;
    }
    return j;
}

int journal_append(struct journal *j, enum journal_kind kind, const void *payload, size_t size,
                   struct apex_error *err)
{
    if (size > JOURNAL_MAX_PAYLOAD)
        return apex_fail(err, "%s: an entry of %zu bytes is above the limit of %u", j->path, size,
                         (unsigned)JOURNAL_MAX_PAYLOAD);
    unsigned char head[JOURNAL_ENTRY_HEAD];
    journal_put_entry_head(head, (uint32_t)kind, payload, (uint32_t)size);
    struct iovec part[2] = {{head, sizeof head}, {(void *)(uintptr_t)payload, size}};
    j->dirty = 1;
    if (write_all(j->fd, part, j->end) != 0) {
        int cause = errno;
        /* Should this fail too, no harm: the next entry is written over the partial one, and a scan skips it.
         */
        int cut = ftruncate(j->fd, (off_t)j->end) == 0;
        return apex_fail(err, "%s: cannot append %zu bytes: %s%s", j->path, sizeof head + size,
                         durable_reason(cause), cut ? "" : " (a partial entry is left at the end)");
    }
    j->end += sizeof head + size;
    return 0;
}

int journal_sync(struct journal *j, struct apex_error *err)
{
    if (!j->dirty)
        return 0;
    if (fdatasync(j->fd) != 0)
        return apex_fail(err, "%s: cannot sync: %s; entries since the last sync may not be on disk", j->path,
                         durable_reason(errno));
    j->dirty = 0;
    return 0;
}

int journal_close(struct journal *j, struct apex_error *err)
{
    if (!j)
        return 0;
    int rc = journal_sync(j, err);
    if (close(j->fd) != 0 && rc == 0)
        rc = apex_fail(err, "%s: cannot close: %s", j->path, durable_reason(errno));
    free(j->path);
    free(j);
    return rc;
}
