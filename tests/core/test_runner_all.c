/* Noise at every activation at once, against the definition written out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "residual_net.h"

/* x relu(0) gemm relu(1) gemm, so that `all` is short enough to write out. */
static void two_layers(struct build *b)
{
    build_start(b, build_dims(1, 6));
    int v = build_site(b, build_node(b, "Relu", build_inputs(b->graph->input), "relu1", build_dims(1, 6)));
    v = build_gemm(b, v, "dense1", 9, 11);
    v = build_site(b, build_node(b, "Relu", build_inputs(v), "relu2", build_dims(1, 9)));
    v = build_gemm(b, v, "dense2", CLASSES, 13);
    build_end(b, v, v);
}

static void gemm_by_hand(const struct build *b, int node, const float *x, int biased, float *y)
{
    const struct apex_tensor *w = graph_constant(b->graph, &b->graph->node[node], 1);
    const struct apex_tensor *bias = graph_constant(b->graph, &b->graph->node[node], 2);
    for (int64_t j = 0; j < w->shape.dim[1]; j++) {
        double sum = biased ? ((const float *)bias->data)[j] : 0;
        for (int64_t i = 0; i < w->shape.dim[0]; i++)
            sum += (double)x[i] * ((const float *)w->data)[i * w->shape.dim[1] + j];
        y[j] = (float)sum;
    }
}

/* sigma < 0 stands for infinity. */
static void all_by_hand(const struct build *b, const float *x, float sigma, const float *scale, uint32_t draw,
                        float *logits)
{
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 5};
    float a[9], h[9], xi[9];
    int limit = sigma < 0;
    apex_noise_fill(&noise, 1, SAMPLE, draw, 0, 6, xi);
    for (int i = 0; i < 6; i++)
        a[i] = limit ? xi[i] * scale[0] : (x[i] > 0 ? x[i] : 0) + sigma * scale[0] * xi[i];
    gemm_by_hand(b, 1, a, !limit, h);
    apex_noise_fill(&noise, 2, SAMPLE, draw, 0, 9, xi);
    for (int i = 0; i < 9; i++)
        h[i] = (h[i] > 0 ? h[i] : 0) + (limit ? 1 : sigma) * scale[1] * xi[i];
    gemm_by_hand(b, 3, h, !limit, logits);
}

static void at_all_every_activation_gets_its_own_noise_and_scale(void **state)
{
    static const float scales[2][2] = {{1, 1}, {0.5f, 3}};
    struct build b;
    float x[6] = {0.3f, -0.2f, 1, 0.7f, -1, 0.1f}, logits[CLASSES], expected[CLASSES],
          all[2 * TILE * CLASSES];
    double sigma[2] = {0.5, INFINITY};
    int site = APEX_SITE_ALL;
    (void)state;
    two_layers(&b);
    struct apex_runner *r = runner(&b, "naive", &site, 1, APEX_NOISE_GAUSSIAN, 1);
    apex_runner_clean(r, x, logits);
    for (int k = 0; k < 2; k++) {
        apex_runner_perturb(r, 0, k ? scales[1] : NULL, sigma, 2, SAMPLE, 0, TILE, all);
        for (uint32_t d = 0; d < TILE; d++) {
            all_by_hand(&b, x, 0.5f, scales[k], d, expected);
            check_close("all", CLASSES, expected, all + d * CLASSES);
            all_by_hand(&b, x, -1, scales[k], d, expected);
            check_close("all, sigma = inf", CLASSES, expected, all + (TILE + d) * CLASSES);
        }
    }
    apex_runner_free(r);
    build_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_all_every_activation_gets_its_own_noise_and_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
