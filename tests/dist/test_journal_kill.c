#include "journal_records.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_full_disk_leaves_whole_entries_and_a_clear_message),
        IN_FOLDER(what_was_synced_survives_a_kill),
        IN_FOLDER(a_growing_journal_is_read_without_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
