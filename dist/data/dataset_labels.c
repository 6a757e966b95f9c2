#include "dist/data/dataset_load.h"

#include <stdlib.h>
#include <string.h>

/* Adds a set unless one of that name is there. */
static int add_set(struct load *l, struct label_source source, struct apex_error *err)
{
    struct dataset *d = l->d;
    for (int k = 0; k < d->label_sets; k++)
        if (strcmp(d->label_name[k], source.name) == 0)
            return 0;
    d->label_name[d->label_sets] = strdup(source.name);
    if (!d->label_name[d->label_sets])
        return apex_fail(err, "no memory");
    l->source[d->label_sets++] = source;
    return 0;
}

int load_list_labels(struct load *l, struct apex_error *err)
{
    size_t most = (size_t)l->spec->label_sets + 2;
    l->source = calloc(most, sizeof *l->source);
    l->d->label_name = calloc(most, sizeof *l->d->label_name);
    l->d->label = calloc(most, sizeof *l->d->label);
    if (!l->source || !l->d->label_name || !l->d->label)
        return apex_fail(err, "no memory");
    for (int k = 0; k < l->spec->label_sets; k++) {
        const struct grid_labels *g = &l->spec->labels[k];
        if (add_set(l, (struct label_source){g->name, g->path, g->variable, g->mark, 0}, err))
            return -1;
    }
    if (add_set(l, (struct label_source){"true", NULL, NULL, l->spec->mark, 1}, err))
        return -1;
    return add_set(l, (struct label_source){"coarse", NULL, "coarse", l->spec->mark, 1}, err);
}

static int check_labels(const struct raw_array *a, const char *path, int64_t needed, struct apex_error *err)
{
    char text[APEX_SHAPE_TEXT];
    if (!raw_is_integer(a->type) || a->scale != 1 || a->offset != 0)
        return apex_fail(err, "%s: labels must be integers; these are real numbers", path);
    if (a->shape.rank < 1 || raw_row_elements(a) != 1)
        return apex_fail(err, "%s: labels must be one integer per sample; these have the shape %s", path,
                         apex_shape_text(&a->shape, text));
    if (a->shape.dim[0] < needed)
        return apex_fail(err, "%s: %lld labels for %lld samples", path, (long long)a->shape.dim[0],
                         (long long)needed);
    return 0;
}

/* Labels of the kept samples from position `first` on; row 0 of the array belongs to sample number base. */
static int keep_labels(const struct dataset *d, const struct raw_array *a, const char *path, int64_t first,
                       int64_t base, int32_t *label, struct apex_error *err)
{
    for (int64_t i = first; i < d->samples; i++) {
        int64_t v = raw_integer(a, raw_row(a, d->index[i] - base, NULL));
        if (v < 0 || v > INT32_MAX)
            return apex_fail(err, "%s: sample %u has the label %lld", path, d->index[i], (long long)v);
        label[i] = (int32_t)v;
    }
    return 0;
}

static void drop_label_set(struct load *l, int k)
{
    struct dataset *d = l->d;
    free(d->label_name[k]);
    free(d->label[k]);
    d->label_sets--;
    for (; k < d->label_sets; k++) {
        d->label_name[k] = d->label_name[k + 1];
        d->label[k] = d->label[k + 1];
        l->source[k] = l->source[k + 1];
    }
}

/* Whether a label set that nobody asked for may be looked for in this kind of file. */
static int may_have(const struct load *l, const struct label_source *s)
{
    return !s->variable || l->read == read_cifar100;
}

/* Label set k from the data file at hand. 1: it is not there, and nobody asked for it. */
static int read_own_labels(struct load *l, const struct gzfile *f, const char *images, int64_t rows,
                           int64_t first, int k, struct apex_error *err)
{
    const struct label_source *s = &l->source[k];
    struct raw_query q = {RAW_OWN_LABELS, s->variable, images};
    struct raw_array a = {0};
    if (s->by_itself && !may_have(l, s))
        return 1;
    l->mark = s->mark;
    int rc = l->read(f, &q, &a, err);
    if (rc == 1 && !(s->by_itself && l->d->total == 0))
        rc = apex_fail(err, "%s: holds no labels for '%s'; name their variable or file", f->path, s->name);
    if (rc == 0)
        rc = check_labels(&a, f->path, rows, err);
    if (rc == 0 && a.shape.dim[0] != rows)
        rc = apex_fail(err, "%s: %lld labels beside %lld samples", f->path, (long long)a.shape.dim[0],
                       (long long)rows);
    if (rc == 0)
        rc = keep_labels(l->d, &a, f->path, first, l->d->total, l->d->label[k], err);
    raw_free(&a);
    return rc;
}

int load_own_labels(struct load *l, const struct gzfile *f, const struct raw_array *images, int64_t first,
                    struct apex_error *err)
{
    for (int k = 0; k < l->d->label_sets; k++) {
        if (l->source[k].path)
            continue;
        int rc = read_own_labels(l, f, images->name, images->shape.dim[0], first, k, err);
        if (rc < 0)
            return -1;
        if (rc == 1)
            drop_label_set(l, k--);
    }
    l->mark = l->spec->mark;
    return 0;
}

static int read_label_file(struct load *l, int k, struct apex_error *err)
{
    const struct label_source *s = &l->source[k];
    struct gzfile f;
    struct raw_array a = {0};
    struct raw_query q = {RAW_LABEL_FILE, s->variable, NULL};
    l->mark = s->mark;
    if (gzfile_read(s->path, NULL, &f, err))
        return -1;
    raw_read_fn *read = raw_reader(&f, NULL, err);
    int rc = read ? read(&f, &q, &a, err) : -1;
    /* A file may end after the last sample that takes part: labels of the samples that a network was trained
     * on. */
    if (rc == 0)
        rc = check_labels(&a, s->path, l->d->samples ? (int64_t)l->d->index[l->d->samples - 1] + 1 : 0, err);
    if (rc == 0)
        rc = keep_labels(l->d, &a, s->path, 0, 0, l->d->label[k], err);
    raw_free(&a);
    gzfile_free(&f);
    return rc;
}

int load_label_files(struct load *l, struct apex_error *err)
{
    for (int k = 0; k < l->d->label_sets; k++)
        if (l->source[k].path && read_label_file(l, k, err))
            return -1;
    l->mark = l->spec->mark;
    return 0;
}
