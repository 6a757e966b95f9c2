#include "analysis/report.h"

#include "analysis/report_folder.h"
#include "analysis/section.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int is_named(const struct report *r, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(r->model[i].name, name))
            return 1;
    return 0;
}

/* Two files may hold models of the same name (an absolute and a relative sweep): the second is told apart. */
static int name_apart(struct report *r, int n, struct apex_error *err)
{
    struct report_model *m = &r->model[n];
    char name[256];
    if (!is_named(r, n, m->name))
        return 0;
    snprintf(name, sizeof name, "%s (%s)", m->result->model, m->result->relative ? "relative" : "absolute");
    for (int k = 2; is_named(r, n, name); k++)
        snprintf(name, sizeof name, "%s (%d)", m->result->model, k);
    free(m->name);
    m->name = strdup(name);
    return m->name ? 0 : apex_fail(err, "out of memory");
}

static int read_models(struct report *r, const char *const *file, int files, struct apex_error *err)
{
    const struct report_options *o = r->options;
    r->model = calloc((size_t)files, sizeof *r->model);
    if (!r->model)
        return apex_fail(err, "out of memory");
    for (int n = 0; n < files; n++) {
        struct result *result = result_open(file[n], err);
        if (!result)
            return -1;
        r->models = n + 1;
        if (report_model_digest(&r->model[n], result, err) || name_apart(r, n, err))
            return -1;
        if (o->groups && !(r->model[n].groups = groups_read(o->groups, result->classes, err)))
            return -1;
    }
    return 0;
}

/* Models that an option names must be there: a slip would silently change a verdict. */
static int check_names(const struct report *r, const char *option, const char *const *name, int n,
                       struct apex_error *err)
{
    for (int k = 0; k < n; k++)
        if (report_find(r, name[k]) < 0) {
            struct bytes all = {0};
            for (int i = 0; i < r->models; i++)
                text_print(&all, "%s%s", i ? ", " : "", r->model[i].name);
            char *list = text_take(&all, NULL);
            apex_fail(err, "%s: no file holds a model '%s'; there are %s", option, name[k],
                      list ? list : "others");
            free(list);
            return -1;
        }
    return 0;
}

static int model_table(struct report *r, struct apex_error *err)
{
    struct table *t = table_new("models", "What was read");
    if (!t)
        return apex_fail(err, "out of memory");
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "file", "File", "");
    table_column(t, COLUMN_TEXT, "labels", "Labels", "");
    table_column(t, COLUMN_TEXT, "scale", "Scale", "");
    table_column(t, COLUMN_COUNT, "samples", "Samples", "");
    table_column(t, COLUMN_COUNT, "clean_wrong", "Clean wrong", "");
    table_column(t, COLUMN_COUNT, "no_label", "No label", "");
    table_column(t, COLUMN_COUNT, "sites", "Sites", "");
    table_column(t, COLUMN_COUNT, "scales", "Scales", "");
    table_column(t, COLUMN_COUNT, "draws", "Draws", "");
    table_column(t, COLUMN_COUNT, "classes", "Classes", "");
    table_column(t, COLUMN_TEXT, "completeness", "Completeness", "");
    for (int n = 0; n < r->models; n++) {
        const struct report_model *m = &r->model[n];
        const char *labels = result_attribute(m->result, "labels");
        table_text(t, m->name);
        table_text(t, base_name(m->result->path));
        table_text(t, labels ? labels : "");
        table_text(t, m->result->relative ? "relative" : "absolute");
        table_number(t, (double)m->computed);
        table_number(t, (double)m->wrong);
        table_number(t, (double)m->unlabelled);
        table_number(t, (double)m->result->sites);
        table_number(t, (double)m->result->sigmas);
        table_number(t, m->result->draws);
        table_number(t, (double)m->result->classes);
        table_text(t, m->result->completeness);
    }
    return report_table(r, t, 0, err);
}

