/* The table that a run prints at its end: at most 100 columns wide. */
#include "dist/results/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 100, NAME = 12, STAY = 7, ESCAPE = 9, CENSORED = 13, TOP = 10, MOST_COLUMNS = 10 };

/* Which scales get a column, and where the top class is looked up. */
struct columns {
    int n;
    uint32_t sigma[MOST_COLUMNS];
    int tops; /* 1, or 2 with infinity: the largest finite scale, then infinity */
    uint32_t top[2];
};

static struct columns choose_columns(const struct context *c)
{
    struct columns k = {0};
    const int infinite = isinf(c->sigma[c->sigmas - 1]) && c->sigmas > 1;
    if (infinite)
        k.top[k.tops++] = c->sigmas - 2;
    k.top[k.tops++] = c->sigmas - 1;
    const int fit = (WIDTH - NAME - ESCAPE - CENSORED - k.tops * TOP) / STAY;
    k.n = c->sigmas < (uint32_t)fit ? (int)c->sigmas : fit;
    for (int i = 0; i < k.n; i++)
        k.sigma[i] =
            k.n > 1
                ? (uint32_t)(((uint64_t)i * (c->sigmas - 1) + (uint64_t)(k.n - 1) / 2) / (uint64_t)(k.n - 1))
                : 0;
    return k;
}

static void print_headline(const struct results *r, FILE *out)
{
    const struct context *c = r->context;
    uint64_t labelled = 0, right = 0;
    for (uint32_t i = 0; i < c->samples; i++) {
        const int known = r->clean_done[i] && c->label[i] >= 0;
        labelled += (uint64_t)known;
        right += known && r->clean_class[i] == (uint32_t)c->label[i];
    }
    fprintf(out, "%s: %u samples, %u draws, %u classes", c->name, c->samples, c->draws, c->classes);
    if (labelled)
        fprintf(out, ", clean accuracy %.1f %%", 100.0 * (double)right / (double)labelled);
    if (r->have == r->wanted)
        fputs(", complete\n", out);
    else
        fprintf(out, ", %llu of %llu cells\n", (unsigned long long)r->have, (unsigned long long)r->wanted);
}

static void print_head(const struct context *c, const struct columns *k, FILE *out)
{
    char text[32];
    if ((uint32_t)k->n < c->sigmas)
        fprintf(out, "stay: share of draws that keep the clean class; %d of %u scales shown\n", k->n,
                c->sigmas);
    else
        fputs("stay: share of draws that keep the clean class\n", out);
    fprintf(out, "%-*s", NAME, "stay at");
    for (int i = 0; i < k->n; i++)
        fprintf(out, "%*.3g", STAY, c->sigma[k->sigma[i]]);
    fprintf(out, "%*s%*s", ESCAPE, "median", CENSORED, "censored");
    for (int i = 0; i < k->tops; i++)
        fprintf(out, "%*s", TOP, "top class");
    fprintf(out, "\n%-*s", NAME, "site");
    fprintf(out, "%*s%*s%*s", k->n * STAY, "", ESCAPE, "escape", CENSORED, "of complete");
    for (int i = 0; i < k->tops; i++) {
        snprintf(text, sizeof text, "at %.3g", c->sigma[k->top[i]]);
        fprintf(out, "%*s", TOP, text);
    }
    fputc('\n', out);
}

static void print_stay(const struct results *r, uint32_t site, uint32_t sigma, FILE *out)
{
    const struct context *c = r->context;
    const size_t from = ((size_t)site * c->sigmas + sigma) * c->samples;
    uint64_t have = 0, stay = 0;
    for (size_t i = from; i < from + c->samples; i++) {
        have += r->done[i];
        stay += r->stay_count[i];
    }
    if (have)
        fprintf(out, "%*.3f", STAY, (double)stay / ((double)have * c->draws));
    else
        fprintf(out, "%*s", STAY, "-");
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double largest_wanted(const struct context *c, uint32_t site)
{
    double most = 0;
    for (uint32_t s = 0; s < c->sigmas; s++)
        if (c->wanted[(size_t)site * c->sigmas + s])
            most = c->sigma[s];
    return most;
}

/* The lower median over complete samples, so that it is a scale of the grid; censored samples, which are NAN,
 * rank above every scale. */
static void print_escape(const struct results *r, uint32_t site, double *escape, FILE *out)
{
    const struct context *c = r->context;
    char text[64] = "-";
    uint32_t complete = 0, escaped = 0;
    for (uint32_t i = 0; i < c->samples; i++) {
        const enum results_status status = results_escape_status(r, site, i);
        complete += status != RESULTS_INCOMPLETE;
        if (status == RESULTS_ESCAPED)
            escape[escaped++] = r->escape_mode[(size_t)site * c->samples + i];
    }
    qsort(escape, escaped, sizeof *escape, ascending);
    const uint32_t middle = complete ? (complete - 1) / 2 : 0;
    if (complete && middle < escaped)
        snprintf(text, sizeof text, "%.3g", escape[middle]);
    else if (complete)
        snprintf(text, sizeof text, ">%.3g", largest_wanted(c, site));
    fprintf(out, "%*s", ESCAPE, text);
    snprintf(text, sizeof text, "%u/%u", complete - escaped, complete);
    fprintf(out, "%*s", CENSORED, text);
}

static void print_top(const struct results *r, uint32_t site, uint32_t sigma, FILE *out)
{
    const uint32_t classes = r->context->classes;
    const uint64_t *total = r->class_total + ((size_t)site * r->context->sigmas + sigma) * classes;
    char text[64] = "-";
    uint64_t sum = 0;
    uint32_t top = 0;
    for (uint32_t k = 0; k < classes; k++) {
        sum += total[k];
        if (total[k] > total[top])
            top = k;
    }
    if (sum)
        snprintf(text, sizeof text, "%u %.0f%%", top, 100.0 * (double)total[top] / (double)sum);
    fprintf(out, "%*s", TOP, text);
}

void results_summary(const struct results *r, FILE *out)
{
    const struct context *c = r->context;
    const struct columns k = choose_columns(c);
    print_headline(r, out);
    double *work = calloc(c->samples, sizeof *work);
    if (!work) {
        fputs("(no memory for the table)\n", out);
        return;
    }
    print_head(c, &k, out);
    for (uint32_t site = 0; site < c->sites; site++) {
        const char *name = c->site[site].name;
        fprintf(out, "%-*.*s%s", NAME - 1, NAME - 1, name, strlen(name) > NAME - 1 ? "~" : " ");
        for (int i = 0; i < k.n; i++)
            print_stay(r, site, k.sigma[i], out);
        print_escape(r, site, work, out);
        for (int i = 0; i < k.tops; i++)
            print_top(r, site, k.top[i], out);
        fputc('\n', out);
    }
    free(work);
}
