/* 2. Regularity: escape noise and stay against a reference score, beside what costs nothing. */
#include "analysis/section.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* MEASURE_COST: resampled statistics of a site; EVERYTHING_MOST: samples x sites up to which every site gets
 * them all. */
enum { SCATTER_MOST = 1500, MEASURE_COST = 24, EVERYTHING_MOST = 60000 };

static struct table *columns(void)
{
    struct table *t = table_new("regularity", "Rank correlation with the reference score");
    if (!t)
        return NULL;
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "site", "Site", "");
    table_column(t, COLUMN_TEXT, "measure", "Measure", "");
    table_column(t, COLUMN_COUNT, "pairs", "Samples", "");
    table_column(t, COLUMN_COUNT, "censored", "Censored", "");
    table_column(t, COLUMN_NUMBER, "spearman", "Spearman", "");
    table_column(t, COLUMN_LOW, "spearman_low", "", "");
    table_column(t, COLUMN_HIGH, "spearman_high", "", "");
    table_column(t, COLUMN_NUMBER, "kendall", "Kendall", "tau-b");
    table_column(t, COLUMN_LOW, "kendall_low", "", "");
    table_column(t, COLUMN_HIGH, "kendall_high", "", "");
    table_column(t, COLUMN_NUMBER, "gain", "Against margin", "difference");
    table_column(t, COLUMN_LOW, "gain_low", "", "");
    table_column(t, COLUMN_HIGH, "gain_high", "", "");
    table_column(t, COLUMN_NUMBER, "beyond_margin", "Beyond margin", "partial");
    table_column(t, COLUMN_LOW, "beyond_margin_low", "", "");
    table_column(t, COLUMN_HIGH, "beyond_margin_high", "", "");
    return t;
}

static void bootstrap_cells(struct table *t, const struct bootstrap *b)
{
    table_interval(t, b->estimate, b->interval.low, b->interval.high);
}

static void put_row(struct table *t, const char *model, const char *site, enum regularity_measure measure,
                    const struct regularity_row *row)
{
    table_text(t, model);
    table_text(t, site);
    table_text(t, regularity_name(measure));
    table_number(t, (double)row->with_score.pairs);
    table_number(t, (double)row->censored);
    bootstrap_cells(t, &row->with_score.spearman);
    bootstrap_cells(t, &row->with_score.kendall);
    bootstrap_cells(t, &row->gain);
    bootstrap_cells(t, &row->beyond_margin);
}

static const char *verdict(const struct bootstrap *gain)
{
    if (isnan(gain->interval.low))
        return "cannot be compared with the clean margin, which";
    if (gain->interval.low > 0)
        return "beats the clean margin, which";
    return gain->interval.high < 0 ? "does not beat the clean margin, which"
                                   : "cannot be told from the clean margin, which";
}

static void say(struct report *r, const struct report_model *m, const struct regularity *all)
{
    char a[REPORT_INTERVAL], b[REPORT_INTERVAL], c[REPORT_INTERVAL], d[REPORT_INTERVAL];
    const struct bootstrap *stay = &all->row[REGULARITY_MEAN_STAY].with_score.spearman;
    const struct bootstrap *mode = &all->row[REGULARITY_ESCAPE_MODE].with_score.spearman;
    const struct bootstrap *margin = &all->row[REGULARITY_MARGIN].with_score.spearman;
    const struct bootstrap *gain = &all->row[REGULARITY_MEAN_STAY].gain;
    page_finding(
        r->page,
        "`%s`, noise at `%s`, %zu samples: Spearman correlation with `%s` is %s for escape noise (mode, %zu "
        "censored) and %s for mean stay. Mean stay %s costs nothing and has %s (difference %s).",
        m->name, report_head(m)->name, all->row[REGULARITY_MEAN_STAY].with_score.pairs, r->score->name,
        report_interval(mode->estimate, mode->interval, a), all->row[REGULARITY_ESCAPE_MODE].censored,
        report_interval(stay->estimate, stay->interval, b), verdict(gain),
        report_interval(margin->estimate, margin->interval, c),
        report_interval(gain->estimate, gain->interval, d));
}

