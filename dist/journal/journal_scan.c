#include "dist/journal/journal_format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW_SIZE ((size_t)1 << 20)

const unsigned char journal_marker[8] = {0xf5, 'a', 'p', 'x', '\r', '\n', 0x1a, 0xc3};
static const char journal_magic[] = "APEXJRNL";

uint32_t journal_get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_u32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

void journal_put_header(unsigned char header[JOURNAL_HEADER_SIZE])
{
    memcpy(header, journal_magic, 8);
    put_u32(header + 8, JOURNAL_VERSION);
    put_u32(header + 12, crc32c(0, header, 12));
}

void journal_put_entry_head(unsigned char head[JOURNAL_ENTRY_HEAD], uint32_t kind, const void *payload,
                            uint32_t length)
{
    memcpy(head, journal_marker, 8);
    put_u32(head + 8, kind);
    put_u32(head + 12, length);
    put_u32(head + 16, crc32c(crc32c(0, head + 8, 8), payload, length));
}

/* A piece of the file in memory. Read, not mapped: a page of a mapped file that is cut meanwhile is a SIGBUS.
 */
struct window {
    int fd;
    const char *path;
    uint64_t size;  /* of the file when the scan began; less if it is cut meanwhile */
    uint64_t start; /* offset of data[0] */
    size_t have, room;
    unsigned char *data;
    struct apex_error *err;
    int failed; /* err is set */
};

static int window_fill(struct window *w, uint64_t offset, size_t need)
{
    if (need > w->room) {
        unsigned char *grown = realloc(w->data, need);
        if (!grown)
            return apex_fail(w->err, "%s: no memory for an entry of %zu bytes", w->path, need);
        w->data = grown;
        w->room = need;
    }
    size_t want = w->size - offset < w->room ? (size_t)(w->size - offset) : w->room;
    w->start = offset;
    w->have = 0;
    while (w->have < want) {
        ssize_t n = pread(w->fd, w->data + w->have, want - w->have, (off_t)(offset + w->have));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return apex_fail(w->err, "%s: cannot read at byte %llu: %s", w->path,
                             (unsigned long long)(offset + w->have), strerror(errno));
        if (n == 0)
            w->size = offset + w->have; /* cut since fstat */
        if (n == 0)
            break;
        w->have += (size_t)n;
    }
    return 0;
}

/* Bytes offset .. offset + need - 1, valid until the next call; NULL at the file's end or with w->failed. */
static const unsigned char *window_at(struct window *w, uint64_t offset, size_t need)
{
    if (offset > w->size || w->size - offset < need)
        return NULL;
    int inside = offset >= w->start && offset - w->start <= w->have && w->have - (offset - w->start) >= need;
    if (!inside && window_fill(w, offset, need) != 0) {
        w->failed = 1;
        return NULL;
    }
    return w->have - (offset - w->start) >= need ? w->data + (offset - w->start) : NULL;
}

/* CRC of a payload, piece by piece: a damaged length must not cost memory. */
static int payload_crc(struct window *w, uint64_t offset, uint32_t length, uint32_t *crc)
{
    while (length > 0) {
        uint32_t n = length < WINDOW_SIZE ? length : (uint32_t)WINDOW_SIZE;
        const unsigned char *p = window_at(w, offset, n);
        if (!p)
            return -1;
        *crc = crc32c(*crc, p, n);
        offset += n;
        length -= n;
    }
    return 0;
}

struct entry {
    uint32_t kind, length;
};

/* Whether a whole entry with a right CRC begins at offset. */
static int entry_at(struct window *w, uint64_t offset, struct entry *e)
{
    const unsigned char *head = window_at(w, offset, JOURNAL_ENTRY_HEAD);
    if (!head || memcmp(head, journal_marker, sizeof journal_marker) != 0)
        return 0;
    e->kind = journal_get_u32(head + 8);
    e->length = journal_get_u32(head + 12);
    uint32_t expected = journal_get_u32(head + 16), crc = crc32c(0, head + 8, 8);
    if (e->length > JOURNAL_MAX_PAYLOAD || e->length > w->size - offset - JOURNAL_ENTRY_HEAD)
        return 0;
    return payload_crc(w, offset + JOURNAL_ENTRY_HEAD, e->length, &crc) == 0 && crc == expected;
}

/* Offset of the first marker at or after offset; the file's size if there is none. */
static uint64_t next_marker(struct window *w, uint64_t offset)
{
    const size_t marker = sizeof journal_marker;
    while (w->size >= marker && offset <= w->size - marker) {
        size_t n = w->size - offset < WINDOW_SIZE ? (size_t)(w->size - offset) : WINDOW_SIZE;
        const unsigned char *p = window_at(w, offset, n);
        if (!p)
            break;
        const unsigned char *end = p + n - marker + 1;
        for (const unsigned char *q = p; (q = memchr(q, journal_marker[0], (size_t)(end - q))) != NULL; q++)
            if (memcmp(q, journal_marker, marker) == 0)
                return offset + (uint64_t)(q - p);
        offset += n - marker + 1;
    }
    return w->size;
}

/* Writing of a new file may stop inside the header, and a crash may leave zeros where its bytes belong. */
static int header_is_torn(const unsigned char *found, uint64_t size)
{
    unsigned char right[JOURNAL_HEADER_SIZE];
    if (size > JOURNAL_HEADER_SIZE)
        return 0;
    journal_put_header(right);
    for (uint64_t i = 0; i < size; i++)
        if (found[i] != right[i] && found[i] != 0)
            return 0;
    return 1;
}

