#include "dist/journal/journal.h"
#include "folder.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define HEADER 16
#define ENTRY_HEAD 20

/* What a scan found: record number i of the tests begins with i as four bytes. */
struct seen {
    int entries, wrong;
    unsigned char id[4096];
    uint64_t offset[4096];
};

static size_t record_size(uint32_t id)
{
    return 4 + id * 37 % 101;
}

static void make_record(uint32_t id, unsigned char *p)
{
    memcpy(p, &id, 4);
    for (size_t i = 4; i < record_size(id); i++)
        p[i] = (unsigned char)(id * 31 + i * 7);
}

static int look(void *context, enum journal_kind kind, const void *payload, size_t size, uint64_t offset)
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

static struct seen *scan(const char *path, struct journal_health *h)
{
    static struct seen s;
    struct apex_error err;
    memset(&s, 0, sizeof s);
    if (journal_scan(path, look, &s, h, &err) != 0)
        fail_msg("scan: %s", err.text);
    assert_int_equal(s.wrong, 0);
    return &s;
}

static void append(struct journal *j, uint32_t id)
{
    unsigned char p[256];
    struct apex_error err;
    make_record(id, p);
    if (journal_append(j, JOURNAL_RECORD, p, record_size(id), &err) != 0)
        fail_msg("append: %s", err.text);
}

static struct journal *reopen(const char *path)
{
    struct apex_error err;
    struct journal *j = journal_open(path, &err);
    if (!j)
        fail_msg("open: %s", err.text);
    return j;
}

static void make_journal(const char *path, uint32_t records)
{
    struct journal *j = reopen(path);
    for (uint32_t i = 0; i < records; i++)
        append(j, i);
    assert_int_equal(journal_close(j, NULL), 0);
}

static void crc32c_gives_the_published_values(void **state)
{
    (void)state;
    unsigned char zeros[32] = {0}, ones[32], up[32];
    memset(ones, 0xff, sizeof ones);
    for (int i = 0; i < 32; i++)
        up[i] = (unsigned char)i;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa); /* RFC 3720 B.4 */
    assert_int_equal(crc32c(0, ones, 32), 0x62a8ab43);
    assert_int_equal(crc32c(0, up, 32), 0x46dd794e);
    assert_int_equal(crc32c(crc32c(0, up, 13), up + 13, 19), 0x46dd794e);
}

static void what_is_appended_comes_back_in_order(void **state)
{
    char path[128];
    struct journal_health h;
    make_journal(folder_file(*state, "j", path), 100);
    struct journal *j = reopen(path);
    append(j, 100);
    assert_int_equal(journal_close(j, NULL), 0);
    struct seen *s = scan(path, &h);
    for (int i = 0; i <= 100; i++)
        assert_int_equal(s->id[i], 1);
    for (int i = 1; i <= 100; i++)
        assert_true(s->offset[i] > s->offset[i - 1]);
    assert_int_equal(h.entries, 101);
    assert_int_equal(h.records, 101);
    assert_int_equal(h.holes + h.torn_bytes, 0);
}

static int stop_at_three(void *context, enum journal_kind kind, const void *payload, size_t size,
                         uint64_t offset)
{
    (void)kind, (void)payload, (void)size, (void)offset;
    return ++*(int *)context == 3 ? 77 : 0;
}

static void the_visitor_can_end_the_scan(void **state)
{
    char path[128];
    int count = 0;
    make_journal(folder_file(*state, "j", path), 9);
    assert_int_equal(journal_scan(path, stop_at_three, &count, NULL, NULL), 77);
    assert_int_equal(count, 3);
}

static int sum_payload(void *context, enum journal_kind kind, const void *payload, size_t size,
                       uint64_t offset)
{
    (void)offset;
    ((uint32_t *)context)[kind] = crc32c(0, payload, size);
    return 0;
}

