/* Contact sheets: images of the most and the least regular samples of each class. */
#include "analysis/section.h"

#include "analysis/png.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { IMAGES = 8, CLASSES_MOST = 20, MODELS_MOST = 4 };

struct ranked {
    double stay, margin;
    size_t at;
};

/* Least regular first; the margin breaks ties, then the sample's number. */
static int by_regularity(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->stay != y->stay)
        return x->stay < y->stay ? -1 : 1;
    if (x->margin != y->margin)
        return x->margin < y->margin ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* The samples of one class (its label, else its clean class), sorted; returns how many. */
static size_t rank_class(const struct report_model *m, int class, struct ranked *out)
{
    const struct result *f = m->result;
    size_t n = 0;
    for (size_t i = 0; i < f->samples; i++) {
        double stay = report_head(m)->value[REGULARITY_MEAN_STAY][i];
        if ((f->label[i] >= 0 ? f->label[i] : f->clean_class[i]) == class && !isnan(stay))
            out[n++] = (struct ranked){stay, isnan(f->clean_margin[i]) ? 0 : f->clean_margin[i], i};
    }
    qsort(out, n, sizeof *out, by_regularity);
    return n;
}

/* 1: no picture. */
static int put_image(struct report *r, const struct report_model *m, const struct ranked *s,
                     struct apex_error *err)
{
    struct report_image image = {0};
    struct bytes png = {0};
    char caption[96];
    int64_t number = m->result->sample[s->at];
    int outcome = r->options->image(r->options->image_context, m->result->model, number, &image, err);
    if (!outcome)
        outcome = png_encode(image.rgb, image.width, image.height, &png, err);
    if (!outcome) {
        snprintf(caption, sizeof caption, "#%lld stay %.2f%s", (long long)number, s->stay,
                 m->result->clean_wrong[s->at] == 1 ? ", clean wrong" : "");
        page_image(r->page, png.data, png.size, image.width, image.height, caption);
    }
    bytes_free(&png);
    free(image.rgb);
    return outcome;
}

static int put_row(struct report *r, const struct report_model *m, const char *label, const struct ranked *s,
                   size_t n, struct apex_error *err)
{
    int outcome = 0;
    page_images(r->page, label);
    for (size_t i = 0; i < n && !outcome; i++)
        outcome = put_image(r, m, &s[i], err);
    page_images_end(r->page);
    return outcome;
}

static int put_class(struct report *r, const struct report_model *m, int class, struct ranked *ranked,
                     struct apex_error *err)
{
    char text[24], label[128];
    const char *name = groups_class_name(m->groups, (size_t) class, text);
    size_t n = rank_class(m, class, ranked), each = n / 2 < IMAGES ? n / 2 : IMAGES;
    struct ranked turned[IMAGES];
    if (!each)
        return 0;
    for (size_t i = 0; i < each; i++)
        turned[i] = ranked[n - 1 - i];
    snprintf(label, sizeof label, "Class %s: most regular of %zu", name, n);
    int outcome = put_row(r, m, label, turned, each, err);
    snprintf(label, sizeof label, "Class %s: least regular", name);
    return outcome ? outcome : put_row(r, m, label, ranked, each, err);
}

/* 1: its data set has no pictures. */
static int put_sheet(struct report *r, const struct report_model *m, struct apex_error *err)
{
    char line[160];
    struct ranked *ranked = malloc((m->result->samples + 1) * sizeof *ranked);
    if (!ranked)
        return apex_fail(err, "out of memory");
    int outcome = 0, classes = m->result->classes < CLASSES_MOST ? (int)m->result->classes : CLASSES_MOST;
    snprintf(line, sizeof line, "%s: most and least regular images by class", m->name);
    page_fold(r->page, line);
    for (int c = 0; c < classes && !outcome; c++)
        outcome = put_class(r, m, c, ranked, err);
    if (outcome == 1)
        page_text(r->page,
                  "The samples of `%s` have no form that can be drawn as images, or are not in the data set.",
                  m->name);
    page_fold_end(r->page);
    free(ranked);
    return outcome;
}

int section_sheets(struct report *r, struct apex_error *err)
{
    page_heading(r->page, "Contact sheets");
    if (!r->options->image) {
        page_missing(
            r->page,
            "`--data GRID.yaml` (the sweep's grid file) shows the images of the most and the least regular "
            "samples of each class here.");
        return 0;
    }
    page_text(
        r->page,
        "By mean stay at the site that stands for the model, within each class (label, or clean class where "
        "there is none). The orders are those of these draws and this network.");
    for (int n = 0; n < r->models && n < MODELS_MOST; n++)
        if (put_sheet(r, &r->model[n], err) < 0)
            return -1;
    return 0;
}
