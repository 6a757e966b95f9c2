#include "dist/results/results.h"

#include <stdlib.h>

/* A set of contexts on its way: SWEEP says how many, CONTEXT entries follow. */
struct set {
    struct context **list;
    int n;
    uint32_t expected;
};

struct search {
    struct set newest, complete; /* complete: the last set of which nothing was lost */
    struct apex_error *err;
};

static void free_set(struct set *s)
{
    for (int i = 0; i < s->n; i++)
        context_free(s->list[i]);
    free(s->list);
    *s = (struct set){0};
}

static int begin_set(struct search *f, const void *payload, size_t size)
{
    struct cursor c = {.at = payload, .end = (const unsigned char *)payload + size};
    uint32_t expected = cursor_u32(&c);
    if (c.failed)
        return apex_fail(f->err, "the entry of a sweep has %zu bytes", size);
    free_set(&f->newest);
    f->newest.expected = expected;
    return 0;
}

static int add_context(struct search *f, const void *payload, size_t size)
{
    struct set *s = &f->newest;
    /* Of a sweep whose own entry was lost: leave the set before it as it is. */
    if (!s->list && s->expected == 0 && f->complete.list)
        return 0;
    struct context *c = context_decode(payload, size, f->err);
    struct context **list = c ? realloc(s->list, ((size_t)s->n + 1) * sizeof *list) : NULL;
    if (!list) {
        if (c)
            apex_fail(f->err, "no memory for %d contexts", s->n + 1);
        context_free(c);
        return -1;
    }
    s->list = list;
    s->list[s->n++] = c;
    if ((uint32_t)s->n == s->expected) {
        free_set(&f->complete);
        f->complete = *s;
        *s = (struct set){0};
    }
    return 0;
}

static int look(void *context, enum journal_kind kind, const void *payload, size_t size, uint64_t offset)
{
    (void)offset;
    if (kind == JOURNAL_SWEEP)
        return begin_set(context, payload, size);
    return kind == JOURNAL_CONTEXT ? add_context(context, payload, size) : 0;
}

int results_contexts(const char *journal, struct context ***list, int *n, struct apex_error *err)
{
    struct search f = {.err = err};
    *list = NULL;
    *n = 0;
    int rc = journal_scan(journal, look, &f, NULL, err);
    /* A damaged newest set serves only where there is no whole one. */
    struct set *found = f.complete.n ? &f.complete : &f.newest;
    if (rc == 0 && found->n == 0)
        rc = apex_fail(err, "%s: holds no sweep yet", journal);
    if (rc == 0) {
        *list = found->list;
        *n = found->n;
        *found = (struct set){0};
    }
    free_set(&f.newest);
    free_set(&f.complete);
    return rc == 0 ? 0 : -1;
}
