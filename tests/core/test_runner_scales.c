/* Several scales in one run of a program give the bits of each alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/runner_state.h"
#include "residual_net.h"

enum { SCALES = 7, MOST_ROWS = 8 };

static const double scales[SCALES] = {0.01, 10, 0.3, INFINITY, 1, 1, 100};

static struct apex_runner *make(const struct apex_model *m, const char *set, const int *site, int sites,
                                enum apex_noise_kind kind, int rows, int tile_scales)
{
    const struct apex_noise noise = {.kind = kind, .seed = 5};
    struct apex_error err = {""};
    const int limit = kind != APEX_NOISE_DROPOUT;
    const struct apex_scales at_once = {tile_scales, tile_scales};
    struct apex_runner *r = apex_runner_new(m, set, site, sites, rows, &at_once, &noise, limit, &err);
    if (!r)
        fail_msg("%s", err.text);
    return r;
}

/* The first n scales at every prepared site, the draws of one tile, after a clean pass. */
static void perturb(struct apex_runner *r, const float *x, int sites, int n_scales, int draws,
                    const float *factor, float *logits)
{
    double sigma[SCALES];
    float clean[CLASSES];
    const int tile = r->tile_rows * CLASSES;
    for (int k = 0; k < n_scales; k++) /* dropout: shares of what is there */
        sigma[k] = r->noise.kind != APEX_NOISE_DROPOUT ? scales[k] : 0.1 * (k + 1);
    memset(logits, 0, (size_t)(sites * n_scales * tile) * sizeof *logits);
    apex_runner_clean(r, x, clean);
    for (int s = 0; s < sites; s++)
        apex_runner_perturb(r, s, factor, sigma, n_scales, SAMPLE, 8, draws, logits + s * n_scales * tile);
}

struct job {
    const struct apex_model *model;
    const char *set;
    int site[8], sites;
    float x[3 * 8 * 8];
};

/* Padding rows hold any numbers. */
static void check_same(const struct job *j, enum apex_noise_kind kind, int rows, int draws, int tile_scales,
                       int n_scales, const float *factor)
{
    static float expected[8 * SCALES * MOST_ROWS * CLASSES], got[8 * SCALES * MOST_ROWS * CLASSES];
    struct apex_runner *one = make(j->model, j->set, j->site, j->sites, kind, rows, 1);
    struct apex_runner *more = make(j->model, j->set, j->site, j->sites, kind, rows, tile_scales);
    perturb(one, j->x, j->sites, n_scales, draws, factor, expected);
    perturb(more, j->x, j->sites, n_scales, draws, factor, got);
    for (int s = 0; s < j->sites; s++)
        for (int k = 0; k < n_scales; k++) {
            const int at = (s * n_scales + k) * rows * CLASSES;
            if (memcmp(got + at, expected + at, (size_t)(draws * CLASSES) * sizeof *got) != 0)
                fail_msg("%s, noise %d: site %d, scale %d of %d, %d of %d draws, %d scales at once",
                         j->model->graph->source, kind, j->site[s], k, n_scales, draws, rows, tile_scales);
        }
    apex_runner_free(one);
    apex_runner_free(more);
}

static void check_all(const struct job *j)
{
    static const float factor[8] = {0.5f, 3, 0.25f, 2, 1, 1, 1, 1};
    for (int kind = APEX_NOISE_GAUSSIAN; kind <= APEX_NOISE_DROPOUT; kind++)
        for (int tile_scales = 2; tile_scales <= 8; tile_scales += tile_scales / 2) { /* 2 3 4 6 */
            check_same(j, kind, 1, 1, tile_scales, SCALES, NULL);
            check_same(j, kind, 4, 3, tile_scales, SCALES, factor);
            check_same(j, kind, 8, 8, tile_scales, 3, NULL);
            check_same(j, kind, 8, 5, tile_scales, 1, factor);
        }
}

static struct job job_of(const struct apex_model *m, const char *set)
{
    struct job j = {.model = m, .set = set};
    for (int site = APEX_SITE_ALL; site < m->sites; site++)
        j.site[j.sites++] = site;
    unsigned seed = 3;
    for (size_t i = 0; i < sizeof j.x / sizeof *j.x; i++)
        j.x[i] = build_random(&seed);
    return j;
}

static void a_residual_network_has_the_same_bits(void **state)
{
    struct build b;
    (void)state;
    residual(&b, 0, NULL);
    struct job j = job_of(&b.model, "native");
    check_all(&j);
    struct apex_runner *r = make(&b.model, "native", j.site, j.sites, APEX_NOISE_GAUSSIAN, 4, 3);
    for (int s = 0; s < j.sites; s++)
        assert_non_null(r->site[s].wide);
    apex_runner_free(r);
    if (kernel_set_missing("amx")) {
        print_message("not run: this processor has no AMX\n");
    } else { /* noise of several scales in the layers' own pass, on what is stored in bfloat16 */
        j.set = "amx";
        check_all(&j);
    }
    build_free(&b);
}

/* Followed dense layers, pooled rays, Winograd, and a start that `all` shares with the first site. */
static void trained_networks_have_the_same_bits(void **state)
{
    static const char *const paths[] = {"../experiments/quickstart/mlp_true.onnx",
                                        "../experiments/quickstart/cnn_true.onnx"};
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct apex_error err = {""};
        struct apex_model *m = apex_model_load(paths[k], &err);
        if (!m)
            fail_msg("%s", err.text);
        struct job j = job_of(m, "native");
        check_all(&j);
        struct apex_runner *r = make(m, "native", j.site, j.sites, APEX_NOISE_GAUSSIAN, 4, 3);
        int shared = 0;
        for (int s = 0; s < j.sites; s++)
            shared += r->site[s].wide && r->site[s].wide->start;
        assert_int_equal(shared, 2);
        apex_runner_free(r);
        apex_model_free(m);
    }
}

