/* A small residual network and what the runner tests share. */
#ifndef APEX_TESTS_RESIDUAL_NET_H
#define APEX_TESTS_RESIDUAL_NET_H

#include "core/runner.h"
#include "graph_builder.h"

#include <math.h>

enum { CLASSES = 10, TILE = 8, INPUT = 3 * 6 * 6, SITES = 4, SAMPLE = 17 };

static const char *const sets[] = {"naive", "openblas", "auto"};

/* Marks v as the next site. delta, where it is this site's turn: what is added to its value, for all readers.
 */
static inline int residual_site(struct build *b, int v, int site, const float *delta)
{
    struct apex_shape shape = b->graph->value[v].shape;
    int index = b->model.sites;
    build_site(b, v);
    if (!delta || site != index)
        return v;
    int noise = build_constant(b, "noise", shape, delta);
    return build_node(b, "Add", build_inputs(v, noise), "noisy", shape);
}

/* conv relu(0) [conv relu(1) conv] + skip relu(2) flatten gemm relu(3) gemm softmax. site and delta: a shift
 * of that site's value built into the graph; NULL: none. */
static inline void residual(struct build *b, int site, const float *delta)
{
    struct apex_shape map = build_dims(1, 8, 6, 6);
    build_start(b, build_dims(1, 3, 6, 6));
    int v = build_conv3(b, b->graph->input, "conv1", 8, 1);
    int skip = residual_site(b, build_node(b, "Relu", build_inputs(v), "relu1", map), site, delta);
    v = build_conv3(b, skip, "conv2", 8, 3);
    v = residual_site(b, build_node(b, "Relu", build_inputs(v), "relu2", map), site, delta);
    v = build_conv3(b, v, "conv3", 8, 5);
    v = build_node(b, "Add", build_inputs(v, skip), "sum", map);
    v = residual_site(b, build_node(b, "Relu", build_inputs(v), "relu3", map), site, delta);
    v = build_node(b, "Reshape", build_inputs(v), "flat", build_dims(1, 288));
    v = build_gemm(b, v, "dense1", 16, 7);
    v = residual_site(b, build_node(b, "Relu", build_inputs(v), "relu4", build_dims(1, 16)), site, delta);
    v = build_gemm(b, v, "dense2", CLASSES, 9);
    int output = build_node(b, "Softmax", build_inputs(v), "softmax", build_dims(1, CLASSES));
    build_int(b, "axis", 1);
    build_end(b, v, output);
}

static inline struct apex_runner *runner_of(const struct build *b, const char *set, const int *sites,
                                            int count, const struct apex_noise *noise, int limit)
{
    struct apex_error err = {""};
    struct apex_runner *r = apex_runner_new(&b->model, set, sites, count, TILE, NULL, noise, limit, &err);
    if (!r)
        fail_msg("%s", err.text);
    return r;
}

static inline struct apex_runner *runner(const struct build *b, const char *set, const int *sites, int count,
                                         enum apex_noise_kind kind, int limit)
{
    const struct apex_noise noise = {.kind = kind, .seed = 5};
    return runner_of(b, set, sites, count, &noise, limit);
}

static inline void fill_input(float *x, unsigned seed)
{
    for (int i = 0; i < INPUT; i++)
        x[i] = build_random(&seed);
}

static inline void check_close(const char *what, int count, const float *expected, const float *got)
{
    for (int i = 0; i < count; i++)
        if (!(fabsf(expected[i] - got[i]) <= 3e-5f * (1 + fabsf(expected[i]))))
            fail_msg("%s: element %d is %.9g, expected %.9g", what, i, got[i], expected[i]);
}

#endif
