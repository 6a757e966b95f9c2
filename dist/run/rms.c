/* A block of samples is summed by one rank, and the sums of the blocks are added in the order of the blocks:
 * the same bits at any number of ranks. JOURNAL_RMS payload: u8 key[32] (sweep_rms_key); u32 n; n x f32. */
#include "dist/run/rms.h"

#include "core/runner.h"
#include "dist/journal/journal.h"
#include "dist/run/stop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int64_t block_samples = 16;

struct lookup {
    const unsigned char *key;
    float *rms;
    uint32_t n;
    int found;
};

static int look(void *context, enum journal_kind kind, const void *payload, size_t size, uint64_t offset)
{
    struct lookup *l = context;
    (void)offset;
    struct cursor c = {payload, (const unsigned char *)payload + size, 0};
    const void *key = kind == JOURNAL_RMS ? cursor_take(&c, 32) : NULL;
    if (!key || memcmp(key, l->key, 32) || cursor_u32(&c) != l->n)
        return 0;
    for (uint32_t i = 0; i < l->n; i++)
        l->rms[i] = cursor_f32(&c);
    l->found = !c.failed;
    return l->found;
}

/* Positions of the samples to average over. -1: the grid's rms range holds samples that are not selected. */
static int sample_span(const struct sweep *s, const struct sweep_model *m, int64_t *first, int64_t *last,
                       struct apex_error *err)
{
    const struct grid_range range = s->grid->rms;
    const struct dataset *d = m->data;
    *first = 0;
    *last = d->samples;
    if (range.first < 0)
        return 0;
    int64_t to = range.last < 0 ? d->total : range.last;
    while (*first < d->samples && d->index[*first] < range.first)
        ++*first;
    *last = *first;
    while (*last < d->samples && d->index[*last] < to)
        ++*last;
    if (*last - *first == to - range.first)
        return 0;
    return apex_fail(err, "rms: samples %lld to %lld are not all among the selected samples of data '%s'",
                     (long long)range.first, (long long)to - 1, s->grid->data[m->entry->data].name);
}

/* Of clean passes that keep the input and every site. */
static struct apex_runner *new_runner(const struct sweep *s, const struct sweep_model *m,
                                      struct apex_error *err)
{
    const int places = apex_site_count(m->model) + 1;
    const struct apex_noise noise = {
        .kind = s->grid->noise, .seed = s->grid->seed, .per_channel = s->grid->per_channel};
    int *site = malloc((size_t)places * sizeof *site);
    struct apex_runner *r = NULL;
    for (int i = 0; site && i < places; i++)
        site[i] = i - 1; /* APEX_SITE_INPUT, 0, 1, ... */
    if (site)
        r = apex_runner_new(m->model, s->kernels, site, places, 0, NULL, &noise, 0, err);
    else
        apex_fail(err, "out of memory");
    free(site);
    return r;
}

size_t rms_bytes(const struct sweep *s, const struct sweep_model *m, struct apex_error *err)
{
    struct apex_runner *r = new_runner(s, m, err);
    size_t bytes = r ? apex_runner_bytes(r) : 0;
    apex_runner_free(r);
    return bytes;
}

/* sum[block][1 + sites]: squares of the input and of every site, for this rank's blocks. After the last block
 * one number more: 1 where a signal ended it early. */
static int sum_blocks(const struct sweep *s, const struct sweep_model *m, const struct team *t, int64_t first,
                      int64_t last, double *sum, struct apex_error *err)
{
    const int places = apex_site_count(m->model) + 1;
    float *sample = malloc((size_t)m->data->elements * sizeof *sample);
    float *logits = malloc((size_t)m->model->classes * sizeof *logits);
    const int64_t blocks = (last - first + block_samples - 1) / block_samples;
    struct apex_runner *r = NULL;
    if (sample && logits)
        r = new_runner(s, m, err);
    else
        apex_fail(err, "out of memory");
    for (int64_t i = first; r && i < last; i++) {
        int64_t block = (i - first) / block_samples;
        if (block % team_size(t) != team_rank(t))
            continue;
        if (stop_wished() != STOP_NO) {
            sum[blocks * places] = 1;
            break;
        }
        dataset_sample(m->data, i, sample);
        apex_runner_clean(r, sample, logits);
        apex_runner_add_squares(r, sum + block * places);
    }
    int outcome = r ? 0 : -1;
    apex_runner_free(r);
    free(sample);
    free(logits);
    return outcome;
}

