#include "dist/program/inspect_json.h"

#include "core/engine/kernels.h"
#include "core/runner.h"
#include "core/sha256.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes that are no text of JSON as \\u00XX; UTF-8 as it is. */
static void put_text(const char *text)
{
    putchar('"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            printf("\\u%04x", *c);
        else
            putchar(*c);
    putchar('"');
}

static void put_member(const char *name, const char *text)
{
    printf(", \"%s\": ", name);
    put_text(text);
}

static void put_shape(const struct apex_shape *s)
{
    char text[APEX_SHAPE_TEXT];
    printf(", \"shape\": %s", apex_shape_text(s, text)); /* [1,3,32,32] is JSON already */
}

static void put_site(const struct apex_model *m, int site)
{
    const struct apex_site *s = site >= 0 ? &m->site[site] : NULL;
    printf("    {\"name\": ");
    put_text(apex_site_name(m, site));
    if (site >= 0 && site < m->sites)
        printf(", \"index\": %d", site);
    if (s) {
        put_member("op", s->op);
        put_member("tensor", s->tensor);
        put_member("node", s->node);
        put_shape(&s->shape);
        printf(", \"elements\": %lld, \"stream\": %u", (long long)s->elements, s->stream);
    }
    printf(", \"flops\": %lld}", (long long)apex_site_flops(m, site));
}

static void put_layers(const struct apex_layer *layer, int layers)
{
    printf(",\n  \"layers\": [\n");
    for (int k = 0; k < layers; k++) {
        printf("    {\"op\": ");
        put_text(layer[k].op);
        put_member("node", layer[k].node);
        put_member("kernel", layer[k].kernel);
        put_shape(&layer[k].shape);
        printf(", \"flops\": %lld}%s\n", (long long)layer[k].flops, k + 1 < layers ? "," : "");
    }
    printf("  ]");
}

/* [*layers], freed by the caller after the runner; NULL with err. */
static struct apex_layer *list_layers(struct apex_runner *r, int *layers, struct apex_error *err)
{
    *layers = apex_runner_layers(r, NULL, 0);
    struct apex_layer *layer = calloc((size_t)*layers + 1, sizeof *layer);
    if (!layer)
        apex_fail(err, "out of memory");
    else
        apex_runner_layers(r, layer, *layers);
    return layer;
}

static void put_model(const struct apex_model *m, const char *path, const char *kernels)
{
    const struct kernel_set *set = kernel_set_find(kernels, NULL);
    char hex[65], libraries[256];
    sha256_hex(m->sha256, hex);
    printf("{\n  \"file\": ");
    put_text(path);
    put_member("sha256", hex);
    printf(", \"opset\": %d,\n  \"input\": {\"name\": ", m->graph->opset);
    put_text(m->graph->value[m->graph->input].name);
    put_shape(&m->input);
    printf("}, \"classes\": %d", m->classes);
    put_member("logits", m->graph->value[m->logits].name);
    printf(",\n  \"parameters\": %lld, \"flops\": %lld", (long long)m->parameters, (long long)m->flops);
    put_member("kernels", set->name);
    put_member("libraries", kernel_set_libraries(set, libraries, sizeof libraries));
    printf(",\n  \"sites\": [\n");
}

int inspect_json(const struct apex_model *m, const char *path, const char *kernels, int layers,
                 struct apex_error *err)
{
    const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 0};
    struct apex_runner *r = layers ? apex_runner_new(m, kernels, NULL, 0, 1, NULL, &noise, 0, err) : NULL;
    int count = 0;
    struct apex_layer *layer = r ? list_layers(r, &count, err) : NULL;
    int rc = layers && !layer ? -1 : 0;
    if (rc == 0) {
        put_model(m, path, kernels);
        for (int site = APEX_SITE_INPUT; site < apex_site_count(m); site++) {
            put_site(m, site);
            printf(",\n");
        }
        put_site(m, APEX_SITE_ALL);
        printf("\n  ]");
        if (layer)
            put_layers(layer, count);
        printf("\n}\n");
    }
    free(layer);
    apex_runner_free(r);
    return rc;
}
