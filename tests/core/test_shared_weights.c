/* Layers that differ in their rows or their bias alone share the prepared weights, and what is kept is
 * counted once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel_sets.h"

#include "core/engine/program.h"
#include "residual_net.h"

#include <stdlib.h>
#include <string.h>

static const char *const sharing[] = {"native", "emulated"};

/* batch; in h w c, out h w c; kernel, stride, dilation; pads; groups */
static const struct conv_shape shapes[] = {
    {5, 9, 7, 5, 9, 7, 7, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},       /* product */
    {5, 8, 8, 16, 4, 4, 24, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},     /* with a stride */
    {5, 6, 6, 24, 6, 6, 10, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1},     /* pointwise */
    {5, 12, 12, 32, 12, 12, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}, /* Winograd */
    {5, 8, 8, 12, 8, 8, 12, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 12},    /* depthwise */
    {5, 8, 8, 16, 8, 8, 24, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4},     /* groups */
};

static float *numbers(size_t count, unsigned seed)
{
    float *v = malloc((count + 1) * sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < count; i++)
        v[i] = build_random(&seed);
    return v;
}

static size_t weights_of(const struct conv_shape *s)
{
    return (size_t)s->out_c * (s->in_c / s->groups) * s->kernel_h * s->kernel_w;
}

/* Like a state for one image whose bias, if any, is another. */
static void check_conv(const struct kernel_set *set, const struct conv_shape *s, int first_biased, int biased)
{
    const size_t in = (size_t)s->batch * s->in_h * s->in_w * s->in_c;
    const size_t out = (size_t)s->batch * s->out_h * s->out_w * s->out_c;
    float *x = numbers(in, 1), *w = numbers(weights_of(s), 2), *bias = numbers((size_t)s->out_c, 3);
    float *other = numbers((size_t)s->out_c, 4), *y = numbers(out, 5), *expected = numbers(out, 6);
    struct conv_shape one = *s;
    size_t scratch, own_scratch;
    one.batch = 1;
    void *first = set->conv_new(&one, w, first_biased ? other : NULL, &scratch, NULL);
    void *like = set->conv_like(first, s, w, biased ? bias : NULL, &scratch, NULL);
    void *own = set->conv_new(s, w, biased ? bias : NULL, &own_scratch, NULL);
    assert_non_null(first);
    assert_non_null(like);
    assert_non_null(own);
    assert_int_equal(scratch, own_scratch);
    assert_string_equal(set->conv_algorithm(like), set->conv_algorithm(own));
    float *work = numbers(scratch / sizeof(float), 7);
    set->conv_run(like, x, y, NULL, work);
    set->conv_run(own, x, expected, NULL, work);
    if (memcmp(y, expected, out * sizeof *y) != 0)
        fail_msg("%s, %s: shared weights give another result", set->name, set->conv_algorithm(own));
    if (s->groups == 1 && set->conv_bytes(own) - set->conv_bytes(like) < weights_of(s) * sizeof *w)
        fail_msg("%s, %s: %zu bytes of its own, %zu with shared weights", set->name, set->conv_algorithm(own),
                 set->conv_bytes(own), set->conv_bytes(like));
    set->conv_free(like);
    set->conv_run(first, x, y, NULL, work); /* still has its weights */
    if (first_biased == biased && !biased)
        assert_memory_equal(y, expected, out / (size_t)s->batch * sizeof *y);
    set->conv_free(first);
    set->conv_free(own);
    free(x), free(w), free(bias), free(other), free(y), free(expected), free(work);
}

static void convolutions_with_shared_weights_give_the_same_bits(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof sharing / sizeof *sharing; k++)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            for (int biased = 0; biased < 4; biased++)
                check_conv(find(sharing[k]), &shapes[i], biased / 2, biased % 2);
}