static void draw_bars(struct report *r, int number, const struct regularity *all)
{
    double y[REGULARITY_MEASURES], low[REGULARITY_MEASURES], high[REGULARITY_MEASURES];
    static const char *const label[REGULARITY_MEASURES] = {"mode", "half",   "first flip",
                                                           "stay", "margin", "loss"};
    char name[64], title[160];
    for (int k = 0; k < REGULARITY_MEASURES; k++) {
        const struct bootstrap *b = &all->row[k].with_score.spearman;
        y[k] = b->estimate;
        low[k] = b->interval.low;
        high[k] = b->interval.high;
    }
    snprintf(title, sizeof title, "%s at %s", r->model[number].name, report_head(&r->model[number])->name);
    struct series s = {"Spearman correlation", LOOK_ITEM, 0, 1, y, low, high};
    figure_chart(r->figures, &(struct chart){.kind = CHART_BARS,
                                             .name = report_figure_name("regularity", number + 1, name),
                                             .title = title,
                                             .x_label = "measure",
                                             .y_label = "Spearman correlation",
                                             .points = REGULARITY_MEASURES,
                                             .x_text = label,
                                             .y_low = NAN,
                                             .y_high = NAN,
                                             .level = 0,
                                             .series = 1,
                                             .s = &s});
    page_figure(r->page, name,
                "Every measure against the reference, larger is better; bars with 95 % bootstrap intervals. "
                "The loss is "
                "turned round, so that more means more regular everywhere.");
}

/* At most SCATTER_MOST samples, evenly spread, so that the page stays small. */
static void draw_scatter(struct report *r, int number, const double *score, const double *value)
{
    const struct report_model *m = &r->model[number];
    double x[SCATTER_MOST], y[SCATTER_MOST];
    char name[64], title[160], caption[300];
    size_t pairs = 0, step;
    int shown = 0;
    for (size_t i = 0; i < m->result->samples; i++)
        pairs += isfinite(score[i]) && isfinite(value[i]);
    step = pairs / SCATTER_MOST + 1;
    for (size_t i = 0, seen = 0; i < m->result->samples && shown < SCATTER_MOST; i++)
        if (isfinite(score[i]) && isfinite(value[i]) && seen++ % step == 0) {
            x[shown] = value[i];
            y[shown++] = score[i];
        }
    snprintf(title, sizeof title, "%s: mean stay and reference", m->name);
    snprintf(caption, sizeof caption, "One mark for each sample (%d of %zu drawn). Noise at `%s`.", shown,
             pairs, report_head(m)->name);
    struct series s = {"samples", LOOK_ITEM, 0, 1, y, NULL, NULL};
    figure_chart(r->figures, &(struct chart){.kind = CHART_POINTS,
                                             .name = report_figure_name("scatter", number + 1, name),
                                             .title = title,
                                             .x_label = "mean stay over the finite scales",
                                             .y_label = r->score->name,
                                             .points = shown,
                                             .x = x,
                                             .y_low = NAN,
                                             .y_high = NAN,
                                             .level = NAN,
                                             .series = 1,
                                             .s = &s});
    page_figure(r->page, name, caption);
}

static int draw_deciles(struct report *r, int number, const double *score, const double *value,
                        struct table *t, struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    struct regularity_decile tenth[10];
    double y[10], low[10], high[10];
    static const char *const label[10] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
    char name[64], title[160];
    if (regularity_deciles(score, value, m->result->samples, tenth, err))
        return -1;
    for (int k = 0; k < 10; k++) {
        y[k] = tenth[k].median;
        low[k] = tenth[k].lower_quartile;
        high[k] = tenth[k].upper_quartile;
        table_text(t, m->name);
        table_text(t, report_head(m)->name);
        table_number(t, k + 1);
        table_number(t, (double)tenth[k].samples);
        table_number(t, tenth[k].score_low);
        table_number(t, tenth[k].score_high);
        table_interval(t, y[k], low[k], high[k]);
    }
    snprintf(title, sizeof title, "%s: mean stay by tenth of the reference", m->name);
    struct series s = {"median, with quartiles of the samples", LOOK_ITEM, 2, 3, y, low, high};
    figure_chart(r->figures, &(struct chart){.kind = CHART_BARS,
                                             .name = report_figure_name("deciles", number + 1, name),
                                             .title = title,
                                             .x_label = "tenth of the samples by reference, low to high",
                                             .y_label = "mean stay",
                                             .points = 10,
                                             .x_text = label,
                                             .y_low = 0,
                                             .y_high = NAN,
                                             .level = NAN,
                                             .series = 1,
                                             .s = &s});
    page_figure(r->page, name, "Median of mean stay in each tenth; lines: quartiles of the samples.");
    return 0;
}

