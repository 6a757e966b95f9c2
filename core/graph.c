#include "core/graph.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void attr_clear(struct graph_attr *a)
{
    free(a->name);
    free(a->s);
    free(a->ints);
    free(a->floats);
    apex_tensor_free(a->t);
}

static void node_clear(struct graph_node *n)
{
    for (int i = 0; i < n->attrs; i++)
        attr_clear(&n->attr[i]);
    free(n->attr);
    free(n->input);
    free(n->output);
    free(n->name);
    free(n->op);
}

void graph_free(struct graph *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->values; i++) {
        free(g->value[i].name);
        apex_tensor_free(g->value[i].constant);
    }
    for (int i = 0; i < g->nodes; i++)
        node_clear(&g->node[i]);
    free(g->value);
    free(g->node);
    free(g->source);
    free(g);
}

const struct graph_attr *graph_attr(const struct graph_node *n, const char *name)
{
    for (int i = 0; i < n->attrs; i++)
        if (strcmp(n->attr[i].name, name) == 0)
            return &n->attr[i];
    return NULL;
}

int64_t graph_attr_int(const struct graph_node *n, const char *name, int64_t fallback)
{
    const struct graph_attr *a = graph_attr(n, name);
    return a && a->type == ATTR_INT ? a->i : fallback;
}

float graph_attr_float(const struct graph_node *n, const char *name, float fallback)
{
    const struct graph_attr *a = graph_attr(n, name);
    return a && a->type == ATTR_FLOAT ? a->f : fallback;
}

const char *graph_attr_string(const struct graph_node *n, const char *name, const char *fallback)
{
    const struct graph_attr *a = graph_attr(n, name);
    return a && a->type == ATTR_STRING ? a->s : fallback;
}

struct graph_value *graph_input(const struct graph *g, const struct graph_node *n, int k)
{
    return k >= 0 && k < n->inputs && n->input[k] >= 0 ? &g->value[n->input[k]] : NULL;
}

const struct apex_tensor *graph_constant(const struct graph *g, const struct graph_node *n, int k)
{
    const struct graph_value *v = graph_input(g, n, k);
    return v ? v->constant : NULL;
}

int graph_fail(const struct graph *g, const struct graph_node *n, struct apex_error *err, const char *format,
               ...)
{
    char cause[APEX_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(cause, sizeof cause, format, args);
    va_end(args);
    /* Names come from the file and may be of any length: cut them, never the cause. */
    return apex_fail(err, "%.200s: node '%.200s' (%.60s): %s", g->source ? g->source : "model", n->name,
                     n->op, cause);
}

int graph_tensor_asked(const char *pattern, const char *tensor)
{
    static const char prefix[] = "tensor:";
    if (strncmp(pattern, prefix, sizeof prefix - 1) != 0)
        return strcmp(pattern, tensor) == 0;
    pattern += sizeof prefix - 1;
    return strcmp(pattern, tensor) == 0 || fnmatch(pattern, tensor, 0) == 0;
}
