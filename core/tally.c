/* Statistics of one (sample, site, sigma) over its draws, and of the clean prediction. */
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

void apex_tally_free(struct apex_tally *t)
{
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

/* What a draw comes down to, in one sweep over the classes. */
struct top {
    float own, other; /* logits of the clean class and of the best other one */
    uint32_t other_class;
    int is_nan;
};

static struct top find_top(const float *logits, uint32_t classes, uint32_t clean)
{
    struct top t = {logits[clean], -INFINITY, clean == 0 && classes > 1 ? 1 : 0, 0};
    for (uint32_t c = 0; c < classes; c++) {
        float v = logits[c], other = c == clean ? -INFINITY : v;
        t.is_nan |= v != v;
        t.other_class = other > t.other ? c : t.other_class;
        t.other = other > t.other ? other : t.other;
    }
    return t;
}

int apex_tally_add(struct apex_tally *t, uint32_t draw, const float *logits)
{
    if (draw >= t->draws)
        return -1;
    uint32_t clean = t->clean_class;
    struct top top = find_top(logits, t->classes, clean);
    if (top.is_nan)
        return -1;
    if (t->classes == 1)
        top.other = top.own; /* the same class where there is no other */
    int stays = top.own > top.other || (top.own == top.other && clean <= top.other_class);
    t->margin_sum += difference(top.own, top.other);
    t->count[stays ? clean : top.other_class]++;
    if (stays)
        t->stay[draw / 8] |= (unsigned char)(1u << (draw % 8));
    return 0;
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
