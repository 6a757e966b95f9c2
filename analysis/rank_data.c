#include "analysis/rank_data.h"
#include "analysis/sort.h"

#include <math.h>
#include <stdlib.h>

static int usable(const double *const *x, int variables, size_t i)
{
    for (int k = 0; k < variables; k++)
        if (isnan(x[k][i]))
            return 0;
    return 1;
}

/* Numbers the values of one variable by size. `value` and `order` have room for n. */
static int group_values(struct rank_variable *v, const double *value, size_t n, size_t *order)
{
    v->group = malloc((n + 1) * sizeof *v->group);
    v->weight = malloc((n + 1) * sizeof *v->weight);
    v->rank = malloc((n + 1) * sizeof *v->rank);
    v->centred = malloc((n + 1) * sizeof *v->centred);
    if (!v->group || !v->weight || !v->rank || !v->centred || sort_order(value, n, order) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || value[order[i]] != value[order[i - 1]])
            v->groups++;
        v->group[order[i]] = (uint32_t)(v->groups - 1);
    }
    return 0;
}

int rank_data_init(struct rank_data *d, const double *const *x, int variables, size_t n,
                   struct apex_error *err)
{
    *d = (struct rank_data){.variables = variables};
    double *value = malloc((n + 1) * sizeof *value);
    size_t *order = malloc((n + 1) * sizeof *order);
    d->order = malloc((n + 1) * sizeof *d->order);
    d->tree = malloc((n + 2) * sizeof *d->tree);
    int bad = !value || !order || !d->order || !d->tree;
    for (int k = 0; k < variables && !bad; k++) {
        size_t m = 0;
        for (size_t i = 0; i < n; i++)
            if (usable(x, variables, i))
                value[m++] = x[k][i];
        bad = group_values(&d->v[k], value, m, k ? order : d->order);
        d->n = m;
    }
    free(value);
    free(order);
    return bad ? apex_fail(err, "no memory to rank %zu samples", n) : 0;
}

void rank_data_free(struct rank_data *d)
{
    for (int k = 0; k < RANK_VARIABLES; k++) {
        free(d->v[k].group);
        free(d->v[k].weight);
        free(d->v[k].rank);
        free(d->v[k].centred);
    }
    free(d->order);
    free(d->tree);
}

double rank_data_resample(struct rank_data *d, int k, const unsigned *times)
{
    struct rank_variable *v = &d->v[k];
    double before = 0, total = 0;
    for (size_t g = 0; g < v->groups; g++)
        v->weight[g] = 0;
    for (size_t i = 0; i < d->n; i++) {
        v->weight[v->group[i]] += times[i];
        total += times[i];
    }
    v->spread = 0;
    for (size_t g = 0; g < v->groups; g++) {
        v->rank[g] = before + 0.5 * (v->weight[g] - total);
        v->spread += v->weight[g] * v->rank[g] * v->rank[g];
        before += v->weight[g];
    }
    for (size_t i = 0; i < d->n; i++)
        v->centred[i] = v->rank[v->group[i]];
    return total;
}

/* Four sums side by side: one would wait for each addition. */
double rank_data_correlation(const struct rank_data *d, int a, int b, const unsigned *times)
{
    const double *x = d->v[a].centred, *y = d->v[b].centred;
    const double scale = sqrt(d->v[a].spread) * sqrt(d->v[b].spread);
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= d->n; i += 4)
        for (size_t k = 0; k < 4; k++)
            sum[k] += times[i + k] * x[i + k] * y[i + k];
    for (; i < d->n; i++)
        sum[0] += times[i] * x[i] * y[i];
    return scale > 0 ? fmax(-1, fmin(1, ((sum[0] + sum[1]) + (sum[2] + sum[3])) / scale)) : NAN;
}
