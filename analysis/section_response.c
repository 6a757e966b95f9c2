/* 7, second half: what input noise becomes at each layer. */
#include "analysis/response.h"
#include "analysis/section.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIGMAS_DRAWN = 3, BARS_MOST = 12 };

/* One model's response, all of it summarised. */
struct view {
    const struct report_model *m;
    struct response *p;
    struct response_summary *at; /* [sigmas][sites] */
};

static const struct response_summary *summary(const struct view *v, size_t sigma, size_t site)
{
    return &v->at[sigma * v->p->sites + site];
}

static int open_view(struct view *v, const struct report *r, const struct report_model *m,
                     struct apex_error *err)
{
    *v = (struct view){.m = m, .p = response_load(m->result, err)};
    if (!v->p)
        return -1;
    size_t cells = v->p->sigmas * v->p->sites;
    struct bootstrap_options o = report_bootstrap(r, v->p->samples, cells);
    if (!(v->at = calloc(cells, sizeof *v->at)))
        return apex_fail(err, "out of memory");
    for (size_t k = 0; k < cells; k++)
        if (response_summarise(v->p, k / v->p->sites, k % v->p->sites, &o, &v->at[k], err))
            return -1;
    return 0;
}

static void close_view(struct view *v)
{
    response_free(v->p);
    free(v->at);
}

static struct table *columns(void)
{
    struct table *t = table_new("response", "What noise at one site becomes at the sites after it");
    if (!t)
        return NULL;
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "scale", "Scale", "");
    table_column(t, COLUMN_TEXT, "source", "Noise at", "");
    table_column(t, COLUMN_NUMBER, "sigma", "Sigma", "");
    table_column(t, COLUMN_TEXT, "site", "Seen at", "");
    table_column(t, COLUMN_COUNT, "elements", "Elements", "per sample");
    table_column(t, COLUMN_COUNT, "samples", "n", "");
    table_column(t, COLUMN_NUMBER, "share", "Share of variance", "");
    table_column(t, COLUMN_LOW, "share_low", "", "");
    table_column(t, COLUMN_HIGH, "share_high", "", "");
    table_column(t, COLUMN_NUMBER, "effective_rank", "Effective rank", "directions");
    table_column(t, COLUMN_LOW, "effective_rank_low", "", "");
    table_column(t, COLUMN_HIGH, "effective_rank_high", "", "");
    table_column(t, COLUMN_NUMBER, "rank_of_isotropic", "Of isotropic", "rank / elements");
    table_column(t, COLUMN_LOW, "rank_of_isotropic_low", "", "");
    table_column(t, COLUMN_HIGH, "rank_of_isotropic_high", "", "");
    table_column(t, COLUMN_NUMBER, "relative_energy", "Energy", "of clean mean square");
    table_column(t, COLUMN_LOW, "relative_energy_low", "", "");
    table_column(t, COLUMN_HIGH, "relative_energy_high", "", "");
    table_column(t, COLUMN_NUMBER, "shift", "Of it, mean shift", "share");
    table_column(t, COLUMN_LOW, "shift_low", "", "");
    table_column(t, COLUMN_HIGH, "shift_high", "", "");
    return t;
}

static void put_measure(struct table *t, const struct response_summary *s, enum response_measure what,
                        double unit)
{
    const struct bootstrap *b = &s->measure[what];
    table_interval(t, b->estimate / unit, b->interval.low / unit, b->interval.high / unit);
}

static void put_rows(struct table *t, const struct view *v)
{
    for (size_t k = 0; k < v->p->sigmas; k++)
        for (size_t i = 0; i < v->p->sites; i++) {
            const struct response_summary *s = summary(v, k, i);
            table_text(t, v->m->name);
            table_text(t, v->m->result->relative ? "relative" : "absolute");
            table_text(t, v->p->site[0]);
            table_number(t, v->p->sigma[k]);
            table_text(t, v->p->site[i]);
            table_number(t, (double)v->p->elements[i]);
            table_number(t, (double)s->samples);
            put_measure(t, s, RESPONSE_SHARE, 1);
            put_measure(t, s, RESPONSE_RANK, 1);
            put_measure(t, s, RESPONSE_RANK, (double)v->p->elements[i]);
            put_measure(t, s, RESPONSE_RELATIVE, 1);
            put_measure(t, s, RESPONSE_SHIFT, 1);
        }
}

/* First, middle and last scale where there are many. */
static size_t drawn_sigma(const struct view *v, int line, int lines)
{
    return lines > 1 ? (size_t)line * (v->p->sigmas - 1) / (size_t)(lines - 1) : 0;
}

