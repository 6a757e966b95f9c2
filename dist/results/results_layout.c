/* What is in a result file; docs/format.md says the same in prose. */
#include "dist/results/results_file.h"

#include <math.h>
#include <netcdf.h>
#include <string.h>

#define CHUNK_VALUES ((size_t)64 << 10)
#define CHUNK_CACHE ((size_t)4 << 20) /* bytes, of each variable */
#define MOST_DIMENSIONS 5
#define LONGEST_TEXT 60000 /* HDF5 keeps longer attributes only as strings, outside the header */

/* Dimensions by letter: s site, g sigma, n sample, c class, p perturbed_class; of the response: S
 * response_site, G response_sigma, N response_sample. */
struct variable {
    const char *name;
    nc_type type;
    const char *dims;
    const char *long_name;
    const char *comment; /* or NULL */
};

static const struct variable coordinates[] = {
    {"site", NC_STRING, "s", "site where noise enters", NULL},
    {"site_op", NC_STRING, "s", "operator whose output is the site", NULL},
    {"site_tensor", NC_STRING, "s", "name of the tensor in the ONNX file", NULL},
    {"site_elements", NC_INT64, "s", "elements of the site for one sample", NULL},
    {"site_rms", NC_DOUBLE, "s", "factor of sigma at the site",
     "the noise added has standard deviation sigma * site_rms; root mean square of the clean activation "
     "where "
     "the scale is relative, else 1; 0 for the site all with a relative scale: each activation has its own"},
    {"activation_rms", NC_DOUBLE, "s", "root mean square of the clean activation",
     "over elements and the sweep's samples, whatever the scale; missing for the site all: each activation "
     "has its own"},
    {"sigma", NC_DOUBLE, "g", "noise scale",
     "standard deviation of the noise, times site_rms; infinity is the limit of large noise"},
    {"sample", NC_INT64, "n", "number of the sample in the data set", NULL},
    {"class", NC_INT, "c", "class", NULL},
    {"response_site", NC_STRING, "S", "where the noise of the response is looked at; it enters at the first",
     NULL},
    {"response_site_elements", NC_INT64, "S", "elements of the response's site for one sample", NULL},
    {"response_activation_rms", NC_DOUBLE, "S", "root mean square of the clean activation",
     "over elements and the sweep's samples"},
    {"response_sigma", NC_DOUBLE, "G", "noise scale of the response",
     "standard deviation of the noise at the first site of the response, times the attribute "
     "response_factor"},
    {"response_sample", NC_INT64, "N", "number in the data set of the response's sample", NULL},
    {"perturbed_class", NC_INT, "p", "class predicted under noise", NULL},
};

