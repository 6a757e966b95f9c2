/* What makes work the same work: hashes over everything that its numbers depend on, and over nothing else. */
#include "core/engine/kernels.h"
#include "core/sha256.h"
#include "core/version.h"
#include "dist/run/sweep.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_text(struct bytes *out, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bytes_put(out, text, strlen(text));
}

/* How samples become network input, as text. */
static void add_preparation(struct bytes *out, const struct dataset *d)
{
    add_text(out, "variable %s; layout %s; divide %.17g; mean", d->variable ? d->variable : "-",
             d->nhwc ? "nhwc" : "nchw", d->divide);
    for (int c = 0; c < d->channels; c++)
        add_text(out, " %.17g", d->mean[c]);
    add_text(out, "; std");
    for (int c = 0; c < d->channels; c++)
        add_text(out, " %.17g", d->std[c]);
}

void sweep_identity_text(struct bytes *out, const struct sweep *s, const struct sweep_model *m)
{
    char model[65], data[65];
    sha256_hex(m->model->sha256, model);
    sha256_hex(m->data->sha256, data);
    add_text(out, "numerics %d\nkernels %s\nmodel %s\ndata %s\n", APEX_NUMERICS_VERSION, s->kernels, model,
             data);
    if (s->grid->bf16) /* f32 is older than the key */
        add_text(out, "precision bf16, numerics %d\n", APEX_BF16_NUMERICS_VERSION);
    if (strcmp(s->kernels, "native") == 0 && apex_model_multiplies(m->model))
        add_text(out, "products of activations, numerics %d\n", APEX_PRODUCTS_VERSION);
    for (int k = 0; k < apex_site_count(m->model); k++)
        if (apex_site_changes_model(m->model, k))
            add_text(out, "kept %s\n", m->model->site[k].tensor);
    add_preparation(out, m->data);
}

static void context_key(const struct sweep *s, const struct sweep_model *m, unsigned char key[16])
{
    const struct grid *g = s->grid;
    struct bytes text = {0};
    unsigned char digest[32];
    sweep_identity_text(&text, s, m);
    add_text(&text, "\nnoise %s\nseed %llu\ndraws %u\ntile %d\n", apex_noise_name(g->noise),
             (unsigned long long)g->seed, g->draws, m->tile_rows);
    if (g->per_channel) /* the key is older than these two */
        add_text(&text, "noise per channel\n");
    if (g->class_rank)
        add_text(&text, "class ranks\n");
    sha256_of(text.data, text.size, digest);
    memcpy(key, digest, 16);
    bytes_free(&text);
}

void sweep_rms_key(const struct sweep *s, const struct sweep_model *m, unsigned char key[32])
{
    struct bytes text = {0};
    sweep_identity_text(&text, s, m);
    add_text(&text, "\nrms %lld:%lld of samples", (long long)s->grid->rms.first,
             (long long)s->grid->rms.last);
    for (int64_t i = 0; i < m->data->samples; i++)
        bytes_put_u32(&text, m->data->index[i]);
    for (int k = m->model->sites; k < apex_site_count(m->model); k++)
        add_text(&text, "\ntensor %s", m->model->site[k].tensor);
    sha256_of(text.data, text.size, key);
    bytes_free(&text);
}

