/* 6. Bias and backdoor: onto which class predictions collapse, and whether that means anything. */
#include "analysis/section.h"

#include "analysis/section_bias.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 10 }; /* classes with a colour of their own */

/* Classes by their largest share at the head site, so that the ones that matter get colours. */
static void order_classes(const struct result *f, size_t site, size_t *order)
{
    for (size_t c = 0; c < f->classes; c++)
        order[c] = c;
    const double *share = f->class_share + site * f->sigmas * f->classes;
    size_t last = f->sigmas - 1;
    for (size_t i = 0; i < f->classes && i < SHOWN; i++)
        for (size_t j = i + 1; j < f->classes; j++)
            if (share[last * f->classes + order[j]] > share[last * f->classes + order[i]]) {
                size_t t = order[i];
                order[i] = order[j];
                order[j] = t;
            }
}

static int draw_shares(struct report *r, int number, struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    const struct result *f = m->result;
    const double *share = f->class_share + m->head * f->sigmas * f->classes;
    size_t shown = f->classes <= SHOWN ? f->classes : SHOWN;
    size_t *order = malloc((f->classes + 1) * sizeof *order);
    char text[SHOWN][24], name[64], title[200];
    struct report_lines l = {0};
    if (!order || report_lines_new(&l, f->sigmas, (int)shown + 1, err)) {
        free(order);
        return apex_fail(err, "out of memory");
    }
    order_classes(f, m->head, order);
    for (size_t i = 0; i <= shown; i++) {
        double *y = report_lines_y(&l, (int)i);
        l.series[i] = (struct series){"others",
                                      i < shown ? LOOK_ITEM : LOOK_REST,
                                      f->classes <= SHOWN && i < shown ? (int)order[i] : (int)i,
                                      (int)shown,
                                      y,
                                      NULL,
                                      NULL};
        if (i < shown)
            l.series[i].label = groups_class_name(m->groups, order[i], text[i]);
        for (size_t k = 0; k < f->sigmas; k++) {
            y[k] = i < shown ? share[k * f->classes + order[i]] : 0;
            for (size_t c = shown; c < f->classes && i == shown; c++)
                y[k] += share[k * f->classes + order[c]];
        }
    }
    snprintf(title, sizeof title, "%s: class shares, noise at %s", m->name, report_head(m)->name);
    figure_chart(r->figures, &(struct chart){.kind = CHART_SHARES,
                                             .name = report_figure_name("shares", number + 1, name),
                                             .title = title,
                                             .x_label = report_sigma_label(m),
                                             .y_label = "share of all draws",
                                             .points = (int)f->sigmas,
                                             .x = f->sigma,
                                             .log_x = 1,
                                             .y_low = 0,
                                             .y_high = 1,
                                             .level = NAN,
                                             .series = (int)shown + (f->classes > shown),
                                             .s = l.series});
    page_figure(r->page, name,
                "Stacked; the class that takes most at the largest scale lies at the bottom. ∞: nothing but "
                "noise is left.");
    report_lines_free(&l);
    free(order);
    return 0;
}

static int draw_entropy(struct report *r, struct apex_error *err)
{
    const struct result *f = r->model[0].result;
    struct report_lines l;
    if (report_lines_new(&l, f->sigmas, r->models, err))
        return -1;
    for (int n = 0; n < r->models; n++) {
        const struct report_model *m = &r->model[n];
        l.series[n] = (struct series){m->name, LOOK_ITEM, n, r->models, report_lines_y(&l, n), NULL, NULL};
        for (size_t k = 0; k < f->sigmas; k++) {
            struct bias_share b;
            int j = result_find_sigma(m->result, f->sigma[k]);
            const double *share =
                m->result->class_share +
                (m->head * m->result->sigmas + (size_t)(j < 0 ? 0 : j)) * m->result->classes;
            if (j < 0)
                continue;
            if (bias_of_shares(share, m->result->classes, &b, NULL, err)) {
                report_lines_free(&l);
                return -1;
            }
            report_lines_y(&l, n)[k] = b.entropy;
        }
    }
    report_lines_draw(
        r, &r->model[0], &l, r->models,
        &(struct report_lines_text){
            .name = "entropy",
            .title = "Entropy of the class shares",
            .y_label = "normalised entropy",
            .caption =
                "1: all classes alike; 0: every draw in one class. At the site that stands for each model."});
    return 0;
}