static const struct variable variables[] = {
    {"label", NC_INT, "n", "label of the sample", NULL},
    {"clean_class", NC_INT, "n", "predicted class without noise", NULL},
    {"clean_second_class", NC_INT, "n", "second most likely class without noise", NULL},
    {"clean_margin", NC_FLOAT, "n", "logit of the clean class minus the next one, without noise", NULL},
    {"clean_loss", NC_FLOAT, "n", "cross-entropy of the label without noise, in nats", NULL},
    {"clean_wrong", NC_BYTE, "n", "whether the clean class differs from the label", NULL},
    {"stay_count", NC_INT, "sgn", "draws whose predicted class is the clean class", NULL},
    {"mode_class", NC_INT, "sgn", "most frequent class over draws, the lower one on ties", NULL},
    {"mode_count", NC_INT, "sgn", "draws of the most frequent class", NULL},
    {"second_class", NC_INT, "sgn", "second most frequent class over draws, the lower one on ties",
     "missing where every draw fell into one class"},
    {"second_count", NC_INT, "sgn", "draws of the second most frequent class", NULL},
    {"mean_margin", NC_FLOAT, "sgn", "mean over draws of the logit of the clean class minus the best other",
     NULL},
    {"stay_mean", NC_DOUBLE, "sg", "share of draws that keep the clean class, mean over samples", NULL},
    {"class_share", NC_DOUBLE, "sgc", "share of all draws of all samples that fall into the class", NULL},
    {"class_reciprocal_rank", NC_DOUBLE, "sgc",
     "mean over draws and samples of 1 / rank of the class's logit", "rank 1: the largest"},
    {"transition_count", NC_INT64, "sgcp", "draws by clean class and class predicted under noise",
     "summed over samples; the dimension class is the clean class"},
    {"class_count", NC_INT, "sgnc", "draws by predicted class", NULL},
    {"escape_sigma", NC_DOUBLE, "sn",
     "escape noise: first scale whose most frequent class is not the clean one",
     "missing where escape_status is not 0; censored samples rank above every scale"},
    {"escape_sigma_half", NC_DOUBLE, "sn",
     "escape noise: scale where stay falls below one half, interpolated in log sigma", NULL},
    {"escape_sigma_first_flip", NC_DOUBLE, "sn",
     "escape noise: geometric mean over draws of the first scale at which the draw leaves the clean class",
     "over the first_flip_count draws that left at a finite scale"},
    {"first_flip_count", NC_INT, "sn", "draws that left the clean class at a finite scale", NULL},
    {"escape_status", NC_BYTE, "sn", "how the search for escape_sigma ended", NULL},
    {"response_partner", NC_INT64, "N", "sample whose clean activation is compared with this one's", NULL},
    {"response_clean_square", NC_DOUBLE, "SN", "mean over elements of the squared clean activation", NULL},
    {"response_clean_variance", NC_DOUBLE, "SN",
     "half of the mean over elements of the squared difference of the clean activation from the partner's",
     "its mean over samples is the variance over samples"},
    {"response_energy", NC_DOUBLE, "GSN",
     "mean over elements and draws of the squared difference from the clean activation", NULL},
    {"response_shift", NC_DOUBLE, "GSN", "part of response_energy that is the squared mean over draws",
     "without the bias of few draws, so it may be below 0 by chance; response_energy - response_shift is the "
     "variance "
     "over draws"},
    {"response_effective_rank", NC_DOUBLE, "GSN",
     "effective rank of the covariance of the difference over draws",
     "(tr C)^2 / tr(C^2), both without the bias of few draws; missing where the noise changes nothing"},
    {"response_share", NC_DOUBLE, "GS", "share of the variance that the noise causes",
     "mean over samples of the variance over draws, of that plus the mean of response_clean_variance"},
};

int results_file_check(const struct results_file *f, int status, const char *what, struct apex_error *err)
{
    if (status == NC_NOERR)
        return 0;
    return apex_fail(err, "%s: cannot write %s: %s", f->path, what, nc_strerror(status));
}

static size_t dimension_size(const struct context *c, char letter)
{
    switch (letter) {
    case 's':
        return c->sites;
    case 'g':
        return c->sigmas;
    case 'n':
        return c->samples;
    case 'S':
        return c->response.places;
    case 'G':
        return c->response.sigmas;
    case 'N':
        return c->response.samples;
    default:
        return c->classes;
    }
}

static int is_present(const struct results *r, const struct variable *v)
{
    if (strcmp(v->name, "class_count") == 0)
        return r->class_count != NULL;
    if (strcmp(v->name, "class_reciprocal_rank") == 0)
        return r->rank_total != NULL;
    if (strpbrk(v->dims, "SGN"))
        return r->context->response.samples > 0;
    return !strchr(v->dims, 'p') || r->transition_count != NULL;
}

static const struct {
    const char *name;
    char letter;
} dimension[] = {{"site", 's'},           {"sigma", 'g'},           {"sample", 'n'},
                 {"class", 'c'},          {"perturbed_class", 'p'}, {"response_site", 'S'},
                 {"response_sigma", 'G'}, {"response_sample", 'N'}};

enum { DIMENSIONS = sizeof dimension / sizeof dimension[0] };

