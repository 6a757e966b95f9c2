/* Statistics of one (sample, site, sigma) over its draws, and of the clean prediction. */
#include "core/engine/hot.h"
#include "core/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int apex_tally_init(struct apex_tally *t, uint32_t draws, uint32_t classes, struct apex_error *err)
{
    memset(t, 0, sizeof *t);
    if (!draws)
        return apex_fail(err, "a tally needs at least one draw");
    if (!classes || classes > UINT16_MAX)
        return apex_fail(err, "%u classes: from 1 to 65535 are possible", classes);
    t->draws = draws;
    t->classes = classes;
    t->count = calloc(classes, sizeof *t->count);
    t->stay = calloc(((size_t)draws + 7) / 8, 1);
    if (!t->count || !t->stay) {
        apex_tally_free(t);
        return apex_fail(err, "no memory for the counts of %u classes and %u draws", classes, draws);
    }
    return 0;
}

int apex_tally_init_rank(struct apex_tally *t, struct apex_error *err)
{
    t->rank = calloc(t->classes, sizeof *t->rank);
    return t->rank ? 0 : apex_fail(err, "no memory for the reciprocal ranks of %u classes", t->classes);
}

void apex_tally_free(struct apex_tally *t)
{
    free(t->rank);
    free(t->count);
    free(t->stay);
    memset(t, 0, sizeof *t);
}

void apex_tally_reset(struct apex_tally *t, uint32_t clean_class)
{
    t->clean_class = clean_class;
    t->margin_sum = 0;
    memset(t->count, 0, t->classes * sizeof *t->count);
    memset(t->stay, 0, ((size_t)t->draws + 7) / 8);
    if (t->rank)
        memset(t->rank, 0, t->classes * sizeof *t->rank);
}

/* top-1, ties to the lower class; -1: a logit is NaN. */
static int64_t top_class(const float *logits, uint32_t classes)
{
    uint32_t top = 0;
    for (uint32_t c = 0; c < classes; c++) {
        if (isnan(logits[c]))
            return -1;
        if (logits[c] > logits[top])
            top = c;
    }
    return top;
}

/* The best class but one, ties to the lower class; the same class if there is no other. */
static uint32_t best_other(const float *logits, uint32_t classes, uint32_t but)
{
    uint32_t best = but == 0 && classes > 1 ? 1 : 0;
    for (uint32_t c = best; c < classes; c++)
        if (c != but && logits[c] > logits[best])
            best = c;
    return best;
}

/* Equal logits have margin 0, infinite ones too. */
static double difference(float a, float b)
{
    return a == b ? 0 : (double)a - (double)b;
}

enum { SOME = 8 }; /* draws looked at side by side */

typedef float floats __attribute__((vector_size(4 * SOME)));
typedef int32_t ints __attribute__((vector_size(4 * SOME)));

/* What draws come down to. */
struct tops {
    ints winner, stays, is_nan; /* stays, is_nan: -1 or 0 */
    double margin[SOME];        /* of the clean class over the best other one */
};

/* `other`: the best but the clean class, of number `best`; ties go to the lower class. */
static inline __attribute__((always_inline)) void settle(const floats *own, const floats *other,
                                                         const ints *best, int clean, struct tops *t)
{
    ints equal = *own == *other;
    t->stays = (*own > *other) | (equal & (clean <= *best));
    t->winner = (t->stays & clean) | (~t->stays & *best);
    for (int i = 0; i < SOME; i++)
        t->margin[i] = equal[i] ? 0 : (double)(*own)[i] - (double)(*other)[i]; /* infinite ones too */
}

/* Rows `stride` floats apart; 0: all the same. */
HOT static void find_tops(const float *logits, size_t stride, int classes, int clean, struct tops *t)
{
    const float *r0 = logits, *r1 = r0 + stride, *r2 = r1 + stride, *r3 = r2 + stride;
    const float *r4 = r3 + stride, *r5 = r4 + stride, *r6 = r5 + stride, *r7 = r6 + stride;
    ints best = (ints){0} + (clean == 0 && classes > 1), is_nan = {0};
    floats own = {0}, other = (floats){0} - INFINITY;
    for (int c = 0; c < classes; c++) {
        floats v = {r0[c], r1[c], r2[c], r3[c], r4[c], r5[c], r6[c], r7[c]};
        is_nan |= v != v;
        if (c == clean) {
            own = v;
            continue;
        }
        ints more = v > other;
        best = (more & c) | (~more & best);
        other = (floats)((more & (ints)v) | (~more & (ints)other));
    }
    if (classes == 1)
        other = own; /* the same class where there is no other */
    t->is_nan = is_nan;
    settle(&own, &other, &best, clean, t);
}