/* Whether a version number is to be believed where the header's CRC is wrong. One wrong byte is damage,
 * unless it makes a number that a later program might well write: better refuse than read another format. */
static int is_plausible_version(uint32_t version)
{
    int wrong_bytes = 0;
    for (int i = 0; i < 32; i += 8)
        wrong_bytes += (version >> i & 255) != ((uint32_t)JOURNAL_VERSION >> i & 255);
    return wrong_bytes > 1 || (version > JOURNAL_VERSION && version < 100);
}

enum header { HEADER_GOOD, HEADER_TORN, HEADER_DAMAGED, HEADER_REFUSED };

static enum header check_header(struct window *w)
{
    uint64_t n = w->size < JOURNAL_HEADER_SIZE ? w->size : JOURNAL_HEADER_SIZE;
    const unsigned char *found = window_at(w, 0, (size_t)n);
    if (!found)
        return w->failed ? HEADER_REFUSED : HEADER_TORN;
    if (n == JOURNAL_HEADER_SIZE && memcmp(found, journal_magic, 8) == 0) {
        uint32_t version = journal_get_u32(found + 8);
        int whole = journal_get_u32(found + 12) == crc32c(0, found, 12);
        if (whole && version == JOURNAL_VERSION)
            return HEADER_GOOD;
        if (version != JOURNAL_VERSION && (whole || is_plausible_version(version))) {
            apex_fail(w->err, "%s: journal of format version %u; this program reads version %d", w->path,
                      version, JOURNAL_VERSION);
            return HEADER_REFUSED;
        }
    }
    return header_is_torn(found, w->size) ? HEADER_TORN : HEADER_DAMAGED;
}

static int fail_not_a_journal(struct window *w)
{
    const unsigned char *found = window_at(w, 0, 12);
    if (found && memcmp(found, journal_magic, 8) == 0)
        return apex_fail(
            w->err,
            "%s: the header is damaged (it says version %u, this program reads version %d) and no "
            "good entry follows",
            w->path, journal_get_u32(found + 8), JOURNAL_VERSION);
    return apex_fail(w->err, "%s: not a journal", w->path);
}

static int visit_entry(struct window *w, uint64_t offset, const struct entry *e, journal_visit_fn visit,
                       void *context)
{
    const unsigned char *payload = window_at(w, offset + JOURNAL_ENTRY_HEAD, e->length);
    if (!payload)
        return w->failed ? -1 : 0;
    return visit(context, (enum journal_kind)e->kind, payload, e->length, offset);
}

static void count_entry(struct journal_health *h, struct journal_scan_end *end, uint64_t offset,
                        const struct entry *e)
{
    if (offset > end->good_end) {
        if (h->holes++ == 0)
            h->first_hole = end->good_end;
        h->hole_bytes += offset - end->good_end;
    }
    if (end->first_entry == UINT64_MAX)
        end->first_entry = offset;
    h->entries++;
    h->records += e->kind == JOURNAL_RECORD || e->kind == JOURNAL_RESPONSE;
    end->good_end = offset + JOURNAL_ENTRY_HEAD + e->length;
}

static int scan_entries(struct window *w, journal_visit_fn visit, void *context, struct journal_health *h,
                        struct journal_scan_end *end)
{
    uint64_t offset = end->good_end;
    struct entry e;
    while (offset < w->size && !w->failed) {
        if (!entry_at(w, offset, &e)) {
            offset = next_marker(w, offset + 1);
            continue;
        }
        count_entry(h, end, offset, &e);
        int stop = visit ? visit_entry(w, offset, &e, visit, context) : 0;
        if (stop)
            return stop;
        offset = end->good_end;
    }
    return w->failed ? -1 : 0;
}

int journal_scan_fd(int fd, const char *path, journal_visit_fn visit, void *context,
                    struct journal_health *health, struct journal_scan_end *end, struct apex_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return apex_fail(err, "%s: %s", path, strerror(errno));
    struct window w = {.fd = fd, .path = path, .size = (uint64_t)st.st_size, .err = err};
    w.data = malloc(WINDOW_SIZE);
    if (!w.data)
        return apex_fail(err, "%s: no memory to read it", path);
    w.room = WINDOW_SIZE;

    struct journal_health h = {.bytes = w.size};
    struct journal_scan_end e = {.first_entry = UINT64_MAX};
    enum header header = check_header(&w);
    e.header_good = header == HEADER_GOOD;
    e.good_end = e.header_good ? JOURNAL_HEADER_SIZE : 0;
    int rc = header == HEADER_REFUSED ? -1 : scan_entries(&w, visit, context, &h, &e);
    if (rc == 0 && header == HEADER_DAMAGED && h.entries == 0)
        rc = fail_not_a_journal(&w);
    h.torn_bytes = w.size > e.good_end ? w.size - e.good_end : 0;
    if (health)
        *health = h;
    if (end)
        *end = e;
    free(w.data);
    return rc;
}

int journal_scan(const char *path, journal_visit_fn visit, void *context, struct journal_health *health,
                 struct apex_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return apex_fail(err, "%s: %s", path, strerror(errno));
    int rc = journal_scan_fd(fd, path, visit, context, health, NULL, err);
    close(fd);
    return rc;
}