static void large_and_empty_entries_come_back(void **state)
{
    char path[128];
    struct apex_error err;
    size_t size = (size_t)5 << 20, got;
    unsigned char *big = malloc(size);
    for (size_t i = 0; i < size; i++)
        big[i] = (unsigned char)(i * 2654435761u >> 13);
    struct journal *j = reopen(folder_file(*state, "j", path));
    assert_int_equal(journal_append(j, JOURNAL_ATTEMPT, NULL, 0, &err), 0);
    assert_int_equal(journal_append(j, JOURNAL_CONTEXT, big, size, &err), 0);
    assert_int_equal(journal_append(j, JOURNAL_SWEEP, "x", 1, &err), 0);
    assert_int_equal(journal_close(j, &err), 0);
    struct journal_health h;
    uint32_t sum[4] = {9, 9, 9, 9};
    assert_int_equal(journal_scan(path, sum_payload, sum, &h, &err), 0);
    assert_int_equal(sum[JOURNAL_ATTEMPT], 0);
    assert_int_equal(sum[JOURNAL_CONTEXT], crc32c(0, big, size));
    assert_int_equal(sum[JOURNAL_SWEEP], crc32c(0, "x", 1));
    assert_int_equal(h.entries, 3);
    assert_int_equal(h.records, 0);
    unsigned char *file = file_read(path, &got);
    assert_memory_equal(file + HEADER + 2 * ENTRY_HEAD, big, size);
    free(file);
    free(big);
}

/* Every length that a kill in the middle of a write can leave. */
static void a_torn_tail_is_cut_and_the_rest_survives(void **state)
{
    char path[128], cut[128];
    size_t size;
    struct journal_health h;
    make_journal(folder_file(*state, "j", path), 6);
    unsigned char *whole = file_read(path, &size);
    folder_file(*state, "cut", cut);
    for (size_t keep = 0; keep <= size; keep++) {
        file_write(cut, whole, keep);
        int expected = 0;
        for (size_t end = HEADER; expected < 6; expected++)
            if ((end += ENTRY_HEAD + record_size((uint32_t)expected)) > keep)
                break;
        struct seen *s = scan(cut, &h);
        assert_int_equal(s->entries, expected);
        assert_int_equal(h.holes, 0);
        struct journal *j = reopen(cut);
        append(j, 50);
        assert_int_equal(journal_close(j, NULL), 0);
        s = scan(cut, &h);
        assert_int_equal(s->entries, expected + 1);
        assert_int_equal(s->id[50], 1);
        assert_int_equal(h.torn_bytes + h.holes, 0);
    }
    free(whole);
}

static void a_flipped_byte_costs_at_most_the_entry_it_is_in(void **state)
{
    char path[128], bad[128];
    size_t size;
    struct journal_health h;
    make_journal(folder_file(*state, "j", path), 6);
    unsigned char *file = file_read(path, &size);
    folder_file(*state, "bad", bad);
    for (size_t at = 0; at < size; at++) {
        for (int flip = 0; flip < 2; flip++) {
            unsigned char mask = flip ? 0xff : (unsigned char)(1 << at % 8);
            file[at] ^= mask;
            file_write(bad, file, size);
            file[at] ^= mask;
            int touched = -1;
            size_t end = HEADER;
            while (at >= end)
                end += ENTRY_HEAD + record_size((uint32_t)++touched);
            struct seen *s = scan(bad, &h);
            for (int i = 0; i < 6; i++)
                if (s->id[i] != (i != touched))
                    fail_msg("byte %zu is in entry %d; entry %d came %d times", at, touched, i, s->id[i]);
            assert_int_equal(h.holes + (h.torn_bytes > 0), 1);
            struct journal *j = reopen(bad);
            append(j, 50);
            assert_int_equal(journal_close(j, NULL), 0);
            s = scan(bad, &h);
            assert_int_equal(s->entries, 6 - (touched >= 0) + 1);
            assert_int_equal(h.torn_bytes, 0);
        }
    }
    free(file);
}

