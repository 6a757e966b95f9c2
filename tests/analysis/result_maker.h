/* Writes a result file (docs/format.md) whose draws by class are given by a function; everything else follows
 * from them. Samples are numbered 10, 11, ... */
#ifndef APEX_TESTS_RESULT_MAKER_H
#define APEX_TESTS_RESULT_MAKER_H

#include "analysis/result.h"
#include "core/escape.h"
#include "tests/analysis/golden.h"
#include "tests/dist/folder.h"

#include <netcdf.h>

/* Draws of sample i at site s and scale k that fall into class c; below 0: not computed. */
typedef int maker_count(size_t s, size_t k, size_t i, size_t c);

struct maker {
    size_t sites, sigmas, samples, classes;
    int draws;
    const double *sigma;
    const int *label, *clean_class; /* [samples]; label may be NULL */
    const double *rms;              /* [sites] or NULL: 1 */
    const double *activation_rms;   /* [sites] or NULL: not in the file */
    int response;                   /* with that of maker_response */
    maker_count *count;
    int format; /* 0: 1 */
    int no_class_count, no_transitions;
    const char *completeness;      /* NULL: complete */
    const double *reciprocal_rank; /* [sites][sigmas][classes] or NULL: not in the file */
    const char *noise_per;         /* NULL: no such attribute */
};

#define MAKER_FIRST 10

static inline void maker_ok(int status, const char *what)
{
    if (status)
        fail_msg("%s: %s", what, nc_strerror(status));
}

static inline int maker_var(int nc, const char *name, nc_type type, int n, const int *dims)
{
    int id;
    maker_ok(nc_def_var(nc, name, type, n, dims, &id), name);
    return id;
}

static inline void maker_attributes(int nc, const struct maker *m)
{
    const int format = m->format ? m->format : 1;
    const char *done = m->completeness ? m->completeness : "complete";
    maker_ok(nc_put_att_int(nc, NC_GLOBAL, "apex_format", NC_INT, 1, &format), "apex_format");
    maker_ok(nc_put_att_text(nc, NC_GLOBAL, "model", 4, "made"), "model");
    maker_ok(nc_put_att_int(nc, NC_GLOBAL, "draws", NC_INT, 1, &m->draws), "draws");
    maker_ok(nc_put_att_text(nc, NC_GLOBAL, "completeness", strlen(done), done), "completeness");
    if (m->noise_per)
        maker_ok(nc_put_att_text(nc, NC_GLOBAL, "noise_per", strlen(m->noise_per), m->noise_per),
                 "noise_per");
}

static inline void maker_sites(int nc, const struct maker *m, const int *dim)
{
    const char *const text[] = {"site", "site_op", "site_tensor"};
    for (int t = 0; t < 3; t++) {
        const int id = maker_var(nc, text[t], NC_STRING, 1, dim);
        for (size_t s = 0; s < m->sites; s++) {
            char name[32];
            snprintf(name, sizeof name, t == 1 ? "Relu" : t == 2 ? "/relu%zu/out" : "relu%zu", s);
            const char *one = name;
            maker_ok(nc_put_var1_string(nc, id, &s, &one), name);
        }
    }
    const int elements = maker_var(nc, "site_elements", NC_INT64, 1, dim);
    const int rms = maker_var(nc, "site_rms", NC_DOUBLE, 1, dim);
    for (size_t s = 0; s < m->sites; s++) {
        const long long size = 100;
        const double one = m->rms ? m->rms[s] : 1;
        maker_ok(nc_put_var1_longlong(nc, elements, &s, &size), "site_elements");
        maker_ok(nc_put_var1_double(nc, rms, &s, &one), "site_rms");
    }
    if (m->activation_rms)
        maker_ok(nc_put_var_double(nc, maker_var(nc, "activation_rms", NC_DOUBLE, 1, dim), m->activation_rms),
                 "activation_rms");
}

enum { MAKER_RESPONSE_SIGMAS = 2, MAKER_RESPONSE_SITES = 3, MAKER_RESPONSE_SAMPLES = 4 };

/* Numbers of the made response: sample i at site l and scale k. */
static inline double maker_energy(size_t k, size_t l, size_t i)
{
    return (double)(k + 1) * (1 + (double)l) * (1 + 0.25 * (double)i);
}

static inline double maker_variance(size_t l, size_t i)
{
    return 2 + (double)l + 0.5 * (double)i;
}

/* Shift is a quarter of the energy; rank 3 + i + l; clean mean square 10 (i + 1). Partners: the next sample.
 */
