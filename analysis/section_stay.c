/* 1. Stay and escape. */
#include "analysis/section.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int draw_stay(struct report *r, int number, struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    const struct result *f = m->result;
    char name[64], title[160], caption[400];
    struct report_lines l;
    if (report_lines_new(&l, f->sigmas, (int)f->sites, err))
        return -1;
    for (size_t i = 0; i < f->sites; i++) {
        const struct report_site *s = &m->site[i];
        l.series[i].label = s->name;
        l.series[i].look = s->look;
        l.series[i].rank = s->rank;
        l.series[i].of = s->of;
        for (size_t k = 0; k < f->sigmas; k++) {
            report_lines_y(&l, (int)i)[k] = s->curve[k].mean;
            report_lines_low(&l, (int)i)[k] = s->curve[k].band.low;
            report_lines_high(&l, (int)i)[k] = s->curve[k].band.high;
        }
    }
    snprintf(title, sizeof title, "%s: draws that keep the clean class", m->name);
    snprintf(caption, sizeof caption,
             "%s, %zu samples x %d draws. Bands: 95 %% intervals of the mean over samples. Dashed: noise on "
             "the input; "
             "thick: on every activation at once; blue to orange: layers from shallow to deep.",
             m->name, m->computed, f->draws);
    report_lines_draw(r, m, &l, l.lines,
                      &(struct report_lines_text){.name = report_figure_name("stay", number + 1, name),
                                                  .title = title,
                                                  .y_label = "stay",
                                                  .caption = caption});
    return 0;
}

static int stay_table(struct report *r, struct apex_error *err)
{
    struct table *t = table_new("stay", "Stay against sigma");
    if (!t)
        return apex_fail(err, "out of memory");
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "site", "Site", "");
    table_column(t, COLUMN_NUMBER, "sigma", "Sigma", "");
    table_column(t, COLUMN_COUNT, "samples", "Samples", "");
    table_column(t, COLUMN_NUMBER, "stay", "Mean stay", "share of draws");
    table_column(t, COLUMN_LOW, "stay_low", "", "share of draws");
    table_column(t, COLUMN_HIGH, "stay_high", "", "share of draws");
    table_column(t, COLUMN_NUMBER, "lower_quartile", "Quartile 1", "of samples");
    table_column(t, COLUMN_NUMBER, "median", "Median", "of samples");
    table_column(t, COLUMN_NUMBER, "upper_quartile", "Quartile 3", "of samples");
    table_column(t, COLUMN_NUMBER, "accuracy", "Accuracy", "share of draws");
    table_column(t, COLUMN_NUMBER, "margin", "Mean margin", "logits");
    for (int n = 0; n < r->models; n++)
        for (size_t i = 0; i < r->model[n].result->sites; i++)
            for (size_t k = 0; k < r->model[n].result->sigmas; k++) {
                const struct curve_point *p = &r->model[n].site[i].curve[k];
                table_text(t, r->model[n].name);
                table_text(t, r->model[n].site[i].name);
                table_number(t, p->sigma);
                table_number(t, (double)p->samples);
                table_interval(t, p->mean, p->band.low, p->band.high);
                table_number(t, p->lower_quartile);
                table_number(t, p->median);
                table_number(t, p->upper_quartile);
                table_number(t, p->accuracy);
                table_number(t, p->margin);
            }
    return report_table(r, t, 40, err);
}

static struct table *escape_columns(const char *name, const char *title)
{
    struct table *t = table_new(name, title);
    if (!t)
        return NULL;
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "site", "Site", "");
    table_column(t, COLUMN_TEXT, "definition", "Definition", "");
    table_column(t, COLUMN_COUNT, "samples", "Samples", "");
    table_column(t, COLUMN_NUMBER, "median", "Median", "sigma");
    table_column(t, COLUMN_LOW, "median_low", "", "sigma");
    table_column(t, COLUMN_HIGH, "median_high", "", "sigma");
    table_column(t, COLUMN_NUMBER, "lower_quartile", "Quartile 1", "sigma");
    table_column(t, COLUMN_NUMBER, "upper_quartile", "Quartile 3", "sigma");
    table_column(t, COLUMN_COUNT, "censored", "Never left", "censored");
    table_column(t, COLUMN_COUNT, "at_infinity", "Left only at ∞", "");
    table_column(t, COLUMN_COUNT, "incomplete", "Not finished", "");
    table_column(t, COLUMN_COUNT, "clean_wrong", "Clean wrong", "");
    table_column(t, COLUMN_COUNT, "no_label", "No label", "");
    return t;
}

