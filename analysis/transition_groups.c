/* Do departures stay inside groups of classes? The permutation test of transition.h. */
#include "analysis/transition.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

/* The classes that are in a group, renumbered. */
struct grouped {
    size_t n;
    int *group;    /* [n] under test */
    double *count; /* [n][n] departures */
    double total;
};

static int init(struct grouped *g, const int64_t *departures, size_t classes, const struct groups *groups,
                struct apex_error *err)
{
    size_t *class_of = malloc((classes + 1) * sizeof *class_of);
    *g = (struct grouped){0, malloc((classes + 1) * sizeof *g->group), NULL, 0};
    for (size_t c = 0; class_of && g->group && c < classes; c++)
        if (groups->of[c] >= 0) {
            g->group[g->n] = groups->of[c];
            class_of[g->n++] = c;
        }
    g->count = malloc((g->n * g->n + 1) * sizeof *g->count);
    int rc = class_of && g->group && g->count ? 0 : apex_fail(err, "no memory for %zu classes", classes);
    for (size_t i = 0; i < g->n * g->n && rc == 0; i++) {
        g->count[i] = (double)departures[class_of[i / g->n] * classes + class_of[i % g->n]];
        g->total += g->count[i];
    }
    free(class_of);
    return rc;
}

static double within(const struct grouped *g)
{
    double sum = 0;
    for (size_t i = 0; i < g->n; i++)
        for (size_t j = 0; j < g->n; j++)
            sum += g->group[i] == g->group[j] ? g->count[i * g->n + j] : 0;
    return sum;
}

/* The next order of the group numbers that differs from all before it, ascending (Narayana Pandita); 0: it
 * was the last. */
static int next_assignment(int *group, size_t n)
{
    size_t k = n, l = n;
    while (k >= 2 && group[k - 2] >= group[k - 1])
        k--;
    if (k < 2)
        return 0;
    while (group[l - 1] <= group[k - 2])
        l--;
    int swap = group[k - 2];
    group[k - 2] = group[l - 1];
    group[l - 1] = swap;
    for (size_t i = k - 1, j = n - 1; i < j; i++, j--) {
        swap = group[i];
        group[i] = group[j];
        group[j] = swap;
    }
    return 1;
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* n! / (sizes of the groups)!, as a logarithm. */
static double log_assignments(const struct grouped *g, size_t groups)
{
    double sum = lgamma((double)g->n + 1);
    for (size_t k = 0; k < groups; k++) {
        size_t size = 0;
        for (size_t i = 0; i < g->n; i++)
            size += g->group[i] == (int)k;
        sum -= lgamma((double)size + 1);
    }
    return sum;
}

struct extremes {
    double sum, at_least;
    int n;
};

static void count_in(struct extremes *e, double share, double observed)
{
    e->sum += share;
    e->at_least += share >= observed - 1e-12; /* sums in another order */
    e->n++;
}

static struct extremes all_assignments(struct grouped *g, double observed)
{
    struct extremes e = {0};
    qsort(g->group, g->n, sizeof *g->group, by_number);
    do
        count_in(&e, within(g) / g->total, observed);
    while (next_assignment(g->group, g->n));
    return e;
}

static int random_assignments(struct grouped *g, double observed, int permutations, uint64_t seed,
                              struct extremes *e, struct apex_error *err)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    if (!rng)
        return apex_fail(err, "no memory for a permutation test");
    gsl_rng_set(rng, (unsigned long)(seed ^ seed >> 32));
    for (int k = 0; k < permutations; k++) {
        gsl_ran_shuffle(rng, g->group, g->n, sizeof *g->group);
        count_in(e, within(g) / g->total, observed);
    }
    gsl_rng_free(rng);
    return 0;
}