static inline void maker_response(int nc)
{
    enum { G = MAKER_RESPONSE_SIGMAS, S = MAKER_RESPONSE_SITES, N = MAKER_RESPONSE_SAMPLES };
    static const char *name[S] = {"input", "relu0", "relu1"};
    const double sigma[G] = {0.1, 0.5}, factor = 1;
    const long long elements[S] = {64, 100, 20};
    int dim[3], site, draws = 16;
    double energy[G][S][N], shift[G][S][N], rank[G][S][N], square[S][N], variance[S][N];
    long long sample[N], partner[N];
    for (size_t i = 0; i < N; i++) {
        sample[i] = MAKER_FIRST + (long long)i;
        partner[i] = MAKER_FIRST + (long long)(i + 1) % N;
    }
    for (size_t at = 0; at < (size_t)G * S * N; at++) {
        size_t k = at / (S * N), l = at / N % S, i = at % N;
        energy[k][l][i] = maker_energy(k, l, i);
        shift[k][l][i] = energy[k][l][i] / 4;
        rank[k][l][i] = 3 + (double)(i + l);
        square[l][i] = 10 * (double)(i + 1);
        variance[l][i] = maker_variance(l, i);
    }
    maker_ok(nc_def_dim(nc, "response_sigma", G, &dim[0]), "response_sigma");
    maker_ok(nc_def_dim(nc, "response_site", S, &dim[1]), "response_site");
    maker_ok(nc_def_dim(nc, "response_sample", N, &dim[2]), "response_sample");
    site = maker_var(nc, "response_site", NC_STRING, 1, dim + 1);
    for (size_t s = 0; s < S; s++)
        maker_ok(nc_put_var1_string(nc, site, &s, &name[s]), "response_site");
    nc_put_var_double(nc, maker_var(nc, "response_sigma", NC_DOUBLE, 1, dim), sigma);
    nc_put_var_longlong(nc, maker_var(nc, "response_site_elements", NC_INT64, 1, dim + 1), elements);
    nc_put_var_longlong(nc, maker_var(nc, "response_sample", NC_INT64, 1, dim + 2), sample);
    nc_put_var_longlong(nc, maker_var(nc, "response_partner", NC_INT64, 1, dim + 2), partner);
    nc_put_var_double(nc, maker_var(nc, "response_clean_square", NC_DOUBLE, 2, dim + 1), square[0]);
    nc_put_var_double(nc, maker_var(nc, "response_clean_variance", NC_DOUBLE, 2, dim + 1), variance[0]);
    nc_put_var_double(nc, maker_var(nc, "response_energy", NC_DOUBLE, 3, dim), energy[0][0]);
    nc_put_var_double(nc, maker_var(nc, "response_shift", NC_DOUBLE, 3, dim), shift[0][0]);
    nc_put_var_double(nc, maker_var(nc, "response_effective_rank", NC_DOUBLE, 3, dim), rank[0][0]);
    nc_put_att_int(nc, NC_GLOBAL, "response_draws", NC_INT, 1, &draws);
    nc_put_att_double(nc, NC_GLOBAL, "response_factor", NC_DOUBLE, 1, &factor);
}

static inline void maker_clean(int nc, const struct maker *m, const int *dim)
{
    const int sample = maker_var(nc, "sample", NC_INT64, 1, dim),
              label = maker_var(nc, "label", NC_INT, 1, dim);
    const int clean = maker_var(nc, "clean_class", NC_INT, 1, dim);
    const int second = maker_var(nc, "clean_second_class", NC_INT, 1, dim);
    const int margin = maker_var(nc, "clean_margin", NC_FLOAT, 1, dim);
    const int loss = maker_var(nc, "clean_loss", NC_FLOAT, 1, dim),
              wrong = maker_var(nc, "clean_wrong", NC_BYTE, 1, dim);
    for (size_t i = 0; i < m->samples; i++) {
        const long long number = MAKER_FIRST + (long long)i;
        const int l = m->label ? m->label[i] : -1, c = m->clean_class[i];
        const int other = c < 0 ? -1 : (c + 1) % (int)m->classes, bad = l < 0 || c < 0 ? -1 : l != c;
        const float far = c < 0 ? NAN : (float)(i + 1), cost = bad < 0 ? NAN : 1.0f / (float)(i + 1);
        maker_ok(nc_put_var1_longlong(nc, sample, &i, &number), "sample");
        maker_ok(nc_put_var1_int(nc, label, &i, &l), "label");
        maker_ok(nc_put_var1_int(nc, clean, &i, &c), "clean_class");
        maker_ok(nc_put_var1_int(nc, second, &i, &other), "clean_second_class");
        maker_ok(nc_put_var1_float(nc, margin, &i, &far), "clean_margin");
        maker_ok(nc_put_var1_float(nc, loss, &i, &cost), "clean_loss");
        maker_ok(nc_put_var1_int(nc, wrong, &i, &bad), "clean_wrong");
    }
}

