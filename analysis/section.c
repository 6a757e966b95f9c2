#include "analysis/section.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_table(struct report *r, const struct table *t, const char *kind, struct apex_error *err)
{
    char path[4096];
    struct bytes text = {0};
    if (snprintf(path, sizeof path, "%s/tables/%s.%s", r->folder, t->name, kind) >= (int)sizeof path)
        return apex_fail(err, "%s: path too long", r->folder);
    int failed = strcmp(kind, "csv") ? table_json(t, &text, err) : table_csv(t, &text, err);
    failed = failed || text_write(path, text.data, text.size, err);
    text_print(&r->files, "tables/%s.%s\n", t->name, kind);
    bytes_free(&text);
    return failed ? -1 : 0;
}

int report_table(struct report *r, struct table *t, int most, struct apex_error *err)
{
    if (!t)
        return apex_fail(err, "out of memory for a table");
    int failed = write_table(r, t, "csv", err) || write_table(r, t, "json", err);
    if (!failed && most >= 0)
        page_table(r->page, t, (size_t)most);
    table_free(t);
    return failed ? -1 : 0;
}

const char *report_figure_name(const char *what, int number, char text[64])
{
    snprintf(text, 64, "%s-%d", what, number);
    return text;
}

int report_find(const struct report *r, const char *name)
{
    for (int i = 0; i < r->models; i++)
        if (!strcmp(r->model[i].name, name))
            return i;
    return -1;
}

struct bootstrap_options report_bootstrap(const struct report *r, size_t n, size_t times)
{
    struct bootstrap_options o = bootstrap_default;
    double work = (double)n * (double)times * 1000;
    if (r->options->replicates > 0)
        o.replicates = r->options->replicates;
    else if (work > 1e8)
        o.replicates = (int)fmax(200, 1000 * 1e8 / work);
    return o;
}

const char *report_sigma(double sigma, char text[32])
{
    snprintf(text, 32, isinf(sigma) ? "∞" : "%.3g", sigma);
    return text;
}

int report_say(struct report *r, int first, struct bytes *text, struct apex_error *err)
{
    char *all = text_take(text, err);
    if (!all)
        return -1;
    if (first)
        page_finding(r->page, "%s", all);
    else
        page_text(r->page, "%s", all);
    free(all);
    return 0;
}

const char *report_interval(double x, struct interval i, char text[REPORT_INTERVAL])
{
    char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER];
    text_number(x, a);
    if (isnan(i.low) && isnan(i.high))
        snprintf(text, REPORT_INTERVAL, "%s", a);
    else
        snprintf(text, REPORT_INTERVAL, "%s [%s, %s]", a, text_number(i.low, b), text_number(i.high, c));
    return text;
}

int report_lines_new(struct report_lines *l, size_t points, int lines, struct apex_error *err)
{
    *l = (struct report_lines){points, lines, calloc((size_t)lines + 1, sizeof *l->series),
                               calloc((size_t)lines * 3 * points + 1, sizeof *l->room)};
    if (!l->series || !l->room) {
        report_lines_free(l);
        return apex_fail(err, "out of memory for a figure");
    }
    for (size_t i = 0; i < (size_t)lines * 3 * points; i++)
        l->room[i] = NAN;
    for (int k = 0; k < lines; k++)
        l->series[k] = (struct series){
            "", LOOK_ITEM, k, lines, report_lines_y(l, k), report_lines_low(l, k), report_lines_high(l, k)};
    return 0;
}

void report_lines_free(struct report_lines *l)
{
    free(l->series);
    free(l->room);
    memset(l, 0, sizeof *l);
}

double *report_lines_y(struct report_lines *l, int line)
{
    return l->room + (size_t)line * 3 * l->points;
}

double *report_lines_low(struct report_lines *l, int line)
{
    return report_lines_y(l, line) + l->points;
}

double *report_lines_high(struct report_lines *l, int line)
{
    return report_lines_y(l, line) + 2 * l->points;
}

void report_lines_draw(struct report *r, const struct report_model *m, struct report_lines *l, int lines,
                       const struct report_lines_text *text)
{
    figure_chart(r->figures, &(struct chart){.kind = CHART_LINES,
                                             .name = text->name,
                                             .title = text->title,
                                             .x_label = text->x_label ? text->x_label : report_sigma_label(m),
                                             .y_label = text->y_label,
                                             .points = (int)m->result->sigmas,
                                             .x = m->result->sigma,
                                             .log_x = 1,
                                             .y_low = 0,
                                             .y_high = 1.02,
                                             .level = NAN,
                                             .series = lines,
                                             .s = l->series});
    page_figure(r->page, text->name, text->caption);
    report_lines_free(l);
}
