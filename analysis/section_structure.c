/* 3. Structured or random labels: how far two groups of models lie apart, pair by pair. */
#include "analysis/section_structure.h"

#include "analysis/separate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The cell that separates a pair best. */
struct best {
    char site[64];
    double sigma, distance; /* |AUC - 1/2| */
    struct separate s;
    int cells;
};

static int group_of(const struct report *r, int n)
{
    for (int g = 0; g < 2; g++)
        for (int k = 0; k < r->options->against[g]; k++)
            if (!strcmp(r->options->against_model[g][k], r->model[n].name))
                return g;
    if (r->options->against[0] || r->options->against[1])
        return -1;
    if (r->models == 2)
        return n;
    const char *labels = result_attribute(r->model[n].result, "labels");
    return labels && strstr(labels, "random") ? 1 : 0;
}

static int same_sites(const struct result *a, const struct result *b)
{
    if (a->sites != b->sites)
        return 0;
    for (size_t i = 0; i < a->sites; i++)
        if (strcmp(a->site_name[i], b->site_name[i]) || a->site_elements[i] != b->site_elements[i])
            return 0;
    return 1;
}

/* Pairs of the same architecture; where there is none, any pair. */
static void find_pairs(struct structure *t)
{
    const struct report *r = t->r;
    for (int same = 1; same >= 0 && !t->pairs; same--)
        for (int a = 0; a < r->models; a++)
            for (int b = 0; b < r->models; b++)
                if (a != b && t->pairs < PAIRS_MOST && group_of(r, a) == 0 && group_of(r, b) == 1 &&
                    (!same || same_sites(r->model[a].result, r->model[b].result)))
                    t->pair[t->pairs++] = (struct pair){a, b};
}

static void value_columns(struct table *t)
{
    table_column(t, COLUMN_COUNT, "samples_a", "n A", "");
    table_column(t, COLUMN_COUNT, "samples_b", "n B", "");
    table_column(t, COLUMN_NUMBER, "auc", "AUC", "P(A > B)");
    table_column(t, COLUMN_LOW, "auc_low", "", "");
    table_column(t, COLUMN_HIGH, "auc_high", "", "");
    table_column(t, COLUMN_NUMBER, "ks", "KS", "distance");
    table_column(t, COLUMN_NUMBER, "ks_p", "KS p", "");
    table_column(t, COLUMN_NUMBER, "cliff_delta", "Cliff's delta", "");
    table_column(t, COLUMN_LOW, "cliff_low", "", "");
    table_column(t, COLUMN_HIGH, "cliff_high", "", "");
    table_column(t, COLUMN_NUMBER, "hedges_g", "Hedges' g", "");
    table_column(t, COLUMN_LOW, "hedges_low", "", "");
    table_column(t, COLUMN_HIGH, "hedges_high", "", "");
}

static int make_tables(struct structure *t)
{
    t->sites = table_new("separation", "Distributions of two models, by site and measure");
    t->scales = table_new("separation_scales", "Stay of two models, by site and scale");
    struct table *both[2] = {t->sites, t->scales};
    for (int k = 0; k < 2 && both[0] && both[1]; k++) {
        table_column(both[k], COLUMN_TEXT, "a", "A", "");
        table_column(both[k], COLUMN_TEXT, "b", "B", "");
        table_column(both[k], COLUMN_TEXT, "site", "Site", "");
        if (k) {
            table_column(both[k], COLUMN_NUMBER, "sigma", "Sigma", "");
        } else {
            table_column(both[k], COLUMN_TEXT, "measure", "Measure", "");
            table_column(both[k], COLUMN_TEXT, "scale", "Scale", "");
            table_column(both[k], COLUMN_NUMBER, "median_a", "Median A", "");
            table_column(both[k], COLUMN_NUMBER, "median_b", "Median B", "");
            table_column(both[k], COLUMN_COUNT, "censored_a", "Censored A", "");
            table_column(both[k], COLUMN_COUNT, "censored_b", "Censored B", "");
        }
        value_columns(both[k]);
    }
    return t->sites && t->scales ? 0 : -1;
}

