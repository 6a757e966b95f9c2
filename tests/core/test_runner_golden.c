/* Networks exported from PyTorch (tests/golden), from the ONNX file to the logits, in every kernel set; and
 * passes at each of their sites: with sigma = 0 they must give the clean logits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILE = 4 };

static const char *const sets[] = {"naive", "openblas", "auto"};

/* The numbers of a little-endian float32 .npy file, version 1; *count gets how many. */
static float *read_npy(const char *name, const char *what, size_t *count)
{
    char path[256];
    unsigned char head[10];
    snprintf(path, sizeof path, "golden/%s.%s.npy", name, what);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("cannot open %s", path);
    assert_int_equal(fread(head, 1, 10, f), 10);
    assert_memory_equal(head, "\x93NUMPY\x01", 7);
    long start = 10 + head[8] + 256 * head[9];
    fseek(f, 0, SEEK_END);
    *count = (size_t)(ftell(f) - start) / sizeof(float);
    float *v = malloc(*count * sizeof *v);
    assert_non_null(v);
    fseek(f, start, SEEK_SET);
    assert_int_equal(fread(v, sizeof *v, *count, f), *count);
    fclose(f);
    return v;
}

static struct apex_runner *make_runner(const struct apex_model *m, const char *set)
{
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 1};
    struct apex_error err = {""};
    int *sites = malloc(((size_t)apex_site_count(m) + 2) * sizeof *sites);
    assert_non_null(sites);
    for (int k = 0; k < apex_site_count(m) + 2; k++)
        sites[k] = k - 2;
    int first = m->sites == 0; /* `all` of none is nothing */
    struct apex_runner *r =
        apex_runner_new(m, set, sites + first, apex_site_count(m) + 2 - first, TILE, NULL, &noise, 0, &err);
    if (!r)
        fail_msg("%s: %s", set, err.text);
    free(sites);
    return r;
}

static double largest_difference(size_t count, const float *a, const float *b)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)a[i] - b[i]) <= most))
            most = fabs((double)a[i] - b[i]);
    return most;
}

static double largest(size_t count, const float *a)
{
    double most = 1e-30;
    for (size_t i = 0; i < count; i++)
        most = fabs((double)a[i]) > most ? fabs((double)a[i]) : most;
    return most;
}

static void check_sites(const struct apex_model *m, struct apex_runner *r, const char *name,
                        const float *clean, double tolerance)
{
    size_t classes = (size_t)m->classes;
    float *all = malloc(TILE * classes * sizeof *all);
    double sigma = 0;
    assert_non_null(all);
    for (int s = 0; s < apex_site_count(m) + 2 - (m->sites == 0); s++) {
        apex_runner_perturb(r, s, NULL, &sigma, 1, 0, 0, TILE, all);
        for (int d = 0; d < TILE; d++) {
            double error = largest_difference(classes, clean, all + (size_t)d * classes);
            if (!(error <= tolerance))
                fail_msg("%s, site %d, row %d: off by %g without noise", name, s, d, error);
        }
    }
    free(all);
}

/* tensors: every tensor is a site, too. */
static void check_network(const char *name, double tolerance, int tensors)
{
    char path[256];
    struct apex_error err = {""};
    size_t inputs, outputs;
    float *x = read_npy(name, "input", &inputs), *expected = read_npy(name, "logits", &outputs);
    snprintf(path, sizeof path, "golden/%s.onnx", name);
    const char *every[] = {"tensor:*"};
    struct apex_model *m = apex_model_load_with_tensors(path, every, tensors, &err);
    if (!m)
        fail_msg("%s", err.text);
    size_t each = (size_t)apex_shape_count(&m->input), classes = (size_t)m->classes;
    assert_int_equal(inputs / each, outputs / classes);
    double limit = tolerance * largest(outputs, expected);
    float *logits = malloc(classes * sizeof *logits);
    assert_non_null(logits);
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        struct apex_runner *r = make_runner(m, sets[k]);
        for (size_t i = 0; i < inputs / each; i++) {
            apex_runner_clean(r, x + i * each, logits);
            double error = largest_difference(classes, expected + i * classes, apex_runner_output(r));
            if (!(error <= limit))
                fail_msg("%s (%s), sample %zu: off by %g, allowed %g", name, sets[k], i, error, limit);
        }
        check_sites(m, r, name, logits, 1e-4 * largest(classes, logits));
        apex_runner_free(r);
    }
    apex_model_free(m);
    free(logits);
    free(x);
    free(expected);
}

static void exported_networks_give_the_logits_of_pytorch(void **state)
{
    FILE *f = fopen("golden/index.txt", "r");
    char line[256], name[128];
    double tolerance;
    int count = 0;
    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (line[0] != '#' && sscanf(line, "%127s %lf", name, &tolerance) == 2) {
            check_network(name, tolerance, 0);
            check_network(name, tolerance, 1);
            count++;
        }
    fclose(f);
    assert_true(count >= 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exported_networks_give_the_logits_of_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
