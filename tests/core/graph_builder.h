/* Builds a graph, and a model around it, by hand. Names are kept; a wrong call ends the test. */
#ifndef APEX_TESTS_GRAPH_BUILDER_H
#define APEX_TESTS_GRAPH_BUILDER_H

#include "core/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUILD_MOST = 128 };

struct build {
    struct graph *graph;
    struct apex_model model;
    struct apex_site site[16];
};

static inline void *build_zeroed(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p)
        abort();
    return p;
}

static inline char *build_text(const char *text)
{
    return strcpy(build_zeroed(strlen(text) + 1, 1), text);
}

static inline int build_value(struct build *b, const char *name, const struct apex_shape *shape)
{
    struct graph *g = b->graph;
    if (g->values == BUILD_MOST)
        abort();
    g->value[g->values] = (struct graph_value){.name = build_text(name), .shape = *shape, .producer = -1};
    return g->values++;
}

static inline struct apex_shape build_shape(int rank, const int64_t *dim)
{
    struct apex_shape s = {.rank = rank};
    for (int i = 0; i < rank; i++)
        s.dim[i] = dim[i];
    return s;
}

/* build_dims(1, 3, 4) */
#define build_dims(...)                                                                                      \
    build_shape((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

static inline void build_start(struct build *b, struct apex_shape input)
{
    memset(b, 0, sizeof *b);
    b->graph = build_zeroed(1, sizeof *b->graph);
    b->graph->source = build_text("built.onnx");
    b->graph->value = build_zeroed(BUILD_MOST, sizeof *b->graph->value);
    b->graph->node = build_zeroed(BUILD_MOST, sizeof *b->graph->node);
    b->graph->input = build_value(b, "x", &input);
    b->model.graph = b->graph;
    b->model.input = input;
    b->model.site = b->site;
}

static inline int build_constant(struct build *b, const char *name, struct apex_shape shape,
                                 const float *data)
{
    int v = build_value(b, name, &shape);
    struct apex_tensor *t = apex_tensor_new(APEX_F32, &shape, NULL);
    if (!t)
        abort();
    memcpy(t->data, data, (size_t)apex_shape_count(&shape) * sizeof *data);
    b->graph->value[v].constant = t;
    return v;
}

/* Repeatable numbers in (-1, 1). */
static inline float build_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)((double)(*state >> 8) / 8388608.0 - 1);
}

static inline int build_random_constant(struct build *b, struct apex_shape shape, float scale, unsigned seed)
{
    int64_t count = apex_shape_count(&shape);
    float *data = build_zeroed((size_t)count, sizeof *data);
    for (int64_t i = 0; i < count; i++)
        data[i] = scale * build_random(&seed);
    char name[32];
    snprintf(name, sizeof name, "c%d", b->graph->values);
    int v = build_constant(b, name, shape, data);
    free(data);
    return v;
}

/* inputs: value indices. Returns the value of its one output, which has the given name; the node is called
 * "/<name>/<op>". */
static inline int build_node(struct build *b, const char *op, int inputs, const int *input, const char *name,
                             struct apex_shape shape)
{
    struct graph *g = b->graph;
    if (g->nodes == BUILD_MOST)
        abort();
    struct graph_node *n = &g->node[g->nodes];
    char text[128];
    snprintf(text, sizeof text, "/%s/%s", name, op);
    *n = (struct graph_node){.name = build_text(text), .op = build_text(op), .inputs = inputs, .outputs = 1};
    n->input = build_zeroed((size_t)inputs, sizeof *n->input);
    memcpy(n->input, input, (size_t)inputs * sizeof *input);
    n->output = build_zeroed(1, sizeof *n->output);
    n->output[0] = build_value(b, name, &shape);
    n->attr = build_zeroed(16, sizeof *n->attr);
    g->value[n->output[0]].producer = g->nodes++;
    return n->output[0];
}

#define build_inputs(...)                                                                                    \
    (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[])                                               \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

/* An attribute of the last node. */
static inline struct graph_attr *build_attr(struct build *b, const char *name, enum graph_attr_type type)
{
    struct graph_node *n = &b->graph->node[b->graph->nodes - 1];
    if (n->attrs == 16)
        abort();
    struct graph_attr *a = &n->attr[n->attrs++];
    a->name = build_text(name);
    a->type = type;
    return a;
}

static inline void build_int(struct build *b, const char *name, int64_t i)
{
    build_attr(b, name, ATTR_INT)->i = i;
}

static inline void build_float(struct build *b, const char *name, float f)
{
    build_attr(b, name, ATTR_FLOAT)->f = f;
}

static inline void build_ints(struct build *b, const char *name, size_t count, const int64_t *ints)
{
    struct graph_attr *a = build_attr(b, name, ATTR_INTS);
    a->count = count;
    a->ints = build_zeroed(count, sizeof *ints);
    memcpy(a->ints, ints, count * sizeof *ints);
}

/* 3x3, stride 1, the same size out, with a bias. */
static inline int build_conv3(struct build *b, int x, const char *name, int64_t out_c, unsigned seed)
{
    struct apex_shape in = b->graph->value[x].shape;
    int w = build_random_constant(b, build_dims(out_c, in.dim[1], 3, 3), 0.5f, seed);
    int bias = build_random_constant(b, build_dims(out_c), 0.5f, seed + 1);
    int y = build_node(b, "Conv", build_inputs(x, w, bias), name, build_dims(1, out_c, in.dim[2], in.dim[3]));
    build_ints(b, "kernel_shape", 2, (int64_t[]){3, 3});
    build_ints(b, "strides", 2, (int64_t[]){1, 1});
    build_ints(b, "dilations", 2, (int64_t[]){1, 1});
    build_ints(b, "pads", 4, (int64_t[]){1, 1, 1, 1});
    build_int(b, "group", 1);
    return y;
}

static inline int build_gemm(struct build *b, int x, const char *name, int64_t out, unsigned seed)
{
    int64_t k = b->graph->value[x].shape.dim[1];
    int w = build_random_constant(b, build_dims(k, out), 0.5f, seed);
    int bias = build_random_constant(b, build_dims(out), 0.5f, seed + 1);
    return build_node(b, "Gemm", build_inputs(x, w, bias), name, build_dims(1, out));
}

static inline int build_site(struct build *b, int value)
{
    int k = b->model.sites++;
    b->site[k] = (struct apex_site){.index = k, .value = value, .shape = b->graph->value[value].shape};
    b->site[k].elements = apex_shape_count(&b->site[k].shape);
    snprintf(b->site[k].name, sizeof b->site[k].name, "site%d", k);
    return value;
}

static inline void build_end(struct build *b, int logits, int output)
{
    b->model.logits = logits;
    b->graph->output = output;
    b->model.classes = (int)apex_shape_count(&b->graph->value[logits].shape);
}

static inline void build_free(struct build *b)
{
    graph_free(b->graph);
    memset(b, 0, sizeof *b);
}

#endif