static int begin_page(struct report *r, struct apex_error *err)
{
    const struct result *f = r->model[0].result;
    const char *sweep = result_attribute(f, "sweep");
    char subtitle[400];
    int incomplete = 0;
    for (int n = 0; n < r->models; n++)
        incomplete += !r->model[n].result->complete;
    snprintf(subtitle, sizeof subtitle,
             "How %s under noise on hidden activations: %zu samples, %zu sites, %zu scales, %d draws%s.",
             r->models == 1 ? "one network answers" : "networks answer", r->model[0].computed, f->sites,
             f->sigmas, f->draws, r->models == 1 ? "" : " for the first of them");
    r->page = page_new(sweep && *sweep ? sweep : f->model, subtitle);
    if (!r->page)
        return apex_fail(err, "out of memory");
    page_section(r->page, "models", "Models");
    if (incomplete)
        page_finding(r->page, "%d of %d sweeps are not complete: numbers are over what is computed so far.",
                     incomplete, r->models);
    else
        page_finding(r->page, "%d model%s, every sweep complete.", r->models, r->models == 1 ? "" : "s");
    return model_table(r, err);
}

static int write_sections(struct report *r, struct apex_error *err)
{
    static int (*const section[])(struct report *, struct apex_error *) = {
        section_stay,        section_regularity, section_structure, section_transition,
        section_information, section_bias,       section_input};
    for (size_t i = 0; i < sizeof section / sizeof *section; i++)
        if (section[i](r, err))
            return -1;
    return 0;
}

static int write_page(struct report *r, struct apex_error *err)
{
    char path[4096];
    struct bytes html = {0};
    if (figures_draw(r->figures, err))
        return -1;
    snprintf(path, sizeof path, "%s/report.html", r->folder);
    int failed = page_finish(r->page, r->figures,
                             "Written by apex " APEX_VERSION " from result files alone. Formulas and files: "
                             "docs/report.md. Figures as files: `figures/`; numbers: `tables/`.",
                             &html, err) ||
                 text_write(path, html.data, html.size, err);
    bytes_free(&html);
    for (int i = 0; i < figures_count(r->figures); i++)
        text_print(&r->files, "figures/%s.svg\nfigures/%s.png\n", figures_name(r->figures, i),
                   figures_name(r->figures, i));
    text_put(&r->files, "figures/figures.gp\nreport.html\n");
    return failed ? -1 : 0;
}

static int write_all(struct report *r, const char *const *file, int files, struct apex_error *err)
{
    char figures[4096];
    const struct report_options *o = r->options;
    if (snprintf(figures, sizeof figures, "%s/figures", r->folder) >= (int)sizeof figures)
        return apex_fail(err, "%s: path too long", r->folder);
    r->figures = figures_new(figures);
    if (!r->figures)
        return apex_fail(err, "out of memory");
    if (o->reference && !(r->score = score_read(o->reference, err)))
        return -1;
    if (read_models(r, file, files, err) ||
        check_names(r, "--clean-models", o->clean_model, o->clean_models, err) ||
        check_names(r, "--against", o->against_model[0], o->against[0], err) ||
        check_names(r, "--against", o->against_model[1], o->against[1], err))
        return -1;
    return begin_page(r, err) || write_sections(r, err) || write_page(r, err) ? -1 : 0;
}

int report_write(const char *const *file, int files, const struct report_options *o, struct apex_error *err)
{
    struct report r = {.options = o};
    struct report_folder folder;
    if (files < 1)
        return apex_fail(err, "a report needs at least one result file");
    if (figures_check(err) || report_folder_begin(&folder, o->folder, err))
        return -1;
    r.folder = folder.temporary;
    int failed = write_all(&r, file, files, err);
    failed = report_folder_end(&folder, failed ? NULL : &r.files, err) || failed;
    page_free(r.page);
    figures_free(r.figures);
    score_free(r.score);
    for (int n = 0; n < r.models; n++)
        report_model_clear(&r.model[n]);
    free(r.model);
    bytes_free(&r.files);
    return failed ? -1 : 0;
}