/* Noise that would take too much room is made row by row: then as ever. */
static void noise_made_row_by_row_has_the_same_bits(void **state)
{
    struct build b;
    float expected[2 * SCALES * 4 * CLASSES], got[2 * SCALES * 4 * CLASSES];
    static const int site[] = {1, APEX_SITE_ALL};
    (void)state;
    residual(&b, 0, NULL);
    struct job j = job_of(&b.model, "native");
    for (int kind = APEX_NOISE_GAUSSIAN; kind <= APEX_NOISE_DROPOUT; kind++) {
        struct apex_runner *one = make(&b.model, "native", site, 2, kind, 4, 1);
        struct apex_runner *more = make(&b.model, "native", site, 2, kind, 4, 3);
        more->xi_room = 0;
        perturb(one, j.x, 2, SCALES, 4, NULL, expected);
        perturb(more, j.x, 2, SCALES, 4, NULL, got);
        assert_memory_equal(got, expected, sizeof got);
        apex_runner_free(one);
        apex_runner_free(more);
    }
    build_free(&b);
}

/* At `all` a convolution, a ReLU, noise and pooling: one step at one scale. */
static void noise_between_a_convolution_and_pooling_has_the_same_bits(void **state)
{
    struct build b;
    (void)state;
    build_start(&b, build_dims(1, 3, 8, 8));
    int v = b.graph->input;
    for (int k = 0; k < 3; k++) {
        char name[16];
        snprintf(name, sizeof name, "conv%d", k);
        v = build_conv3(&b, v, name, 32, 2 * (unsigned)k + 1);
        snprintf(name, sizeof name, "relu%d", k);
        v = build_site(&b, build_node(&b, "Relu", build_inputs(v), name, build_dims(1, 32, 8, 8)));
    }
    v = build_node(&b, "MaxPool", build_inputs(v), "pool", build_dims(1, 32, 4, 4));
    build_ints(&b, "kernel_shape", 2, (int64_t[]){2, 2});
    build_ints(&b, "strides", 2, (int64_t[]){2, 2});
    v = build_node(&b, "Reshape", build_inputs(v), "flat", build_dims(1, 512));
    v = build_gemm(&b, v, "dense", CLASSES, 7);
    build_end(&b, v, v);
    struct job j = job_of(&b.model, "native");
    struct apex_runner *r = make(&b.model, "native", j.site, 1, APEX_NOISE_GAUSSIAN, 4, 3);
    assert_true(r->site[0].finite->xi_ahead); /* they are joined */
    apex_runner_free(r);
    check_all(&j);
    build_free(&b);
}

/* A limit found at APEX_LIMIT_SIGMA is one scale among the others; scores may not depend on the site. */
static void settled_limits_and_sites_beside_the_scores_have_the_same_bits(void **state)
{
    struct build b;
    (void)state;
    build_start(&b, build_dims(1, INPUT));
    int v =
        build_site(&b, build_node(&b, "Relu", build_inputs(b.graph->input), "relu", build_dims(1, INPUT)));
    v = build_gemm(&b, v, "dense1", 12, 3);
    v = build_site(&b, build_node(&b, "Sigmoid", build_inputs(v), "sigmoid", build_dims(1, 12)));
    build_site(&b, build_node(&b, "Relu", build_inputs(v), "aside", build_dims(1, 12)));
    v = build_gemm(&b, v, "dense2", CLASSES, 5);
    build_end(&b, v, v);
    struct job j = job_of(&b.model, "native");
    check_all(&j);
    build_free(&b);
}

/* Each row of a tile is multiplied with itself, as in attention. */
static void products_of_activations_have_the_same_bits(void **state)
{
    struct build b;
    const struct apex_shape map = build_dims(1, 8, 8, 8);
    (void)state;
    build_start(&b, build_dims(1, 3, 8, 8));
    int v = build_conv3(&b, b.graph->input, "conv", 8, 1);
    v = build_site(&b, build_node(&b, "Relu", build_inputs(v), "relu1", map));
    v = build_node(&b, "Reshape", build_inputs(v), "tokens", build_dims(1, 8, 64));
    int turned = build_node(&b, "Transpose", build_inputs(v), "turned", build_dims(1, 64, 8));
    build_ints(&b, "perm", 3, (int64_t[]){0, 2, 1});
    v = build_node(&b, "MatMul", build_inputs(v, turned), "product", build_dims(1, 8, 8));
    v = build_node(&b, "Reshape", build_inputs(v), "flat", build_dims(1, 64));
    v = build_site(&b, build_node(&b, "Relu", build_inputs(v), "relu2", build_dims(1, 64)));
    v = build_gemm(&b, v, "dense", CLASSES, 7);
    build_end(&b, v, v);
    struct job j = job_of(&b.model, "native");
    check_all(&j);
    build_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_residual_network_has_the_same_bits),
        cmocka_unit_test(trained_networks_have_the_same_bits),
        cmocka_unit_test(noise_made_row_by_row_has_the_same_bits),
        cmocka_unit_test(noise_between_a_convolution_and_pooling_has_the_same_bits),
        cmocka_unit_test(products_of_activations_have_the_same_bits),
        cmocka_unit_test(settled_limits_and_sites_beside_the_scores_have_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
