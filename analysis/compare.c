#include "analysis/compare.h"

#include "analysis/bias.h"
#include "analysis/report_model.h"
#include "analysis/separate.h"
#include "analysis/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns of a character each, whatever its bytes in UTF-8. */
static int width_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void put_cell(FILE *out, const char *text, int width)
{
    int n = width_of(text);
    fprintf(out, "%*s%s", width > n ? width - n : 0, "", text);
}

/* "0.43 [0.40, 0.46]"; above the grid: "> 10". */
static void put_interval(FILE *out, double x, struct interval i, double largest, int width)
{
    char text[3 * TEXT_NUMBER + 8], a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER];
    if (isinf(x) && isfinite(largest))
        snprintf(text, sizeof text, "> %s", text_number(largest, a));
    else if (isnan(i.low) && isnan(i.high))
        snprintf(text, sizeof text, "%s", text_number(x, a));
    else
        snprintf(text, sizeof text, "%s [%s, %s]", text_number(x, a), text_number(i.low, b),
                 text_number(i.high, c));
    put_cell(out, text, width);
}

static void put_head(const struct report_model *m, char letter, FILE *out)
{
    const char *labels = result_attribute(m->result, "labels");
    fprintf(out,
            "%c  %s: %zu samples, %zu with a wrong clean prediction, %d draws, labels %s, %s scale, %s\n",
            letter, m->name, m->computed, m->wrong, m->result->draws, labels ? labels : "unknown",
            m->result->relative ? "relative" : "absolute", m->result->completeness);
}

struct side {
    const struct report_model *m;
    size_t at; /* of the site */
};

static int put_site(struct side a, struct side b, FILE *out, struct apex_error *err)
{
    const struct report_site *sa = &a.m->site[a.at], *sb = &b.m->site[b.at];
    const struct escape_summary *ea = &sa->escape[RESULT_ESCAPE_MODE], *eb = &sb->escape[RESULT_ESCAPE_MODE];
    struct separate mode, stay;
    size_t na = a.m->result->samples, nb = b.m->result->samples;
    if (separate(sa->value[REGULARITY_ESCAPE_MODE], na, sb->value[REGULARITY_ESCAPE_MODE], nb, REPORT_LEVEL,
                 &mode, err) ||
        separate(sa->value[REGULARITY_MEAN_STAY], na, sb->value[REGULARITY_MEAN_STAY], nb, REPORT_LEVEL,
                 &stay, err))
        return -1;
    fprintf(out, "%-10.10s", sa->name);
    put_interval(out, ea->median, ea->median_interval, ea->largest_sigma, 22);
    fprintf(out, " %4zu", ea->censored);
    put_interval(out, eb->median, eb->median_interval, eb->largest_sigma, 22);
    fprintf(out, " %4zu", eb->censored);
    put_interval(out, mode.auc, mode.auc_interval, NAN, 24);
    put_interval(out, stay.auc, stay.auc_interval, NAN, 24);
    fprintf(out, "\n");
    return 0;
}

/* The same escape noise at the scale that is not the files' own; -1 with err. */
static int put_other_scale(const struct report_model *a, const struct report_model *b, FILE *out,
                           struct apex_error *err)
{
    const int relative = !a->result->relative;
    const size_t na = a->result->samples, nb = b->result->samples;
    double *v = malloc((na + nb + 1) * sizeof *v);
    int failed = v ? 0 : apex_fail(err, "out of memory"), rows = 0;
    for (size_t i = 0; i < a->result->sites && !failed; i++) {
        struct separate s;
        int j = result_find_site(b->result, a->site[i].name);
        if (j < 0 || a->result->relative != b->result->relative ||
            report_values_at(a, i, REGULARITY_ESCAPE_MODE, relative, v) ||
            report_values_at(b, (size_t)j, REGULARITY_ESCAPE_MODE, relative, v + na))
            continue;
        failed = separate(v, na, v + na, nb, REPORT_LEVEL, &s, err);
        if (failed)
            continue;
        if (!rows++)
            fprintf(out, "\nThe same escape noise at %s scale (%s the site's rms):\n%-10s%12s%12s%24s\n",
                    relative ? "relative" : "absolute", relative ? "over" : "times", "site", "rms of A",
                    "rms of B", "AUC of escape, A > B");
        fprintf(out, "%-10.10s%12.4g%12.4g", a->site[i].name, a->result->activation_rms[i],
                b->result->activation_rms[j]);
        put_interval(out, s.auc, s.auc_interval, NAN, 24);
        fprintf(out, "\n");
    }
    free(v);
    if (!rows && !failed && relative)
        fprintf(
            out,
            "\nAbsolute scales, and the files hold no activation norms, which differ between models and can "
            "reverse the order.\n");
    return failed ? -1 : 0;
}