static int put_collapse(struct report *r, const struct bias_judged *j, struct apex_error *err)
{
    struct table *t = table_new("collapse", "Collapse onto one class under large noise, over all sites");
    char text[24];
    if (!t)
        return apex_fail(err, "out of memory");
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "class", "Class", "");
    table_column(t, COLUMN_NUMBER, "collapse", "Mean share", "of draws");
    table_column(t, COLUMN_NUMBER, "clean_share", "Without noise", "share");
    table_column(t, COLUMN_NUMBER, "agreement", "Agreement", "of cells");
    table_column(t, COLUMN_LOW, "agreement_low", "", "");
    table_column(t, COLUMN_HIGH, "agreement_high", "", "");
    table_column(t, COLUMN_COUNT, "cells", "Cells", "sites x scales");
    table_column(t, COLUMN_NUMBER, "entropy", "Entropy", "0 to 1");
    table_column(t, COLUMN_NUMBER, "anomaly", "MAD index", "");
    for (int n = 0; n < r->models; n++) {
        const struct bias_model *own = &j[n].own;
        table_text(t, r->model[n].name);
        table_text(t, own->cells ? groups_class_name(r->model[n].groups, own->top, text) : "");
        table_number(t, own->collapse);
        table_number(t, own->clean_share);
        table_interval(t, own->agreement, own->agreement_interval.low, own->agreement_interval.high);
        table_number(t, (double)own->cells);
        table_number(t, own->entropy);
        table_number(t, own->anomaly);
    }
    return report_table(r, t, 60, err);
}

static int share_table(struct report *r, struct apex_error *err)
{
    struct table *t = table_new("class_share", "Class shares and MAD index by site and scale");
    if (!t)
        return apex_fail(err, "out of memory");
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "site", "Site", "");
    table_column(t, COLUMN_NUMBER, "sigma", "Sigma", "");
    table_column(t, COLUMN_NUMBER, "entropy", "Entropy", "0 to 1");
    table_column(t, COLUMN_COUNT, "top", "Top class", "");
    table_column(t, COLUMN_NUMBER, "top_share", "Its share", "of draws");
    table_column(t, COLUMN_NUMBER, "top_anomaly", "MAD index", "");
    for (int n = 0; n < r->models; n++) {
        const struct result *f = r->model[n].result;
        for (size_t i = 0; i < f->sites * f->sigmas; i++) {
            struct bias_share b;
            if (bias_of_shares(f->class_share + i * f->classes, f->classes, &b, NULL, err)) {
                table_free(t);
                return -1;
            }
            table_text(t, r->model[n].name);
            table_text(t, f->site_name[i / f->sigmas]);
            table_number(t, f->sigma[i % f->sigmas]);
            table_number(t, b.entropy);
            table_number(t, isnan(b.top_share) ? NAN : (double)b.top);
            table_number(t, b.top_share);
            table_number(t, b.top_anomaly);
        }
    }
    return report_table(r, t, 40, err);
}

int section_bias(struct report *r, struct apex_error *err)
{
    page_section(r->page, "bias", "6. Bias and backdoor");
    struct bias_judged *j = calloc((size_t)r->models, sizeof *j);
    if (!j || bias_section_judge(r, j, err)) {
        free(j);
        return j ? -1 : apex_fail(err, "out of memory");
    }
    bias_section_say(r, j);
    page_figures(r->page);
    int failed = draw_entropy(r, err);
    for (int n = 0; n < r->models && !failed; n++)
        failed = draw_shares(r, n, err);
    page_figures_end(r->page);
    failed = failed || bias_section_table(r, j, err) || put_collapse(r, j, err);
    free(j);
    if (failed)
        return -1;
    if (!r->options->clean_models)
        page_missing(
            r->page, "%s",
            r->models > 2
                ? "Verdicts compare each model with the others here, which may themselves be biased; "
                  "`--clean-models A,B` names those that are known to be honest."
                : "`--clean-models A,B` names two or more honest models among the files; without them, "
                  "or at least three models, there is no verdict.");
    page_fold(r->page, "Every site and scale");
    failed = share_table(r, err);
    page_fold_end(r->page);
    return failed;
}
