/* Writing and reading records; the layout is in unit.h. */
#include "core/unit.h"

#include <string.h>

#define HEAD_BYTES (4 + 16 + 4 * 4)
#define CELL_ENTRY_BYTES 16
#define SAMPLE_BYTES 24
#define MOST_CLASSES 65535 /* a class, and the number of pairs, is written as u16 */

static uint64_t stay_bytes(uint32_t draws)
{
    return ((uint64_t)draws + 7) / 8;
}

void apex_record_put_head(struct bytes *out, const struct apex_record_head *head,
                          const struct apex_record_cell *cell)
{
    bytes_put_u32(out, head->rank ? APEX_RECORD_VERSION_RANK : APEX_RECORD_VERSION);
    bytes_put(out, head->context, sizeof head->context);
    bytes_put_u32(out, head->draws);
    bytes_put_u32(out, head->classes);
    bytes_put_u32(out, head->samples);
    bytes_put_u32(out, head->cells);
    for (uint32_t k = 0; k < head->cells; k++) {
        bytes_put_u64(out, cell[k].site_key);
        bytes_put_f64(out, cell[k].sigma);
    }
}

void apex_record_put_sample(struct bytes *out, const struct apex_record_sample *s)
{
    bytes_put_u32(out, s->index);
    bytes_put_u32(out, (uint32_t)s->label);
    bytes_put_u32(out, s->clean_class);
    bytes_put_u32(out, s->clean_second);
    bytes_put_f32(out, s->clean_margin);
    bytes_put_f32(out, s->clean_loss);
}

void apex_record_put_cell(struct bytes *out, const struct apex_tally *t)
{
    uint32_t pairs = 0;
    for (uint32_t c = 0; c < t->classes; c++)
        pairs += t->count[c] > 0;
    bytes_put_f32(out, (float)(t->margin_sum / t->draws));
    bytes_put(out, t->stay, (size_t)stay_bytes(t->draws));
    bytes_put_u16(out, (uint16_t)pairs);
    for (uint32_t c = 0; c < t->classes; c++)
        if (t->count[c]) {
            bytes_put_u16(out, (uint16_t)c);
            bytes_put_u32(out, t->count[c]);
        }
    for (uint32_t c = 0; c < t->classes && t->rank; c++)
        bytes_put_u32(out, apex_tally_rank(t, c));
}

static int check_head(const struct apex_record_head *head, uint64_t left, struct apex_error *err)
{
    if (!head->draws || !head->classes || head->classes > MOST_CLASSES)
        return apex_fail(err, "record: %u draws and %u classes cannot be", head->draws, head->classes);
    if (head->cells > left / CELL_ENTRY_BYTES)
        return apex_fail(err, "record: %u cells do not fit in %llu bytes", head->cells,
                         (unsigned long long)left);
    left -= (uint64_t)head->cells * CELL_ENTRY_BYTES;
    /* The least a sample takes: every cell has at least one pair. Below 2^62, so nothing wraps. */
    uint64_t rank = head->rank ? 4 * (uint64_t)head->classes : 0;
    uint64_t sample = SAMPLE_BYTES + head->cells * (4 + stay_bytes(head->draws) + 2 + 6 + rank);
    if (head->samples > left / sample)
        return apex_fail(err, "record: %u samples do not fit in %llu bytes", head->samples,
                         (unsigned long long)left);
    return 0;
}

int apex_record_open(struct apex_record *r, const void *data, size_t size, struct apex_error *err)
{
    memset(r, 0, sizeof *r);
    if (!data || size < HEAD_BYTES)
        return apex_fail(err, "record: %zu bytes are too few for its head", data ? size : 0);
    r->at = (struct cursor){data, (const unsigned char *)data + size, 0};
    uint32_t version = cursor_u32(&r->at);
    if (version != APEX_RECORD_VERSION && version != APEX_RECORD_VERSION_RANK)
        return apex_fail(err, "record: version %u, this program knows %d and %d", version,
                         APEX_RECORD_VERSION, APEX_RECORD_VERSION_RANK);
    r->head.rank = version == APEX_RECORD_VERSION_RANK;
    memcpy(r->head.context, cursor_take(&r->at, sizeof r->head.context), sizeof r->head.context);
    r->head.draws = cursor_u32(&r->at);
    r->head.classes = cursor_u32(&r->at);
    r->head.samples = cursor_u32(&r->at);
    r->head.cells = cursor_u32(&r->at);
    if (check_head(&r->head, size - HEAD_BYTES, err))
        return -1;
    r->cells = cursor_take(&r->at, (size_t)r->head.cells * CELL_ENTRY_BYTES);
    return 0;
}

void apex_record_cell_at(const struct apex_record *r, uint32_t k, struct apex_record_cell *cell)
{
    const unsigned char *entry = r->cells + (size_t)k * CELL_ENTRY_BYTES;
    struct cursor c = {entry, entry + CELL_ENTRY_BYTES, 0};
    cell->site_key = cursor_u64(&c);
    cell->sigma = cursor_f64(&c);
}

int apex_record_next_sample(struct apex_record *r, struct apex_record_sample *s)
{
    s->index = cursor_u32(&r->at);
    s->label = (int32_t)cursor_u32(&r->at);
    s->clean_class = cursor_u32(&r->at);
    s->clean_second = cursor_u32(&r->at);
    s->clean_margin = cursor_f32(&r->at);
    s->clean_loss = cursor_f32(&r->at);
    if (r->at.failed || s->clean_class >= r->head.classes || s->clean_second >= r->head.classes)
        return -1;
    return 0;
}

/* Pairs ascend, name a class, and their counts add up to the draws. */
static int take_counts(struct cursor *at, uint32_t draws, uint32_t classes, uint32_t *count)
{
    memset(count, 0, classes * sizeof *count);
    uint32_t pairs = cursor_u16(at);
    int64_t last = -1;
    uint64_t sum = 0;
    for (uint32_t k = 0; k < pairs; k++) {
        uint32_t class = cursor_u16(at), n = cursor_u32(at);
        if (at->failed || class >= classes || (int64_t) class <= last || !n)
            return -1;
        count[class] = n;
        last = class;
        sum += n;
    }
    return sum == draws ? 0 : -1;
}

int apex_record_next_cell(struct apex_record *r, struct apex_tally *t, float *mean_margin)
{
    if (t->draws != r->head.draws || t->classes != r->head.classes)
        return -1;
    *mean_margin = cursor_f32(&r->at);
    size_t size = (size_t)stay_bytes(t->draws);
    const unsigned char *stay = cursor_take(&r->at, size);
    if (!stay)
        return -1;
    if (t->draws % 8 && stay[size - 1] >> (t->draws % 8))
        return -1; /* bits of draws that do not exist */
    memcpy(t->stay, stay, size);
    t->margin_sum = (double)*mean_margin * t->draws;
    if (take_counts(&r->at, t->draws, t->classes, t->count))
        return -1;
    for (uint32_t c = 0; c < t->classes && r->head.rank; c++) {
        const double share = cursor_u32(&r->at) / APEX_RANK_ONE;
        if (t->rank)
            t->rank[c] = share * t->draws;
    }
    return r->at.failed ? -1 : 0;
}
