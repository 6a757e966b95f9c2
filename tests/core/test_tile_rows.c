/* How many draws are computed together, where several scales are and how many, and what that takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/runner_state.h"
#include "residual_net.h"

static struct apex_runner *make(const struct build *b, const char *set, int site, int tile_scales)
{
    const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 5};
    struct apex_error err = {""};
    const struct apex_scales at_once = {tile_scales, 1};
    struct apex_runner *r = apex_runner_new(&b->model, set, &site, 1, 4, &at_once, &noise, 0, &err);
    if (!r)
        fail_msg("%s", err.text);
    return r;
}

static size_t bytes_of(const struct build *b, const char *set, int site, int tile_scales)
{
    struct apex_runner *r = make(b, set, site, tile_scales);
    size_t bytes = apex_runner_bytes(r);
    apex_runner_free(r);
    return bytes;
}

static int has_wide(const struct build *b, const char *set, int site)
{
    struct apex_runner *r = make(b, set, site, 3);
    int wide = r->site[0].wide != NULL;
    apex_runner_free(r);
    return wide;
}

static void tile_rows_are_a_power_of_two_that_fits_the_cache(void **state)
{
    struct build b;
    (void)state;
    residual(&b, 0, NULL);
    assert_int_equal(apex_tile_rows(&b.model, 1), 1);
    assert_int_equal(apex_tile_rows(&b.model, 3), 4);
    assert_int_equal(apex_tile_rows(&b.model, 1000), 64);
    b.graph->value[b.site[0].value].shape = build_dims(1, 64, 64, 64);
    assert_int_equal(apex_tile_rows(&b.model, 1000), 4); /* 1 MiB a row */
    b.graph->value[b.site[0].value].shape = build_dims(1, 16, 32, 32);
    assert_int_equal(apex_tile_rows(&b.model, 1000), 4); /* 64 KiB a row */
    b.model.parameters = 1 << 20;                        /* many weights: they are read once per tile */
    assert_int_equal(apex_tile_rows(&b.model, 1000), 16);
    b.model.parameters = 1 << 30;
    assert_int_equal(apex_tile_rows(&b.model, 1000), 64);
    build_free(&b);
}

static void other_sets_compute_scale_by_scale(void **state)
{
    struct build b;
    (void)state;
    residual(&b, 0, NULL);
    for (size_t k = 0; k < 2; k++) { /* naive and openblas */
        assert_false(has_wide(&b, sets[k], 1));
        assert_int_equal(bytes_of(&b, sets[k], 1, 4), bytes_of(&b, sets[k], 1, 1));
    }
    build_free(&b);
}

/* relu(0), relu(1), then a depthwise convolution or a product of two activations, relu(2), dense. */
static void of_libraries(struct build *b, int product)
{
    struct apex_shape map = build_dims(1, 8, 6, 6);
    build_start(b, build_dims(1, 3, 6, 6));
    int v = build_conv3(b, b->graph->input, "conv", 8, 1);
    v = build_site(b, build_node(b, "Relu", build_inputs(v), "relu1", map));
    v = build_site(b, build_node(b, "Relu", build_inputs(v), "relu2", map));
    if (product) {
        v = build_node(b, "Reshape", build_inputs(v), "tokens", build_dims(1, 8, 36));
        int turned = build_node(b, "Transpose", build_inputs(v), "turned", build_dims(1, 36, 8));
        build_ints(b, "perm", 3, (int64_t[]){0, 2, 1});
        v = build_node(b, "MatMul", build_inputs(v, turned), "product", build_dims(1, 8, 8));
        v = build_node(b, "Reshape", build_inputs(v), "flat", build_dims(1, 64));
    } else {
        int w = build_random_constant(b, build_dims(8, 1, 1, 1), 0.5f, 4);
        v = build_node(b, "Conv", build_inputs(v, w), "depthwise", map);
        build_int(b, "group", 8);
        v = build_node(b, "Reshape", build_inputs(v), "flat", build_dims(1, 288));
    }
    v = build_site(b, build_node(b, "Relu", build_inputs(v), "relu3", b->graph->value[v].shape));
    v = build_gemm(b, v, "dense", CLASSES, 7);
    build_end(b, v, v);
}

