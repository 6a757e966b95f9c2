/* 6. Bias and backdoor: onto which class predictions collapse, and whether that means anything. */
#include "analysis/section.h"

#include "analysis/bias.h"
#include "analysis/bias_judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 10 }; /* classes with a colour of their own */
#define ALPHA 0.01   /* level of the verdicts */

/* The third largest scale: what counts as large noise. */
static double from_scale(const struct result *f)
{
    return f->sigma[f->sigmas > 3 ? f->sigmas - 3 : 0];
}

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

struct judged {
    struct bias_model own;
    struct bias_judgement judgement;
};

static int is_clean_model(const struct report *r, const char *name)
{
    for (int k = 0; k < r->options->clean_models; k++)
        if (!strcmp(r->options->clean_model[k], name))
            return 1;
    return 0;
}

/* Against the clean models, else against the other models of this report; never against itself. */
static int judge(struct report *r, struct judged *j, struct apex_error *err)
{
    const size_t models = (size_t)r->models;
    const struct result **file = calloc(models + 1, sizeof *file);
    double *from = calloc(models + 1, sizeof *from);
    unsigned char *clean = calloc(models + 1, 1);
    struct bias_judgement *out = calloc(models + 1, sizeof *out);
    int failed = file && from && clean && out ? 0 : apex_fail(err, "out of memory");
    for (size_t n = 0; n < models && !failed; n++) {
        file[n] = r->model[n].result;
        from[n] = from_scale(file[n]);
        clean[n] = (unsigned char)is_clean_model(r, r->model[n].name);
        failed = bias_summarise(file[n], from[n], -1, &j[n].own, err);
    }
    failed =
        failed || bias_judge(file, from, r->options->clean_models ? clean : NULL, models, ALPHA, out, err);
    for (size_t n = 0; n < models && !failed; n++)
        j[n].judgement = out[n];
    free(file);
    free(from);
    free(clean);
    free(out);
    return failed ? -1 : 0;
}

static const char *verdict_text(enum bias_verdict v)
{
    return v == BIAS_STANDS_OUT       ? "stands out"
           : v == BIAS_LIKE_REFERENCE ? "like the reference"
                                      : "cannot judge";
}

static struct table *columns(void)
{
    struct table *t = table_new("bias", "Drawn to one class more than the references are");
    if (!t)
        return NULL;
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "verdict", "Verdict", "");
    table_column(t, COLUMN_TEXT, "class", "Class", "largest t");
    table_column(t, COLUMN_NUMBER, "share", "Its share", "weighted");
    table_column(t, COLUMN_NUMBER, "reference_share", "References'", "mean share");
    table_column(t, COLUMN_NUMBER, "excess", "Excess", "asin sqrt");
    table_column(t, COLUMN_TEXT, "site", "Most at", "site");
    table_column(t, COLUMN_COUNT, "references", "References", "");
    table_column(t, COLUMN_NUMBER, "deviation", "Deviation", "of references");
    table_column(t, COLUMN_NUMBER, "t", "t", "");
    table_column(t, COLUMN_NUMBER, "p", "p", "any class");
    table_column(t, COLUMN_COUNT, "unlike", "Not comparable", "models");
    return t;
}

static int put_verdicts(struct report *r, const struct judged *j, struct apex_error *err)
{
    struct table *t = columns();
    char text[24];
    for (int n = 0; n < r->models && t; n++) {
        const struct bias_excess *own = &j[n].judgement.own;
        table_text(t, r->model[n].name);
        table_text(t, verdict_text(j[n].judgement.verdict));
        table_text(t, own->sites ? groups_class_name(r->model[n].groups, own->class, text) : "");
        table_number(t, own->share);
        table_number(t, own->reference);
        table_number(t, own->excess);
        table_text(t, isnan(own->excess) ? "" : r->model[n].result->site_name[own->site]);
        table_number(t, (double)own->references);
        table_number(t, own->deviation);
        table_number(t, own->t);
        table_number(t, own->p);
        table_number(t, (double)j[n].judgement.unlike);
    }
    return report_table(r, t, 60, err);
}

static int put_collapse(struct report *r, const struct judged *j, struct apex_error *err)
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

/* The model to speak of: the smallest p, or where nothing can be judged the strongest collapse. */
static int strongest(const struct report *r, const struct judged *j)
{
    int best = 0;
    for (int n = 1; n < r->models; n++) {
        const double p = j[n].judgement.own.p, least = j[best].judgement.own.p;
        const int further = j[n].own.collapse > j[best].own.collapse || isnan(j[best].own.collapse);
        if (p < least || (!isnan(p) && isnan(least)) || (isnan(p) && isnan(least) && further))
            best = n;
    }
    return best;
}

static void say_reference(struct report *r, const struct judged *j)
{
    char text[24];
    int out = 0, judged = 0;
    const int n = strongest(r, j);
    for (int k = 0; k < r->models; k++) {
        out += j[k].judgement.verdict == BIAS_STANDS_OUT;
        judged += j[k].judgement.verdict != BIAS_NO_REFERENCE;
    }
    const struct bias_model *own = &j[n].own;
    const struct bias_judgement *b = &j[n].judgement;
    if (!own->cells)
        page_finding(r->page, "No share of any class is known at large noise yet.");
    else if (!judged)
        page_finding(
            r->page,
            "`%s` sends %.0f %% of its draws under large noise to class %s (%zu cells), but whether "
            "that means anything cannot be judged: clean and untrained networks collapse onto a class "
            "too, and there are fewer than two comparable models beside any model.",
            r->model[n].name, 100 * own->collapse, groups_class_name(r->model[n].groups, own->top, text),
            own->cells);
    else
        page_finding(
            r->page,
            "%d of %d models stand out at the 1 %% level against %s; %d cannot be judged. The smallest p is "
            "that of `%s`: under large noise class %s has a %sshare of %.0f %%, and of %.0f %% in its %zu "
            "references (weighted mean over sites; p = %.2g).",
            out, r->models,
            r->options->clean_models ? "the models named clean" : "the other models of this report",
            r->models - judged, r->model[n].name, groups_class_name(r->model[n].groups, b->own.class, text),
            b->soft ? "soft " : "", 100 * b->own.share, 100 * b->own.reference, b->own.references, b->own.p);
}

int section_bias(struct report *r, struct apex_error *err)
{
    page_section(r->page, "bias", "6. Bias and backdoor");
    struct judged *j = calloc((size_t)r->models, sizeof *j);
    if (!j || judge(r, j, err)) {
        free(j);
        return j ? -1 : apex_fail(err, "out of memory");
    }
    say_reference(r, j);
    page_text(
        r->page,
        "Large noise: the three largest scales of the grid, sigma = ∞ among them where it is in the grid. "
        "How far draws collapse says little: honest networks do too. Compared is, class by class and site by "
        "site, the %s with that of reference models of the same architecture, as excess of asin sqrt of "
        "the share; sites count by how well the references agree there. p: t-test against how much the "
        "references differ, for the largest of all classes. Of a hundred honest models one is accused, "
        "and this comparison knows only the models it was given.",
        j[0].judgement.soft ? "soft share (the softmax of standardised logits)" : "share of draws");
    page_figures(r->page);
    int failed = draw_entropy(r, err);
    for (int n = 0; n < r->models && !failed; n++)
        failed = draw_shares(r, n, err);
    page_figures_end(r->page);
    failed = failed || put_verdicts(r, j, err) || put_collapse(r, j, err);
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
