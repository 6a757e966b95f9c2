/* What `apex status` says, from the status file and the lock, without disturbing the run. */
#include "dist/files/file.h"
#include "dist/journal/journal.h"
#include "dist/journal/lock.h"
#include "dist/run/progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The value of a "key: value" line, cut off into `value`. */
static const char *value_of(const char *text, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);
    snprintf(value, size, "?");
    for (const char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
        if (!strncmp(line, key, length) && !strncmp(line + length, ": ", 2)) {
            const char *from = line + length + 2;
            snprintf(value, size, "%.*s", (int)strcspn(from, "\n"), from);
            break;
        }
    return value;
}

static void print_running(const char *text, FILE *out)
{
    char speed[64], left[64], busy[64], units[64], duration[32];
    double seconds = atof(value_of(text, "seconds left", left, sizeof left));
    fprintf(out, "  units %s, %s sample-draws/s, ranks busy %s, %s left\n",
            value_of(text, "units", units, sizeof units),
            value_of(text, "sample-draws per second", speed, sizeof speed),
            value_of(text, "ranks busy", busy, sizeof busy),
            seconds < 0 ? "unknown time" : progress_duration(seconds, duration));
}

int progress_print(const char *folder, FILE *out, struct apex_error *err)
{
    char owner[256] = "", name[128], state[64], cells[64], updated[64], why[512];
    size_t size = 0;
    char *path = file_join(folder, PROGRESS_FILE, err);
    char *text = path ? file_read(path, &size, NULL) : NULL;
    free(path);
    if (!text)
        return apex_fail(err, "%s: no sweep has run here (no %s)", folder, PROGRESS_FILE);
    int held = lock_held(folder, owner, sizeof owner);
    value_of(text, "state", state, sizeof state);
    if (!held && !strcmp(state, "running"))
        snprintf(state, sizeof state, "stopped (its run was killed); run it again to go on");
    fprintf(out, "%s: %s\n", value_of(text, "sweep", name, sizeof name), state);
    fprintf(out, "  cells %s done, as of %s\n", value_of(text, "cells", cells, sizeof cells),
            value_of(text, "updated", updated, sizeof updated));
    if (!held && strcmp(value_of(text, "why", why, sizeof why), "?"))
        fprintf(out, "  %s\n", why);
    if (held)
        print_running(text, out);
    if (held)
        fprintf(out, "  %s\n", owner);
    free(text);
    return 0;
}
