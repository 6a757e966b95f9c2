#include "core/engine/kernels.h"
#include "core/runner.h"
#include "dist/data/dataset.h"
#include "dist/program/check.h"
#include "dist/program/command.h"
#include "dist/program/exit_code.h"
#include "dist/program/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CHANNELS = 64 };

struct check_arguments {
    const char *model, *input, *expect, *kernels;
    const struct kernel_set *set;
    int bf16;
    double tolerance, mean[MOST_CHANNELS], std[MOST_CHANNELS];
    struct grid_data data;
    struct grid_labels labels;
    struct grid_range range;
};

static const struct option_spec specs[] = {
    {"input", 'i', "FILE", "samples, in any format that a grid takes"},
    {"expect", 'e', "LOGITS", "what the reference gave for them (NPY, NPZ, NetCDF), [samples, classes]"},
    {"labels", 'l', "FILE", "labels, for the accuracy, where the input has none of its own"},
    {"samples", 's', "A:B", "only samples A to B - 1 of the input"},
    {"divide", 'd', "X", "divide values by this (default: 255 for bytes, else 1)"},
    {"mean", 'm', "X,X,...", "then subtract this, one for all or one per channel"},
    {"std", 'S', "X,X,...", "then divide by this"},
    {"layout", 'L', "NAME", "nchw (default) or nhwc"},
    {"tolerance", 't', "X",
     "largest error allowed, relative to the largest logit (default 1e-4; with bf16 0.05)"},
    {"precision", 'p', "NAME",
     "f32 (default) or bf16: then the comparison is with f32 where --expect is not given"},
    {"kernels", 'k', "NAME",
     "auto (default), native, openblas, onednn or naive; with bf16 auto, amx, avx512-bf16 or emulated"},
    {0},
};

static int take_list(const char *option, const char *value, double *list, int *n, struct apex_error *err)
{
    for (*n = 0; *n < MOST_CHANNELS; value++) {
        char *end;
        list[(*n)++] = strtod(value, &end);
        if (end == value || (*end && *end != ','))
            break;
        value = end;
        if (!*end)
            return 0;
    }
    return apex_fail(err, "%s wants numbers separated by commas", option);
}

static int take_range(struct check_arguments *a, const char *value, struct apex_error *err)
{
    long long first = 0, last = -1;
    char rest;
    int ok = sscanf(value, "%lld:%lld%c", &first, &last, &rest) == 2 ||
             (sscanf(value, ":%lld%c", &last, &rest) == 1 && last > 0);
    if (!ok || first < 0 || last <= first)
        return apex_fail(err, "--samples wants A:B with A < B, not '%s'", value);
    a->range = (struct grid_range){first, last};
    a->data.ranges = 1;
    return 0;
}

static int take_option(void *into, int key, const char *value, struct apex_error *err)
{
    struct check_arguments *a = into;
    switch (key) {
    case 'i':
        a->input = value;
        return 0;
    case 'e':
        a->expect = value;
        return 0;
    case 'l':
        a->labels.path = (char *)value;
        return 0;
    case 's':
        return take_range(a, value, err);
    case 'd':
        return option_number("--divide", value, 1e-30, 1e30, &a->data.divide, err);
    case 'm':
        return take_list("--mean", value, a->mean, &a->data.means, err);
    case 'S':
        return take_list("--std", value, a->std, &a->data.stds, err);
    case 'L':
        a->data.layout = (char *)value;
        return strcmp(value, "nchw") && strcmp(value, "nhwc")
                   ? apex_fail(err, "--layout is nchw or nhwc, not '%s'", value)
                   : 0;
    case 't':
        return option_number("--tolerance", value, 0, 1e30, &a->tolerance, err);
    case 'k':
        a->kernels = value;
        return 0;
    case 'p':
        a->bf16 = strcmp(value, "bf16") == 0;
        return a->bf16 || strcmp(value, "f32") == 0
                   ? 0
                   : apex_fail(err, "--precision is f32 or bf16, not '%s'", value);
    default:
        a->model = value;
        return 0;
    }
}

/* The data set is read as a grid would have it read. */
static struct dataset *load_input(struct check_arguments *a, struct apex_error *err)
{
    const struct grid g = {.path = "--input"};
    char *path = (char *)a->input, name[] = "input", nchw[] = "nchw", label_name[] = "true";
    a->data.name = name;
    a->data.paths = 1;
    a->data.path = &path;
    a->data.layout = a->data.layout ? a->data.layout : nchw;
    a->data.mean = a->mean;
    a->data.std = a->std;
    a->data.range = &a->range;
    a->labels.name = label_name;
    a->data.labels = &a->labels;
    a->data.label_sets = a->labels.path != NULL;
    return dataset_load(&g, &a->data, err);
}

