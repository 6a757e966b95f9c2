#include "dist/run/pace.h"

#include <stdlib.h>

/* Seconds for a flop before anything is known: 2 GFLOP/s, which is slow for one core. */
static const double first_guess = 5e-10;
static const double least_weight = 0.1; /* of a new measurement in the mean */
static const double forgetting = 0.95;  /* one slow unit must not count for ever */

struct rate {
    double mean, worst; /* seconds for a flop */
    uint32_t seen;
};

struct pace {
    int models;
    double slowest; /* worst mean of any model; 0: none yet */
    struct rate rate[];
};

struct pace *pace_new(int models, struct apex_error *err)
{
    struct pace *p = calloc(1, sizeof *p + (size_t)models * sizeof p->rate[0]);
    if (p)
        p->models = models;
    else
        apex_fail(err, "out of memory");
    return p;
}

void pace_free(struct pace *p)
{
    free(p);
}

void pace_learn(struct pace *p, uint32_t model, double flops, double seconds)
{
    if (!(flops > 0) || !(seconds >= 0))
        return;
    struct rate *r = &p->rate[model];
    double now = seconds / flops, weight = 1.0 / ++r->seen;
    r->mean += (weight > least_weight ? weight : least_weight) * (now - r->mean);
    r->worst *= forgetting;
    r->worst = now > r->worst ? now : r->worst;
    r->worst = r->mean > r->worst ? r->mean : r->worst;
    p->slowest = 0;
    for (int k = 0; k < p->models; k++)
        p->slowest = p->rate[k].mean > p->slowest ? p->rate[k].mean : p->slowest;
}

static double guess(const struct pace *p)
{
    return p->slowest > 0 ? 2 * p->slowest : first_guess;
}

double pace_likely(const struct pace *p, uint32_t model, double flops)
{
    return flops * (p->rate[model].seen ? p->rate[model].mean : guess(p));
}

double pace_at_worst(const struct pace *p, uint32_t model, double flops)
{
    return flops * (p->rate[model].seen ? p->rate[model].worst : guess(p));
}

int pace_known(const struct pace *p)
{
    return p->slowest > 0;
}
