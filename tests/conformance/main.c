/* conformance [-v] SKIPS FOLDER...: runs every case of ONNX's test data that is in the folders. SKIPS
 * declares those that are refused on purpose: "<suite>/<case> <reason>" in lines, with globs. Exits 1 if a
 * case gives other numbers, is refused without being declared, or is declared and works; 77 if no folder is
 * there. */
#include "case.h"

#include "core/engine/kernels.h"
#include "core/onnx/tensor_proto.h"
#include "core/runner.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REASONS = 400, REASON = 160 };

struct report {
    int verbose, cases, passed, as_batch, partly, skipped, failed, reasons;
    struct reason {
        char text[REASON];
        int count;
    } reason[MOST_REASONS];
    char **declared; /* "glob reason" */
    int *used, declarations;
};

static void count_reason(struct report *r, const char *text)
{
    int k = 0;
    while (k < r->reasons && strcmp(r->reason[k].text, text) != 0)
        k++;
    if (k == MOST_REASONS)
        return;
    if (k == r->reasons)
        snprintf(r->reason[r->reasons++].text, REASON, "%.*s", REASON - 1, text);
    r->reason[k].count++;
}

static const char *declared_reason(struct report *r, const char *name)
{
    for (int k = 0; k < r->declarations; k++) {
        char glob[256] = "";
        int at = 0;
        if (sscanf(r->declared[k], "%255s %n", glob, &at) == 1 && fnmatch(glob, name, 0) == 0) {
            r->used[k] = 1;
            return r->declared[k] + at;
        }
    }
    return NULL;
}

static void skip(struct report *r, const char *name, const char *reason)
{
    char head[REASON];
    snprintf(head, sizeof head, "%s", reason);
    if (strncmp(head, "operator not", 12) == 0)
        head[strcspn(head, ":")] = '\0';
    r->skipped++;
    count_reason(r, head);
    if (r->verbose)
        printf("skip  %s: %s\n", name, reason);
}

static void fail(struct report *r, const char *name, const char *what, const char *text)
{
    r->failed++;
    printf("FAIL  %s: %s%s\n", name, what, text);
}

static void judge(struct report *r, const char *name, const struct conf_case *c)
{
    char reason[REASON], text[2 * APEX_ERROR_TEXT];
    int as_batch = 0;
    r->cases++;
    if (case_is_foreign(c, reason, sizeof reason)) {
        skip(r, name, reason);
        return;
    }
    const char *declared = declared_reason(r, name);
    int partly = declared && strncmp(declared, "first-output ", 13) == 0;
    enum result result = case_run(c, partly ? 1 : c->outputs, &as_batch, text, sizeof text);
    if (result == DIFFERS)
        fail(r, name, "", text);
    else if (result == REFUSED && declared && !partly)
        skip(r, name, declared);
    else if (result == REFUSED)
        fail(r, name, "refused: ", text);
    else if (declared && !partly)
        fail(r, name, "works, but is declared as skipped: ", declared);
    else {
        r->passed++;
        r->as_batch += as_batch;
        r->partly += partly;
        if (r->verbose)
            printf("pass  %s%s%s\n", name, as_batch ? "" : " (folded)", partly ? " (first output)" : "");
    }
}

static void run_folder(struct report *r, const char *suite, const char *folder, const char *name)
{
    char path[1024], label[512];
    for (int set = 0;; set++) {
        struct conf_case c;
        struct apex_error err = {{0}};
        snprintf(path, sizeof path, "%s/%s", folder, name);
        snprintf(label, sizeof label, set ? "%s/%s#%d" : "%s/%s", suite, name, set);
        int rc = case_read(&c, path, set, &err);
        if (rc == 0)
            judge(r, label, &c);
        else if (rc < 0)
            fail(r, label, "", err.text);
        case_clear(&c);
        if (rc > 0)
            return;
    }
}

/* 0; -1: there is no such folder. */
static int run_suite(struct report *r, const char *folder)
{
    struct dirent **entry;
    const char *slash = strrchr(folder, '/');
    int count = scandir(folder, &entry, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entry[i]->d_name[0] != '.')
            run_folder(r, slash ? slash + 1 : folder, folder, entry[i]->d_name);
        free(entry[i]);
    }
    if (count < 0)
        return -1;
    free(entry);
    return 0;
}

static int read_declarations(struct report *r, const char *path)
{
    char line[512];
    FILE *f = fopen(path, "r");
    if (!f)
        return -1;
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        char **list = realloc(r->declared, ((size_t)r->declarations + 1) * sizeof *list);
        int *used = list ? realloc(r->used, ((size_t)r->declarations + 1) * sizeof *used) : NULL;
        if (!used)
            exit(2);
        r->declared = list;
        r->used = used;
        r->used[r->declarations] = 0;
        r->declared[r->declarations++] = strdup(line);
    }
    fclose(f);
    return 0;
}

static void print_report(struct report *r)
{
    for (int k = 0; k < r->declarations; k++) {
        if (!r->used[k])
            fail(r, "declaration without a case", "", r->declared[k]);
        free(r->declared[k]);
    }
    for (int k = 0; k < r->reasons; k++)
        printf("%5d skipped: %s\n", r->reason[k].count, r->reason[k].text);
    printf("%d of %d pass, %d skipped, %d failed\n", r->passed, r->cases, r->skipped, r->failed);
    printf("(of those that pass: %d with a batch, %d as constants that import folds; %d by their first "
           "output only)\n",
           r->as_batch, r->passed - r->as_batch, r->partly);
    free(r->declared);
    free(r->used);
}

int main(int argc, char **argv)
{
    static struct report r;
    int first = 1, there = 0;
    if (argc > 1 && strcmp(argv[1], "-v") == 0)
        r.verbose = first++;
    if (argc < first + 2 || read_declarations(&r, argv[first]) < 0) {
        fprintf(stderr, "usage: conformance [-v] SKIPS FOLDER...\n");
        return 2;
    }
    for (int i = first + 1; i < argc; i++)
        there += run_suite(&r, argv[i]) == 0;
    if (there == 0) {
        printf("no test data of ONNX here (Debian: libonnx-testdata): nothing was run\n");
        return 77;
    }
    print_report(&r);
    return r.failed ? 1 : 0;
}
