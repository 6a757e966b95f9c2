#include "core/onnx/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more element in a list that doubles at every power of two. */
static void *grown(void *list, int count, size_t size, struct apex_error *err)
{
    if (count > 0 && (count & (count - 1)) != 0)
        return list;
    size_t room = count ? 2 * (size_t)count : 1;
    void *p = room <= INT32_MAX / 2 ? realloc(list, room * size) : NULL;
    if (!p)
        apex_fail(err, "no memory for %zu graph elements", room);
    return p;
}

int graph_add_value(struct graph *g, const char *name, struct apex_error *err)
{
    struct graph_value *list = grown(g->value, g->values, sizeof *list, err);
    if (!list)
        return -1;
    g->value = list;
    char *copy = strdup(name);
    if (!copy)
        return apex_fail(err, "no memory for tensor '%.200s'", name);
    list[g->values] = (struct graph_value){.name = copy, .producer = -1};
    return g->values++;
}

int graph_add_constant(struct graph *g, const char *name, struct apex_tensor *t, struct apex_error *err)
{
    int v = t ? graph_add_value(g, name, err) : -1;
    if (v < 0) {
        apex_tensor_free(t);
        return -1;
    }
    g->value[v].constant = t;
    g->value[v].shape = t->shape;
    return v;
}

int graph_push_node(struct graph *g, struct graph_node *n, struct apex_error *err)
{
    struct graph_node *list = grown(g->node, g->nodes, sizeof *list, err);
    if (!list)
        return -1;
    g->node = list;
    list[g->nodes++] = *n;
    *n = (struct graph_node){0};
    return 0;
}

int graph_node_init(struct graph_node *n, const char *op, const char *name, const char *suffix, int input,
                    int output, struct apex_error *err)
{
    size_t size = strlen(name) + strlen(suffix) + 1;
    *n = (struct graph_node){.inputs = input >= 0, .outputs = 1};
    n->op = strdup(op);
    n->name = malloc(size);
    n->input = malloc(sizeof *n->input);
    n->output = malloc(sizeof *n->output);
    if (!n->op || !n->name || !n->input || !n->output) {
        graph_node_clear(n);
        return apex_fail(err, "no memory for node '%.200s'", name);
    }
    snprintf(n->name, size, "%s%s", name, suffix);
    n->input[0] = input;
    n->output[0] = output;
    return 0;
}

void graph_node_clear(struct graph_node *n)
{
    graph_node_drop_attrs(n);
    free(n->input);
    free(n->output);
    free(n->name);
    free(n->op);
    *n = (struct graph_node){0};
}

int graph_node_rename(struct graph_node *n, const char *op, struct apex_error *err)
{
    char *copy = strdup(op);
    if (!copy)
        return apex_fail(err, "no memory for node '%.200s'", n->name);
    free(n->op);
    n->op = copy;
    return 0;
}

void graph_node_cut_inputs(struct graph_node *n, int count)
{
    if (n->inputs > count)
        n->inputs = count;
}

int graph_node_add_input(struct graph_node *n, int value, struct apex_error *err)
{
    int *input = realloc(n->input, ((size_t)n->inputs + 1) * sizeof *input);
    if (!input)
        return apex_fail(err, "no memory for node '%.200s'", n->name);
    n->input = input;
    n->input[n->inputs++] = value;
    return 0;
}

void graph_node_drop_attrs(struct graph_node *n)
{
    for (int i = 0; i < n->attrs; i++) {
        struct graph_attr *a = &n->attr[i];
        free(a->name);
        free(a->s);
        free(a->ints);
        free(a->floats);
        apex_tensor_free(a->t);
    }
    free(n->attr);
    n->attr = NULL;
    n->attrs = 0;
}

struct graph_attr *graph_node_add_attr(struct graph_node *n, const char *name, enum graph_attr_type type,
                                       struct apex_error *err)
{
    struct graph_attr *list = grown(n->attr, n->attrs, sizeof *list, err);
    if (!list)
        return NULL;
    n->attr = list;
    char *copy = strdup(name);
    if (!copy) {
        apex_fail(err, "no memory for attribute '%.200s'", name);
        return NULL;
    }
    list[n->attrs] = (struct graph_attr){.name = copy, .type = type};
    return &list[n->attrs++];
}

int graph_node_add_int(struct graph_node *n, const char *name, int64_t value, struct apex_error *err)
{
    struct graph_attr *a = graph_node_add_attr(n, name, ATTR_INT, err);
    if (!a)
        return -1;
    a->i = value;
    return 0;
}

int graph_node_add_float(struct graph_node *n, const char *name, float value, struct apex_error *err)
{
    struct graph_attr *a = graph_node_add_attr(n, name, ATTR_FLOAT, err);
    if (!a)
        return -1;
    a->f = value;
    return 0;
}

int graph_node_add_string(struct graph_node *n, const char *name, const char *value, struct apex_error *err)
{
    char *copy = strdup(value);
    struct graph_attr *a = copy ? graph_node_add_attr(n, name, ATTR_STRING, err) : NULL;
    if (!a) {
        free(copy);
        return apex_fail(err, "no memory for attribute '%.200s'", name);
    }
    a->s = copy;
    return 0;
}

int graph_node_add_ints(struct graph_node *n, const char *name, const int64_t *value, size_t count,
                        struct apex_error *err)
{
    int64_t *copy = malloc((count ? count : 1) * sizeof *copy);
    struct graph_attr *a = copy ? graph_node_add_attr(n, name, ATTR_INTS, err) : NULL;
    if (!a) {
        free(copy);
        return apex_fail(err, "no memory for attribute '%.200s'", name);
    }
    if (count)
        memcpy(copy, value, count * sizeof *copy);
    a->ints = copy;
    a->count = count;
    return 0;
}
