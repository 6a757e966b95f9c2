/* 5. From sample to model: how fast predictions stop depending on the input. */
#include "analysis/section.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct table *columns(void)
{
    struct table *t = table_new("information", "Dependence of predictions on the sample");
    if (!t)
        return NULL;
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "site", "Site", "");
    table_column(t, COLUMN_NUMBER, "sigma", "Sigma", "");
    table_column(t, COLUMN_COUNT, "samples", "Samples", "");
    table_column(t, COLUMN_NUMBER, "entropy", "Entropy", "nats");
    table_column(t, COLUMN_NUMBER, "mutual", "Mutual information", "nats");
    table_column(t, COLUMN_NUMBER, "mutual_plugin", "Uncorrected", "nats");
    table_column(t, COLUMN_NUMBER, "of_clean", "Left of clean", "share");
    table_column(t, COLUMN_NUMBER, "tv_average", "From average", "total variation");
    table_column(t, COLUMN_LOW, "tv_average_low", "", "");
    table_column(t, COLUMN_HIGH, "tv_average_high", "", "");
    table_column(t, COLUMN_NUMBER, "tv_average_null", "Expected of noise", "total variation");
    table_column(t, COLUMN_NUMBER, "tv_limit", "From limit", "total variation");
    table_column(t, COLUMN_LOW, "tv_limit_low", "", "");
    table_column(t, COLUMN_HIGH, "tv_limit_high", "", "");
    table_column(t, COLUMN_NUMBER, "tv_limit_null", "Expected of noise", "total variation");
    return t;
}

static void put_rows(struct table *t, const struct report_model *m)
{
    for (size_t i = 0; i < m->result->sites; i++)
        for (size_t k = 0; m->site[i].information && k < m->result->sigmas; k++) {
            const struct information *f = &m->site[i].information[k];
            table_text(t, m->name);
            table_text(t, m->site[i].name);
            table_number(t, m->result->sigma[k]);
            table_number(t, (double)f->samples);
            table_number(t, f->entropy);
            table_number(t, f->mutual);
            table_number(t, f->mutual_plugin);
            table_number(t, f->of_clean);
            table_interval(t, f->tv_average, f->tv_average_interval.low, f->tv_average_interval.high);
            table_number(t, f->tv_average_null);
            table_interval(t, f->tv_limit, f->tv_limit_interval.low, f->tv_limit_interval.high);
            table_number(t, f->tv_limit_null);
        }
}

/* Lines of one model: share of the information left, a line for each site. */
static int draw_information(struct report *r, int number, struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    const struct result *f = m->result;
    struct report_lines l;
    char name[64], title[200];
    if (report_lines_new(&l, f->sigmas, (int)f->sites, err))
        return -1;
    for (size_t i = 0; i < f->sites; i++) {
        const struct report_site *s = &m->site[i];
        l.series[i] =
            (struct series){s->name, s->look, s->rank, s->of, report_lines_y(&l, (int)i), NULL, NULL};
        for (size_t k = 0; k < f->sigmas; k++)
            report_lines_y(&l, (int)i)[k] = s->information[k].samples ? s->information[k].of_clean : NAN;
    }
    snprintf(title, sizeof title, "%s: information left about the sample", m->name);
    report_lines_draw(
        r, m, &l, l.lines,
        &(struct report_lines_text){
            .name = report_figure_name("information", number + 1, name),
            .title = title,
            .y_label = "share left",
            .caption =
                "Mutual information between sample and prediction (Miller-Madow), as a share of the entropy "
                "of the clean "
                "classes; 0: the prediction no longer depends on the input."});
    return 0;
}

/* Total variation at the head site: from the model's average, from the limit, and what finite draws alone
 * would give. */