static void check_dense(const struct kernel_set *set, int first_biased, int biased)
{
    enum { ROWS = 13, K = 70, N = 37 };
    float *x = numbers(ROWS * K, 1), *w = numbers(K * N, 2), *bias = numbers(N, 3), *other = numbers(N, 4);
    float y[ROWS * N], expected[ROWS * N];
    size_t scratch, own_scratch;
    void *first = set->linear_new(1, K, N, w, first_biased ? other : NULL, &scratch, NULL);
    void *like = set->linear_like(first, ROWS, biased ? bias : NULL, &scratch, NULL);
    void *own = set->linear_new(ROWS, K, N, w, biased ? bias : NULL, &own_scratch, NULL);
    assert_non_null(first);
    assert_non_null(like);
    assert_non_null(own);
    assert_int_equal(scratch, own_scratch);
    float *work = numbers(scratch / sizeof(float), 7);
    set->linear_run(like, x, y, NULL, work);
    set->linear_run(own, x, expected, NULL, work);
    assert_memory_equal(y, expected, sizeof y);
    assert_int_equal(set->linear_bytes(own) - set->linear_bytes(like), K * 48 * sizeof *w); /* panels of 16 */
    assert_int_equal(set->linear_bytes(like), biased ? 48 * sizeof *w : 0);
    set->linear_free(like);
    set->linear_free(first);
    set->linear_free(own);
    free(x), free(w), free(bias), free(other), free(work);
}

static void dense_layers_with_shared_weights_give_the_same_bits(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof sharing / sizeof *sharing; k++)
        for (int biased = 0; biased < 4; biased++)
            check_dense(find(sharing[k]), biased / 2, biased % 2);
}

static void what_a_kernel_keeps_is_counted(void **state)
{
    static const size_t expected[] = {45 * 16, 144 * 32, 24 * 16, 36 * 32 * 48 + 6 * 32 + 48};
    const struct kernel_set *set = find("native");
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        float *w = numbers(weights_of(&shapes[i]), 2);
        size_t scratch;
        void *conv = set->conv_new(&shapes[i], w, NULL, &scratch, NULL);
        assert_int_equal(set->conv_bytes(conv), expected[i] * sizeof *w);
        set->conv_free(conv);
        free(w);
    }
}

static size_t bytes_of(const struct engine *e, const struct layer *l)
{
    return l->is_conv ? e->kernels->conv_bytes(l->state) : e->kernels->linear_bytes(l->state);
}

/* Programs for a tile, for the limit (no bias) and for the clean pass: one layer of each node has weights. */
static void all_programs_of_an_engine_share_the_weights_of_a_node(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof sharing / sizeof *sharing; k++) {
        struct build b;
        struct engine e;
        struct apex_error err = {""};
        int shared = 0;
        residual(&b, 0, NULL);
        assert_int_equal(engine_init(&e, &b.model, find(sharing[k]), &err), 0);
        struct program *finite = program_perturbed(&e, 0, TILE, 1, 0, APEX_NOISE_GAUSSIAN, &err);
        struct program *limit = program_perturbed(&e, 0, TILE, 1, 1, APEX_NOISE_GAUSSIAN, &err);
        struct program *clean = program_clean(&e, &err);
        assert_true(finite && limit && clean);
        for (int i = 0; i < e.layers; i++) {
            int before = 0;
            for (int j = 0; j < i; j++)
                before += e.layer[j]->node == e.layer[i]->node;
            const int64_t given = apex_shape_count(&graph_constant(b.graph, e.layer[i]->node, 1)->shape) *
                                  (int64_t)sizeof(float);
            if ((int64_t)bytes_of(&e, e.layer[i]) < given ? !before : before)
                fail_msg("%s: layer %d of %s has %zu bytes of its own", sharing[k], before + 1,
                         e.layer[i]->node->name, bytes_of(&e, e.layer[i]));
            shared += before > 0;
        }
        assert_true(shared >= 5); /* each of the layers at least once */
        program_free(finite);
        program_free(limit);
        program_free(clean);
        engine_free(&e);
        build_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_with_shared_weights_give_the_same_bits),
        cmocka_unit_test(dense_layers_with_shared_weights_give_the_same_bits),
        cmocka_unit_test(what_a_kernel_keeps_is_counted),
        cmocka_unit_test(all_programs_of_an_engine_share_the_weights_of_a_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
