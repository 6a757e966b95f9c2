/* Verdicts of section 6. */
#include "analysis/section_bias.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ALPHA 0.001 /* level of the verdicts */

/* The third largest scale: what counts as large noise for the collapse. */
static double from_scale(const struct result *f)
{
    return f->sigma[f->sigmas > 3 ? f->sigmas - 3 : 0];
}

static int is_clean_model(const struct report *r, const char *name)
{
    for (int k = 0; k < r->options->clean_models; k++)
        if (!strcmp(r->options->clean_model[k], name))
            return 1;
    return 0;
}

int bias_section_judge(struct report *r, struct bias_judged *judged, struct apex_error *err)
{
    const size_t models = (size_t)r->models;
    const struct result **file = calloc(models + 1, sizeof *file);
    unsigned char *clean = calloc(models + 1, 1);
    struct bias_judgement *out = calloc(models + 1, sizeof *out);
    int failed = file && clean && out ? 0 : apex_fail(err, "out of memory");
    for (size_t n = 0; n < models && !failed; n++) {
        file[n] = r->model[n].result;
        clean[n] = (unsigned char)is_clean_model(r, r->model[n].name);
        failed = bias_summarise(file[n], from_scale(file[n]), -1, &judged[n].own, err);
    }
    failed = failed || bias_judge(file, r->options->clean_models ? clean : NULL, models, ALPHA, out, err);
    for (size_t n = 0; n < models && !failed; n++)
        judged[n].judgement = out[n];
    free(file);
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

static const char *statistic_text(enum bias_statistic s)
{
    return s == BIAS_RANK ? "reciprocal rank" : "share";
}

static struct table *columns(void)
{
    struct table *t = table_new("bias", "Drawn to one class more than the references are");
    if (!t)
        return NULL;
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_TEXT, "verdict", "Verdict", "");
    table_column(t, COLUMN_TEXT, "class", "Class", "");
    table_column(t, COLUMN_NUMBER, "p", "p", "any class");
    table_column(t, COLUMN_TEXT, "statistic", "By", "");
    table_column(t, COLUMN_NUMBER, "value", "Its value", "weighted");
    table_column(t, COLUMN_NUMBER, "reference_value", "References'", "mean");
    table_column(t, COLUMN_NUMBER, "excess", "Excess", "asin sqrt");
    table_column(t, COLUMN_NUMBER, "deviation", "Deviation", "of references");
    table_column(t, COLUMN_NUMBER, "t", "t", "");
    table_column(t, COLUMN_TEXT, "site", "Most at", "site");
    table_column(t, COLUMN_NUMBER, "sigma", "", "sigma");
    table_column(t, COLUMN_COUNT, "references", "References", "");
    table_column(t, COLUMN_COUNT, "unlike", "Not comparable", "models");
    return t;
}

static void put_row(struct table *t, const struct report_model *m, const struct bias_judgement *b)
{
    const struct bias_excess *own = &b->of[b->best];
    const struct result *f = m->result;
    const size_t scales = bias_scales(f), scale = f->sigmas - scales + own->cell % scales;
    const int known = !isnan(own->excess);
    char text[24];
    table_text(t, m->name);
    table_text(t, verdict_text(b->verdict));
    table_text(t, own->cells ? groups_class_name(m->groups, own->class, text) : "");
    table_number(t, b->p);
    table_text(t, known ? statistic_text(b->best) : "");
    table_number(t, own->value);
    table_number(t, own->reference);
    table_number(t, own->excess);
    table_number(t, own->deviation);
    table_number(t, own->t);
    table_text(t, known ? f->site_name[own->cell / scales] : "");
    table_number(t, known ? f->sigma[scale] : NAN);
    table_number(t, (double)own->references);
    table_number(t, (double)b->unlike);
}

int bias_section_table(struct report *r, const struct bias_judged *judged, struct apex_error *err)
{
    struct table *t = columns();
    for (int n = 0; n < r->models && t; n++)
        put_row(t, &r->model[n], &judged[n].judgement);
    return report_table(r, t, 60, err);
}

/* The model to speak of: the smallest p, or where nothing can be judged the strongest collapse. */
static int strongest(const struct report *r, const struct bias_judged *j)
{
    int best = 0;
    for (int n = 1; n < r->models; n++) {
        const double p = j[n].judgement.p, least = j[best].judgement.p;
        const int further = j[n].own.collapse > j[best].own.collapse || isnan(j[best].own.collapse);
        if (p < least || (!isnan(p) && isnan(least)) || (isnan(p) && isnan(least) && further))
            best = n;
    }
    return best;
}

static void say_finding(struct report *r, const struct bias_judged *j, int judged, int out)
{
    char text[24];
    const int n = strongest(r, j);
    const struct bias_model *own = &j[n].own;
    const struct bias_judgement *b = &j[n].judgement;
    const struct bias_excess *e = &b->of[b->best];
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
            "%d of %d models stand out at the level 0.001 against %s; %d cannot be judged. The smallest p is "
            "that of `%s`: under large noise class %s has a %s of %.2f, and of %.2f in its %zu references "
            "(weighted means over sites and scales; p = %.2g).",
            out, r->models,
            r->options->clean_models ? "the models named clean" : "the other models of this report",
            r->models - judged, r->model[n].name, groups_class_name(r->model[n].groups, e->class, text),
            b->best == BIAS_RANK ? "mean reciprocal rank" : "share of draws", e->value, e->reference,
            e->references, b->p);
}

void bias_section_say(struct report *r, const struct bias_judged *judged)
{
    int out = 0, known = 0, ranks = 1;
    for (int k = 0; k < r->models; k++) {
        out += judged[k].judgement.verdict == BIAS_STANDS_OUT;
        known += judged[k].judgement.verdict != BIAS_NO_REFERENCE;
        ranks &= judged[k].judgement.statistics == BIAS_STATISTICS;
    }
    say_finding(r, judged, known, out);
    page_text(
        r->page,
        "Compared are, class by class and in every cell of site and large scale (the four largest, sigma = ∞ "
        "among them where it is in the grid), the share of draws%s with those of reference models of the "
        "same architecture. How far draws collapse says little: honest networks do too. Cells count by how "
        "well the references agree there. p: t-test against how much the references differ, for the largest "
        "excess of all classes%s. Of a thousand honest models a few are accused, and this comparison knows "
        "only the models it was given.",
        ranks ? " and the mean reciprocal rank" : "", ranks ? " and both statistics" : "");
    if (!ranks)
        page_text(r->page,
                  "Files of grids with `class_rank: true` are judged by the mean reciprocal rank too, which "
                  "tells more.");
}