static void escape_row(struct table *t, const struct report_model *m, const struct report_site *s,
                       int definition)
{
    const struct escape_summary *e = &s->escape[definition];
    table_text(t, m->name);
    table_text(t, s->name);
    table_text(t, escape_name((enum result_escape)definition));
    table_number(t, (double)e->complete);
    table_interval(t, e->median, e->median_interval.low, e->median_interval.high);
    table_number(t, e->lower_quartile);
    table_number(t, e->upper_quartile);
    table_number(t, (double)e->censored);
    table_number(t, (double)e->at_infinity);
    table_number(t, (double)e->incomplete);
    table_number(t, (double)e->clean_wrong);
    table_number(t, (double)e->no_label);
}

static int escape_tables(struct report *r, struct apex_error *err)
{
    struct table *t =
        escape_columns("escape_head", "Escape noise by definition, at the site that stands for the model");
    for (int n = 0; t && n < r->models; n++)
        for (int d = 0; d < RESULT_ESCAPES; d++)
            escape_row(t, &r->model[n], report_head(&r->model[n]), d);
    if (report_table(r, t, 60, err))
        return -1;
    page_text(
        r->page,
        "Median with its 95 %% interval (order statistics); censored samples rank above every scale and are "
        "never replaced by one, so that ∞ means: above the largest scale of the grid. An interval that "
        "begins "
        "at 0 has no lower bound.");
    page_fold(r->page, "Every site");
    t = escape_columns("escape", "Escape noise by model, site and definition");
    for (int n = 0; t && n < r->models; n++)
        for (size_t i = 0; i < r->model[n].result->sites; i++)
            for (int d = 0; d < RESULT_ESCAPES; d++)
                escape_row(t, &r->model[n], &r->model[n].site[i], d);
    int failed = report_table(r, t, 150, err);
    failed = failed || stay_table(r, err);
    page_fold_end(r->page);
    return failed;
}

/* The model with the smallest (sign 1) or largest (-1) median escape noise at its head site. */
static int extreme(const struct report *r, int sign)
{
    int best = 0;
    for (int n = 1; n < r->models; n++)
        if (sign * report_head(&r->model[n])->escape[RESULT_ESCAPE_MODE].median <
            sign * report_head(&r->model[best])->escape[RESULT_ESCAPE_MODE].median)
            best = n;
    return best;
}

static void say_model(const struct report_model *m, const char *lead, struct bytes *out)
{
    char text[REPORT_INTERVAL];
    const struct report_site *s = report_head(m);
    const struct escape_summary *e = &s->escape[RESULT_ESCAPE_MODE];
    text_print(out,
               "%s`%s` under noise at `%s`: half of the samples have left their clean class at sigma = %s; "
               "%zu of %zu "
               "never leave on this grid, %zu have a wrong clean prediction",
               lead, m->name, s->name, report_interval(e->median, e->median_interval, text), e->censored,
               e->complete, e->clean_wrong);
    if (e->no_label)
        text_print(out, ", %zu have no label", e->no_label);
    text_put(out, ". ");
}

static int finding(struct report *r, struct apex_error *err)
{
    struct bytes text = {0};
    int least = extreme(r, 1), most = extreme(r, -1);
    if (r->models > 1)
        text_print(&text, "Of %d models, the first and the last to leave. ", r->models);
    say_model(&r->model[least], "", &text);
    if (most != least)
        say_model(&r->model[most], "", &text);
    char *all = text_take(&text, err);
    if (all)
        page_finding(r->page, "%s", all);
    free(all);
    return all ? 0 : -1;
}

int section_stay(struct report *r, struct apex_error *err)
{
    page_section(r->page, "stay", "1. Stay and escape");
    if (finding(r, err))
        return -1;
    page_text(
        r->page,
        "Stay is the share of draws that keep the class predicted without noise. Escape noise is the "
        "smallest scale "
        "at which a sample leaves that class: `mode`, the first scale whose most frequent class is another; "
        "`half`, where stay falls below one half; `first_flip`, the mean over draws (in log sigma) of the "
        "first "
        "scale at which that draw's class differs.");
    page_figures(r->page);
    int failed = 0;
    for (int n = 0; n < r->models && !failed; n++)
        failed = draw_stay(r, n, err);
    page_figures_end(r->page);
    return failed || escape_tables(r, err) ? -1 : 0;
}