struct cell {
    double auc, sigma;
    struct interval interval;
    const char *site;
    int cells;
};

/* The site and scale where stay tells the models apart best. */
static int search(struct side a, struct side b, struct cell *best, struct apex_error *err)
{
    const struct result *ra = a.m->result, *rb = b.m->result;
    struct result_site *la = result_site_load(ra, a.at, 0, err),
                       *lb = la ? result_site_load(rb, b.at, 0, err) : NULL;
    double *v = malloc((ra->samples + rb->samples + 1) * sizeof *v);
    int failed = !lb ? -1 : !v ? apex_fail(err, "out of memory") : 0;
    for (size_t k = 0; k < ra->sigmas && !failed; k++) {
        struct separate s;
        int j = result_find_sigma(rb, ra->sigma[k]);
        if (j < 0)
            continue;
        for (size_t i = 0; i < ra->samples; i++)
            v[i] = result_stay(la, k, i);
        for (size_t i = 0; i < rb->samples; i++)
            v[ra->samples + i] = result_stay(lb, (size_t)j, i);
        failed = separate(v, ra->samples, v + ra->samples, rb->samples, REPORT_LEVEL, &s, err);
        if (failed || isnan(s.auc))
            continue;
        best->cells++;
        if (best->cells == 1 || fabs(s.auc - 0.5) > fabs(best->auc - 0.5))
            *best = (struct cell){s.auc, ra->sigma[k], s.auc_interval, a.m->site[a.at].name, best->cells};
    }
    result_site_free(la);
    result_site_free(lb);
    free(v);
    return failed ? -1 : 0;
}

static int put_bias(const struct report_model *m, char letter, FILE *out, struct apex_error *err)
{
    struct bias_model bias;
    const struct result *r = m->result;
    if (bias_summarise(r, r->sigma[r->sigmas > 3 ? r->sigmas - 3 : 0], -1, &bias, err))
        return -1;
    if (bias.cells)
        fprintf(out,
                "%c  large noise (three largest scales, %zu cells): %.0f %% of draws in class %zu, %.0f %% "
                "without "
                "noise; %.0f %% of cells agree\n",
                letter, bias.cells, 100 * bias.collapse, bias.top, 100 * bias.clean_share,
                100 * bias.agreement);
    return 0;
}

static int put_all(const struct report_model *a, const struct report_model *b, FILE *out,
                   struct apex_error *err)
{
    struct cell best = {.auc = NAN};
    char sigma[32];
    put_head(a, 'A', out);
    put_head(b, 'B', out);
    if (a->result->relative != b->result->relative)
        fprintf(out, "The scales differ in kind: sigma does not mean the same in A and B.\n");
    fprintf(out, "\n%-10s%22s %4s%22s %4s%24s%24s\n", "site", "A: median escape", "cens", "B: median escape",
            "cens", "AUC of escape, A > B", "AUC of mean stay, A > B");
    int common = 0;
    for (size_t i = 0; i < a->result->sites; i++) {
        int j = result_find_site(b->result, a->site[i].name);
        if (j < 0)
            continue;
        struct side sa = {a, i}, sb = {b, (size_t)j};
        common++;
        if (put_site(sa, sb, out, err) || search(sa, sb, &best, err))
            return -1;
    }
    if (!common)
        return apex_fail(err, "%s and %s have no site in common", a->result->path, b->result->path);
    if (a->result->relative == b->result->relative && put_other_scale(a, b, out, err))
        return -1;
    if (best.cells) {
        fprintf(out, "\nStay separates them best at %s, sigma = %s: AUC ", best.site,
                result_sigma_text(best.sigma, sigma));
        put_interval(out, best.auc, best.interval, NAN, 0);
        fprintf(out, " (best of %d cells, picked after looking).\n", best.cells);
    }
    if (put_bias(a, 'A', out, err) || put_bias(b, 'B', out, err))
        return -1;
    fprintf(out, "Escape: definition mode; cens: samples that never left, ranked above every scale. "
                 "Intervals: 95 %%, over "
                 "samples.\n");
    return 0;
}

int compare_print(const char *a, const char *b, FILE *out, struct apex_error *err)
{
    const char *const path[2] = {a, b};
    struct report_model m[2];
    int read = 0, failed = 0;
    memset(m, 0, sizeof m);
    while (read < 2 && !failed) {
        struct result *r = result_open(path[read], err);
        failed = !r || report_model_digest(&m[read], r, err);
        read += r != NULL;
    }
    failed = failed || put_all(&m[0], &m[1], out, err);
    for (int k = 0; k < read; k++)
        report_model_clear(&m[k]);
    return failed ? -1 : 0;
}
