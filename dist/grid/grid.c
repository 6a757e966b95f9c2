#include "dist/grid/grid_yaml.h"

#include "dist/files/file.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int grid_fail(const struct grid *g, struct grid_mark mark, struct apex_error *err, const char *format, ...)
{
    char text[APEX_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mark.line
               ? apex_fail(err, "%s:%d:%d: %s", g->path, mark.line, mark.column, text)
               : apex_fail(err, "%s: %s", g->path, text); /* not from a file: an option of the command line */
}

static int read_sweep(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    if (grid_check_text(r, key, node))
        return -1;
    const char *text = grid_scalar(node);
    if (strpbrk(text, "\n\r\t") || strlen(text) > 200)
        return grid_fail_at(r, node, "%s: the name must be one line of at most 200 bytes", key);
    return grid_read_text(r, key, node, field);
}

static int read_output(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid *g = field;
    g->output_mark = grid_mark_of(node);
    return grid_read_path(r, key, node, &g->output);
}

static int read_seed(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    return grid_read_whole(r, key, node, 0, UINT64_MAX, field);
}

static int read_draws(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    uint64_t draws;
    if (grid_read_whole(r, key, node, 1, 1000000, &draws))
        return -1;
    *(uint32_t *)field = (uint32_t)draws;
    return 0;
}

static int read_precision(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    static const char *const name[] = {"f32", "bf16"};
    int choice = grid_read_choice(r, key, node, name, 2);
    *(int *)field = choice == 1;
    return choice < 0 ? -1 : 0;
}

static int read_kernels(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    enum { F32 = 5, ALL = 8 }; /* "auto" is of both precisions; the last are of bf16 */
    static const char *const name[ALL] = {"auto",  "native", "openblas",    "onednn",
                                          "naive", "amx",    "avx512-bf16", "emulated"};
    struct grid *g = field;
    int choice = grid_read_choice(r, key, node, name, ALL);
    if (choice > 0 && (choice >= F32) != g->bf16)
        return grid_fail_at(r, node, "%s: '%s' computes in %s: with 'precision: %s' use %s", key,
                            name[choice], g->bf16 ? "f32" : "bf16", g->bf16 ? "bf16" : "f32",
                            g->bf16 ? "auto, amx, avx512-bf16 or emulated"
                                    : "auto, native, openblas, onednn or naive");
    free(g->kernels); /* the default */
    g->kernels = NULL;
    return choice < 0 ? -1 : grid_read_text(r, key, node, &g->kernels);
}

static int read_class_count(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    static const char *const name[] = {"false", "true", "auto"};
    int choice = grid_is_false(node) ? 0 : grid_is_true(node) ? 1 : grid_read_choice(r, key, node, name, 3);
    *(int *)field = choice == 2 ? -1 : choice;
    return choice < 0 ? -1 : 0;
}

static int read_class_rank(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    static const char *const name[] = {"false", "true"};
    int choice = grid_is_false(node) ? 0 : grid_is_true(node) ? 1 : grid_read_choice(r, key, node, name, 2);
    *(int *)field = choice == 1;
    return choice < 0 ? -1 : 0;
}

static int read_memory(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid *g = field;
    g->memory_mark = grid_mark_of(node);
    if (grid_read_number(r, key, node, &g->memory))
        return -1;
    return g->memory > 0 && isfinite(g->memory)
               ? 0
               : grid_fail_at(r, node, "%s: must be above 0 (megabytes)", key);
}

static int read_noise_kind(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid *g = field;
    const char *name[APEX_NOISE_DROPOUT + 1];
    for (int k = 0; k <= APEX_NOISE_DROPOUT; k++)
        name[k] = apex_noise_name((enum apex_noise_kind)k);
    int choice = grid_read_choice(r, key, node, name, APEX_NOISE_DROPOUT + 1);
    if (choice >= 0)
        g->noise = (enum apex_noise_kind)choice;
    return choice < 0 ? -1 : 0;
}

static int read_noise_scale(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    static const char *const name[] = {"absolute", "relative"};
    struct grid *g = field;
    int choice = grid_read_choice(r, key, node, name, 2);
    if (choice == 1 && !apex_noise_is_additive(g->noise))
        return grid_fail_at(r, node, "%s: %s noise is relative to the activation already", key,
                            apex_noise_name(g->noise));
    g->relative = choice == 1;
    return choice < 0 ? -1 : 0;
}

static int read_noise_per(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    static const char *const name[] = {"element", "channel"};
    int choice = grid_read_choice(r, key, node, name, 2);
    ((struct grid *)field)->per_channel = choice == 1;
    return choice < 0 ? -1 : 0;
}

static int read_noise(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    static const struct grid_key keys[] = {
        {"kind", read_noise_kind, 0, 0}, {"scale", read_noise_scale, 0, 0}, {"per", read_noise_per, 0, 0}};
    return grid_read_map(r, key, node, keys, 3, field);
}

static int read_rms(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid *g = field;
    if (!g->relative)
        return grid_fail_at(r, node, "%s: is for 'noise: {scale: relative}' only", key);
    return grid_read_range(r, key, node, &g->rms);
}

static int read_sites(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    struct grid *g = field;
    g->sites_mark = grid_mark_of(node);
    return grid_read_patterns(r, key, node, &g->sites, &g->site);
}

/* The order matters: models refer to data, rms, sigmas and response to the noise, rules to models and sigmas,
 * kernels to the precision. */
static int read_grid(struct grid_reader *r, yaml_node_t *root)
{
    static const struct grid_key key[] = {
        {"sweep", read_sweep, offsetof(struct grid, sweep), 1},
        {"output", read_output, 0, 1},
        {"seed", read_seed, offsetof(struct grid, seed), 0},
        {"draws", read_draws, offsetof(struct grid, draws), 0},
        {"data", grid_read_datas, 0, 1},
        {"models", grid_read_models, 0, 1},
        {"sites", read_sites, 0, 1},
        {"noise", read_noise, 0, 0},
        {"sigmas", grid_read_sigmas, 0, 1},
        {"rms", read_rms, 0, 0},
        {"response", grid_read_response, 0, 0},
        {"include", grid_read_include, 0, 0},
        {"exclude", grid_read_exclude, 0, 0},
        {"precision", read_precision, offsetof(struct grid, bf16), 0},
        {"kernels", read_kernels, 0, 0},
        {"memory", read_memory, 0, 0},
        {"class_count", read_class_count, offsetof(struct grid, class_count), 0},
        {"class_rank", read_class_rank, offsetof(struct grid, class_rank), 0},
    };
    return grid_read_map(r, "grid", root, key, sizeof key / sizeof *key, r->grid);
}

static struct grid *new_grid(const char *text, size_t size, const char *path)
{
    struct grid *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->draws = 64;
    g->rms = (struct grid_range){-1, -1};
    g->class_count = -1;
    g->path = strdup(path);
    g->text = malloc(size + 1);
    g->kernels = strdup("auto");
    if (!g->path || !g->text || !g->kernels) {
        grid_free(g);
        return NULL;
    }
    memcpy(g->text, text, size);
    g->text[size] = '\0';
    return g;
}

struct grid *grid_parse(const char *text, size_t size, const char *path, struct apex_error *err)
{
    yaml_document_t document;
    struct grid *g = NULL;
    if (grid_open_document(&document, text, size, path, err))
        return NULL;
    struct grid_reader r = {NULL, &document, grid_folder(path, err), err};
    if (!r.folder)
        goto done;
    r.grid = g = new_grid(text, size, path);
    if (!g)
        apex_fail(err, "%s: out of memory", path);
    else if (read_grid(&r, yaml_document_get_root_node(&document))) {
        grid_free(g);
        g = NULL;
    }
done:
    free(r.folder);
    yaml_document_delete(&document);
    return g;
}

struct grid *grid_load(const char *path, struct apex_error *err)
{
    size_t size;
    char *text = file_read(path, &size, err);
    if (!text)
        return NULL;
    struct grid *g = grid_parse(text, size, path, err);
    free(text);
    return g;
}