static int measure(const struct sweep *s, struct sweep_model *m, struct team *t, struct apex_error *err)
{
    int64_t first, last;
    if (sample_span(s, m, &first, &last, err))
        return -1;
    const int places = apex_site_count(m->model) + 1;
    int64_t blocks = (last - first + block_samples - 1) / block_samples;
    double *sum = calloc((size_t)(blocks * places) + 1, sizeof *sum);
    if (!sum)
        return apex_fail(err, "out of memory");
    int outcome = sum_blocks(s, m, t, first, last, sum, err);
    if (!outcome)
        team_sum(t, sum, (int)(blocks * places) + 1);
    if (!outcome && sum[blocks * places] > 0) {
        stop_wish(STOP_NOW); /* whichever rank it reached */
        outcome = apex_fail(err, "stopped by a signal: run the same command again to go on");
    }
    for (int i = 0; !outcome && i < places; i++) {
        int64_t elements = i ? m->model->site[i - 1].elements : apex_shape_count(&m->model->input);
        double total = 0;
        for (int64_t b = 0; b < blocks; b++)
            total += sum[b * places + i];
        m->rms[i] = (float)sqrt(total / ((double)elements * (double)(last - first)));
    }
    free(sum);
    return outcome;
}

static void remember(const struct sweep_model *m, const unsigned char key[32], struct bytes *fresh)
{
    uint32_t n = (uint32_t)apex_site_count(m->model) + 1;
    bytes_put_u32(fresh, 32 + 4 + 4 * n);
    bytes_put(fresh, key, 32);
    bytes_put_u32(fresh, n);
    for (uint32_t i = 0; i < n; i++)
        bytes_put_f32(fresh, m->rms[i]);
}

static int check_scale(const struct sweep_model *m, struct apex_error *err)
{
    for (int i = 0; i <= apex_site_count(m->model); i++)
        if (!isfinite(m->rms[i]) || m->rms[i] <= 0)
            return apex_fail(err, "model '%s': the root mean square of site %s is %g: it cannot scale sigma",
                             m->entry->name, apex_site_name(m->model, i - 1), (double)m->rms[i]);
    return 0;
}

static int measure_model(struct sweep *s, struct sweep_model *m, struct team *t, const char *journal,
                         struct bytes *fresh, struct apex_error *err)
{
    unsigned char key[32];
    sweep_rms_key(s, m, key);
    const uint32_t n = (uint32_t)apex_site_count(m->model) + 1;
    size_t size = n * sizeof *m->rms;
    if (!(m->rms = calloc(1, size)))
        return apex_fail(err, "out of memory");
    struct lookup l = {key, m->rms, n, 0};
    if (team_rank(t) == 0 && journal)
        journal_scan(journal, look, &l, NULL, NULL);
    const int *found = team_share(t, &l.found, sizeof l.found, &(size_t){0}, err);
    if (!found || (!*found && measure(s, m, t, err)))
        return -1;
    const float *rms = team_share(t, m->rms, size, &size, err);
    if (!rms)
        return -1;
    memcpy(m->rms, rms, size);
    if (!*found && team_rank(t) == 0)
        remember(m, key, fresh);
    m->scale = s->grid->relative ? m->rms : NULL;
    return m->scale ? check_scale(m, err) : 0;
}

int rms_measure(struct sweep *s, struct team *t, const char *journal, struct bytes *fresh,
                struct apex_error *err)
{
    for (int k = 0; k < s->models; k++)
        if (measure_model(s, &s->model[k], t, journal, fresh, err))
            return -1;
    return 0;
}
