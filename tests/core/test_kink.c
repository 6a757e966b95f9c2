/* Dense layers behind a ReLU on a ray, and behind a flattened map: shortcuts held to the plain way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "residual_net.h"

enum { UNITS = 50, COLUMNS = 37, SCALES = 7, IN = 12 };

static const double scales[SCALES] = {0.01, 0.1, 0.3, 1, 3, 10, 100};

/* x -> dense, ReLU (site 0), dense, ReLU (site 1), dense. From the input on, the ReLU of site 0 is on a ray.
 */
static void three_layers(struct build *b)
{
    build_start(b, build_dims(1, IN));
    int v = build_gemm(b, b->graph->input, "dense1", UNITS, 3);
    v = build_site(b, build_node(b, "Relu", build_inputs(v), "relu1", build_dims(1, UNITS)));
    v = build_gemm(b, v, "dense2", COLUMNS, 5);
    v = build_site(b, build_node(b, "Relu", build_inputs(v), "relu2", build_dims(1, COLUMNS)));
    v = build_gemm(b, v, "dense3", CLASSES, 7);
    build_end(b, v, v);
}

static void perturb(const struct build *b, const char *set, int site, enum apex_noise_kind kind,
                    const float *x, const double *sigma, int n, float *all)
{
    float clean[CLASSES];
    struct apex_runner *r = runner(b, set, &site, 1, kind, 0);
    apex_runner_clean(r, x, clean);
    apex_runner_perturb(r, 0, NULL, sigma, n, SAMPLE, 8, TILE, all);
    apex_runner_free(r);
}

static void following_the_units_gives_what_the_products_give(void **state)
{
    static const enum apex_noise_kind kinds[] = {APEX_NOISE_GAUSSIAN, APEX_NOISE_MULTIPLICATIVE};
    (void)state;
    struct build b;
    float x[IN], expected[SCALES * TILE * CLASSES], got[SCALES * TILE * CLASSES];
    three_layers(&b);
    for (int i = 0; i < IN; i++)
        x[i] = (float)(i % 5) - 1.7f;
    for (int site = APEX_SITE_ALL; site < 2; site++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            perturb(&b, "naive", site, kinds[k], x, scales, SCALES, expected);
            perturb(&b, "native", site, kinds[k], x, scales, SCALES, got);
            for (int i = 0; i < SCALES; i++) /* what is small beside the others of its row counts less */
                for (int d = 0; d < TILE; d++) {
                    float most = 1;
                    const int at = (i * TILE + d) * CLASSES;
                    for (int c = 0; c < CLASSES; c++)
                        most = fmaxf(most, fabsf(expected[at + c]));
                    for (int c = 0; c < CLASSES; c++)
                        if (!(fabsf(expected[at + c] - got[at + c]) <= 1e-5f * most))
                            fail_msg("site %d, sigma %g, draw %d: %.9g, expected %.9g", site, scales[i], d,
                                     got[at + c], expected[at + c]);
                }
        }
    build_free(&b);
}

/* Any set of scales, in any order, takes each draw to the same place. */
static void other_scales_on_the_way_do_not_change_a_bit(void **state)
{
    static const int order[] = {6, 3, 3, 0, 5};
    enum { SOME = sizeof order / sizeof *order };
    (void)state;
    struct build b;
    float x[IN], all[SCALES * TILE * CLASSES], some[SOME * TILE * CLASSES];
    double sigma[SOME];
    three_layers(&b);
    for (int i = 0; i < IN; i++)
        x[i] = (float)(i % 4) - 1.2f;
    for (int i = 0; i < SOME; i++)
        sigma[i] = scales[order[i]];
    perturb(&b, "native", APEX_SITE_INPUT, APEX_NOISE_GAUSSIAN, x, scales, SCALES, all);
    perturb(&b, "native", APEX_SITE_INPUT, APEX_NOISE_GAUSSIAN, x, sigma, SOME, some);
    for (int i = 0; i < SOME; i++)
        assert_memory_equal(some + i * TILE * CLASSES, all + order[i] * TILE * CLASSES,
                            TILE * CLASSES * sizeof *all);
    build_free(&b);
}

