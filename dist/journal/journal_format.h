/* The bytes of a journal, shared by the code that appends, the code that scans and fsck. Not for others. */
#ifndef APEX_DIST_JOURNAL_FORMAT_H
#define APEX_DIST_JOURNAL_FORMAT_H

#include "dist/journal/journal.h"

#define JOURNAL_HEADER_SIZE 16 /* magic[8], u32 version, u32 crc32c of these twelve bytes */
#define JOURNAL_ENTRY_HEAD 20  /* marker[8], u32 kind, u32 length, u32 crc */
/* A length above this is damage, never data. */
#define JOURNAL_MAX_PAYLOAD ((uint32_t)1 << 30)

extern const unsigned char journal_marker[8];

/* What a scan learned beyond journal_health. */
struct journal_scan_end {
    uint64_t good_end;    /* where the next entry belongs: the end of the last good entry, or of the header */
    uint64_t first_entry; /* offset of the first good entry; UINT64_MAX: none */
    int header_good;      /* 0: missing, torn or damaged */
};

void journal_put_header(unsigned char header[JOURNAL_HEADER_SIZE]);
void journal_put_entry_head(unsigned char head[JOURNAL_ENTRY_HEAD], uint32_t kind, const void *payload,
                            uint32_t length);
uint32_t journal_get_u32(const unsigned char *p);

/* journal_scan on an open file; visit, health and end may be NULL. */
int journal_scan_fd(int fd, const char *path, journal_visit_fn visit, void *context,
                    struct journal_health *health, struct journal_scan_end *end, struct apex_error *err);

#endif