/* Grouped convolutions run in a library whose sums may depend on how many rows there are; products do not. */
static void grouped_convolutions_keep_to_one_scale(void **state)
{
    static const int wide[2][3] = {{0, 1, 1}, {1, 1, 1}}; /* on the ray from site 1 a convolution runs once */
    (void)state;
    for (int product = 0; product < 2; product++) {
        struct build b;
        of_libraries(&b, product);
        assert_int_equal(apex_model_multiplies(&b.model), product);
        for (int site = 0; site < 3; site++)
            assert_int_equal(has_wide(&b, "native", site), wide[product][site]);
        build_free(&b);
    }
}

static void more_scales_take_more_memory_and_share_the_weights(void **state)
{
    struct build b;
    const size_t activation = (size_t)4 * 8 * 36 * sizeof(float); /* of a tile */
    (void)state;
    residual(&b, 0, NULL);
    for (int scales = 1; scales <= 4; scales *= 2) {
        size_t more = bytes_of(&b, "native", 0, 2 * scales) - bytes_of(&b, "native", 0, scales);
        assert_true(more >= (size_t)scales * activation);
        assert_true(more < 4 * (size_t)scales * activation + 1024);
    }
    build_free(&b);
}

static void check_scales(const struct build *b, int rows, int sigmas, int single, int all)
{
    const struct apex_scales n = apex_tile_scales(&b->model, rows, sigmas);
    assert_int_equal(n.single, single);
    assert_int_equal(n.all, all);
}

static void so_many_scales_at_once_that_the_rows_fit_the_cache(void **state)
{
    struct build b;
    (void)state;
    residual(&b, 0, NULL);
    check_scales(&b, 8, 1, 1, 1);
    check_scales(&b, 8, 8, 8, 8);
    check_scales(&b, 8, 9, 5, 5); /* 5 and 4 */
    check_scales(&b, 64, 8, 1, 1);
    check_scales(&b, 4, 100, 15, 15); /* 16 would fit: 7 runs either way */
    check_scales(&b, 0, 2, 2, 2);
    b.graph->value[b.site[0].value].shape = build_dims(1, 16, 32, 32); /* 64 KiB a row */
    check_scales(&b, 4, 8, 1, 4); /* the noise of all sites is beyond the cache */
    check_scales(&b, 1, 8, 4, 8);
    b.model.parameters = 1 << 19;
    check_scales(&b, 4, 8, 1, 4);
    b.model.parameters = 1 << 20; /* many weights: they are read once per run */
    check_scales(&b, 4, 8, 8, 8);
    b.model.parameters = 1 << 30;
    check_scales(&b, 16, 8, 4, 4);
    build_free(&b);
}

static void at_least_one_scale_is_asked_for(void **state)
{
    struct build b;
    const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN};
    const struct apex_scales none = {1, 0};
    struct apex_error err = {""};
    int site = 0;
    (void)state;
    residual(&b, 0, NULL);
    assert_null(apex_runner_new(&b.model, "native", &site, 1, 4, &none, &noise, 0, &err));
    assert_string_equal(err.text, "a tile cannot have 4 rows at 1 or 0 scales");
    build_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tile_rows_are_a_power_of_two_that_fits_the_cache),
        cmocka_unit_test(other_sets_compute_scale_by_scale),
        cmocka_unit_test(grouped_convolutions_keep_to_one_scale),
        cmocka_unit_test(more_scales_take_more_memory_and_share_the_weights),
        cmocka_unit_test(so_many_scales_at_once_that_the_rows_fit_the_cache),
        cmocka_unit_test(at_least_one_scale_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
