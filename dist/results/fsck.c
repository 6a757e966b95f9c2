#include "dist/results/fsck.h"
#include "dist/journal/journal_format.h"
#include "dist/results/record_map.h"
#include "dist/results/response_record.h"
#include "dist/results/results.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MOST_HOLES_SHOWN 10

/* What is there of one model of the newest sweep. */
struct coverage {
    const struct context *c;
    unsigned char *done; /* bit of (site * sigmas + sigma) * samples + sample */
    uint64_t wanted, have;
    unsigned char *response; /* [response samples][response sigmas] */
    uint64_t response_wanted, response_have;
};

struct report {
    FILE *out;
    struct apex_error *err;
    uint64_t expected; /* where the next entry begins if nothing is damaged */
    uint64_t holes, attempts, bad_records, other_records;
    char *last_attempt;
    int models;
    struct coverage *model;
};

static void add_cell(void *user, uint32_t site, uint32_t sigma, uint32_t sample, const struct apex_tally *t,
                     float mean_margin)
{
    (void)t, (void)mean_margin;
    struct coverage *v = user;
    const uint64_t k = ((uint64_t)site * v->c->sigmas + sigma) * v->c->samples + sample;
    const unsigned char bit = (unsigned char)(1u << k % 8);
    v->have += !(v->done[k / 8] & bit);
    v->done[k / 8] |= bit;
}

static void add_response(void *user, uint32_t sample, uint32_t sigma, const struct apex_response_clean *clean,
                         const struct apex_response_noise *noise)
{
    (void)clean, (void)noise;
    struct coverage *v = user;
    unsigned char *done = &v->response[(size_t)sample * v->c->response.sigmas + sigma];
    v->response_have += !*done;
    *done = 1;
}

static void look_at_record(struct report *f, enum journal_kind kind, const void *payload, size_t size)
{
    struct apex_error err;
    int known = 0;
    for (int i = 0; i < f->models && !known; i++) {
        const struct record_reader to = {.user = &f->model[i], .cell = add_cell};
        known = kind == JOURNAL_RECORD
                    ? record_read(f->model[i].c, payload, size, &to, &err)
                    : response_record_read(f->model[i].c, payload, size, add_response, &f->model[i], &err);
    }
    f->other_records += known == 0;
    if (known < 0 && f->bad_records++ < MOST_HOLES_SHOWN)
        fprintf(f->out, "  unreadable %s\n", err.text);
}

static void keep_attempt(struct report *f, const void *payload, size_t size)
{
    char *text = malloc(size + 1);
    f->attempts++;
    if (!text)
        return;
    memcpy(text, payload, size);
    text[size] = '\0';
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ')
            *p = ' ';
    free(f->last_attempt);
    f->last_attempt = text;
}

static int look(void *context, enum journal_kind kind, const void *payload, size_t size, uint64_t offset)
{
    struct report *f = context;
    if (offset > f->expected && f->holes++ < MOST_HOLES_SHOWN)
        fprintf(f->out, "  hole at byte %" PRIu64 ": %" PRIu64 " bytes lost\n", f->expected,
                offset - f->expected);
    f->expected = offset + JOURNAL_ENTRY_HEAD + size;
    if (kind == JOURNAL_ATTEMPT)
        keep_attempt(f, payload, size);
    if (kind == JOURNAL_RECORD || kind == JOURNAL_RESPONSE)
        look_at_record(f, kind, payload, size);
    return 0;
}

static int make_coverage(struct report *f, struct context **list, int n)
{
    f->model = calloc((size_t)n, sizeof *f->model);
    for (int i = 0; f->model && i < n; i++) {
        const struct context *c = list[i];
        const uint64_t cells = (uint64_t)c->sites * c->sigmas;
        uint64_t bits;
        if (!__builtin_mul_overflow(cells, (uint64_t)c->samples, &bits))
            f->model[i].done = calloc((size_t)(bits / 8 + 1), 1);
        f->model[i].response_wanted = (uint64_t)c->response.samples * c->response.sigmas;
        f->model[i].response = calloc((size_t)f->model[i].response_wanted + 1, 1);
        f->models = i + 1;
        if (!f->model[i].done || !f->model[i].response)
            return apex_fail(f->err, "model '%s': no memory for its grid", c->name);
        f->model[i].c = c;
        for (uint64_t k = 0; k < cells; k++)
            f->model[i].wanted += c->wanted[k] ? c->samples : 0;
    }
    return f->model ? 0 : apex_fail(f->err, "no memory for %d models", n);
}

