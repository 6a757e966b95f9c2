#define _XOPEN_SOURCE 700 /* nftw */

#include "analysis/report_folder.h"

#include "analysis/text.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const parts[] = {"figures", "tables"};

/* Makes a folder and those above it. */
static int make_folder(const char *path, struct apex_error *err)
{
    char part[3400];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = part; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        if (mkdir(part, 0777) && errno != EEXIST && errno != EISDIR)
            return apex_fail(err, "%s: cannot make this folder: %s", part, strerror(errno));
        *slash = '/';
    }
    struct stat s;
    if (mkdir(part, 0777) && (errno != EEXIST || stat(part, &s) || !S_ISDIR(s.st_mode)))
        return apex_fail(err, "%s: cannot make this folder: %s", part, strerror(errno));
    return 0;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *f)
{
    (void)s;
    (void)kind;
    (void)f;
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int make_parts(const char *in, struct apex_error *err)
{
    char path[3400];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(path, sizeof path, "%s/%s", in, parts[i]);
        if (make_folder(path, err))
            return -1;
    }
    return 0;
}

int report_folder_begin(struct report_folder *f, const char *path, struct apex_error *err)
{
    if (snprintf(f->path, sizeof f->path, "%s", path) >= (int)sizeof f->path)
        return apex_fail(err, "%s: path too long", path);
    snprintf(f->temporary, sizeof f->temporary, "%s/.writing.%ld", path, (long)getpid());
    if (make_folder(path, err))
        return -1;
    remove_folder(f->temporary); /* of a process of that number that was killed */
    if (make_parts(f->temporary, err)) {
        remove_folder(f->temporary);
        return -1;
    }
    return 0;
}

/* Whether a line of the list is a plain name in the folder or one of its parts: a list may have been tampered
 * with. */
static int is_ours(const char *name)
{
    if (!*name || *name == '/' || strstr(name, ".."))
        return 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t n = strlen(parts[i]);
        if (!strncmp(name, parts[i], n) && name[n] == '/')
            return !strchr(name + n + 1, '/');
    }
    return !strchr(name, '/');
}

static int is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at++)
        if ((at == list || at[-1] == '\n') && at[n] == '\n')
            return 1;
    return 0;
}

/* Removes what the old list names and the new one does not. */
static void remove_stale(const struct report_folder *f, char *old, const char *list)
{
    char path[4096];
    for (char *line = old, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (is_ours(line) && strcmp(line, REPORT_FILES) && !is_listed(list, line) &&
            snprintf(path, sizeof path, "%s/%s", f->path, line) < (int)sizeof path)
            unlink(path);
    }
}

static int move(const struct report_folder *f, const char *name, struct apex_error *err)
{
    char from[4096], to[4096];
    if (snprintf(from, sizeof from, "%s/%s", f->temporary, name) >= (int)sizeof from ||
        snprintf(to, sizeof to, "%s/%s", f->path, name) >= (int)sizeof to)
        return apex_fail(err, "%s: path too long", f->path);
    return rename(from, to) ? apex_fail(err, "%s: cannot write: %s", to, strerror(errno)) : 0;
}

static int move_all(const struct report_folder *f, const char *list, struct apex_error *err)
{
    char name[512];
    for (const char *line = list; *line; line += strcspn(line, "\n") + 1) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(line, "\n"), line);
        if (move(f, name, err))
            return -1;
    }
    return 0;
}

static int put_in_place(struct report_folder *f, struct bytes *files, struct apex_error *err)
{
    char path[4096];
    char *list = text_take(files, err), *old;
    if (!list)
        return -1;
    snprintf(path, sizeof path, "%s/%s", f->path, REPORT_FILES);
    old = text_read(path, NULL, NULL);
    snprintf(path, sizeof path, "%s/%s", f->temporary, REPORT_FILES);
    int failed = text_write(path, list, strlen(list), err) || make_parts(f->path, err) ||
                 move_all(f, list, err) || move(f, REPORT_FILES, err);
    if (!failed && old)
        remove_stale(f, old, list);
    free(old);
    free(list);
    return failed ? -1 : 0;
}

int report_folder_end(struct report_folder *f, struct bytes *files, struct apex_error *err)
{
    int outcome = files ? put_in_place(f, files, err) : 0;
    remove_folder(f->temporary);
    rmdir(f->path); /* where nothing was written and nothing was there: it goes again */
    return outcome;
}
