/* Fills the variables of a result file, one (site, sigma) or one site at a time: the only copy is a row of
 * samples. */
#include "dist/results/results_file.h"

#include <math.h>
#include <netcdf.h>
#include <stdlib.h>

struct filler {
    const struct results_file *f;
    const struct results *r;
    const struct context *c;
    struct apex_error *err;
    int *row;       /* [max(samples, classes)] */
    float *row_f32; /* the same room */
    double *row_f64;
};

static int variable_id(const struct filler *w, const char *name)
{
    int id = -1;
    nc_inq_varid(w->f->nc, name, &id);
    return id;
}

static int check(const struct filler *w, int status, const char *name)
{
    return results_file_check(w->f, status, name, w->err);
}

static int put_site_texts(const struct filler *w)
{
    static const char *const name[] = {"site", "site_op", "site_tensor"};
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < w->c->sites; i++) {
            const struct context_site *s = &w->c->site[i];
            const char *text = k == 0 ? s->name : k == 1 ? s->op : s->tensor;
            if (check(w, nc_put_var1_string(w->f->nc, variable_id(w, name[k]), &i, &text), name[k]) != 0)
                return -1;
        }
    return 0;
}

static int put_classes(const struct filler *w, const char *name)
{
    for (uint32_t k = 0; k < w->c->classes; k++)
        w->row[k] = (int)k;
    return check(w, nc_put_var_int(w->f->nc, variable_id(w, name), w->row), name);
}

static int put_coordinates(const struct filler *w)
{
    const int nc = w->f->nc;
    if (put_site_texts(w) != 0)
        return -1;
    for (size_t i = 0; i < w->c->sites; i++) {
        const long long elements = w->c->site[i].elements;
        int rc = nc_put_var1_longlong(nc, variable_id(w, "site_elements"), &i, &elements);
        rc = rc ? rc : nc_put_var1_double(nc, variable_id(w, "site_rms"), &i, &w->c->site[i].rms);
        rc = rc ? rc
                : nc_put_var1_double(nc, variable_id(w, "activation_rms"), &i, &w->c->site[i].activation_rms);
        if (check(w, rc, "site_elements, site_rms and activation_rms") != 0)
            return -1;
    }
    int rc = nc_put_var_double(nc, variable_id(w, "sigma"), w->c->sigma);
    rc = rc ? rc : nc_put_var_uint(nc, variable_id(w, "sample"), w->c->sample);
    if (check(w, rc, "sigma and sample") != 0 || put_classes(w, "class") != 0)
        return -1;
    return w->r->transition_count ? put_classes(w, "perturbed_class") : 0;
}

static int put_clean(const struct filler *w)
{
    const int nc = w->f->nc;
    const struct results *r = w->r;
    const uint32_t n = w->c->samples;
    const uint32_t *classes[] = {r->clean_class, r->clean_second};
    static const char *const class_name[] = {"clean_class", "clean_second_class"};
    if (check(w, nc_put_var_int(nc, variable_id(w, "label"), w->c->label), "label") != 0)
        return -1;
    for (int k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < n; i++)
            w->row[i] = r->clean_done[i] ? (int)classes[k][i] : -1;
        if (check(w, nc_put_var_int(nc, variable_id(w, class_name[k]), w->row), class_name[k]) != 0)
            return -1;
    }
    const float *values[] = {r->clean_margin, r->clean_loss};
    static const char *const value_name[] = {"clean_margin", "clean_loss"};
    for (int k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < n; i++)
            w->row_f32[i] = r->clean_done[i] ? values[k][i] : NAN;
        if (check(w, nc_put_var_float(nc, variable_id(w, value_name[k]), w->row_f32), value_name[k]) != 0)
            return -1;
    }
    for (uint32_t i = 0; i < n; i++)
        w->row[i] = r->clean_done[i] && w->c->label[i] >= 0 ? (int)r->clean_class[i] != w->c->label[i] : -1;
    return check(w, nc_put_var_int(nc, variable_id(w, "clean_wrong"), w->row), "clean_wrong");
}