/* Units with the same weights change at the same place: ties. */
static void units_that_change_together_are_all_counted(void **state)
{
    (void)state;
    struct build b;
    float x[IN], expected[SCALES * TILE * CLASSES], got[SCALES * TILE * CLASSES];
    three_layers(&b);
    struct apex_tensor *w = b.graph->value[b.graph->node[0].input[1]].constant;
    struct apex_tensor *bias = b.graph->value[b.graph->node[0].input[2]].constant;
    for (int j = 0; j < UNITS; j++) {
        ((float *)bias->data)[j] = ((float *)bias->data)[j % 3];
        for (int i = 0; i < IN; i++)
            ((float *)w->data)[i * UNITS + j] = ((float *)w->data)[i * UNITS + j % 3];
    }
    for (int i = 0; i < IN; i++)
        x[i] = (float)(i % 5) - 1.7f;
    perturb(&b, "naive", APEX_SITE_INPUT, APEX_NOISE_GAUSSIAN, x, scales, SCALES - 1, expected);
    perturb(&b, "native", APEX_SITE_INPUT, APEX_NOISE_GAUSSIAN, x, scales, SCALES - 1, got);
    check_close("ties", (SCALES - 1) * TILE * CLASSES, expected, got);
    build_free(&b);
}

/* conv, ReLU, flatten, dense; the dense layer as a Gemm, whose weights are turned, or as MatMul and Add. */
static void flattened(struct build *b, int as_gemm)
{
    build_start(b, build_dims(1, 3, 6, 6));
    int v = build_conv3(b, b->graph->input, "conv", 5, 1);
    v = build_site(b, build_node(b, "Relu", build_inputs(v), "relu", build_dims(1, 5, 6, 6)));
    v = build_node(b, "Flatten", build_inputs(v), "flat", build_dims(1, 180));
    build_int(b, "axis", 1);
    if (as_gemm) {
        v = build_gemm(b, v, "dense", CLASSES, 9);
    } else {
        int w = build_random_constant(b, build_dims(180, CLASSES), 0.5f, 9);
        int bias = build_random_constant(b, build_dims(CLASSES), 0.5f, 10);
        v = build_node(b, "MatMul", build_inputs(v, w), "product", build_dims(1, CLASSES));
        v = build_node(b, "Add", build_inputs(v, bias), "dense", build_dims(1, CLASSES));
    }
    build_end(b, v, v);
}

static void turned_weights_meet_the_flattened_map_as_it_lies(void **state)
{
    (void)state;
    struct build gemm, product;
    float x[INPUT], one[CLASSES], two[CLASSES], all[2][3 * TILE * CLASSES];
    flattened(&gemm, 1);
    flattened(&product, 0);
    fill_input(x, 8);
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        struct apex_runner *r = runner(&gemm, sets[k], NULL, 0, APEX_NOISE_GAUSSIAN, 0);
        struct apex_runner *p = runner(&product, sets[k], NULL, 0, APEX_NOISE_GAUSSIAN, 0);
        apex_runner_clean(r, x, one);
        apex_runner_clean(p, x, two);
        check_close(sets[k], CLASSES, two, one);
        apex_runner_free(r);
        apex_runner_free(p);
        for (int site = APEX_SITE_ALL; site <= 0; site++) {
            perturb(&gemm, sets[k], site, APEX_NOISE_GAUSSIAN, x, scales + 1, 3, all[0]);
            perturb(&product, sets[k], site, APEX_NOISE_GAUSSIAN, x, scales + 1, 3, all[1]);
            check_close(sets[k], 3 * TILE * CLASSES, all[1], all[0]);
        }
    }
    build_free(&gemm);
    build_free(&product);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(following_the_units_gives_what_the_products_give),
        cmocka_unit_test(other_scales_on_the_way_do_not_change_a_bit),
        cmocka_unit_test(units_that_change_together_are_all_counted),
        cmocka_unit_test(turned_weights_meet_the_flattened_map_as_it_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
