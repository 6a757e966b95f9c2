/* The figures of section 3. */
#include "analysis/section_structure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int structure_draw_heat(struct structure *t, int number, const double *value, const char *const *site,
                        int sites, struct apex_error *err)
{
    const struct report_model *a = &t->r->model[t->pair[number].a], *b = &t->r->model[t->pair[number].b];
    size_t n = a->result->sigmas;
    char(*text)[32] = malloc(n * sizeof *text), name[64], title[200];
    const char **label = malloc(n * sizeof *label);
    if (!text || !label) {
        free(text);
        free(label);
        return apex_fail(err, "out of memory");
    }
    for (size_t k = 0; k < n; k++) {
        snprintf(text[k], sizeof *text, "%.3g", a->result->sigma[k]);
        label[k] = isinf(a->result->sigma[k]) ? "∞" : text[k];
    }
    snprintf(title, sizeof title, "%s stays longer than %s: AUC", a->name, b->name);
    figure_heat(t->r->figures, &(struct heat){.name = report_figure_name("separation", number + 1, name),
                                              .title = title,
                                              .x_label = report_sigma_label(a),
                                              .y_label = "",
                                              .value_label = "AUC of stay",
                                              .rows = sites,
                                              .columns = (int)n,
                                              .value = value,
                                              .row_label = site,
                                              .column_label = label,
                                              .low = 0,
                                              .high = 1,
                                              .diverging = 1});
    page_figure(t->r->page, name,
                "Chance that a sample of the first model stays more often than one of the second: blue above "
                "one half, "
                "orange below, white: no difference.");
    free(text);
    free(label);
    return 0;
}

/* Share of samples that have left by each scale, for both models at the head site. */
int structure_draw_left(struct structure *t, int number, size_t ia, size_t ib, struct apex_error *err)
{
    const struct report_model *m[2] = {&t->r->model[t->pair[number].a], &t->r->model[t->pair[number].b]};
    const size_t at[2] = {ia, ib};
    const struct result *f = m[0]->result;
    struct report_lines l;
    char name[64], title[200];
    if (report_lines_new(&l, f->sigmas, 2, err))
        return -1;
    for (int k = 0; k < 2; k++) {
        const double *value = m[k]->site[at[k]].value[REGULARITY_ESCAPE_MODE];
        l.series[k].label = m[k]->name;
        for (size_t s = 0; s < f->sigmas; s++) {
            double left = 0, all = 0;
            for (size_t i = 0; i < m[k]->result->samples; i++) {
                all += !isnan(value[i]);
                left += !isnan(value[i]) && !isinf(value[i]) && value[i] <= f->sigma[s] * (1 + 1e-9);
            }
            struct interval w = interval_wilson(left, all, REPORT_LEVEL);
            report_lines_y(&l, k)[s] = all > 0 ? left / all : NAN;
            report_lines_low(&l, k)[s] = w.low;
            report_lines_high(&l, k)[s] = w.high;
        }
    }
    snprintf(title, sizeof title, "Samples that have left, noise at %s", m[0]->site[ia].name);
    figure_chart(t->r->figures, &(struct chart){.kind = CHART_LINES,
                                                .name = report_figure_name("left", number + 1, name),
                                                .title = title,
                                                .x_label = report_sigma_label(m[0]),
                                                .y_label = "share of samples",
                                                .points = (int)f->sigmas,
                                                .x = f->sigma,
                                                .log_x = 1,
                                                .y_low = 0,
                                                .y_high = 1.02,
                                                .level = NAN,
                                                .series = 2,
                                                .s = l.series});
    page_figure(t->r->page, name, "Distribution of escape noise (mode) with 95 % Wilson bands.");
    report_lines_free(&l);
    return 0;
}