/* output[samples][classes], malloc'ed. */
static float *run_all(const struct apex_model *m, const struct dataset *d, const char *kernels,
                      struct apex_error *err)
{
    const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 0};
    const size_t classes = (size_t)m->classes;
    struct apex_runner *r = apex_runner_new(m, kernels, NULL, 0, 1, NULL, &noise, 0, err);
    float *sample = malloc((size_t)d->elements * sizeof *sample);
    float *logits = malloc(classes * sizeof *logits);
    float *output = malloc((size_t)d->samples * classes * sizeof *output);
    int ok = r && sample && logits && output;
    if (r && !ok)
        apex_fail(err, "out of memory");
    for (int64_t i = 0; ok && i < d->samples; i++) {
        dataset_sample(d, i, sample);
        apex_runner_clean(r, sample, logits);
        memcpy(output + (size_t)i * classes, apex_runner_output(r), classes * sizeof *output);
    }
    apex_runner_free(r);
    free(sample);
    free(logits);
    if (ok)
        return output;
    free(output);
    return NULL;
}

static int print_errors(const struct check_arguments *a, const struct dataset *d, const struct check *c)
{
    int ok = c->not_finite == 0 && c->max_relative <= a->tolerance;
    printf("largest error %.3g (sample %u, class %lld), %.3g of the largest logit %.4g; mean error %.3g\n",
           c->max_error, d->index[c->worst], (long long)c->worst_class, c->max_relative, c->largest,
           c->mean_error);
    printf("predictions changed: %lld of %lld\n", (long long)c->changed, (long long)c->samples);
    if (c->not_finite)
        printf("not finite: %lld logits\n", (long long)c->not_finite);
    printf("%s: tolerance %.3g\n", ok ? "agrees" : "DIFFERS", a->tolerance);
    return ok ? EXIT_DONE : EXIT_UNITS_FAILED;
}

/* What --expect holds, or with bf16 what f32 gives; malloc'ed [samples][classes], NULL with err. */
static float *load_expected(const struct check_arguments *a, const struct apex_model *m,
                            const struct dataset *d, struct apex_error *err)
{
    if (!a->expect)
        return run_all(m, d, "auto", err);
    struct apex_tensor *t = dataset_array(a->expect, NULL, err);
    int64_t count = (int64_t)d->samples * m->classes;
    float *expected = NULL;
    if (t && t->shape.dim[0] == d->samples && apex_shape_count(&t->shape) == count) {
        expected = t->data;
        t->data = NULL;
    } else if (t) {
        char text[APEX_SHAPE_TEXT];
        apex_fail(err, "%s has shape %s, but %lld samples of %d classes are compared", a->expect,
                  apex_shape_text(&t->shape, text), (long long)d->samples, m->classes);
    }
    apex_tensor_free(t);
    return expected;
}

static void print_head(const struct check_arguments *a, const struct apex_model *m, const struct dataset *d)
{
    printf("%s: %lld samples, %d classes, kernels %s\n", a->model, (long long)d->samples, m->classes,
           a->set->name);
    if (!a->bf16)
        return;
    int emulated = strcmp(a->set->name, "emulated") == 0;
    printf("precision bf16%s, compared with %s\n",
           emulated ? ", emulated in software: operands rounded to bfloat16, sums in float32" : "",
           a->expect ? a->expect : "f32");
}

static int compare(const struct check_arguments *a, const struct apex_model *m, const struct dataset *d,
                   const float *output, struct apex_error *err)
{
    const int32_t *labels = dataset_labels(d, "true");
    int compared = a->expect || a->bf16;
    float *expected = compared ? load_expected(a, m, d, err) : NULL;
    if (compared && !expected)
        return -1;
    struct check c = check_compare(output, expected ? expected : output, d->samples, m->classes, labels);
    print_head(a, m, d);
    if (labels)
        printf("accuracy: %.4f\n", (double)c.computed_correct / (double)c.samples);
    if (labels && a->bf16 && !a->expect)
        printf("accuracy in f32: %.4f\n", (double)c.expected_correct / (double)c.samples);
    int code = expected ? print_errors(a, d, &c) : EXIT_DONE;
    free(expected);
    return code;
}

/* In bf16 `auto` is what this machine has, else the emulation. */
static int choose_kernels(struct check_arguments *a, struct apex_error *err)
{
    a->set = kernel_set_choose(a->bf16, a->kernels, err);
    if (!a->set && a->bf16 && strcmp(a->kernels, "auto") == 0)
        a->set = kernel_set_choose(1, "emulated", err);
    if (a->tolerance < 0)
        a->tolerance = a->bf16 ? 0.05 : 1e-4;
    return a->set ? 0 : -1;
}

int command_check(int argc, char **argv)
{
    struct check_arguments a = {.kernels = "auto", .tolerance = -1};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "MODEL.onnx", specs, take_option, &a);
    if (code >= 0)
        return code;
    if (!a.input) {
        fprintf(stderr, "apex check: give --input (and --expect or labels to compare with)\n");
        return EXIT_USAGE;
    }
    if (choose_kernels(&a, &err))
        return command_fail(EXIT_USAGE, &err);
    struct apex_model *m = apex_model_load(a.model, &err);
    struct dataset *d = m ? load_input(&a, &err) : NULL;
    float *output = d && !dataset_fits(d, &m->input, &err) ? run_all(m, d, a.set->name, &err) : NULL;
    code = output ? compare(&a, m, d, output, &err) : -1;
    free(output);
    dataset_free(d);
    apex_model_free(m);
    return code < 0 ? command_fail(EXIT_BAD_INPUT, &err) : code;
}
