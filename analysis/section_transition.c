/* 4. Transitions between classes. */
#include "analysis/section.h"

#include "analysis/transition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEAT_CLASSES = 40, PAIRS = 6, PERMUTATIONS = 2000 };

struct class_names {
    char (*text)[24];
    const char **name;
};

static int names_new(struct class_names *c, const struct groups *g, size_t classes, struct apex_error *err)
{
    c->text = malloc((classes + 1) * sizeof *c->text);
    c->name = malloc((classes + 1) * sizeof *c->name);
    for (size_t k = 0; k < classes && c->text && c->name; k++)
        c->name[k] = groups_class_name(g, k, c->text[k]);
    return c->text && c->name ? 0 : apex_fail(err, "out of memory");
}

static void names_free(struct class_names *c)
{
    free(c->text);
    free(c->name);
}

static struct table *pair_columns(void)
{
    struct table *t = table_new("transition_pairs", "Strongest departures, at the medium scale");
    if (!t)
        return NULL;
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "site", "Site", "");
    table_column(t, COLUMN_NUMBER, "sigma", "Sigma", "");
    table_column(t, COLUMN_TEXT, "from", "From", "clean class");
    table_column(t, COLUMN_TEXT, "to", "To", "under noise");
    table_column(t, COLUMN_COUNT, "draws", "Draws", "");
    table_column(t, COLUMN_NUMBER, "share", "Share", "of all departures");
    table_column(t, COLUMN_NUMBER, "rate", "Rate", "of the class's departures");
    table_column(t, COLUMN_NUMBER, "lift", "Lift", "against other classes");
    return t;
}

static struct table *coherence_columns(void)
{
    struct table *t = table_new("coherence", "Departures within a group, and asymmetry");
    if (!t)
        return NULL;
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "site", "Site", "");
    table_column(t, COLUMN_NUMBER, "sigma", "Sigma", "");
    table_column(t, COLUMN_COUNT, "departures", "Departures", "draws");
    table_column(t, COLUMN_NUMBER, "within", "Within group", "share");
    table_column(t, COLUMN_LOW, "within_low", "", "");
    table_column(t, COLUMN_HIGH, "within_high", "", "");
    table_column(t, COLUMN_NUMBER, "expected", "By chance", "share");
    table_column(t, COLUMN_NUMBER, "p", "p", "permutation");
    table_column(t, COLUMN_COUNT, "permutations", "Permutations", "");
    table_column(t, COLUMN_NUMBER, "asymmetry", "Asymmetry", "0 to 1");
    table_column(t, COLUMN_LOW, "asymmetry_low", "", "");
    table_column(t, COLUMN_HIGH, "asymmetry_high", "", "");
    return t;
}

static void put_pairs(struct table *t, const struct report_model *m, const struct report_site *s, int w,
                      const struct class_names *names)
{
    struct transition_pair pair[PAIRS];
    size_t n = transition_pairs(s->departures[w], m->result->classes, PAIRS, pair);
    for (size_t k = 0; k < n && k < PAIRS; k++) {
        table_text(t, m->name);
        table_text(t, s->name);
        table_number(t, m->result->sigma[s->scale[w]]);
        table_text(t, names->name[pair[k].from]);
        table_text(t, names->name[pair[k].to]);
        table_number(t, (double)pair[k].count);
        table_number(t, pair[k].share);
        table_number(t, pair[k].rate);
        table_number(t, pair[k].lift);
    }
}

/* "transition-<model>-<scale>" */
static const char *heat_name(int number, int w, char name[64])
{
    char what[64];
    return report_figure_name(report_figure_name("transition", number + 1, what), w + 1, name);
}

static int medium_of(const struct report_site *s)
{
    return s->scales > 1 ? 1 : 0;
}