static void stay_of(const struct result_site *s, size_t k, double *out)
{
    for (size_t i = 0; i < s->samples; i++)
        out[i] = result_stay(s, k, i);
}

/* Stay at every common scale of one site; heat[sigmas of a] gets the AUC. */
static int put_scales(struct structure *t, struct pair p, size_t ia, size_t ib, double *heat,
                      struct best *best, struct apex_error *err)
{
    const struct report_model *a = &t->r->model[p.a], *b = &t->r->model[p.b];
    struct result_site *la = result_site_load(a->result, ia, 0, err);
    struct result_site *lb = la ? result_site_load(b->result, ib, 0, err) : NULL;
    double *va = malloc((a->result->samples + b->result->samples + 1) * sizeof *va);
    int failed = !lb ? -1 : !va ? apex_fail(err, "out of memory") : 0;
    for (size_t k = 0; k < a->result->sigmas && !failed; k++) {
        struct separate s;
        int kb = result_find_sigma(b->result, a->result->sigma[k]);
        if (kb < 0)
            continue;
        stay_of(la, k, va);
        stay_of(lb, (size_t)kb, va + a->result->samples);
        failed = separate(va, a->result->samples, va + a->result->samples, b->result->samples, REPORT_LEVEL,
                          &s, err);
        if (failed || isnan(s.auc))
            continue;
        heat[k] = s.auc;
        best->cells++;
        if (fabs(s.auc - 0.5) > best->distance) {
            best->distance = fabs(s.auc - 0.5);
            best->sigma = a->result->sigma[k];
            best->s = s;
            snprintf(best->site, sizeof best->site, "%s", a->site[ia].name);
        }
        table_text(t->scales, a->name);
        table_text(t->scales, b->name);
        table_text(t->scales, a->site[ia].name);
        table_number(t->scales, a->result->sigma[k]);
        structure_put_values(t->scales, &s);
    }
    result_site_free(la);
    result_site_free(lb);
    free(va);
    return failed ? -1 : 0;
}

static int say_pair(struct structure *t, int number, const struct best *best, const struct separate *mode,
                    const char *site, struct apex_error *err)
{
    char a[REPORT_INTERVAL], b[REPORT_INTERVAL], sigma[32];
    const char *first = t->r->model[t->pair[number].a].name, *second = t->r->model[t->pair[number].b].name;
    struct bytes text = {0};
    if (!best->cells)
        text_print(&text, "`%s` and `%s` have no site and scale in common.", first, second);
    else
        text_print(&text,
                   "`%s` against `%s`: escape noise (mode) at `%s` is larger in the first with probability "
                   "(AUC) %s; %zu and "
                   "%zu samples, %zu and %zu censored. Stay separates them best at `%s`, sigma = %s: AUC %s, "
                   "KS distance "
                   "%.2f. That is the best of %d cells, picked after looking, so its interval is too narrow.",
                   first, second, site, report_interval(mode->auc, mode->auc_interval, a), mode->a, mode->b,
                   mode->infinite_a, mode->infinite_b, best->site, report_sigma(best->sigma, sigma),
                   report_interval(best->s.auc, best->s.auc_interval, b), best->s.ks, best->cells);
    return report_say(t->r, number == 0, &text, err);
}