static void blocks_of_zeros_in_the_middle_are_skipped(void **state)
{
    char path[128];
    static const unsigned char zeros[8192];
    struct journal_health h;
    make_journal(folder_file(*state, "j", path), 1000);
    file_patch(path, 12345, zeros, sizeof zeros);
    file_patch(path, 40000, zeros, sizeof zeros);
    struct seen *s = scan(path, &h);
    int lost = 0;
    uint64_t at = HEADER;
    for (uint32_t i = 0; i < 1000; i++) {
        uint64_t end = at + ENTRY_HEAD + record_size(i);
        int touched = (end > 12345 && at < 12345 + 8192) || (end > 40000 && at < 40000 + 8192);
        if (s->id[i] != !touched)
            fail_msg("record %u came %d times; touched: %d", i, s->id[i], touched);
        lost += touched;
        at = end;
    }
    assert_int_equal(h.holes, 2);
    assert_true(h.first_hole <= 12345 && h.first_hole > 12345 - 200);
    assert_in_range(h.hole_bytes, 2 * 8192, 2 * 8192 + 4 * 200);
    assert_int_equal(h.records, 1000 - lost);
    assert_int_equal(h.torn_bytes, 0);
}

static void a_hole_larger_than_the_read_window_is_crossed(void **state)
{
    char path[128];
    size_t size = (size_t)3 << 20;
    unsigned char *zeros = calloc(1, size);
    struct journal_health h;
    struct journal *j = reopen(folder_file(*state, "j", path));
    append(j, 0);
    assert_int_equal(journal_append(j, JOURNAL_RECORD, zeros, size, NULL), 0);
    append(j, 1);
    assert_int_equal(journal_close(j, NULL), 0);
    file_patch(path, HEADER + ENTRY_HEAD + record_size(0), zeros, 64);
    struct seen *s = scan(path, &h);
    assert_int_equal(s->entries, 2);
    assert_int_equal(s->id[0] + s->id[1], 2);
    assert_int_equal(h.holes, 1);
    assert_int_equal(h.hole_bytes, size + ENTRY_HEAD);
    free(zeros);
}

static void other_files_are_refused_and_left_as_they_are(void **state)
{
    char path[128];
    struct apex_error err;
    const char *text = "sweep: digits, which is not a journal at all";
    for (size_t size = 5; size <= strlen(text); size += 13) {
        file_write(folder_file(*state, "j", path), text, size);
        assert_int_equal(journal_scan(path, look, NULL, NULL, &err), -1);
        assert_non_null(strstr(err.text, "not a journal"));
        assert_null(journal_open(path, &err));
        size_t left;
        unsigned char *file = file_read(path, &left);
        assert_int_equal(left, size);
        assert_memory_equal(file, text, size);
        free(file);
    }
    assert_int_equal(journal_scan("/nowhere/j", look, NULL, NULL, &err), -1);
    assert_string_equal(err.text, "/nowhere/j: No such file or directory");
    assert_null(journal_open("/nowhere/j", &err));
}

static void another_format_version_is_refused_by_name(void **state)
{
    char path[128];
    struct apex_error err;
    unsigned char header[HEADER] = "APEXJRNL\7";
    uint32_t crc = crc32c(0, header, 12);
    memcpy(header + 12, &crc, 4);
    make_journal(folder_file(*state, "j", path), 3);
    file_patch(path, 0, header, sizeof header);
    assert_int_equal(journal_scan(path, look, NULL, NULL, &err), -1);
    assert_non_null(strstr(err.text, "format version 7"));
    assert_non_null(strstr(err.text, "reads version 1"));
    assert_null(journal_open(path, &err));
}

static void a_full_disk_leaves_whole_entries_and_a_clear_message(void **state)
{
    char path[128], big[4096] = "";
    struct apex_error err;
    struct rlimit old, small;
    struct journal *j = reopen(folder_file(*state, "j", path));
    append(j, 0);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 1000;
    setrlimit(RLIMIT_FSIZE, &small);
    int rc = journal_append(j, JOURNAL_RECORD, big, sizeof big, &err);
    struct stat st;
    stat(path, &st);
    append(j, 1); /* a small one still fits */
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(rc, -1);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "disk full"));
    assert_int_equal(st.st_size, HEADER + ENTRY_HEAD + record_size(0));
    append(j, 2);
    assert_int_equal(journal_close(j, &err), 0);
    struct journal_health h;
    struct seen *s = scan(path, &h);
    assert_int_equal(s->entries, 3);
    assert_int_equal(h.torn_bytes + h.holes, 0);
}