int transition_coherence(const int64_t *departures, size_t classes, const struct groups *groups,
                         int permutations, uint64_t seed, struct transition_coherence *out,
                         struct apex_error *err)
{
    struct grouped g;
    struct extremes e = {0};
    *out = (struct transition_coherence){0, NAN, NAN, NAN, 0, 0};
    int rc = init(&g, departures, classes, groups, err);
    if (rc == 0 && g.total > 0) {
        const double observed = within(&g) / g.total;
        const double assignments = log_assignments(&g, groups->groups);
        out->departures = (int64_t)g.total;
        out->share = observed;
        out->exact = assignments <= log(TRANSITION_EXACT + 0.5);
        if (out->exact)
            e = all_assignments(&g, observed);
        else
            rc = random_assignments(&g, observed, permutations, seed, &e, err);
        out->permutations = e.n;
        if (e.n > 0)
            out->expected = e.sum / e.n;
        if (e.n > 1)
            out->p = out->exact ? e.at_least / e.n : (1 + e.at_least) / (1.0 + e.n);
    }
    free(g.group);
    free(g.count);
    return rc;
}

/* One resample's matrix, for both statistics. */
struct samples {
    const struct result *r;
    const struct result_site *s;
    size_t k;
    const struct groups *groups;
    double *inside,
        *between;    /* [samples] a sample's departures within its group, and between grouped classes */
    int64_t *matrix; /* [classes][classes] */
};

static void count_sample(const struct samples *x, size_t i)
{
    const size_t classes = x->s->classes;
    const int *count = x->s->class_count + (x->k * x->s->samples + i) * classes;
    x->inside[i] = x->between[i] = 0;
    if (count[0] < 0 || !x->groups)
        return;
    const int from = x->r->clean_class[i], group = x->groups->of[from];
    for (size_t to = 0; to < classes && group >= 0; to++)
        if ((int)to != from && x->groups->of[to] >= 0) {
            x->between[i] += count[to];
            x->inside[i] += x->groups->of[to] == group ? count[to] : 0;
        }
}

static double share_statistic(void *context, const unsigned *times, size_t n)
{
    const struct samples *x = context;
    double inside = 0, between = 0;
    for (size_t i = 0; i < n; i++) {
        inside += times[i] * x->inside[i];
        between += times[i] * x->between[i];
    }
    return between > 0 ? inside / between : NAN;
}

static double asymmetry_statistic(void *context, const unsigned *times, size_t n)
{
    const struct samples *x = context;
    const size_t classes = x->s->classes;
    for (size_t at = 0; at < classes * classes; at++)
        x->matrix[at] = 0;
    for (size_t i = 0; i < n; i++) {
        const int *count = x->s->class_count + (x->k * n + i) * classes;
        if (times[i] == 0 || count[0] < 0)
            continue;
        int64_t *row = x->matrix + (size_t)x->r->clean_class[i] * classes;
        for (size_t to = 0; to < classes; to++)
            row[to] += (int64_t)times[i] * count[to];
    }
    return transition_asymmetry(x->matrix, classes); /* which does not look at the diagonal */
}

int transition_intervals(const struct result *r, const struct result_site *s, size_t k,
                         const struct groups *g, const struct bootstrap_options *o, struct bootstrap *share,
                         struct bootstrap *asymmetry, struct apex_error *err)
{
    const size_t n = s->samples;
    *share = *asymmetry = (struct bootstrap){NAN, {NAN, NAN}, NAN, 0};
    if (!s->class_count)
        return 0;
    struct samples x = {r, s, k, g, malloc(n * sizeof(double)), malloc(n * sizeof(double)), NULL};
    x.matrix = malloc(s->classes * s->classes * sizeof *x.matrix);
    int rc =
        x.inside && x.between && x.matrix ? 0 : apex_fail(err, "%s: no memory for %zu samples", r->path, n);
    for (size_t i = 0; i < n && rc == 0; i++)
        count_sample(&x, i);
    if (rc == 0)
        rc = bootstrap(share_statistic, &x, n, o, share, err);
    struct bootstrap_options normal = *o;
    normal.method =
        BOOTSTRAP_NORMAL; /* chance only makes it larger: every replicate may lie above the estimate */
    if (rc == 0)
        rc = bootstrap(asymmetry_statistic, &x, n, &normal, asymmetry, err);
    asymmetry->interval.low = asymmetry->interval.low < 0 ? 0 : asymmetry->interval.low;
    asymmetry->interval.high = asymmetry->interval.high > 1 ? 1 : asymmetry->interval.high;
    free(x.inside);
    free(x.between);
    free(x.matrix);
    return rc;
}