/* One array [site][sigma][sample] of counts or classes. */
static int put_grid(const struct filler *w, const char *name, const uint32_t *value)
{
    const int id = variable_id(w, name);
    const struct context *c = w->c;
    const size_t count[] = {1, 1, c->samples};
    for (size_t cell = 0; cell < (size_t)c->sites * c->sigmas; cell++) {
        const size_t start[] = {cell / c->sigmas, cell % c->sigmas, 0}, from = cell * c->samples;
        for (size_t i = 0; i < c->samples; i++)
            w->row[i] =
                w->r->done[from + i] && value[from + i] != RESULTS_NO_CLASS ? (int)value[from + i] : -1;
        if (check(w, nc_put_vara_int(w->f->nc, id, start, count, w->row), name) != 0)
            return -1;
    }
    return 0;
}

static int put_margins(const struct filler *w)
{
    const int id = variable_id(w, "mean_margin");
    const struct context *c = w->c;
    const size_t count[] = {1, 1, c->samples};
    for (size_t cell = 0; cell < (size_t)c->sites * c->sigmas; cell++) {
        const size_t start[] = {cell / c->sigmas, cell % c->sigmas, 0}, from = cell * c->samples;
        for (size_t i = 0; i < c->samples; i++)
            w->row_f32[i] = w->r->done[from + i] ? w->r->mean_margin[from + i] : NAN;
        if (check(w, nc_put_vara_float(w->f->nc, id, start, count, w->row_f32), "mean_margin") != 0)
            return -1;
    }
    return 0;
}

/* Straight from memory, run by run of samples that are there; the rest is the fill value already. */
static int put_class_counts(const struct filler *w)
{
    if (!w->r->class_count)
        return 0;
    const int id = variable_id(w, "class_count");
    const struct context *c = w->c;
    for (size_t cell = 0; cell < (size_t)c->sites * c->sigmas; cell++) {
        const unsigned char *done = w->r->done + cell * c->samples;
        const uint32_t *from = w->r->class_count + cell * c->samples * c->classes;
        for (size_t i = 0, end; i < c->samples; i = end + 1) {
            for (end = i; end < c->samples && done[end]; end++)
                ;
            const size_t start[] = {cell / c->sigmas, cell % c->sigmas, i, 0};
            const size_t count[] = {1, 1, end - i, c->classes};
            if (end > i && check(w, nc_put_vara_uint(w->f->nc, id, start, count, from + i * c->classes),
                                 "class_count") != 0)
                return -1;
        }
    }
    return 0;
}

/* What is summed over samples: stay_mean, class_share, transition_count. Cells without a result keep the fill
 * value. */
static int put_sums(const struct filler *w, size_t cell)
{
    const struct context *c = w->c;
    const size_t classes = c->classes, start[] = {cell / c->sigmas, cell % c->sigmas, 0, 0};
    const size_t count[] = {1, 1, classes, classes};
    uint64_t have = 0, stay = 0;
    for (size_t i = cell * c->samples; i < (cell + 1) * c->samples; i++) {
        have += w->r->done[i];
        stay += w->r->stay_count[i];
    }
    if (have == 0)
        return 0;
    const double draws = (double)have * c->draws, mean = (double)stay / draws;
    for (size_t k = 0; k < classes; k++)
        w->row_f64[k] = (double)w->r->class_total[cell * classes + k] / draws;
    int rc = nc_put_var1_double(w->f->nc, variable_id(w, "stay_mean"), start, &mean);
    rc = rc ? rc : nc_put_vara_double(w->f->nc, variable_id(w, "class_share"), start, count, w->row_f64);
    for (size_t k = 0; k < classes && w->r->rank_total; k++)
        w->row_f64[k] = (double)w->r->rank_total[cell * classes + k] / ((double)have * APEX_RANK_ONE);
    if (rc == NC_NOERR && w->r->rank_total)
        rc = nc_put_vara_double(w->f->nc, variable_id(w, "class_reciprocal_rank"), start, count, w->row_f64);
    if (rc == NC_NOERR && w->r->transition_count) {
        const uint64_t *from = w->r->transition_count + cell * classes * classes;
        for (size_t k = 0; rc == NC_NOERR && k < classes; k++) {
            const size_t row[] = {start[0], start[1], k, 0}, one[] = {1, 1, 1, classes};
            unsigned long long *wide = (unsigned long long *)w->row_f64;
            for (size_t p = 0; p < classes; p++)
                wide[p] = from[k * classes + p];
            rc = nc_put_vara_ulonglong(w->f->nc, variable_id(w, "transition_count"), row, one, wide);
        }
    }
    return check(w, rc, "stay_mean, class_share or transition_count");
}

