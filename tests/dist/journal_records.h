/* Journals of numbered records, for the tests of journals. */
#ifndef APEX_TESTS_JOURNAL_RECORDS_H
#define APEX_TESTS_JOURNAL_RECORDS_H

#include "dist/journal/journal.h"
#include "folder.h"

#define HEADER 16
#define ENTRY_HEAD 20

/* What a scan found: record number i of the tests begins with i as four bytes. */
struct seen {
    int entries, wrong;
    unsigned char id[4096];
    uint64_t offset[4096];
};

static inline size_t record_size(uint32_t id)
{
    return 4 + id * 37 % 101;
}

static inline void make_record(uint32_t id, unsigned char *p)
{
    memcpy(p, &id, 4);
    for (size_t i = 4; i < record_size(id); i++)
        p[i] = (unsigned char)(id * 31 + i * 7);
}

static inline int look(void *context, enum journal_kind kind, const void *payload, size_t size,
                       uint64_t offset)
{
    struct seen *s = context;
    unsigned char right[256];
    uint32_t id = 0;
    memcpy(&id, payload, size < 4 ? size : 4);
    s->entries++;
    if (kind != JOURNAL_RECORD || id >= 4096 || size != record_size(id)) {
        s->wrong++;
        return 0;
    }
    make_record(id, right);
    s->wrong += memcmp(right, payload, size) != 0;
    s->id[id]++;
    s->offset[id] = offset;
    return 0;
}

static inline struct seen *scan(const char *path, struct journal_health *h)
{
    static struct seen s;
    struct apex_error err;
    memset(&s, 0, sizeof s);
    if (journal_scan(path, look, &s, h, &err) != 0)
        fail_msg("scan: %s", err.text);
    assert_int_equal(s.wrong, 0);
    return &s;
}

static inline void append(struct journal *j, uint32_t id)
{
    unsigned char p[256];
    struct apex_error err;
    make_record(id, p);
    if (journal_append(j, JOURNAL_RECORD, p, record_size(id), &err) != 0)
        fail_msg("append: %s", err.text);
}

static inline struct journal *reopen(const char *path)
{
    struct apex_error err;
    struct journal *j = journal_open(path, &err);
    if (!j)
        fail_msg("open: %s", err.text);
    return j;
}

static inline void make_journal(const char *path, uint32_t records)
{
    struct journal *j = reopen(path);
    for (uint32_t i = 0; i < records; i++)
        append(j, i);
    assert_int_equal(journal_close(j, NULL), 0);
}

#endif
