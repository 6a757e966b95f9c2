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
    table_column(t, COLUMN_NUMBER, "half_relative", "The same", "sigma / rms");
    table_column(t, COLUMN_LOW, "half_relative_low", "", "sigma / rms");
    table_column(t, COLUMN_HIGH, "half_relative_high", "", "sigma / rms");
    table_column(t, COLUMN_NUMBER, "of_input", "Of input", "ratio of sigma / rms");
    return t;
}

/* What a scale of the file at a site is divided by to be relative; NaN: not known. */
static double unit_of(const struct result *f, size_t site)
{
    double rms = f->activation_rms[site];
    return f->relative ? 1 : rms > 0 ? rms : NAN;
}

/* Whether this model can be shown at relative scale. */
static int has_relative(const struct report_model *m)
{
    for (size_t i = 0; i < m->result->sites; i++)
        if (!isnan(unit_of(m->result, i)) && m->site[i].look != LOOK_ALL)
            return 1;
    return 0;
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

/* The same at relative scale. */
static double relative_crossing(const struct report_model *m, size_t site, struct interval *band)
{
    double unit = m->site[site].look == LOOK_ALL && !m->result->relative ? NAN : unit_of(m->result, site);
    double half = crossing(m, &m->site[site], band);
    *band = (struct interval){band->low / unit, band->high / unit};
    return half / unit;
}

static void put_rows(struct table *t, const struct report_model *m)
{
    const struct result *f = m->result;
    int input = result_find_site(f, "input");
    struct interval band, of_band;
    double of = input < 0 ? NAN : relative_crossing(m, (size_t)input, &of_band);
    for (size_t i = 0; i < f->sites; i++) {
        double half = crossing(m, &m->site[i], &band);
        table_text(t, m->name);
        table_text(t, f->relative ? "relative" : "absolute");
        table_text(t, m->site[i].name);
        table_number(t, (double)f->site_elements[i]);
        table_number(t, f->activation_rms[i]);
        table_interval(t, half, band.low, band.high);
        half = relative_crossing(m, i, &band);
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
        if (s->look == LOOK_ALL || isnan(unit_of(f, i)))
            continue;
        double *y = report_lines_y(&l, lines), *low = report_lines_low(&l, lines),
               *high = report_lines_high(&l, lines);
        for (size_t k = 0; k < f->sigmas; k++) {
            struct curve_point at = curve_at(s->curve, f->sigmas, f->sigma[k] * unit_of(f, i));
            y[k] = at.mean;
            low[k] = at.band.low;
            high[k] = at.band.high;
        }
        l.series[lines++] = (struct series){s->name, s->look, s->rank, s->of, y, low, high};
    }
    snprintf(title, sizeof title, "%s: sites at equal relative scale", m->name);
    report_lines_draw(
        r, m, &l, lines,
        &(struct report_lines_text){
            .name = report_figure_name("input", number + 1, name),
            .title = title,
            .x_label = "sigma / rms of the clean activation",
            .y_label = "stay",
            .caption =
                "Noise of the same size compared with what it is added to. Dashed: the input; blue to "
                "orange: layers from "
                "shallow to deep. Bands: 95 %. In an absolute sweep, curves are read between its scales."});
    return 0;
}

/* The layer whose half stay lies lowest and highest against the input's. */
static void say(struct report *r, const struct report_model *m)
{
    int input = result_find_site(m->result, "input"), least = -1, most = -1;
    struct interval band, bl = {0}, bm = {0};
    char a[REPORT_INTERVAL], c[REPORT_INTERVAL], d[REPORT_INTERVAL];
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < m->result->sites; i++) {
        double x = m->site[i].look == LOOK_LAYER ? relative_crossing(m, i, &band) : NAN;
        if (isnan(x))
            continue;
        if (x < low || least < 0) {
            low = x;
            least = (int)i;
            bl = band;
        }
        if (x > high || most < 0) {
            high = x;
            most = (int)i;
            bm = band;
        }
    }
    if (input < 0 || least < 0)
        return;
    double x = relative_crossing(m, (size_t)input, &band);
    page_finding(r->page,
                 "`%s`, relative scale, %zu samples: half of the draws stay up to sigma / rms = %s for noise "
                 "on the input; "
                 "among the layers from %s (`%s`) to %s (`%s`).",
                 m->name, m->computed, report_interval(x, band, a), report_interval(low, bl, c),
                 m->site[least].name, report_interval(high, bm, d), m->site[most].name);
}

/* What is not known at relative scale, and why. */
static void say_missing(struct report *r, int relative, int input)
{
    if (!relative)
        page_finding(
            r->page,
            "Input and layers cannot be compared from these files: their scales are absolute, sigma means "
            "different things where activations differ in size, and the sizes are not in the files.");
    if (!relative)
        page_missing(
            r->page,
            "Files written by this version hold the root mean square of each site's clean activation "
            "(`activation_rms`): run the sweep once more, which computes only that.");
    if (!input)
        page_missing(r->page, "No file has the site `input`; add it to the grid's `sites`.");
}

int section_input(struct report *r, struct apex_error *err)
{
    struct table *t = columns();
    int failed = t ? 0 : apex_fail(err, "out of memory"), relative = 0, input = 0;
    page_section(r->page, "input", "7. Input against activations");
    for (int n = 0; n < r->models; n++) {
        relative += has_relative(&r->model[n]);
        input += result_find_site(r->model[n].result, "input") >= 0;
    }
    say_missing(r, relative, input);
    for (int n = 0; n < r->models && !failed; n++)
        if (has_relative(&r->model[n]))
            say(r, &r->model[n]);
    if (relative)
        page_figures(r->page);
    for (int n = 0; n < r->models && !failed; n++) {
        if (has_relative(&r->model[n]))
            failed = draw(r, n, err);
        put_rows(t, &r->model[n]);
    }
    if (relative)
        page_figures_end(r->page);
    if (failed) {
        table_free(t);
        return -1;
    }
    return report_table(r, t, 80, err) || section_response(r, err) ? -1 : 0;
}
