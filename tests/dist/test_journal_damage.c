#include "journal_records.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_torn_tail_is_cut_and_the_rest_survives),
        IN_FOLDER(a_flipped_byte_costs_at_most_the_entry_it_is_in),
        IN_FOLDER(blocks_of_zeros_in_the_middle_are_skipped),
        IN_FOLDER(a_hole_larger_than_the_read_window_is_crossed),
        IN_FOLDER(other_files_are_refused_and_left_as_they_are),
        IN_FOLDER(another_format_version_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