/* How many of the first `rows` can be counted: those before a NaN. */
static uint32_t good_rows(const struct tops *tops, uint32_t rows)
{
    uint32_t i = 0;
    while (i < rows && !tops->is_nan[i])
        i++;
    return i;
}

/* No branches: whether a draw stays, nobody can guess. */
static void count_draws(struct apex_tally *t, uint32_t draw, uint32_t rows, const struct tops *tops)
{
    double sum = t->margin_sum;
    unsigned stays = 0;
    for (uint32_t i = 0; i < rows; i++) {
        sum += tops->margin[i];
        t->count[tops->winner[i]]++;
        stays |= (unsigned)(tops->stays[i] & 1) << i;
    }
    t->margin_sum = sum;
    stays <<= draw % 8;
    t->stay[draw / 8] |= (unsigned char)stays;
    if (stays >> 8)
        t->stay[draw / 8 + 1] |= (unsigned char)(stays >> 8);
}

/* 1 / rank of every class in one draw; the rank counts larger logits, and equal ones of lower classes. */
static void add_ranks(double *rank, const float *logits, uint32_t classes)
{
    for (uint32_t c = 0; c < classes; c++) {
        uint32_t before = 0;
        for (uint32_t k = 0; k < c; k++)
            before += logits[k] >= logits[c];
        for (uint32_t k = c + 1; k < classes; k++)
            before += logits[k] > logits[c];
        rank[c] += 1 / (1.0 + before);
    }
}

uint32_t apex_tally_add_rows(struct apex_tally *t, uint32_t draw, uint32_t n, const float *logits)
{
    const size_t classes = t->classes;
    const uint32_t room = draw < t->draws ? t->draws - draw : 0, most = n < room ? n : room;
    for (uint32_t k = 0, rows; k < most; k += rows, logits += rows * classes) {
        struct tops tops;
        rows = most - k < SOME ? 1 : SOME;
        find_tops(logits, rows == 1 ? 0 : classes, (int)classes, (int)t->clean_class, &tops);
        uint32_t good = good_rows(&tops, rows);
        count_draws(t, draw + k, good, &tops);
        for (uint32_t i = 0; i < good && t->rank; i++)
            add_ranks(t->rank, logits + i * classes, t->classes);
        if (good < rows)
            return k + good;
    }
    return most;
}

uint32_t apex_tally_rank(const struct apex_tally *t, uint32_t class)
{
    return (uint32_t)floor(fmin(t->rank[class] / t->draws, 1) * APEX_RANK_ONE + 0.5);
}

int apex_tally_add(struct apex_tally *t, uint32_t draw, const float *logits)
{
    return apex_tally_add_rows(t, draw, 1, logits) == 1 ? 0 : -1;
}

/* log sum exp(z) - z[label], with the largest logit taken out first. */
static float cross_entropy(const float *logits, uint32_t classes, uint32_t top, uint32_t label)
{
    double sum = 0;
    for (uint32_t c = 0; c < classes; c++)
        sum += exp((double)logits[c] - logits[top]);
    return (float)(log(sum) + ((double)logits[top] - logits[label]));
}

int apex_clean_stats(const float *logits, uint32_t classes, int32_t label, struct apex_record_sample *s)
{
    for (uint32_t c = 0; c < classes; c++)
        if (!isfinite(logits[c]))
            return -1;
    if (!classes || (label >= 0 && (uint32_t)label >= classes))
        return -1;
    uint32_t top = (uint32_t)top_class(logits, classes);
    s->label = label < 0 ? -1 : label;
    s->clean_class = top;
    s->clean_second = best_other(logits, classes, top);
    s->clean_margin = (float)difference(logits[top], logits[s->clean_second]);
    s->clean_loss = label < 0 ? NAN : cross_entropy(logits, classes, top, (uint32_t)label);
    return 0;
}
