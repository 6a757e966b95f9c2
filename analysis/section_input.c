/* 7. Input against activations. */
#include "analysis/section.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct table *columns(void)
{
    struct table *t = table_new("input", "Scale at which half of the draws stay, site by site");
    if (!t)
        return NULL;
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "scale", "Scale", "");
    table_column(t, COLUMN_TEXT, "site", "Site", "");
    table_column(t, COLUMN_COUNT, "elements", "Elements", "per sample");
    table_column(t, COLUMN_NUMBER, "rms", "RMS", "clean activation");
    table_column(t, COLUMN_NUMBER, "half_sigma", "Half stay at", "sigma");
    table_column(t, COLUMN_LOW, "half_sigma_low", "", "sigma");
    table_column(t, COLUMN_HIGH, "half_sigma_high", "", "sigma");
    table_column(t, COLUMN_NUMBER, "of_input", "Of input", "ratio");
    return t;
}

/* Crossing of the mean, and of the ends of its band: an interval for the crossing. */
static double crossing(const struct report_model *m, const struct report_site *s, struct interval *band)
{
    size_t n = m->result->sigmas;
    struct curve_point *moved = malloc(n * sizeof *moved);
    double half = curve_crossing(s->curve, n, 0.5);
    *band = (struct interval){NAN, NAN};
    if (!moved)
        return half;
    for (int high = 0; high < 2; high++) {
        for (size_t k = 0; k < n; k++) {
            moved[k] = s->curve[k];
            moved[k].mean = high ? s->curve[k].band.high : s->curve[k].band.low;
        }
        *(high ? &band->high : &band->low) = curve_crossing(moved, n, 0.5);
    }
    free(moved);
    return half;
}

static void put_rows(struct table *t, const struct report_model *m)
{
    const struct result *f = m->result;
    int input = result_find_site(f, "input");
    struct interval band;
    double of = input < 0 ? NAN : crossing(m, &m->site[input], &band);
    for (size_t i = 0; i < f->sites; i++) {
        double half = crossing(m, &m->site[i], &band);
        table_text(t, m->name);
        table_text(t, f->relative ? "relative" : "absolute");
        table_text(t, m->site[i].name);
        table_number(t, (double)f->site_elements[i]);
        table_number(t, f->relative && f->site_rms[i] > 0 ? f->site_rms[i] : NAN);
        table_interval(t, half, band.low, band.high);
        table_number(t, isfinite(half) && isfinite(of) ? half / of : NAN);
    }
}

/* All sites at equal relative scale, without `all`. */
static int draw(struct report *r, int number, struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    const struct result *f = m->result;
    struct report_lines l;
    char name[64], title[200];
    int lines = 0;
    if (report_lines_new(&l, f->sigmas, (int)f->sites, err))
        return -1;
    for (size_t i = 0; i < f->sites; i++) {
        const struct report_site *s = &m->site[i];
        if (s->look == LOOK_ALL)
            continue;
        double *y = report_lines_y(&l, lines), *low = report_lines_low(&l, lines),
               *high = report_lines_high(&l, lines);
        for (size_t k = 0; k < f->sigmas; k++) {
            y[k] = s->curve[k].mean;
            low[k] = s->curve[k].band.low;
            high[k] = s->curve[k].band.high;
        }
        l.series[lines++] = (struct series){s->name, s->look, s->rank, s->of, y, low, high};
    }
    snprintf(title, sizeof title, "%s: input and layers at equal relative scale", m->name);
    figure_chart(r->figures, &(struct chart){.kind = CHART_LINES,
                                             .name = report_figure_name("input", number + 1, name),
                                             .title = title,
                                             .x_label = report_sigma_label(m),
                                             .y_label = "stay",
                                             .points = (int)f->sigmas,
                                             .x = f->sigma,
                                             .log_x = 1,
                                             .y_low = 0,
                                             .y_high = 1.02,
                                             .level = NAN,
                                             .series = lines,
                                             .s = l.series});
    page_figure(r->page, name,
                "Noise of the same size compared with what it is added to. Dashed: the input; blue to "
                "orange: layers from "
                "shallow to deep. Bands: 95 %.");
    report_lines_free(&l);
    return 0;
}

/* The layer whose half stay lies lowest and highest against the input's. */
static void say(struct report *r, const struct report_model *m)
{
    int input = result_find_site(m->result, "input"), least = -1, most = -1;
    struct interval b;
    char a[REPORT_INTERVAL], c[REPORT_INTERVAL], d[REPORT_INTERVAL];
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < m->result->sites; i++) {
        double x = crossing(m, &m->site[i], &b);
        if (m->site[i].look != LOOK_LAYER || isnan(x))
            continue;
        if (x < low || least < 0) {
            low = x;
            least = (int)i;
        }
        if (x > high || most < 0) {
            high = x;
            most = (int)i;
        }
    }
    if (input < 0 || least < 0)
        return;
    struct interval bi, bl, bm;
    double x = crossing(m, &m->site[input], &bi);
    crossing(m, &m->site[least], &bl);
    crossing(m, &m->site[most], &bm);
    page_finding(r->page,
                 "`%s`, relative scale, %zu samples: half of the draws stay up to sigma / rms = %s for noise "
                 "on the input; "
                 "among the layers from %s (`%s`) to %s (`%s`).",
                 m->name, m->computed, report_interval(x, bi, a), report_interval(low, bl, c),
                 m->site[least].name, report_interval(high, bm, d), m->site[most].name);
}

int section_input(struct report *r, struct apex_error *err)
{
    struct table *t = columns();
    int failed = t ? 0 : apex_fail(err, "out of memory"), relative = 0, input = 0;
    page_section(r->page, "input", "7. Input against activations");
    for (int n = 0; n < r->models; n++) {
        relative += r->model[n].result->relative;
        input += result_find_site(r->model[n].result, "input") >= 0;
    }
    if (!relative)
        page_finding(
            r->page,
            "Input and layers cannot be compared from these files: their scales are absolute, and sigma "
            "means different things where activations differ in size. The table below keeps the absolute "
            "numbers.");
    for (int n = 0; n < r->models && !failed && relative; n++)
        if (r->model[n].result->relative)
            say(r, &r->model[n]);
    if (relative)
        page_figures(r->page);
    for (int n = 0; n < r->models && !failed; n++) {
        if (r->model[n].result->relative)
            failed = draw(r, n, err);
        put_rows(t, &r->model[n]);
    }
    if (relative)
        page_figures_end(r->page);
    if (failed) {
        table_free(t);
        return -1;
    }
    if (!relative)
        page_missing(
            r->page,
            "`noise: {scale: relative}` in the grid file multiplies sigma by the root mean square of each "
            "site's clean activation; report such a sweep to see this section.");
    if (!input)
        page_missing(r->page, "No file has the site `input`; add it to the grid's `sites`.");
    page_missing(
        r->page,
        "The share of variance and the effective rank of what input noise becomes at each layer are not "
        "shown: they need activations, and result files hold predictions only.");
    return report_table(r, t, 80, err);
}
