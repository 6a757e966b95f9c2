/* Networks exported from PyTorch (tests/golden) with operands in bfloat16, emulated: how far from float32,
 * and the same bits from every program that computes the same. */
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

enum { TILE = 4, MOST_SITES = 256 };

struct net {
    struct apex_model *model;
    struct apex_runner *f32, *bf16;
    int sites;
    size_t classes, samples;
    float *x;
};

/* The numbers of a little-endian float32 .npy file, version 1; *count gets how many. */
static float *read_npy(const char *name, size_t *count)
{
    char path[256];
    unsigned char head[10];
    snprintf(path, sizeof path, "golden/%s.input.npy", name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("cannot open %s", path);
    assert_int_equal(fread(head, 1, 10, f), 10);
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

static struct net open_net(const char *name)
{
    const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 1};
    struct apex_error err = {""};
    char path[256];
    int site[MOST_SITES];
    size_t inputs;
    struct net n = {0};
    snprintf(path, sizeof path, "golden/%s.onnx", name);
    if (!(n.model = apex_model_load(path, &err)))
        fail_msg("%s", err.text);
    for (int k = n.model->sites ? APEX_SITE_ALL : APEX_SITE_INPUT; k < n.model->sites; k++)
        site[n.sites++] = k;
    n.f32 = apex_runner_new(n.model, "auto", site, n.sites, TILE, NULL, &noise, 0, &err);
    n.bf16 = apex_runner_new(n.model, "emulated", site, n.sites, TILE, NULL, &noise, 0, &err);
    if (!n.f32 || !n.bf16)
        fail_msg("%s: %s", name, err.text);
    n.classes = (size_t)n.model->classes;
    n.x = read_npy(name, &inputs);
    n.samples = inputs / (size_t)apex_shape_count(&n.model->input);
    return n;
}

static void close_net(struct net *n)
{
    apex_runner_free(n->f32);
    apex_runner_free(n->bf16);
    apex_model_free(n->model);
    free(n->x);
}

static double largest_of(size_t count, const float *a)
{
    double most = 1e-30;
    for (size_t i = 0; i < count; i++)
        most = fabs((double)a[i]) > most ? fabs((double)a[i]) : most;
    return most;
}

static size_t top(size_t classes, const float *a)
{
    size_t best = 0;
    for (size_t i = 1; i < classes; i++)
        best = a[i] > a[best] ? i : best;
    return best;
}

/* Every network of the index; `visit` gets it open. Returns how many. */
static int each_net(void (*visit)(const char *name, struct net *n, void *user), void *user)
{
    FILE *f = fopen("golden/index.txt", "r");
    char line[256], name[128];
    double tolerance;
    int count = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (line[0] != '#' && sscanf(line, "%127s %lf", name, &tolerance) == 2) {
            struct net n = open_net(name);
            visit(name, &n, user);
            close_net(&n);
            count++;
        }
    fclose(f);
    return count;
}

struct changes {
    int samples, changed;
    double worst, sum; /* error of a logit over the largest of its sample */
    size_t logits;
    char name[128];
};

static void compare_clean(const char *name, struct net *n, void *user)
{
    struct changes *c = user;
    float a[n->classes], b[n->classes];
    for (size_t i = 0; i < n->samples; i++) {
        const float *x = n->x + i * (size_t)apex_shape_count(&n->model->input);
        apex_runner_clean(n->f32, x, a);
        apex_runner_clean(n->bf16, x, b);
        double largest = largest_of(n->classes, a);
        for (size_t k = 0; k < n->classes; k++) {
            double error = fabs((double)a[k] - b[k]) / largest;
            c->sum += error;
            if (!(error <= c->worst)) {
                c->worst = error;
                snprintf(c->name, sizeof c->name, "%s", name);
            }
        }
        c->logits += n->classes;
        c->changed += top(n->classes, a) != top(n->classes, b);
        c->samples++;
    }
}

/* A rounded operand is off by at most 2^-9 of itself; errors of different sign cancel over a sum, and grow
 * with the depth. */
static void logits_stay_near_those_of_float32(void **state)
{
    struct changes c = {0};
    (void)state;
    assert_true(each_net(compare_clean, &c) >= 45);
    print_message("%d samples, %d predictions changed; error %.2g of the largest logit at most (%s), %.2g "
                  "in the mean\n",
                  c.samples, c.changed, c.worst, c.name, c.sum / (double)c.logits);
    if (!(c.worst <= 0.05))
        fail_msg("%s is off by %g of its largest logit", c.name, c.worst);
    if (!(c.sum / (double)c.logits <= 0.005))
        fail_msg("the mean error is %g", c.sum / (double)c.logits);
    if (c.changed * 50 > c.samples)
        fail_msg("%d of %d predictions changed", c.changed, c.samples);
    if (c.worst < 1e-5)
        fail_msg("no error above %g: nothing was rounded", c.worst);
}

/* The clean program keeps float32 tensors and joins no steps; those of the sites store bfloat16 where only
 * products read. */
static void compare_bits(const char *name, struct net *n, void *user)
{
    const double none = 0;
    float clean[n->classes], all[TILE * n->classes];
    (void)user;
    apex_runner_clean(n->bf16, n->x, clean);
    for (int s = 0; s < n->sites; s++) {
        apex_runner_perturb(n->bf16, s, NULL, &none, 1, 0, 0, TILE, all);
        for (size_t d = 0; d < TILE; d++)
            for (size_t k = 0; k < n->classes; k++)
                if (all[d * n->classes + k] != clean[k])
                    fail_msg("%s, site %d, row %zu, class %zu: %a, clean %a", name, s, d, k,
                             (double)all[d * n->classes + k], (double)clean[k]);
    }
}

static void without_noise_every_site_gives_the_bits_of_the_clean_pass(void **state)
{
    (void)state;
    assert_true(each_net(compare_bits, NULL) >= 45);
}

/* One scale makes its noise row by row, several make it once for all. */
static void compare_noisy(const char *name, struct net *n, void *user)
{
    const double sigma[2] = {0.1, 0.3};
    const size_t count = TILE * n->classes;
    float a[2 * count], b[2 * count], one[count];
    (void)user;
    apex_runner_clean(n->f32, n->x, a);
    apex_runner_clean(n->bf16, n->x, b);
    for (int s = 0; s < n->sites; s++) {
        apex_runner_perturb(n->f32, s, NULL, sigma, 2, 7, 0, TILE, a);
        apex_runner_perturb(n->bf16, s, NULL, sigma, 2, 7, 0, TILE, b);
        apex_runner_perturb(n->bf16, s, NULL, sigma + 1, 1, 7, 0, TILE, one);
        assert_memory_equal(one, b + count, sizeof one);
        double largest = largest_of(2 * count, a);
        for (size_t i = 0; i < 2 * count; i++)
            if (!(fabs((double)a[i] - b[i]) <= 0.05 * largest))
                fail_msg("%s, site %d: %g, in float32 %g", name, s, (double)b[i], (double)a[i]);
    }
}

static void perturbed_logits_stay_near_those_of_float32(void **state)
{
    (void)state;
    assert_true(each_net(compare_noisy, NULL) >= 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_stay_near_those_of_float32),
        cmocka_unit_test(without_noise_every_site_gives_the_bits_of_the_clean_pass),
        cmocka_unit_test(perturbed_logits_stay_near_those_of_float32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