/* One (site, scale): the arrays over samples and the sums. */
struct maker_ids {
    int grid[5], margin, stay, share, transition, count;
};

static inline void maker_cell(int nc, const struct maker *m, const struct maker_ids *v, size_t s, size_t k)
{
    int64_t *moved = calloc(m->classes * m->classes, sizeof *moved), have = 0, stay = 0;
    double *share = calloc(m->classes, sizeof *share), mean;
    for (size_t i = 0; i < m->samples; i++) {
        const size_t at[] = {s, k, i, 0}, one[] = {1, 1, 1, m->classes};
        int *row = calloc(m->classes, sizeof *row);
        for (size_t c = 0; c < m->classes; c++)
            row[c] = m->count(s, k, i, c);
        const int missing = row[0] < 0, clean = m->clean_class[i];
        int top = 0;
        for (int c = 1; c < (int)m->classes; c++)
            top = row[c] > row[top] ? c : top;
        int second = top == 0 ? 1 : 0;
        for (int c = 0; c < (int)m->classes; c++)
            second = c != top && row[c] > row[second] ? c : second;
        const int grid[] = {missing ? -1 : row[clean], missing ? -1 : top, missing ? -1 : row[top],
                            missing || row[second] == 0 ? -1 : second, missing ? -1 : row[second]};
        for (int g = 0; g < 5; g++)
            maker_ok(nc_put_var1_int(nc, v->grid[g], at, &grid[g]), "grid");
        const float margin = missing ? NAN : (float)row[clean] / (float)m->draws - 0.5f;
        maker_ok(nc_put_var1_float(nc, v->margin, at, &margin), "mean_margin");
        if (!m->no_class_count)
            maker_ok(nc_put_vara_int(nc, v->count, at, one, row), "class_count");
        for (size_t c = 0; c < m->classes && !missing; c++) {
            moved[(size_t)clean * m->classes + c] += row[c];
            share[c] += row[c];
        }
        have += !missing;
        stay += missing ? 0 : row[clean];
        free(row);
    }
    const size_t at[] = {s, k, 0, 0}, one[] = {1, 1, m->classes, m->classes};
    for (size_t c = 0; c < m->classes; c++)
        share[c] = have ? share[c] / ((double)have * m->draws) : NAN;
    mean = have ? (double)stay / ((double)have * m->draws) : NAN;
    maker_ok(nc_put_var1_double(nc, v->stay, at, &mean), "stay_mean");
    maker_ok(nc_put_vara_double(nc, v->share, at, one, share), "class_share");
    for (size_t c = 0; c < m->classes * m->classes && !have; c++)
        moved[c] = -1;
    if (!m->no_transitions)
        maker_ok(nc_put_vara_longlong(nc, v->transition, at, one, (long long *)moved), "transition_count");
    free(moved);
    free(share);
}

/* Escape noise of a sample from its counts, as if draws that left never came back. */
static inline void maker_escape(int nc, const struct maker *m, size_t s, size_t i, const int *id)
{
    unsigned char *have = calloc(m->sigmas, 1);
    uint32_t *mode = calloc(m->sigmas, sizeof *mode), *stay = calloc(m->sigmas, sizeof *stay);
    int incomplete = 0, left = 0, before = m->draws;
    double log_sum = 0;
    for (size_t k = 0; k < m->sigmas; k++) {
        const int clean = m->clean_class[i], first = m->count(s, k, i, 0);
        have[k] = first >= 0;
        incomplete |= first == -2; /* -2: in the grid and not computed; -1: not in the grid */
        for (size_t c = 0; have[k] && c < m->classes; c++)
            mode[k] = m->count(s, k, i, c) > m->count(s, k, i, mode[k]) ? (uint32_t)c : mode[k];
        if (!have[k])
            continue;
        stay[k] = (uint32_t)m->count(s, k, i, (size_t)clean);
        if (!isinf(m->sigma[k]) && (int)stay[k] < before) {
            left += before - (int)stay[k];
            log_sum += (before - (int)stay[k]) * log(m->sigma[k]);
            before = (int)stay[k];
        }
    }
    const int n = (int)m->sigmas;
    const uint32_t clean = (uint32_t)m->clean_class[i];
    const double value[] = {incomplete ? NAN : apex_escape_mode(m->sigma, n, have, mode, clean),
                            incomplete ? NAN : apex_escape_half(m->sigma, n, have, stay, (uint32_t)m->draws),
                            incomplete || !left ? NAN : exp(log_sum / left)};
    const int status = incomplete ? 2 : isnan(value[0]), flips = incomplete ? -1 : left;
    const size_t at[] = {s, i};
    for (int d = 0; d < 3; d++)
        maker_ok(nc_put_var1_double(nc, id[d], at, &value[d]), "escape");
    maker_ok(nc_put_var1_int(nc, id[3], at, &flips), "first_flip_count");
    maker_ok(nc_put_var1_int(nc, id[4], at, &status), "escape_status");
    free(have);
    free(mode);
    free(stay);
}

