#include "dist/results/fsck.h"
#include "dist/results/results.h"
#include "tiny.h"

static const unsigned char every[8] = {1, 1, 1, 1, 1, 1, 1, 1};

static void put(struct journal *j, enum journal_kind kind, struct bytes b)
{
    assert_int_equal(journal_append(j, kind, b.data, b.size, NULL), 0);
    bytes_free(&b);
}

/* A sweep of the tiny grid of which samples 0 .. records - 1 are there, one record each. */
static void make_journal(const char *path, int records)
{
    struct context *c = tiny_context();
    struct journal *j = journal_open(path, NULL);
    struct bytes sweep = {0}, context = {0};
    assert_int_equal(journal_append(j, JOURNAL_ATTEMPT, "host n1\njob 7", 13, NULL), 0);
    bytes_put_u32(&sweep, 1);
    bytes_put_text(&sweep, "tiny");
    put(j, JOURNAL_SWEEP, sweep);
    context_encode(c, &context);
    put(j, JOURNAL_CONTEXT, context);
    for (int i = 0; i < records; i++)
        put(j, JOURNAL_RECORD, tiny_record(c, i, 1, every));
    assert_int_equal(journal_close(j, NULL), 0);
    context_free(c);
}

/* Runs fsck, checks its result, and that every expected text is in what it printed. */
static void check(const struct folder *f, int expected, const char *const *texts)
{
    char *text = NULL;
    size_t size = 0;
    struct apex_error err = {""};
    FILE *out = open_memstream(&text, &size);
    int rc = fsck_report(f->path, out, &err);
    fclose(out);
    if (rc != expected)
        fail_msg("fsck gave %d, not %d: %s\n%s", rc, expected, err.text, text);
    for (; *texts; texts++)
        if (!strstr(rc < 0 ? err.text : text, *texts))
            fail_msg("no '%s' in\n%s%s", *texts, text, err.text);
    free(text);
}

static void a_whole_journal_has_no_damage(void **state)
{
    char path[128];
    make_journal(folder_file(*state, JOURNAL_FILE, path), 5);
    check(*state, 0,
          (const char *[]){"8 entries, 5 records\n", "0 holes\n", "torn tail: 0 bytes\n",
                           "1 start, the last: host n1 job 7\n", "tiny: 40 of 40 cells x samples, complete\n",
                           "no damage\n", NULL});
}

static void what_is_missing_will_run(void **state)
{
    char path[128];
    make_journal(folder_file(*state, JOURNAL_FILE, path), 3);
    check(*state, 0, (const char *[]){"tiny: 24 of 40 cells x samples; 16 will run\n", NULL});
}

static void a_torn_tail_is_told_but_is_no_damage(void **state)
{
    char path[128];
    struct stat st;
    make_journal(folder_file(*state, JOURNAL_FILE, path), 5);
    stat(path, &st);
    assert_int_equal(truncate(path, st.st_size - 10), 0);
    check(*state, 0, (const char *[]){"4 records", "(normal after a kill", "; 8 will run\n", NULL});
}

static void holes_are_listed_with_their_place(void **state)
{
    char path[128], expected[80];
    static const unsigned char zeros[40];
    struct stat three, four;
    make_journal(folder_file(*state, JOURNAL_FILE, path), 3);
    stat(path, &three);
    unlink(path);
    make_journal(path, 4);
    stat(path, &four);
    unlink(path);
    make_journal(path, 5);
    file_patch(path, (uint64_t)three.st_size + 5, zeros, sizeof zeros);
    snprintf(expected, sizeof expected, "hole at byte %ld: %ld bytes lost\n", (long)three.st_size,
             (long)(four.st_size - three.st_size));
    check(*state, 1, (const char *[]){expected, "1 hole, ", "; 8 will run\n", "damaged: run", NULL});
}

static void a_lost_context_still_gives_a_report(void **state)
{
    char path[128];
    make_journal(folder_file(*state, JOURNAL_FILE, path), 5);
    file_patch(path, 16 + 20 + 13 + 20 + 12 + 20, "\xff\xff", 2); /* inside the context's payload */
    check(*state, 1,
          (const char *[]){"5 records (5 of an earlier grid or model", "no sweep is described", NULL});
}

static void an_unreadable_record_with_a_right_sum_counts_as_damage(void **state)
{
    char path[128];
    make_journal(folder_file(*state, JOURNAL_FILE, path), 5);
    struct journal *j = journal_open(path, NULL);
    assert_int_equal(journal_append(j, JOURNAL_RECORD, "nonsense", 8, NULL), 0);
    assert_int_equal(journal_close(j, NULL), 0);
    check(*state, 1, (const char *[]){"unreadable record: ", "tiny: 40 of 40", NULL});
}

static void a_folder_without_a_journal_is_an_error(void **state)
{
    check(*state, -1, (const char *[]){JOURNAL_FILE ": No such file", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_whole_journal_has_no_damage),
        IN_FOLDER(what_is_missing_will_run),
        IN_FOLDER(a_torn_tail_is_told_but_is_no_damage),
        IN_FOLDER(holes_are_listed_with_their_place),
        IN_FOLDER(a_lost_context_still_gives_a_report),
        IN_FOLDER(an_unreadable_record_with_a_right_sum_counts_as_damage),
        IN_FOLDER(a_folder_without_a_journal_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