static int draw_heat(struct report *r, int number, int w, const struct result_site *loaded,
                     const struct class_names *names, struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    const struct report_site *s = report_head(m);
    size_t classes = m->result->classes;
    double *rate = malloc(classes * classes * sizeof *rate);
    char name[64], title[200], sigma[32];
    if (!rate)
        return apex_fail(err, "out of memory");
    if (transition_rates(m->result, loaded, (size_t)s->scale[w], rate, err)) {
        free(rate);
        return -1;
    }
    snprintf(title, sizeof title, "%s at %s, sigma = %s", m->name, s->name,
             report_sigma(m->result->sigma[s->scale[w]], sigma));
    figure_heat(r->figures, &(struct heat){.name = heat_name(number, w, name),
                                           .title = title,
                                           .x_label = "class under noise",
                                           .y_label = "clean class",
                                           .value_label = "share of draws",
                                           .rows = (int)classes,
                                           .columns = (int)classes,
                                           .value = rate,
                                           .row_label = names->name,
                                           .column_label = names->name,
                                           .low = 0,
                                           .high = 1,
                                           .numbers = 1});
    free(rate);
    return 0;
}

/* Matrices onto the page: those at the medium scale, or the others. */
static void place_heats(struct report *r, int medium)
{
    char name[64], caption[300];
    page_figures(r->page);
    for (int n = 0; n < r->models; n++) {
        const struct report_site *s = report_head(&r->model[n]);
        for (int w = 0; w < s->scales && s->departures[w] && r->model[n].result->classes <= HEAT_CLASSES;
             w++) {
            if ((w == medium_of(s)) != medium)
                continue;
            snprintf(caption, sizeof caption,
                     "Share of the draws of each clean class (row) that fall into each class (column); %lld "
                     "draws left "
                     "their class.",
                     (long long)s->departed[w]);
            page_figure(r->page, heat_name(n, w, name), caption);
        }
    }
    page_figures_end(r->page);
}

struct row {
    struct transition_coherence coherence;
    struct bootstrap share, asymmetry;
};

static int coherence_row(struct report *r, const struct report_model *m, const struct report_site *s, int w,
                         const struct result_site *loaded, struct row *row, struct table *t,
                         struct apex_error *err)
{
    size_t classes = m->result->classes;
    *row = (struct row){.coherence = {s->departed[w], NAN, NAN, NAN, 0, 0}};
    row->share.interval = row->asymmetry.interval = (struct interval){NAN, NAN};
    if (m->groups &&
        transition_coherence(s->departures[w], classes, m->groups, PERMUTATIONS, 1, &row->coherence, err))
        return -1;
    struct bootstrap_options o = report_bootstrap(r, m->result->samples * classes, 12);
    if (loaded && transition_intervals(m->result, loaded, (size_t)s->scale[w], m->groups, &o, &row->share,
                                       &row->asymmetry, err))
        return -1;
    row->asymmetry.estimate = transition_asymmetry(s->departures[w], classes);
    table_text(t, m->name);
    table_text(t, s->name);
    table_number(t, m->result->sigma[s->scale[w]]);
    table_number(t, (double)s->departed[w]);
    table_interval(t, row->coherence.share, row->share.interval.low, row->share.interval.high);
    table_number(t, row->coherence.expected);
    table_number(t, row->coherence.p);
    table_number(t, row->coherence.permutations);
    table_interval(t, row->asymmetry.estimate, row->asymmetry.interval.low, row->asymmetry.interval.high);
    return 0;
}

static int say(struct report *r, const struct report_model *m, const struct report_site *s, int w,
               const struct row *row, const struct class_names *names, struct apex_error *err)
{
    char a[REPORT_INTERVAL], b[REPORT_INTERVAL], sigma[32];
    struct transition_pair pair[1];
    size_t n = transition_pairs(s->departures[w], m->result->classes, 1, pair);
    struct bytes text = {0};
    text_print(&text, "`%s`, noise at `%s`, sigma = %s, %lld departures: asymmetry %s", m->name, s->name,
               report_sigma(m->result->sigma[s->scale[w]], sigma), (long long)s->departed[w],
               report_interval(row->asymmetry.estimate, row->asymmetry.interval, a));
    if (n)
        text_print(&text, "; the strongest pair is %s to %s (%.0f %% of all departures)",
                   names->name[pair[0].from], names->name[pair[0].to], 100 * pair[0].share);
    if (m->groups && !isnan(row->coherence.share))
        text_print(&text,
                   ". A share of %s of the departures stay within a group, %.2f by chance (%s, p = %.2g)",
                   report_interval(row->coherence.share, row->share.interval, b), row->coherence.expected,
                   row->coherence.exact ? "all assignments" : "permutations", row->coherence.p);
    text_put(&text, ".");
    return report_say(r, m == r->model, &text, err);
}