static int define_dimensions(const struct results_file *f, struct apex_error *err)
{
    const struct results *r = f->results;
    for (size_t i = 0; i < DIMENSIONS; i++) {
        const char letter = dimension[i].letter;
        if ((letter == 'p' && !r->transition_count) ||
            (strchr("SGN", letter) && !r->context->response.samples))
            continue;
        int id, rc = nc_def_dim(f->nc, dimension[i].name, dimension_size(r->context, letter), &id);
        if (results_file_check(f, rc, dimension[i].name, err) != 0)
            return -1;
    }
    return 0;
}

static int dimension_id(int nc, char letter)
{
    int id = -1;
    for (size_t i = 0; i < DIMENSIONS; i++)
        if (dimension[i].letter == letter)
            nc_inq_dimid(nc, dimension[i].name, &id);
    return id;
}

static int put_text(const struct results_file *f, int id, const char *name, const char *text)
{
    if (!text)
        return NC_NOERR;
    const size_t size = strlen(text);
    return size <= LONGEST_TEXT ? nc_put_att_text(f->nc, id, name, size, text)
                                : nc_put_att_string(f->nc, id, name, 1, &text);
}

static int set_fill(int nc, int id, nc_type type)
{
    const signed char b = -1;
    const int i = -1;
    const long long l = -1;
    const float x = NAN;
    const double d = NAN;
    const void *fill = type == NC_BYTE    ? (const void *)&b
                       : type == NC_INT   ? (const void *)&i
                       : type == NC_INT64 ? (const void *)&l
                       : type == NC_FLOAT ? (const void *)&x
                                          : (const void *)&d;
    return nc_def_var_fill(nc, id, NC_FILL, fill);
}

/* Chunks of at most CHUNK_VALUES values: the last dimensions whole as far as they fit. */
static int set_storage(const struct results_file *f, int id, const char *dims)
{
    size_t chunk[MOST_DIMENSIONS], n = strlen(dims), values = 1;
    for (size_t d = 0; d < n; d++)
        values *= chunk[d] = dimension_size(f->results->context, dims[d]);
    for (size_t d = 0; d < n && values > CHUNK_VALUES; d++) {
        size_t others = values / chunk[d];
        chunk[d] = others >= CHUNK_VALUES ? 1 : CHUNK_VALUES / others;
        values = others * chunk[d];
    }
    int rc = nc_def_var_chunking(f->nc, id, NC_CHUNKED, chunk);
    if (rc == NC_NOERR)
        rc = nc_def_var_deflate(f->nc, id, 1, 1, 1);
    if (rc == NC_NOERR)
        rc = nc_set_var_chunk_cache(f->nc, id, CHUNK_CACHE, 521, 1.0f);
    return rc;
}

static int set_flags(const struct results_file *f, int id, const char *name)
{
    static const signed char value[] = {0, 1, 2};
    if (strcmp(name, "escape_status") == 0) {
        int rc = nc_put_att_schar(f->nc, id, "flag_values", NC_BYTE, 3, value);
        return rc ? rc : put_text(f, id, "flag_meanings", "escaped censored incomplete");
    }
    if (strcmp(name, "clean_wrong") == 0) {
        int rc = nc_put_att_schar(f->nc, id, "flag_values", NC_BYTE, 2, value);
        return rc ? rc : put_text(f, id, "flag_meanings", "right wrong");
    }
    if (strncmp(name, "escape_sigma", 12) == 0)
        return put_text(f, id, "ancillary_variables", "escape_status");
    return NC_NOERR;
}