static int put_pair(struct structure *t, int number, struct apex_error *err)
{
    struct pair p = t->pair[number];
    const struct report_model *a = &t->r->model[p.a], *b = &t->r->model[p.b];
    size_t sigmas = a->result->sigmas;
    double *heat = malloc((a->result->sites * sigmas + 1) * sizeof *heat);
    const char **label = malloc((a->result->sites + 1) * sizeof *label);
    struct best best = {.distance = -1};
    struct separate mode = {0}, head = {0};
    struct structure_order order = {0};
    int rows = 0, failed = !heat || !label ? apex_fail(err, "out of memory") : 0;
    int head_a = -1, head_b = -1;
    for (size_t i = 0; i < a->result->sites && !failed; i++) {
        int j = result_find_site(b->result, a->site[i].name);
        if (j < 0)
            continue;
        label[rows] = a->site[i].name;
        for (size_t k = 0; k < sigmas; k++)
            heat[(size_t)rows * sigmas + k] = NAN;
        failed = structure_scale_rows(t, p, i, (size_t)j, &order, &mode, err) ||
                 put_scales(t, p, i, (size_t)j, heat + (size_t)rows * sigmas, &best, err);
        rows++;
        if (i == a->head || head_a < 0) {
            head = mode;
            head_a = (int)i;
            head_b = j;
            t->higher += i == a->head && mode.auc > 0.5;
        }
    }
    if (!failed) {
        failed = say_pair(t, number, &best, &head, head_a < 0 ? "" : a->site[head_a].name, err);
        structure_say_order(t, &order);
        t->both_scales += order.sites;
        if (best.cells && !failed) {
            page_figures(t->r->page);
            failed = structure_draw_left(t, number, (size_t)head_a, (size_t)head_b, err) ||
                     structure_draw_heat(t, number, heat, label, rows, err);
            page_figures_end(t->r->page);
        }
    }
    free(heat);
    free(label);
    return failed ? -1 : 0;
}

static void say_scales(struct structure *t)
{
    if (t->pairs > 1)
        page_text(
            t->r->page,
            "In %d of %d pairs the first model's escape noise is the larger at the site that stands for "
            "it.",
            t->higher, t->pairs);
    if (t->both_scales)
        page_text(
            t->r->page,
            "Escape noise is in the table at both scales: `absolute` is sigma itself, `relative` is sigma "
            "over the "
            "root mean square of each model's own clean activation at that site. Where they disagree, the "
            "norms of the activations decide, not the noise that a network stands. The site `all` has no one "
            "norm, so it is shown at the sweep's own scale only%s. Censored samples rank above every "
            "scale at both, though the grids of two models then end at different relative scales. Stay has "
            "the scales of its sweep.",
            t->r->model[t->pair[0].a].result->relative
                ? ""
                : "; a sweep with `noise: {scale: relative}` shows it at the other");
    else
        page_missing(t->r->page, "These are the files' own scales only. Activation norms differ between such "
                                 "models and can reverse the "
                                 "order: run the sweep once more, which computes only the norms and stores "
                                 "them (`activation_rms`); this "
                                 "section then shows both scales.");
}

int section_structure(struct report *r, struct apex_error *err)
{
    struct structure t = {.r = r};
    page_section(r->page, "structure", "3. Structured or random labels");
    find_pairs(&t);
    if (!t.pairs) {
        page_finding(r->page,
                     "Nothing to compare: this section needs two models, or models on random labels beside "
                     "models on true ones.");
        page_missing(
            r->page,
            "Give the files of a second model, or name two groups with `--against A,B:C,D`. A model whose "
            "grid entry says `labels: random` is put into the second group by itself.");
        return 0;
    }
    int failed = make_tables(&t) ? apex_fail(err, "out of memory") : 0;
    for (int n = 0; n < t.pairs && !failed; n++)
        failed = put_pair(&t, n, err);
    if (failed) {
        table_free(t.sites);
        table_free(t.scales);
        return -1;
    }
    say_scales(&t);
    page_text(
        r->page,
        "AUC: chance that a random sample of A has the larger value, ties count half; one half means no "
        "difference. Intervals: 95 %%, DeLong for AUC. They speak of samples, not of other trainings of the "
        "same network.");
    page_fold(r->page, "Every site and measure, every scale");
    failed = report_table(r, t.sites, 120, err);
    if (failed)
        table_free(t.scales);
    failed = failed || report_table(r, t.scales, 40, err);
    page_fold_end(r->page);
    return failed ? -1 : 0;
}