static int put_escape(const struct filler *w, uint32_t site)
{
    const int nc = w->f->nc;
    const uint32_t n = w->c->samples;
    const size_t start[] = {site, 0}, count[] = {1, n}, from = (size_t)site * n;
    int rc = nc_put_vara_double(nc, variable_id(w, "escape_sigma"), start, count, w->r->escape_mode + from);
    rc = rc ? rc
            : nc_put_vara_double(nc, variable_id(w, "escape_sigma_half"), start, count,
                                 w->r->escape_half + from);
    rc = rc ? rc
            : nc_put_vara_double(nc, variable_id(w, "escape_sigma_first_flip"), start, count,
                                 w->r->escape_first_flip + from);
    for (uint32_t i = 0; i < n; i++)
        w->row[i] = (int)results_escape_status(w->r, site, i);
    rc = rc ? rc : nc_put_vara_int(nc, variable_id(w, "escape_status"), start, count, w->row);
    for (uint32_t i = 0; i < n; i++)
        w->row[i] = w->row[i] == RESULTS_INCOMPLETE ? -1 : (int)w->r->first_flip_count[from + i];
    rc = rc ? rc : nc_put_vara_int(nc, variable_id(w, "first_flip_count"), start, count, w->row);
    return check(w, rc, "escape noise");
}

static int put_all(const struct filler *w)
{
    const struct results *r = w->r;
    if (put_coordinates(w) != 0 || put_clean(w) != 0 || put_grid(w, "stay_count", r->stay_count) != 0 ||
        put_grid(w, "mode_class", r->mode_class) != 0 || put_grid(w, "mode_count", r->mode_count) != 0 ||
        put_grid(w, "second_class", r->second_class) != 0 ||
        put_grid(w, "second_count", r->second_count) != 0 || put_margins(w) != 0 || put_class_counts(w) != 0)
        return -1;
    for (size_t cell = 0; cell < (size_t)w->c->sites * w->c->sigmas; cell++)
        if (put_sums(w, cell) != 0)
            return -1;
    for (uint32_t site = 0; site < w->c->sites; site++)
        if (put_escape(w, site) != 0)
            return -1;
    return 0;
}

int results_file_fill(const struct results_file *f, struct apex_error *err)
{
    const struct context *c = f->results->context;
    const size_t longest = c->samples > c->classes ? c->samples : c->classes;
    struct filler w = {.f = f, .r = f->results, .c = c, .err = err};
    w.row = calloc(longest, sizeof *w.row);
    w.row_f32 = calloc(longest, sizeof *w.row_f32);
    w.row_f64 = calloc(longest, sizeof *w.row_f64);
    int rc = w.row && w.row_f32 && w.row_f64
                 ? put_all(&w) || results_file_fill_response(f, err) ? -1 : 0
                 : apex_fail(err, "%s: no memory for a row of %zu", f->path, longest);
    free(w.row);
    free(w.row_f32);
    free(w.row_f64);
    return rc;
}