/* The child tells through a pipe what it has synced, and is killed in the middle of its appends. */
static void what_was_synced_survives_a_kill(void **state)
{
    char path[128];
    folder_file(*state, "j", path);
    uint32_t next = 0, synced = 0;
    for (int round = 0; round < 5; round++) {
        int tell[2];
        assert_int_equal(pipe(tell), 0);
        pid_t child = fork();
        if (child == 0) {
            struct journal *j = journal_open(path, NULL);
            for (uint32_t id = next; j && id < 4096; id++) {
                unsigned char p[256];
                make_record(id, p);
                if (journal_append(j, JOURNAL_RECORD, p, record_size(id), NULL) != 0)
                    break;
                if (id % 3 == 0 && (journal_sync(j, NULL) != 0 || write(tell[1], &id, 4) != 4))
                    break;
            }
            _exit(1);
        }
        close(tell[1]);
        for (int i = 0; i < 20 && read(tell[0], &synced, 4) == 4; i++)
            ;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(tell[0], &synced, 4) == 4)
            ;
        close(tell[0]);
        struct journal_health h;
        struct seen *s = scan(path, &h);
        for (uint32_t id = 0; id <= synced; id++)
            if (s->id[id] != 1)
                fail_msg("record %u of %u synced came %d times", id, synced, s->id[id]);
        assert_int_equal(h.holes, 0);
        next = (uint32_t)s->entries;
        assert_true(synced >= 57);
    }
}

/* Reading while another process appends: never damage, never fewer than before. */
static void a_growing_journal_is_read_without_damage(void **state)
{
    char path[128];
    make_journal(folder_file(*state, "j", path), 1);
    pid_t child = fork();
    if (child == 0) {
        struct journal *j = journal_open(path, NULL);
        unsigned char p[256];
        for (uint32_t id = 1; j && id < 4096; id++) {
            make_record(id, p);
            journal_append(j, JOURNAL_RECORD, p, record_size(id), NULL);
        }
        _exit(journal_close(j, NULL));
    }
    int status = 0, before = 0, done = 0;
    while (!done) {
        done = waitpid(child, &status, WNOHANG) == child;
        struct journal_health h;
        struct seen *s = scan(path, &h);
        assert_int_equal(h.holes, 0);
        assert_true(s->entries >= before);
        before = s->entries;
    }
    assert_int_equal(status, 0);
    assert_int_equal(before, 4096);
}

static void appending_is_cheap(void **state)
{
    char path[128];
    unsigned char p[128] = {0};
    struct timespec a, b;
    struct journal *j = reopen(folder_file(*state, "j", path));
    clock_gettime(CLOCK_MONOTONIC, &a);
    const int n = 200000;
    for (int i = 0; i < n; i++)
        assert_int_equal(journal_append(j, JOURNAL_RECORD, p, sizeof p, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &b);
    double seconds = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
    print_message("%.0f records of %zu bytes appended a second\n", n / seconds, sizeof p);
    assert_int_equal(journal_close(j, NULL), 0);
    assert_true(n / seconds > 20000); /* loose: a shared machine, sanitizers */
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_gives_the_published_values),
        IN_FOLDER(what_is_appended_comes_back_in_order),
        IN_FOLDER(the_visitor_can_end_the_scan),
        IN_FOLDER(large_and_empty_entries_come_back),
        IN_FOLDER(a_torn_tail_is_cut_and_the_rest_survives),
        IN_FOLDER(a_flipped_byte_costs_at_most_the_entry_it_is_in),
        IN_FOLDER(blocks_of_zeros_in_the_middle_are_skipped),
        IN_FOLDER(a_hole_larger_than_the_read_window_is_crossed),
        IN_FOLDER(other_files_are_refused_and_left_as_they_are),
        IN_FOLDER(another_format_version_is_refused_by_name),
        IN_FOLDER(a_full_disk_leaves_whole_entries_and_a_clear_message),
        IN_FOLDER(what_was_synced_survives_a_kill),
        IN_FOLDER(a_growing_journal_is_read_without_damage),
        IN_FOLDER(appending_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
