/* Section 3: escape noise of a pair of models at absolute and at relative scale. */
#include "analysis/section_structure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void structure_put_values(struct table *t, const struct separate *s)
{
    table_number(t, (double)s->a);
    table_number(t, (double)s->b);
    table_interval(t, s->auc, s->auc_interval.low, s->auc_interval.high);
    table_number(t, s->ks);
    table_number(t, s->ks_p);
    table_interval(t, s->cliff_delta, s->cliff_interval.low, s->cliff_interval.high);
    table_interval(t, s->hedges_g, s->hedges_interval.low, s->hedges_interval.high);
}

/* One measure at one site; `relative`: at that scale (escape noise), or as the files have it (-1). 1: not
 * known. */
static int put_measure(struct structure *t, struct pair p, size_t ia, size_t ib,
                       enum regularity_measure measure, int relative, struct separate *out,
                       struct apex_error *err)
{
    const struct report_model *a = &t->r->model[p.a], *b = &t->r->model[p.b];
    size_t na = a->result->samples, nb = b->result->samples;
    double *values = malloc((na + nb + 1) * sizeof *values);
    if (!values)
        return apex_fail(err, "out of memory");
    int scale_a = relative < 0 ? a->result->relative : relative,
        scale_b = relative < 0 ? b->result->relative : relative;
    int failed = report_values_at(a, ia, measure, scale_a, values) ||
                 report_values_at(b, ib, measure, scale_b, values + na);
    if (!failed)
        failed = separate(values, na, values + na, nb, REPORT_LEVEL, out, err);
    else
        failed = 1;
    free(values);
    if (failed)
        return failed;
    table_text(t->sites, a->name);
    table_text(t->sites, b->name);
    table_text(t->sites, a->site[ia].name);
    table_text(t->sites, regularity_name(measure));
    table_text(t->sites, scale_a != scale_b ? "each its own" : scale_a ? "relative" : "absolute");
    table_number(t->sites, out->median_a > 1e300 ? INFINITY : out->median_a);
    table_number(t->sites, out->median_b > 1e300 ? INFINITY : out->median_b);
    table_number(t->sites, (double)out->infinite_a);
    table_number(t->sites, (double)out->infinite_b);
    structure_put_values(t->sites, out);
    return 0;
}

/* 1: both say the same order with intervals that leave out one half; -1: opposite orders; 0: one of them says
 * none. */
static int agreement(const struct separate *x, const struct separate *y)
{
    int of_x = x->auc_interval.low > 0.5 ? 1 : x->auc_interval.high < 0.5 ? -1 : 0;
    int of_y = y->auc_interval.low > 0.5 ? 1 : y->auc_interval.high < 0.5 ? -1 : 0;
    return of_x * of_y;
}

int structure_scale_rows(struct structure *t, struct pair p, size_t ia, size_t ib,
                         struct structure_order *order, struct separate *mode, struct apex_error *err)
{
    const struct result *a = t->r->model[p.a].result, *b = t->r->model[p.b].result;
    struct separate at[2], other;
    int known[2] = {0, 0};
    for (int relative = 0; relative < 2; relative++) {
        int outcome = put_measure(t, p, ia, ib, REGULARITY_ESCAPE_MODE, relative, &at[relative], err);
        known[relative] = !outcome;
        if (outcome < 0 ||
            (!outcome && put_measure(t, p, ia, ib, REGULARITY_ESCAPE_FIRST_FLIP, relative, &other, err)))
            return -1;
    }
    int own = a->relative && b->relative;
    if (known[own])
        *mode = at[own];
    else if (put_measure(t, p, ia, ib, REGULARITY_ESCAPE_MODE, -1, mode, err))
        return -1;
    if (known[0] && known[1]) {
        int same = agreement(&at[0], &at[1]);
        order->sites++;
        order->same += same > 0;
        order->turned += same < 0;
        if (same < 0 && order->turned == 1) {
            snprintf(order->site, sizeof order->site, "%s", t->r->model[p.a].site[ia].name);
            order->absolute = at[0];
            order->relative = at[1];
        }
    }
    return put_measure(t, p, ia, ib, REGULARITY_MEAN_STAY, -1, &other, err) ? -1 : 0;
}

void structure_say_order(struct structure *t, const struct structure_order *o)
{
    char a[REPORT_INTERVAL], b[REPORT_INTERVAL];
    if (!o->sites)
        return;
    if (!o->turned)
        page_text(
            t->r->page,
            "At absolute scale and at relative scale (escape noise over the root mean square of the site's "
            "clean activation) the order of the two is the same at %d of %d sites%s.",
            o->same, o->sites, o->same < o->sites ? "; at the others an interval holds one half" : "");
    else
        page_text(
            t->r->page,
            "The scale decides at %d of %d sites (and not at %d): at `%s` the AUC is %s at absolute scale "
            "and %s "
            "at relative scale (escape noise over the root mean square of the site's clean activation).",
            o->turned, o->sites, o->same, o->site,
            report_interval(o->absolute.auc, o->absolute.auc_interval, a),
            report_interval(o->relative.auc, o->relative.auc_interval, b));
}