static inline void maker_write(const struct maker *m, const char *path)
{
    int nc, dim[5];
    const char *const name[] = {"site", "sigma", "sample", "class", "perturbed_class"};
    const size_t size[] = {m->sites, m->sigmas, m->samples, m->classes, m->classes};
    maker_ok(nc_create(path, NC_NETCDF4 | NC_CLOBBER, &nc), path);
    for (int d = 0; d < 5; d++)
        maker_ok(nc_def_dim(nc, name[d], size[d], &dim[d]), name[d]);
    maker_attributes(nc, m);
    maker_sites(nc, m, &dim[0]);
    maker_ok(nc_put_var_double(nc, maker_var(nc, "sigma", NC_DOUBLE, 1, &dim[1]), m->sigma), "sigma");
    maker_clean(nc, m, &dim[2]);
    const int grid[] = {dim[0], dim[1], dim[2], dim[3]}, share[] = {dim[0], dim[1], dim[3], dim[4]};
    const int escape[] = {dim[0], dim[2]};
    const char *const grid_name[] = {"stay_count", "mode_class", "mode_count", "second_class",
                                     "second_count"};
    struct maker_ids v;
    for (int g = 0; g < 5; g++)
        v.grid[g] = maker_var(nc, grid_name[g], NC_INT, 3, grid);
    v.margin = maker_var(nc, "mean_margin", NC_FLOAT, 3, grid);
    v.stay = maker_var(nc, "stay_mean", NC_DOUBLE, 2, grid);
    v.share = maker_var(nc, "class_share", NC_DOUBLE, 3, share);
    if (m->reciprocal_rank) {
        const int rank = maker_var(nc, "class_reciprocal_rank", NC_DOUBLE, 3, share);
        maker_ok(nc_put_var_double(nc, rank, m->reciprocal_rank), "class_reciprocal_rank");
    }
    v.transition = m->no_transitions ? -1 : maker_var(nc, "transition_count", NC_INT64, 4, share);
    v.count = m->no_class_count ? -1 : maker_var(nc, "class_count", NC_INT, 4, grid);
    const int id[] = {maker_var(nc, "escape_sigma", NC_DOUBLE, 2, escape),
                      maker_var(nc, "escape_sigma_half", NC_DOUBLE, 2, escape),
                      maker_var(nc, "escape_sigma_first_flip", NC_DOUBLE, 2, escape),
                      maker_var(nc, "first_flip_count", NC_INT, 2, escape),
                      maker_var(nc, "escape_status", NC_BYTE, 2, escape)};
    for (size_t s = 0; s < m->sites; s++) {
        for (size_t k = 0; k < m->sigmas; k++)
            maker_cell(nc, m, &v, s, k);
        for (size_t i = 0; i < m->samples; i++)
            maker_escape(nc, m, s, i, id);
    }
    if (m->response)
        maker_response(nc);
    maker_ok(nc_close(nc), path);
}

/* Writes, opens and loads; fails the test with the error's text. */
static inline struct result *maker_open(const struct maker *m, const struct folder *f)
{
    char path[128];
    struct apex_error err = {{0}};
    maker_write(m, folder_file(f, "made.nc", path));
    struct result *r = result_open(path, &err);
    if (!r)
        fail_msg("%s", err.text);
    return r;
}

static inline struct result_site *maker_site(const struct result *r, size_t site)
{
    struct apex_error err = {{0}};
    struct result_site *s = result_site_load(r, site, 1, &err);
    if (!s)
        fail_msg("%s", err.text);
    return s;
}

#endif
