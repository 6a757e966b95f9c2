#include "journal_records.h"

#include <time.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_gives_the_published_values),
        IN_FOLDER(what_is_appended_comes_back_in_order),
        IN_FOLDER(the_visitor_can_end_the_scan),
        IN_FOLDER(large_and_empty_entries_come_back),
        IN_FOLDER(appending_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