static struct table *decile_columns(void)
{
    struct table *t = table_new("deciles", "Mean stay by tenth of the reference score");
    if (!t)
        return NULL;
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "site", "Site", "");
    table_column(t, COLUMN_COUNT, "tenth", "Tenth", "");
    table_column(t, COLUMN_COUNT, "samples", "Samples", "");
    table_column(t, COLUMN_NUMBER, "score_low", "Score from", "");
    table_column(t, COLUMN_NUMBER, "score_high", "to", "");
    table_column(t, COLUMN_NUMBER, "median", "Median stay", "quartiles");
    table_column(t, COLUMN_LOW, "lower_quartile", "", "");
    table_column(t, COLUMN_HIGH, "upper_quartile", "", "");
    return t;
}

/* All measures of one site; in a very large sweep only the head site gets the comparison with the clean
 * margin, and the others plain correlations with fewer replicates. */
static int correlate_site(struct report *r, const struct report_model *m, size_t i, const double *score,
                          struct regularity *out, struct apex_error *err)
{
    const struct result *f = m->result;
    struct bootstrap_options o =
        report_bootstrap(r, f->samples, MEASURE_COST * (i == m->head ? 1 : f->sites));
    if (i == m->head || f->samples * f->sites <= EVERYTHING_MOST) {
        struct result_site *loaded = result_site_load(f, i, 0, err);
        int failed = !loaded || regularity_correlate(f, loaded, score, NULL, &o, out, err);
        result_site_free(loaded);
        return failed ? -1 : 0;
    }
    o.method = BOOTSTRAP_PERCENTILE;
    const struct bootstrap none = {NAN, {NAN, NAN}, NAN, 0};
    for (int k = 0; k <= REGULARITY_MEAN_STAY; k++) {
        struct regularity_row *row = &out->row[k];
        *row = (struct regularity_row){.beyond_margin = none, .gain = none};
        for (size_t n = 0; n < f->samples; n++)
            row->censored += isinf(m->site[i].value[k][n]) && !isnan(score[n]);
        if (rank_correlate(m->site[i].value[k], score, f->samples, &o, &row->with_score, err))
            return -1;
    }
    return 0;
}

/* Every site of one model: rows for the table, and for the head site the figures. */
static int correlate(struct report *r, int number, const double *score, struct table *t, struct table *tenths,
                     struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    struct regularity all;
    for (size_t i = 0; i < m->result->sites; i++) {
        if (correlate_site(r, m, i, score, &all, err))
            return -1;
        for (int k = 0; k <= REGULARITY_MEAN_STAY; k++)
            put_row(t, m->name, m->site[i].name, (enum regularity_measure)k, &all.row[k]);
        if (i != m->head)
            continue;
        put_row(t, m->name, "(clean)", REGULARITY_MARGIN, &all.row[REGULARITY_MARGIN]);
        put_row(t, m->name, "(clean)", REGULARITY_LOSS, &all.row[REGULARITY_LOSS]);
        say(r, m, &all);
        page_figures(r->page);
        draw_bars(r, number, &all);
        draw_scatter(r, number, score, m->site[i].value[REGULARITY_MEAN_STAY]);
        if (draw_deciles(r, number, score, m->site[i].value[REGULARITY_MEAN_STAY], tenths, err))
            return -1;
        page_figures_end(r->page);
    }
    return 0;
}

