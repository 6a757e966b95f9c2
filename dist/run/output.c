#include "dist/run/output.h"

#include "dist/files/file.h"
#include "dist/results/results.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct output *output_open(const struct sweep *s, struct apex_error *err)
{
    struct output *o = calloc(1, sizeof *o);
    if (!o) {
        apex_fail(err, "out of memory");
        return NULL;
    }
    struct apex_error cause = {{0}};
    o->folder = strdup(s->grid->output);
    o->journal_path = o->folder ? file_join(o->folder, JOURNAL_FILE, &cause) : NULL;
    if (o->journal_path && !file_make_folder(o->folder, &cause) && (o->lock = lock_take(o->folder, &cause)) &&
        (o->journal = journal_open(o->journal_path, &cause)))
        return o;
    grid_fail(s->grid, s->grid->output_mark, err, "output: %s", cause.text);
    output_close(o);
    return NULL;
}

static int append_attempt(struct output *o, int ranks, struct apex_error *err)
{
    char text[512], host[128] = "", when[32];
    time_t now = time(NULL);
    struct tm utc;
    const char *job = getenv("SLURM_JOB_ID"), *restart = getenv("SLURM_RESTART_COUNT");
    gethostname(host, sizeof host - 1);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    int n = snprintf(text, sizeof text, "%s host=%s pid=%ld ranks=%d job=%s restart=%s version=" APEX_VERSION,
                     when, host, (long)getpid(), ranks, job ? job : "-", restart ? restart : "-");
    return journal_append(o->journal, JOURNAL_ATTEMPT, text, n < 0 ? 0 : strlen(text), err);
}

/* Whether the newest contexts in the journal are these, byte for byte. */
static int same_contexts(const char *journal, const struct sweep *s)
{
    struct context **old = NULL;
    int n = 0;
    if (results_contexts(journal, &old, &n, NULL))
        return 0;
    int same = n == s->models;
    struct bytes a = {0}, b = {0};
    for (int k = 0; k < n; k++) {
        if (same) {
            bytes_clear(&a);
            bytes_clear(&b);
            context_encode(old[k], &a);
            context_encode(s->model[k].context, &b);
            same = !a.failed && !b.failed && a.size == b.size && !memcmp(a.data, b.data, a.size);
        }
        context_free(old[k]);
    }
    bytes_free(&a);
    bytes_free(&b);
    free(old);
    return same;
}

static int append_contexts(struct output *o, const struct sweep *s, struct apex_error *err)
{
    struct bytes b = {0};
    bytes_put_u32(&b, (uint32_t)s->models);
    bytes_put_text(&b, s->grid->sweep);
    int outcome = b.failed ? apex_fail(err, "out of memory")
                           : journal_append(o->journal, JOURNAL_SWEEP, b.data, b.size, err);
    for (int k = 0; !outcome && k < s->models; k++) {
        bytes_clear(&b);
        context_encode(s->model[k].context, &b);
        outcome = b.failed ? apex_fail(err, "out of memory")
                           : journal_append(o->journal, JOURNAL_CONTEXT, b.data, b.size, err);
    }
    bytes_free(&b);
    return outcome;
}

static int mark_done(void *context, enum journal_kind kind, const void *payload, size_t size, uint64_t offset)
{
    struct output *o = context;
    (void)offset;
    for (int k = 0; kind == JOURNAL_RECORD && k < o->models; k++)
        done_add(&o->done[k], payload, size);
    for (int k = 0; kind == JOURNAL_RESPONSE && k < o->models; k++)
        done_add_response(&o->done[k], payload, size);
    return 0;
}

int output_begin(struct output *o, const struct sweep *s, int ranks, struct apex_error *err)
{
    o->done = calloc((size_t)s->models, sizeof *o->done);
    if (!o->done)
        return apex_fail(err, "out of memory");
    o->models = s->models;
    for (int k = 0; k < s->models; k++)
        if (done_init(&o->done[k], s->model[k].context, err))
            return -1;
    if (append_attempt(o, ranks, err))
        return -1;
    if (!same_contexts(o->journal_path, s) && append_contexts(o, s, err))
        return -1;
    if (journal_sync(o->journal, err))
        return -1;
    return journal_scan(o->journal_path, mark_done, o, NULL, err);
}

struct gather {
    struct results *results;
    int damaged;
};

static int add_record(void *context, enum journal_kind kind, const void *payload, size_t size,
                      uint64_t offset)
{
    struct gather *g = context;
    (void)offset;
    if (kind == JOURNAL_RECORD && results_add(g->results, payload, size, NULL))
        g->damaged++; /* its CRC is right, so another program version wrote it: its units run again */
    if (kind == JOURNAL_RESPONSE && results_add_response(g->results, payload, size, NULL))
        g->damaged++;
    return 0;
}

static int export_one(const char *folder, const struct context *c, FILE *summary, FILE *names,
                      struct apex_error *err)
{
    char name[600];
    snprintf(name, sizeof name, "%s.nc", c->name);
    char *path = file_join(folder, name, err), *journal = file_join(folder, JOURNAL_FILE, err);
    struct gather g = {path && journal ? results_new(c, err) : NULL, 0};
    int written = 0, outcome = g.results ? journal_scan(journal, add_record, &g, NULL, err) : -1;
    if (!outcome) {
        results_finish(g.results);
        outcome = results_write(g.results, path, &written, err);
    }
    if (!outcome && summary)
        results_summary(g.results, summary);
    if (!outcome && names)
        fprintf(names, "%s: %llu of %llu cells%s\n", path, (unsigned long long)g.results->have,
                (unsigned long long)g.results->wanted, written ? "" : ", unchanged");
    results_free(g.results);
    free(path);
    free(journal);
    return outcome;
}

int output_export(const char *folder, struct context *const *context, int n, FILE *summary, FILE *names,
                  struct apex_error *err)
{
    for (int k = 0; k < n; k++)
        if (export_one(folder, context[k], summary, names, err))
            return -1;
    return 0;
}

void output_close(struct output *o)
{
    if (!o)
        return;
    for (int k = 0; k < o->models; k++)
        done_free(&o->done[k]);
    free(o->done);
    journal_close(o->journal, NULL);
    lock_release(o->lock);
    free(o->journal_path);
    free(o->folder);
    free(o);
}