static int draw_distance(struct report *r, int number, struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    const struct information *info = report_head(m)->information;
    const struct result *f = m->result;
    int limit = isinf(f->sigma[f->sigmas - 1]);
    struct report_lines l;
    char name[64], title[200];
    if (report_lines_new(&l, f->sigmas, 3, err))
        return -1;
    for (size_t k = 0; k < f->sigmas; k++) {
        if (!info[k].samples)
            continue;
        report_lines_y(&l, 0)[k] = info[k].tv_average;
        report_lines_low(&l, 0)[k] = info[k].tv_average_interval.low;
        report_lines_high(&l, 0)[k] = info[k].tv_average_interval.high;
        report_lines_y(&l, 1)[k] = info[k].tv_average_null;
        report_lines_y(&l, 2)[k] = info[k].tv_limit;
        report_lines_low(&l, 2)[k] = info[k].tv_limit_interval.low;
        report_lines_high(&l, 2)[k] = info[k].tv_limit_interval.high;
    }
    l.series[0].label = "from the model's average";
    l.series[1] = (struct series){
        "average, by finite draws alone", LOOK_INPUT, 0, 1, report_lines_y(&l, 1), NULL, NULL};
    l.series[2].label = "from the limit of large noise";
    l.series[2].rank = 1;
    snprintf(title, sizeof title, "%s at %s: distance of a sample", m->name, report_head(m)->name);
    report_lines_draw(
        r, m, &l, limit ? 3 : 2,
        &(struct report_lines_text){
            .name = report_figure_name("distance", number + 1, name),
            .title = title,
            .y_label = "total variation",
            .caption =
                "How far a sample's distribution of predictions lies from the model's; bands: 95 %, Student. "
                "Where it meets the dashed line nothing is left but chance."});
    return 0;
}

/* First finite scale at which less than half of the information is left; INFINITY: none. */
static double half_scale(const struct report_model *m)
{
    const struct information *info = report_head(m)->information;
    for (size_t k = 0; k < m->result->sigmas; k++)
        if (info[k].samples && info[k].of_clean < 0.5)
            return m->result->sigma[k];
    return INFINITY;
}

static int say(struct report *r, const struct report_model *m, int first, struct apex_error *err)
{
    char a[REPORT_INTERVAL], sigma[32];
    double at = half_scale(m);
    size_t last = m->result->sigmas - 1;
    while (last > 0 && isinf(m->result->sigma[last]))
        last--;
    const struct information *end = &report_head(m)->information[last];
    struct bytes text = {0};
    char null[TEXT_NUMBER];
    if (!end->samples) {
        text_print(&text, "`%s`, noise at `%s`: the largest finite scale is not computed yet.", m->name,
                   report_head(m)->name);
        return report_say(r, first, &text, err);
    }
    text_print(&text, "`%s`, noise at `%s`: ", m->name, report_head(m)->name);
    if (isinf(at))
        text_put(&text, "more than half of what the clean prediction says about the sample is left at every "
                        "finite scale");
    else
        text_print(
            &text,
            "from sigma = %s on, less than half is left of what the clean prediction says about the sample",
            report_sigma(at, sigma));
    text_print(
        &text,
        "; at sigma = %s a sample's predictions are %s away from the model's average (total variation, %zu "
        "samples), where finite draws alone would give %s.",
        report_sigma(m->result->sigma[last], sigma),
        report_interval(end->tv_average, end->tv_average_interval, a), end->samples,
        text_number(end->tv_average_null, null));
    return report_say(r, first, &text, err);
}

int section_information(struct report *r, struct apex_error *err)
{
    int shown = 0, failed = 0, limit = 0;
    page_section(r->page, "information", "5. From sample to model");
    struct table *t = columns();
    for (int n = 0; n < r->models && t && !failed; n++) {
        const struct report_model *m = &r->model[n];
        if (!report_head(m)->information) {
            page_text(r->page, "`%s`: its file holds no class counts.", m->name);
            continue;
        }
        limit += isinf(m->result->sigma[m->result->sigmas - 1]) != 0;
        put_rows(t, m);
        failed = say(r, m, shown++ == 0, err);
    }
    page_figures(r->page);
    for (int n = 0; n < r->models && t && !failed; n++)
        failed = report_head(&r->model[n])->information &&
                 (draw_information(r, n, err) || draw_distance(r, n, err));
    page_figures_end(r->page);
    if (failed) {
        table_free(t);
        return -1;
    }
    if (!shown) {
        page_finding(r->page, "Nothing can be said: no file holds the draws by class of every sample.");
        page_missing(r->page,
                     "`class_count: true` in the grid file stores them (by default up to 32 classes).");
        table_free(t);
        return 0;
    }
    if (!limit)
        page_missing(r->page,
                     "The distance from the limit of large noise needs `.inf` among the grid's `sigmas`.");
    page_fold(r->page, "All scales and sites");
    failed = report_table(r, t, 40, err);
    page_fold_end(r->page);
    return failed;
}