/* One measure over the layers, a bar for each scale; the level is what isotropic noise would give. */
static int draw(struct report *r, const struct view *v, int number, enum response_measure what,
                struct apex_error *err)
{
    const int rank = what == RESPONSE_RANK,
              lines = v->p->sigmas < SIGMAS_DRAWN ? (int)v->p->sigmas : SIGMAS_DRAWN;
    struct report_lines l;
    char name[64], title[200], label[SIGMAS_DRAWN][64], sigma[32];
    if (report_lines_new(&l, v->p->sites, lines, err))
        return -1;
    for (int line = 0; line < lines; line++) {
        size_t k = drawn_sigma(v, line, lines);
        snprintf(label[line], sizeof label[line], "sigma = %s", report_sigma(v->p->sigma[k], sigma));
        l.series[line].label = label[line];
        for (size_t i = 0; i < v->p->sites; i++) {
            const struct bootstrap *b = &summary(v, k, i)->measure[what];
            double unit = rank ? (double)v->p->elements[i] : 1;
            report_lines_y(&l, line)[i] = b->estimate / unit;
            report_lines_low(&l, line)[i] = b->interval.low / unit;
            report_lines_high(&l, line)[i] = b->interval.high / unit;
        }
    }
    double *depth = calloc(v->p->sites, sizeof *depth);
    for (size_t i = 0; depth && i < v->p->sites; i++)
        depth[i] = (double)i;
    snprintf(title, sizeof title, "%s: noise on %s, by layer", v->m->name, v->p->site[0]);
    figure_chart(r->figures,
                 &(struct chart){
                     .kind = v->p->sites > BARS_MOST && depth ? CHART_LINES : CHART_BARS,
                     .name = report_figure_name(rank ? "response-rank" : "response-share", number + 1, name),
                     .title = title,
                     .x_label = v->p->sites > BARS_MOST ? "layer, from where the noise enters" : "",
                     .x = depth,
                     .y_label = rank ? "effective rank / elements" : "share of variance",
                     .points = (int)v->p->sites,
                     .x_text = (const char *const *)v->p->site,
                     .y_low = 0,
                     .y_high = rank ? NAN : 1.02,
                     .level = rank ? 1 : NAN,
                     .level_label = rank ? "isotropic noise" : NULL,
                     .series = lines,
                     .s = l.series});
    page_figure(
        r->page, name,
        rank ? "Share of a layer's directions that the noise fills there; noise put directly into a layer "
               "fills "
               "all of them. Intervals: 95 %, over samples."
             : "Part of a layer's variance, over samples and noise, that the noise causes. Intervals: 95 %, "
               "over "
               "samples.");
    free(depth);
    report_lines_free(&l);
    return 0;
}

static int say(struct report *r, const struct view *v, int first, struct apex_error *err)
{
    size_t k = v->p->sigmas - 1, last = v->p->sites - 1;
    const struct response_summary *s = summary(v, k, last);
    const struct bootstrap *share = &s->measure[RESPONSE_SHARE], *rank = &s->measure[RESPONSE_RANK],
                           *shift = &s->measure[RESPONSE_SHIFT];
    char a[REPORT_INTERVAL], b[REPORT_INTERVAL], c[REPORT_INTERVAL], sigma[32];
    struct bytes text = {0};
    if (!s->samples || last == 0)
        text_print(&text, "`%s`: the response to noise on `%s` is not computed yet, or no layer follows.",
                   v->m->name, v->p->site[0]);
    else
        text_print(&text,
                   "`%s`, noise on `%s` with sigma = %s%s, %zu samples, %d draws: at `%s`, the last layer, "
                   "it causes "
                   "%s of the variance and fills %s of %lld directions, where noise put into that layer "
                   "itself fills "
                   "all; %s of its energy is a shift of the mean.",
                   v->m->name, v->p->site[0], report_sigma(v->p->sigma[k], sigma),
                   v->m->result->relative ? " rms" : "", s->samples, v->p->draws, v->p->site[last],
                   report_interval(share->estimate, share->interval, a),
                   report_interval(rank->estimate, rank->interval, b), (long long)v->p->elements[last],
                   report_interval(shift->estimate, shift->interval, c));
    return report_say(r, first, &text, err);
}

static int show_model(struct report *r, int number, int first, struct table *t, struct apex_error *err)
{
    struct view v;
    int failed = open_view(&v, r, &r->model[number], err);
    failed = failed || say(r, &v, first, err);
    if (!failed) {
        page_figures(r->page);
        failed = draw(r, &v, number, RESPONSE_SHARE, err) || draw(r, &v, number, RESPONSE_RANK, err);
        page_figures_end(r->page);
        put_rows(t, &v);
    }
    close_view(&v);
    return failed ? -1 : 0;
}

int section_response(struct report *r, struct apex_error *err)
{
    struct table *t = NULL;
    int shown = 0, failed = 0;
    page_heading(r->page, "What noise becomes at later layers");
    for (int n = 0; n < r->models; n++)
        shown += r->model[n].result->response_sigmas > 0;
    if (!shown) {
        page_missing(
            r->page,
            "Share of variance and effective rank of what input noise becomes at each layer: add `response: "
            "true` to the grid file and run it again; only that is computed.");
        return 0;
    }
    if (!(t = columns()))
        return apex_fail(err, "out of memory");
    for (int n = 0, first = 1; n < r->models && !failed; n++)
        if (r->model[n].result->response_sigmas > 0) {
            failed = show_model(r, n, first, t, err);
            first = 0;
        }
    if (failed) {
        table_free(t);
        return -1;
    }
    page_text(r->page,
              "Effective rank: participation ratio of the covariance over draws, (tr C)^2 / tr C^2, "
              "estimated without the "
              "bias of few draws. Intervals: 95 %%, bootstrap over samples; they say nothing about other "
              "trainings of the "
              "network. Where the noise enters, the rank is a check: all directions, up to chance.");
    page_fold(r->page, "Every scale and layer");
    failed = report_table(r, t, 80, err);
    page_fold_end(r->page);
    return failed ? -1 : 0;
}