static void print_health(const struct report *f, const struct journal_health *h)
{
    FILE *out = f->out;
    if (f->holes > MOST_HOLES_SHOWN)
        fprintf(out, "  ... and %" PRIu64 " more holes\n", f->holes - MOST_HOLES_SHOWN);
    fprintf(out, "  %" PRIu64 " bytes, %" PRIu64 " entries, %" PRIu64 " records", h->bytes, h->entries,
            h->records);
    if (f->other_records)
        fprintf(out, " (%" PRIu64 " of an earlier grid or model, kept)", f->other_records);
    fprintf(out, "\n  %" PRIu64 " hole%s", h->holes, h->holes == 1 ? "" : "s");
    if (h->holes)
        fprintf(out, ", %" PRIu64 " bytes lost in all; what was in them will run again", h->hole_bytes);
    fprintf(out, "\n  torn tail: %" PRIu64 " bytes%s\n", h->torn_bytes,
            h->torn_bytes ? " (normal after a kill, or while a sweep writes; the next run cuts it)" : "");
    fprintf(out, "  %" PRIu64 " start%s", f->attempts, f->attempts == 1 ? "" : "s");
    if (f->last_attempt)
        fprintf(out, ", the last: %s", f->last_attempt);
    fputc('\n', out);
}

static void print_coverage(const struct report *f)
{
    for (int i = 0; i < f->models; i++) {
        const struct coverage *v = &f->model[i];
        fprintf(f->out, "  %s: %" PRIu64 " of %" PRIu64 " cells x samples", v->c->name, v->have, v->wanted);
        if (v->have == v->wanted)
            fputs(", complete\n", f->out);
        else
            fprintf(f->out, "; %" PRIu64 " will run\n", v->wanted - v->have);
        if (v->response_wanted)
            fprintf(f->out, "  %s: %" PRIu64 " of %" PRIu64 " samples x scales of the response\n", v->c->name,
                    v->response_have, v->response_wanted);
    }
    if (f->models == 0)
        fputs("  no sweep is described in it: everything will run\n", f->out);
}

static int report(struct report *f, const char *path)
{
    struct context **list = NULL;
    struct journal_health h;
    int n = 0, rc;
    /* Contexts may be lost; the rest of the report is then of all the more use. */
    int known = results_contexts(path, &list, &n, NULL) == 0;
    rc = known ? make_coverage(f, list, n) : 0;
    if (rc == 0) {
        fprintf(f->out, "%s\n", path);
        rc = journal_scan(path, look, f, &h, f->err);
    }
    if (rc == 0) {
        print_health(f, &h);
        print_coverage(f);
        rc = h.holes > 0 || f->bad_records > 0;
        fputs(rc ? "damaged: run the sweep again, and only what is missing runs\n" : "no damage\n", f->out);
    }
    for (int i = 0; i < n; i++)
        context_free(list[i]);
    free(list);
    return rc;
}

int fsck_report(const char *output_folder, FILE *out, struct apex_error *err)
{
    size_t size = strlen(output_folder) + sizeof "/" JOURNAL_FILE;
    char *path = malloc(size);
    if (!path)
        return apex_fail(err, "%s: no memory", output_folder);
    snprintf(path, size, "%s/%s", output_folder, JOURNAL_FILE);
    struct report f = {.out = out, .err = err, .expected = JOURNAL_HEADER_SIZE};
    int rc = report(&f, path);
    for (int i = 0; i < f.models; i++) {
        free(f.model[i].done);
        free(f.model[i].response);
    }
    free(f.model);
    free(f.last_attempt);
    free(path);
    return rc;
}