/* A site's results also depend on the factors of its sigma. */
static uint64_t site_key(const struct sweep_model *m, int site)
{
    struct bytes text = {0};
    unsigned char digest[32];
    uint64_t key;
    if (site < m->model->sites)
        add_text(&text, "site %d", site);
    else /* its index depends on what else is asked for */
        add_text(&text, "tensor %s", m->model->site[site].tensor);
    const float *scale = sweep_scale(m, site);
    int factors = !scale ? 0 : site == APEX_SITE_ALL ? m->model->sites : 1;
    for (int i = 0; i < factors; i++)
        bytes_put_f32(&text, scale[i]);
    sha256_of(text.data, text.size, digest);
    memcpy(&key, digest, sizeof key);
    bytes_free(&text);
    return key;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The grid's text without its output line: where results lie is no part of what they are. */
static char *grid_text(const struct grid *g)
{
    char *copy = strdup(g->text), *line = copy;
    while (line && *line) {
        char *end = strchr(line, '\n');
        end = end ? end + 1 : line + strlen(line);
        if (!strncmp(line, "output:", 7)) {
            memmove(line, end, strlen(end) + 1);
            break;
        }
        line = end;
    }
    return copy;
}

static int add_attribute(struct context *c, const char *name, const char *text)
{
    char **names = realloc(c->attribute_name, (c->attributes + 1) * sizeof *names);
    if (names)
        c->attribute_name = names;
    char **texts = realloc(c->attribute_text, (c->attributes + 1) * sizeof *texts);
    if (texts)
        c->attribute_text = texts;
    if (!names || !texts)
        return -1;
    names[c->attributes] = strdup(name);
    texts[c->attributes] = strdup(text);
    c->attributes++;
    return names[c->attributes - 1] && texts[c->attributes - 1] ? 0 : -1;
}

static int add_number(struct context *c, const char *name, unsigned long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", value);
    return add_attribute(c, name, text);
}

static int describe_data(struct context *c, const struct sweep *s, const struct sweep_model *m)
{
    const struct grid_data *entry = &s->grid->data[m->entry->data];
    char hex[65];
    struct bytes text = {0};
    for (int i = 0; i < entry->paths; i++)
        add_text(&text, "%s%s", i ? " " : "", base_name(entry->path[i]));
    bytes_put_u8(&text, 0);
    int failed = text.failed || add_attribute(c, "data_files", (char *)text.data);
    bytes_clear(&text);
    add_preparation(&text, m->data);
    bytes_put_u8(&text, 0);
    sha256_hex(m->data->sha256, hex);
    failed = failed || text.failed || add_attribute(c, "data_sha256", hex) ||
             add_attribute(c, "data_preparation", (char *)text.data) ||
             add_attribute(c, "labels", m->label ? m->entry->labels : "none");
    bytes_free(&text);
    return failed ? -1 : 0;
}

static int describe(struct context *c, const struct sweep *s, const struct sweep_model *m)
{
    const struct grid *g = s->grid;
    char hex[65], libraries[256];
    sha256_hex(m->model->sha256, hex);
    kernel_set_libraries(kernel_set_find(s->kernels, NULL), libraries, sizeof libraries);
    char *yaml = grid_text(g);
    int failed =
        !yaml || add_attribute(c, "source", "apex " APEX_VERSION) ||
        add_attribute(c, "references",
                      "APEX: Probing Neural Networks via Activation Perturbation, "
                      "arXiv:2602.03586") ||
        add_attribute(c, "sweep", g->sweep) || add_attribute(c, "model_file", base_name(m->entry->path)) ||
        add_attribute(c, "model_sha256", hex) || describe_data(c, s, m) ||
        add_attribute(c, "noise_kind", apex_noise_name(g->noise)) ||
        add_attribute(c, "noise_scale", g->relative ? "relative" : "absolute") ||
        (g->per_channel && add_attribute(c, "noise_per", "channel")) || add_number(c, "seed", g->seed) ||
        add_number(c, "tile_rows", (unsigned)m->tile_rows) ||
        add_number(c, "numerics_version", APEX_NUMERICS_VERSION) ||
        (g->bf16 && add_number(c, "bf16_numerics_version", APEX_BF16_NUMERICS_VERSION)) ||
        add_attribute(c, "kernels", s->kernels) || add_attribute(c, "precision", g->bf16 ? "bf16" : "f32") ||
        add_attribute(c, "libraries", libraries) || add_attribute(c, "grid", yaml);
    free(yaml);
    return failed ? -1 : 0;
}

static int describe_sites(struct context *c, const struct sweep_model *m)
{
    c->site = calloc((size_t)m->sites, sizeof *c->site);
    if (!c->site)
        return -1;
    c->sites = (uint32_t)m->sites;
    for (int i = 0; i < m->sites; i++) {
        struct context_site *to = &c->site[i];
        int index = m->site[i];
        const struct apex_site *from = index >= 0 ? &m->model->site[index] : NULL;
        const struct graph *g = m->model->graph;
        const float *scale = sweep_scale(m, index);
        to->index = index;
        to->name = strdup(apex_site_name(m->model, index));
        to->op = strdup(from ? from->op : index == APEX_SITE_INPUT ? "input" : "all");
        to->tensor = strdup(from ? from->tensor : index == APEX_SITE_INPUT ? g->value[g->input].name : "");
        to->key = site_key(m, index);
        to->elements = from ? from->elements : apex_shape_count(&m->model->input);
        to->rms = !scale ? 1 : index == APEX_SITE_ALL ? 0 : (double)*scale;
        to->activation_rms = !m->rms || index == APEX_SITE_ALL ? NAN : (double)m->rms[index + 1];
        if (index == APEX_SITE_ALL) {
            to->elements = 0;
            for (int k = 0; k < m->model->sites; k++)
                to->elements += m->model->site[k].elements;
        }
        if (!to->name || !to->op || !to->tensor)
            return -1;
    }
    return 0;
}

static int describe_samples(struct context *c, const struct sweep_model *m)
{
    size_t n = (size_t)m->data->samples;
    c->samples = (uint32_t)n;
    c->sample = malloc(n * sizeof *c->sample);
    c->label = malloc(n * sizeof *c->label);
    if (!c->sample || !c->label)
        return -1;
    for (size_t i = 0; i < n; i++) {
        c->sample[i] = m->data->index[i];
        c->label[i] = m->label ? m->label[i] : -1;
    }
    return 0;
}

static struct context *identify(const struct sweep *s, const struct sweep_model *m)
{
    const struct grid *g = s->grid;
    struct context *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    size_t cells = (size_t)m->sites * (size_t)g->sigmas;
    context_key(s, m, c->key);
    c->name = strdup(m->entry->name);
    c->draws = g->draws;
    c->classes = (uint32_t)m->model->classes;
    c->class_count = g->class_count < 0 ? c->classes <= 32 : g->class_count;
    c->class_rank = g->class_rank;
    c->sigmas = (uint32_t)g->sigmas;
    c->sigma = malloc((size_t)g->sigmas * sizeof *c->sigma);
    c->wanted = malloc(cells);
    if (!c->name || !c->sigma || !c->wanted || describe_sites(c, m) || describe_samples(c, m) ||
        describe(c, s, m)) {
        context_free(c);
        return NULL;
    }
    memcpy(c->sigma, g->sigma, (size_t)g->sigmas * sizeof *c->sigma);
    memcpy(c->wanted, m->wanted, cells);
    return c;
}

int sweep_identify(struct sweep *s, struct apex_error *err)
{
    for (int k = 0; k < s->models; k++)
        if (!(s->model[k].context = identify(s, &s->model[k])))
            return apex_fail(err, "out of memory");
    for (int k = 0; s->grid->response.asked && k < s->models; k++)
        if (sweep_identify_response(s, &s->model[k], err))
            return -1;
    return 0;
}
