#include "analysis/rank_data.h"
#include "analysis/sort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    if (!v->group || !v->weight || !v->rank || sort_order(value, n, order) != 0)
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
    }
    free(d->order);
    free(d->tree);
}

double rank_data_resample(struct rank_data *d, int k, const unsigned *times)
{
    struct rank_variable *v = &d->v[k];
    double before = 0;
    for (size_t g = 0; g < v->groups; g++)
        v->weight[g] = 0;
    for (size_t i = 0; i < d->n; i++)
        v->weight[v->group[i]] += times[i];
    for (size_t g = 0; g < v->groups; g++) {
        v->rank[g] = before + 0.5 * (v->weight[g] + 1);
        before += v->weight[g];
    }
    return before;
}
