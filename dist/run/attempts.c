#include "dist/run/attempts.h"

#include "dist/files/file.h"
#include "dist/journal/journal.h"

#include <stdlib.h>
#include <string.h>

struct attempt {
    FILE *out;
    char text[512]; /* of the latest one; "" before the first */
    unsigned long long records;
};

static void print_attempt(const struct attempt *a)
{
    if (a->text[0])
        fprintf(a->out, "%s records=%llu\n", a->text, a->records);
}

static int visit(void *context, enum journal_kind kind, const void *payload, size_t size, uint64_t offset)
{
    struct attempt *a = context;
    (void)offset;
    a->records += kind == JOURNAL_RECORD || kind == JOURNAL_RESPONSE;
    if (kind != JOURNAL_ATTEMPT)
        return 0;
    print_attempt(a);
    size_t length = size < sizeof a->text ? size : sizeof a->text - 1;
    memcpy(a->text, payload, length);
    a->text[length] = '\0';
    for (char *c = a->text; *c; c++)
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    a->records = 0;
    return 0;
}

int attempts_print(const char *folder, FILE *out, struct apex_error *err)
{
    struct attempt a = {.out = out};
    char *journal = file_join(folder, JOURNAL_FILE, err);
    int outcome = journal ? journal_scan(journal, visit, &a, NULL, err) : -1;
    if (!outcome)
        print_attempt(&a);
    free(journal);
    return outcome;
}
