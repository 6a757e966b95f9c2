/* The journal: an append-only file that is the truth of a sweep.
 *
 * Layout, little-endian: header "APEXJRNL", u32 format version, u32 crc32c of these twelve bytes; then
 * entries
 *     u8 marker[8]; u32 kind; u32 length; u32 crc32c(kind, length, payload); u8 payload[length]
 * A torn tail is normal. A damaged block in the middle is skipped: the next marker whose entry has a right
 * CRC goes on. */
#ifndef APEX_DIST_JOURNAL_H
#define APEX_DIST_JOURNAL_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

#define JOURNAL_VERSION 1
#define JOURNAL_FILE "apex.journal"

enum journal_kind {
    JOURNAL_ATTEMPT = 1, /* text: when, host, job, ranks, program version (provenance, one for each start) */
    JOURNAL_CONTEXT = 2, /* context.h; a new full set, begun by JOURNAL_SWEEP, replaces the older ones */
    JOURNAL_SWEEP = 3,   /* u32 number of contexts that follow; text name of the sweep */
    JOURNAL_RECORD = 4,  /* core/unit.h */
    JOURNAL_RMS = 5,     /* root mean squares of one model's sites (sweep.c) */
    JOURNAL_RESPONSE = 6 /* dist/results/response_record.h */
};

struct journal_health {
    uint64_t bytes, entries, records; /* records: of kind JOURNAL_RECORD or JOURNAL_RESPONSE */
    uint64_t holes, hole_bytes;       /* damaged blocks in the middle */
    uint64_t torn_bytes;              /* after the last good entry */
    uint64_t first_hole;              /* offset of the first hole */
};

/* Called for every good entry, in file order; non-zero ends the scan and is returned by it. */
typedef int (*journal_visit_fn)(void *context, enum journal_kind kind, const void *payload, size_t size,
                                uint64_t offset);

/* Reads a journal that may be growing. Returns 0, the visitor's value, or -1 with err: file missing or
 * unreadable, not a journal, or another format version (message names both versions). health may be NULL. */
int journal_scan(const char *path, journal_visit_fn visit, void *context, struct journal_health *health,
                 struct apex_error *err);

struct journal;

/* Opens for appending, makes the file if absent (header synced, directory synced), cuts a torn tail. NULL
 * with err. */
struct journal *journal_open(const char *path, struct apex_error *err);
/* Appends one entry; -1 with err when it could not be written whole (disk full): the partial entry is cut off
 * again. */
int journal_append(struct journal *j, enum journal_kind kind, const void *payload, size_t size,
                   struct apex_error *err);
int journal_sync(struct journal *j, struct apex_error *err);  /* fdatasync if anything is unsynced */
int journal_close(struct journal *j, struct apex_error *err); /* syncs; accepts NULL; always frees */

uint32_t crc32c(uint32_t crc, const void *data, size_t size); /* Castagnoli; start with 0 */

#endif
