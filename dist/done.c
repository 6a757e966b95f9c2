#include "dist/done.h"

#include "core/unit.h"

#include <stdlib.h>
#include <string.h>

int done_init(struct done *d, const struct context *c, struct apex_error *err)
{
    size_t cells = (size_t)c->sites * c->sigmas;
    memset(d, 0, sizeof *d);
    d->context = c;
    d->have = calloc(c->samples ? c->samples : 1, cells);
    if (!d->have)
        return apex_fail(err, "no memory to keep track of %u samples x %zu cells", c->samples, cells);
    for (size_t k = 0; k < cells; k++)
        d->wanted += c->wanted[k] ? c->samples : 0;
    return 0;
}

void done_free(struct done *d)
{
    free(d->have);
    d->have = NULL;
}

/* Positions of a record's cells in the grid; -1: not in it. */
static int *map_cells(const struct context *c, const struct apex_record *r)
{
    int *place = malloc((r->head.cells + 1) * sizeof *place);
    for (uint32_t k = 0; place && k < r->head.cells; k++) {
        struct apex_record_cell cell;
        apex_record_cell_at(r, k, &cell);
        int site = context_find_site(c, cell.site_key), sigma = context_find_sigma(c, cell.sigma);
        place[k] = site < 0 || sigma < 0 ? -1 : site * (int)c->sigmas + sigma;
    }
    return place;
}

static uint64_t mark_sample(struct done *d, int64_t row, const int *place, uint32_t cells)
{
    size_t width = (size_t)d->context->sites * d->context->sigmas;
    uint64_t fresh = 0;
    for (uint32_t k = 0; k < cells; k++) {
        if (place[k] < 0 || d->have[(size_t)row * width + (size_t)place[k]])
            continue;
        d->have[(size_t)row * width + (size_t)place[k]] = 1;
        fresh += d->context->wanted[place[k]] != 0;
    }
    return fresh;
}

uint64_t done_add(struct done *d, const void *record, size_t size)
{
    const struct context *c = d->context;
    struct apex_record r;
    struct apex_record_sample s;
    struct apex_tally tally;
    float margin;
    uint64_t fresh = 0;
    if (apex_record_open(&r, record, size, NULL) || memcmp(r.head.context, c->key, sizeof c->key) ||
        r.head.draws != c->draws || r.head.classes != c->classes)
        return 0;
    int *place = map_cells(c, &r);
    if (!place || apex_tally_init(&tally, r.head.draws, r.head.classes, NULL)) {
        free(place);
        return 0;
    }
    for (uint32_t i = 0; i < r.head.samples && !apex_record_next_sample(&r, &s); i++) {
        int damaged = 0;
        for (uint32_t k = 0; k < r.head.cells && !damaged; k++)
            damaged = apex_record_next_cell(&r, &tally, &margin);
        int64_t row = context_find_sample(c, s.index);
        if (damaged)
            break;
        if (row >= 0 && c->label[row] == s.label)
            fresh += mark_sample(d, row, place, r.head.cells);
    }
    d->count += fresh;
    apex_tally_free(&tally);
    free(place);
    return fresh;
}
