#include "core/engine/kernels.h"
#include "core/runner.h"
#include "dist/program/command.h"
#include "dist/program/exit_code.h"
#include "dist/program/inspect_json.h"
#include "dist/program/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct inspect_arguments {
    const char *model, *kernels;
    int layers, tensors, json;
};

static const struct option_spec specs[] = {
    {"layers", 'l', NULL, "list every layer with its kernel and algorithm"},
    {"tensors", 't', NULL, "list every other tensor that can be a site, too"},
    {"json", 'j', NULL, "print JSON, with full numbers"},
    {"kernels", 'k', "NAME",
     "auto (default), native, openblas, onednn or naive; in bf16 amx, avx512-bf16 or emulated"},
    {0},
};

static int take_option(void *into, int key, const char *value, struct apex_error *err)
{
    struct inspect_arguments *a = into;
    (void)err;
    if (key == 'l')
        a->layers = 1;
    else if (key == 't')
        a->tensors = 1;
    else if (key == 'j')
        a->json = 1;
    else if (key == 'k')
        a->kernels = value;
    else
        a->model = value;
    return 0;
}

static const char *amount(double x, char text[32])
{
    static const char *const unit[] = {"", " k", " M", " G", " T"};
    int k = 0;
    for (; x >= 1000 && k < 4; k++)
        x /= 1000;
    snprintf(text, 32, k ? "%.3g%s" : "%.0f%s", x, unit[k]);
    return text;
}

static void print_head(const struct apex_model *m, const char *path, const char *kernels)
{
    char shape[APEX_SHAPE_TEXT], parameters[32], flops[32], libraries[256];
    const struct kernel_set *set = kernel_set_find(kernels, NULL);
    printf("%s: opset %d, input '%s' %s, %d classes, %d sites\n", path, m->graph->opset,
           m->graph->value[m->graph->input].name, apex_shape_text(&m->input, shape), m->classes, m->sites);
    printf("%s parameters, %s FLOPs for one sample; kernels %s (%s)\n",
           amount((double)m->parameters, parameters), amount((double)m->flops, flops), set->name,
           kernel_set_libraries(set, libraries, sizeof libraries));
    if (m->logits != m->graph->output)
        printf("The final Softmax is left out: margins and losses are those of its input '%s'.\n",
               m->graph->value[m->logits].name);
}

/* The end of a name, in what a terminal of this width leaves beside the other columns; all of it elsewhere.
 */
static const char *fitting(const char *name, char text[256])
{
    enum { OTHERS = 66, LEAST = 14 };
    struct winsize w = {0};
    size_t length = strlen(name), room = sizeof(char[256]) - 1;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || w.ws_col == 0)
        return name;
    size_t left = w.ws_col > OTHERS + LEAST ? w.ws_col - OTHERS : LEAST;
    room = left < room ? left : room;
    if (length <= room)
        return name;
    snprintf(text, 256, "..%s", name + length - (room - 2));
    return text;
}

static void print_site(const struct apex_model *m, int site)
{
    char whole[256], shape[APEX_SHAPE_TEXT] = "", index[16] = "-", elements[32] = "-", flops[32];
    const char *tensor =
        site == APEX_SITE_INPUT ? m->graph->value[m->graph->input].name : "every activation at once";
    if (site >= 0) {
        snprintf(index, sizeof index, "%d", site);
        tensor = m->site[site].tensor;
    }
    const struct apex_shape *s = site >= 0                 ? &m->site[site].shape
                                 : site == APEX_SITE_INPUT ? &m->input
                                                           : NULL;
    if (s) {
        apex_shape_text(s, shape);
        amount((double)apex_shape_count(s), elements);
    }
    const char *name = site >= m->sites ? m->site[site].op : apex_site_name(m, site);
    printf("%5s  %-14s %-18s %9s %9s  %s\n", site >= m->sites ? "-" : index, name, shape, elements,
           amount((double)apex_site_flops(m, site), flops), fitting(tensor, whole));
}

static int print_layers(const struct apex_model *m, const char *kernels, struct apex_error *err)
{
    const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 0};
    struct apex_runner *r = apex_runner_new(m, kernels, NULL, 0, 1, NULL, &noise, 0, err);
    int n = r ? apex_runner_layers(r, NULL, 0) : 0;
    struct apex_layer *layer = r ? calloc((size_t)n + 1, sizeof *layer) : NULL;
    if (r && !layer)
        apex_fail(err, "out of memory");
    if (layer) {
        apex_runner_layers(r, layer, n);
        printf("\n%-18s %-34s %-18s %9s  %s\n", "operator", "kernel", "output", "FLOPs", "node");
    }
    for (int k = 0; layer && k < n; k++) {
        char shape[APEX_SHAPE_TEXT], flops[32];
        printf("%-18s %-34s %-18s %9s  %s\n", layer[k].op, layer[k].kernel,
               apex_shape_text(&layer[k].shape, shape), amount((double)layer[k].flops, flops), layer[k].node);
    }
    int outcome = layer ? 0 : -1;
    free(layer);
    apex_runner_free(r);
    return outcome;
}

static int print_table(const struct apex_model *m, const struct inspect_arguments *a, struct apex_error *err)
{
    print_head(m, a->model, a->kernels);
    printf("\nindex  %-14s %-18s %9s %9s  %s\n", "site", "shape", "elements", "FLOPs", "tensor");
    print_site(m, APEX_SITE_INPUT);
    for (int k = 0; k < m->sites; k++)
        print_site(m, k);
    print_site(m, APEX_SITE_ALL);
    printf("(FLOPs: what is downstream of the site, for one sample and one draw)\n");
    if (m->tensors)
        printf("\nOther tensors, sites by \"tensor:NAME\", with the operator that makes them:\n");
    for (int k = m->sites; k < apex_site_count(m); k++)
        print_site(m, k);
    return a->layers ? print_layers(m, a->kernels, err) : 0;
}

int command_inspect(int argc, char **argv)
{
    struct inspect_arguments a = {.kernels = "auto"};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "MODEL.onnx", specs, take_option, &a);
    if (code >= 0)
        return code;
    if (!kernel_set_find(a.kernels, &err))
        return command_fail(EXIT_USAGE, &err);
    const char *every[] = {"tensor:*"};
    struct apex_model *m = apex_model_load_with_tensors(a.model, every, a.tensors, &err);
    if (!m)
        return command_fail(EXIT_BAD_INPUT, &err);
    int failed = a.json ? inspect_json(m, a.model, a.kernels, a.layers, &err) : print_table(m, &a, &err);
    apex_model_free(m);
    return failed ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
}