/* One file for each model with what is known about every sample; not on the page. */
static int samples_table(struct report *r, int number, const double *score, struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    const struct result *f = m->result;
    char name[64];
    struct table *t = table_new(report_figure_name("samples", number + 1, name), m->name);
    if (!t)
        return apex_fail(err, "out of memory");
    table_column(t, COLUMN_COUNT, "sample", "", "");
    table_column(t, COLUMN_COUNT, "label", "", "");
    table_column(t, COLUMN_COUNT, "clean_class", "", "");
    table_column(t, COLUMN_COUNT, "clean_wrong", "", "");
    table_column(t, COLUMN_NUMBER, "clean_margin", "", "logits");
    table_column(t, COLUMN_NUMBER, "clean_loss", "", "nats");
    table_column(t, COLUMN_NUMBER, "reference", "", "");
    table_column(t, COLUMN_NUMBER, "escape_mode", "", "sigma");
    table_column(t, COLUMN_NUMBER, "escape_half", "", "sigma");
    table_column(t, COLUMN_NUMBER, "escape_first_flip", "", "sigma");
    table_column(t, COLUMN_NUMBER, "mean_stay", "", "share of draws");
    for (size_t i = 0; i < f->samples; i++) {
        table_number(t, (double)f->sample[i]);
        table_number(t, f->label[i] < 0 ? NAN : f->label[i]);
        table_number(t, f->clean_class[i] < 0 ? NAN : f->clean_class[i]);
        table_number(t, f->clean_wrong[i] < 0 ? NAN : f->clean_wrong[i]);
        table_number(t, f->clean_margin[i]);
        table_number(t, f->clean_loss[i]);
        table_number(t, score ? score[i] : NAN);
        for (int v = 0; v < REPORT_VALUES; v++) {
            double x = report_head(m)->value[v][i];
            table_number(t, x > 1e300 ? INFINITY : x);
        }
    }
    return report_table(r, t, -1, err);
}

static int against_reference(struct report *r, int number, struct table *t, struct table *tenths,
                             struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    struct score_join join = {0};
    double *score = malloc((m->result->samples + 1) * sizeof *score);
    int failed =
        !score ? apex_fail(err, "out of memory") : score_join(r->score, m->result, score, &join, err);
    if (!failed && join.unmatched)
        page_text(r->page, "`%s`: %zu samples have no reference score and are left out.", m->name,
                  join.unmatched);
    if (!failed && !join.checked)
        page_text(
            r->page,
            "`%s`: the reference has no labels to check the join by; it was joined by sample number alone.",
            m->name);
    failed = failed || correlate(r, number, score, t, tenths, err) || samples_table(r, number, score, err);
    free(score);
    return failed ? -1 : 0;
}

/* Without a reference, how much escape noise says that the clean margin does not. */
static int without_reference(struct report *r, struct apex_error *err)
{
    const struct report_model *m = &r->model[0];
    struct rank_correlation c;
    char text[REPORT_INTERVAL];
    struct bootstrap_options o = report_bootstrap(r, m->result->samples, 1);
    if (rank_correlate(report_head(m)->value[REGULARITY_MEAN_STAY], m->result->clean_margin,
                       m->result->samples, &o, &c, err))
        return -1;
    page_finding(r->page,
                 "Without a reference score nobody can say which samples are irregular in truth. `%s`: mean "
                 "stay at `%s` "
                 "orders %zu samples like the clean margin with a Spearman correlation of %s; near 1 it "
                 "would add nothing.",
                 m->name, report_head(m)->name, c.pairs,
                 report_interval(c.spearman.estimate, c.spearman.interval, text));
    page_missing(
        r->page,
        "`--reference FILE` (CSV or NetCDF: sample number, label, score; C-scores come so) fills this "
        "section with correlations, scatter and decile plots.");
    for (int n = 0; n < r->models; n++)
        if (samples_table(r, n, NULL, err))
            return -1;
    return 0;
}

int section_regularity(struct report *r, struct apex_error *err)
{
    page_section(r->page, "regularity", "2. Regularity of samples");
    if (!r->score)
        return without_reference(r, err) || section_sheets(r, err) ? -1 : 0;
    struct table *t = columns(), *tenths = decile_columns();
    int failed = !t || !tenths ? apex_fail(err, "out of memory") : 0;
    for (int n = 0; n < r->models && !failed; n++)
        failed = against_reference(r, n, t, tenths, err);
    if (failed) {
        table_free(t);
        table_free(tenths);
        return -1;
    }
    page_text(r->page, "Against margin: Spearman of the measure minus that of the clean margin, on the same "
                       "samples; above 0 the "
                       "measure beats what costs nothing. Beyond margin: partial correlation with the clean "
                       "margin held fixed. "
                       "Intervals: 95 %%, BCa bootstrap over samples, not over trainings of the network.");
    failed = report_table(r, t, 60, err);
    if (failed)
        table_free(tenths);
    return failed || report_table(r, tenths, -1, err) || section_sheets(r, err) ? -1 : 0;
}