/* The head site, with figures and intervals. */
static int head_site(struct report *r, int number, struct table *pairs, struct table *coherence,
                     const struct class_names *names, struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    const struct report_site *s = report_head(m);
    struct row row;
    struct result_site *loaded = result_site_load(m->result, m->head, 1, err);
    int failed = !loaded;
    for (int w = 0; w < s->scales && !failed; w++) {
        failed = coherence_row(r, m, s, w, loaded->class_count ? loaded : NULL, &row, coherence, err);
        if (!failed && w == medium_of(s)) {
            failed = say(r, m, s, w, &row, names, err);
            put_pairs(pairs, m, s, w, names);
        }
        if (!failed && m->result->classes <= HEAT_CLASSES)
            failed = draw_heat(r, number, w, loaded, names, err);
    }
    if (!failed && m->result->classes > HEAT_CLASSES)
        page_text(r->page, "`%s` has %zu classes: too many for a picture of the matrix.", m->name,
                  m->result->classes);
    result_site_free(loaded);
    return failed ? -1 : 0;
}

static int put_model(struct report *r, int number, struct table *pairs, struct table *coherence,
                     struct apex_error *err)
{
    const struct report_model *m = &r->model[number];
    const struct report_site *head = report_head(m);
    struct class_names names = {0};
    struct row row;
    if (!head->scales || !head->departures[0]) {
        page_text(r->page, "`%s`: %s", m->name,
                  head->scales
                      ? "its file holds no transition counts (more than 128 classes)."
                      : "too few draws leave their class at `all` or the last layer; try larger scales.");
        return 0;
    }
    int failed = names_new(&names, m->groups, m->result->classes, err) ||
                 head_site(r, number, pairs, coherence, &names, err);
    for (size_t i = 0; i < m->result->sites && !failed; i++)
        for (int w = 0; w < m->site[i].scales && !failed && i != m->head; w++)
            failed = coherence_row(r, m, &m->site[i], w, NULL, &row, coherence, err);
    names_free(&names);
    return failed ? -1 : 0;
}

int section_transition(struct report *r, struct apex_error *err)
{
    page_section(r->page, "transitions", "4. Transitions between classes");
    struct table *pairs = pair_columns(), *coherence = coherence_columns();
    int failed = !pairs || !coherence ? apex_fail(err, "out of memory") : 0;
    for (int n = 0; n < r->models && !failed; n++)
        failed = put_model(r, n, pairs, coherence, err);
    if (failed) {
        table_free(pairs);
        table_free(coherence);
        return -1;
    }
    page_text(
        r->page,
        "Scales: the first at which less than 90, 60 and 30 %% of the draws stay. Asymmetry is 0 where every "
        "exchange "
        "goes both ways and 1 where all go one way. Lift: how much more often a class goes there than other "
        "classes do. Intervals: 95 %%, bootstrap over samples, at the site that stands for the model.");
    if (!r->options->groups)
        page_missing(r->page,
                     "`--groups FILE` (groups of classes, such as animals and vehicles) adds the share of "
                     "departures that stay within a group, against a permutation test.");
    if (report_table(r, pairs, 60, err)) {
        table_free(coherence);
        return -1;
    }
    page_fold(r->page, "Other scales and sites");
    place_heats(r, 0);
    failed = report_table(r, coherence, 150, err);
    page_fold_end(r->page);
    return failed;
}
