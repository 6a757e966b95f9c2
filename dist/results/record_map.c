#include "dist/results/record_map.h"

#include <stdlib.h>
#include <string.h>

struct map {
    const struct context *c;
    struct apex_record record;
    struct apex_tally tally;
    int64_t *cell; /* [record.head.cells] position in the grid, site-major; -1: outside */
};

static int map_cells(struct map *m, struct apex_error *err)
{
    uint32_t n = m->record.head.cells;
    m->cell = calloc(n ? n : 1, sizeof *m->cell);
    if (!m->cell)
        return apex_fail(err, "no memory for a record of %u cells", n);
    for (uint32_t k = 0; k < n; k++) {
        struct apex_record_cell cell;
        apex_record_cell_at(&m->record, k, &cell);
        int site = context_find_site(m->c, cell.site_key), sigma = context_find_sigma(m->c, cell.sigma);
        m->cell[k] = site < 0 || sigma < 0 ? -1 : (int64_t)site * m->c->sigmas + sigma;
        if (m->cell[k] >= 0 && !m->c->wanted[m->cell[k]])
            m->cell[k] = -1;
    }
    return 0;
}

static int read_sample(struct map *m, const struct record_reader *to)
{
    struct apex_record_sample s;
    if (apex_record_next_sample(&m->record, &s) != 0)
        return -1;
    int64_t i = context_find_sample(m->c, s.index);
    if (i >= 0 && m->c->label[i] != s.label)
        i = -1;
    if (i >= 0 && to->sample)
        to->sample(to->user, (uint32_t)i, &s);
    m->tally.clean_class = s.clean_class;
    for (uint32_t k = 0; k < m->record.head.cells; k++) {
        float margin;
        if (apex_record_next_cell(&m->record, &m->tally, &margin) != 0)
            return -1;
        if (i >= 0 && m->cell[k] >= 0)
            to->cell(to->user, (uint32_t)(m->cell[k] / m->c->sigmas), (uint32_t)(m->cell[k] % m->c->sigmas),
                     (uint32_t)i, &m->tally, margin);
    }
    return 0;
}

int record_read(const struct context *c, const void *record, size_t size, const struct record_reader *to,
                struct apex_error *err)
{
    struct map m = {.c = c};
    if (apex_record_open(&m.record, record, size, err) != 0)
        return -1;
    const struct apex_record_head *head = &m.record.head;
    if (memcmp(head->context, c->key, sizeof c->key) != 0)
        return 0;
    if (head->draws != c->draws || head->classes != c->classes)
        return apex_fail(err, "record of model '%s' has %u draws and %u classes, its context %u and %u",
                         c->name, head->draws, head->classes, c->draws, c->classes);
    if (!head->rank != !c->class_rank)
        return apex_fail(err, "record of model '%s' %s reciprocal ranks, its context %s", c->name,
                         head->rank ? "has" : "lacks", c->class_rank ? "has them" : "does not");
    if (apex_tally_init(&m.tally, head->draws, head->classes, err) != 0)
        return -1;
    int rc = head->rank ? apex_tally_init_rank(&m.tally, err) : 0;
    rc = rc ? rc : map_cells(&m, err);
    for (uint32_t i = 0; rc == 0 && i < head->samples; i++)
        if (read_sample(&m, to) != 0)
            rc = apex_fail(err, "record of model '%s': sample %u of %u is damaged", c->name, i + 1,
                           head->samples);
    apex_tally_free(&m.tally);
    free(m.cell);
    return rc == 0 ? 1 : -1;
}