static int define_variable(const struct results_file *f, const struct variable *v, int is_data,
                           struct apex_error *err)
{
    int dim[MOST_DIMENSIONS], n = (int)strlen(v->dims), id, rc;
    for (int d = 0; d < n; d++)
        dim[d] = dimension_id(f->nc, v->dims[d]);
    rc = nc_def_var(f->nc, v->name, v->type, n, dim, &id);
    if (rc == NC_NOERR && is_data && strcmp(v->name, "escape_status") != 0) /* which is never missing */
        rc = set_fill(f->nc, id, v->type);
    if (rc == NC_NOERR && is_data)
        rc = set_storage(f, id, v->dims);
    if (rc == NC_NOERR)
        rc = put_text(f, id, "long_name", v->long_name);
    if (rc == NC_NOERR && v->type != NC_STRING)
        rc = put_text(f, id, "units", "1");
    if (rc == NC_NOERR)
        rc = put_text(f, id, "comment", v->comment);
    if (rc == NC_NOERR && is_data && v->dims[0] == 's')
        rc = put_text(f, id, "coordinates", "site_op site_tensor site_elements site_rms");
    if (rc == NC_NOERR)
        rc = set_flags(f, id, v->name);
    return results_file_check(f, rc, v->name, err);
}

static int define_response_attributes(const struct results_file *f)
{
    const struct results *r = f->results;
    const int draws = (int)r->context->response.draws;
    char text[64] = "complete";
    if (r->response.have < r->response.wanted)
        snprintf(text, sizeof text, "%llu of %llu samples x scales", (unsigned long long)r->response.have,
                 (unsigned long long)r->response.wanted);
    int rc = nc_put_att_int(f->nc, NC_GLOBAL, "response_draws", NC_INT, 1, &draws);
    rc = rc ? rc
            : nc_put_att_double(f->nc, NC_GLOBAL, "response_factor", NC_DOUBLE, 1,
                                &r->context->response.factor);
    return rc ? rc : put_text(f, NC_GLOBAL, "response_completeness", text);
}

static int define_attributes(const struct results_file *f, const char *digest, struct apex_error *err)
{
    const struct results *r = f->results;
    const struct context *c = r->context;
    char title[256], completeness[64] = "complete";
    snprintf(title, sizeof title, "Predictions of %s under noise on hidden activations (apex)", c->name);
    if (r->have < r->wanted)
        snprintf(completeness, sizeof completeness, "%llu of %llu cells", (unsigned long long)r->have,
                 (unsigned long long)r->wanted);
    const int format = RESULTS_FORMAT, draws = (int)c->draws;
    int rc = put_text(f, NC_GLOBAL, "Conventions", "CF-1.8");
    rc = rc ? rc : put_text(f, NC_GLOBAL, "title", title);
    rc = rc ? rc : nc_put_att_int(f->nc, NC_GLOBAL, "apex_format", NC_INT, 1, &format);
    rc = rc ? rc : put_text(f, NC_GLOBAL, "model", c->name);
    rc = rc ? rc : nc_put_att_int(f->nc, NC_GLOBAL, "draws", NC_INT, 1, &draws);
    rc = rc ? rc : put_text(f, NC_GLOBAL, "completeness", completeness);
    rc = rc ? rc : put_text(f, NC_GLOBAL, "content_sha256", digest);
    rc = rc || !c->response.samples ? rc : define_response_attributes(f);
    if (results_file_check(f, rc, "the global attributes", err) != 0)
        return -1;
    for (uint32_t i = 0; i < c->attributes; i++) {
        rc = put_text(f, NC_GLOBAL, c->attribute_name[i], c->attribute_text[i]);
        if (results_file_check(f, rc, c->attribute_name[i], err) != 0)
            return -1;
    }
    return 0;
}

int results_file_define(const struct results_file *f, const char *digest, struct apex_error *err)
{
    if (define_dimensions(f, err) != 0 || define_attributes(f, digest, err) != 0)
        return -1;
    for (size_t i = 0; i < sizeof coordinates / sizeof coordinates[0]; i++)
        if (is_present(f->results, &coordinates[i]) && define_variable(f, &coordinates[i], 0, err) != 0)
            return -1;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (is_present(f->results, &variables[i]) && define_variable(f, &variables[i], 1, err) != 0)
            return -1;
    return results_file_check(f, nc_enddef(f->nc), "the header", err);
}
