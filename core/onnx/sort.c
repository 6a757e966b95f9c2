#include "core/onnx/decode.h"
#include "core/onnx/edit.h"

#include <stdlib.h>
#include <string.h>

static void set_producers(struct graph *g)
{
    for (int v = 0; v < g->values; v++)
        g->value[v].producer = -1;
    for (int i = 0; i < g->nodes; i++)
        for (int k = 0; k < g->node[i].outputs; k++)
            if (g->node[i].output[k] >= 0)
                g->value[g->node[i].output[k]].producer = i;
}

/* A depth-first walk from the output over producers, without recursion: a node is listed once all that it
 * needs is. Inputs are visited in order, so a list that is sorted already mostly keeps its order; it is kept
 * exactly by the caller. state: 0 unseen, 1 on the stack, 2 done. */
struct visit {
    struct graph *g;
    int *state, *next, *stack, *order;
    int depth, listed;
};

/* Pushes the next unseen producer of the node on top; 0 if there is none left, -1 for a cycle. */
static int visit_deeper(struct visit *v, struct apex_error *err)
{
    int top = v->stack[v->depth - 1];
    const struct graph_node *n = &v->g->node[top];
    while (v->next[top] < n->inputs) {
        int value = n->input[v->next[top]++];
        int producer = value >= 0 ? v->g->value[value].producer : -1;
        if (producer < 0 || v->state[producer] == 2)
            continue;
        if (v->state[producer] == 1)
            return graph_fail(v->g, n, err, "depends on its own output, through '%.200s'",
                              v->g->value[value].name);
        v->state[producer] = 1;
        v->stack[v->depth++] = producer;
        return 1;
    }
    return 0;
}

static int visit_all(struct visit *v, int from, struct apex_error *err)
{
    v->state[from] = 1;
    v->stack[v->depth++] = from;
    while (v->depth > 0) {
        int more = visit_deeper(v, err);
        if (more < 0)
            return -1;
        if (more == 0) {
            int done = v->stack[--v->depth];
            v->state[done] = 2;
            v->order[v->listed++] = done;
        }
    }
    return 0;
}

/* Whether every node comes after the nodes that it needs. */
static int in_order(const struct graph *g)
{
    for (int i = 0; i < g->nodes; i++)
        for (int k = 0; k < g->node[i].inputs; k++)
            if (g->node[i].input[k] >= 0 && g->value[g->node[i].input[k]].producer >= i)
                return 0;
    return 1;
}

static int rebuild(struct visit *v, struct apex_error *err)
{
    struct graph *g = v->g;
    if (in_order(g)) { /* the file's own order, without what was not visited */
        v->listed = 0;
        for (int i = 0; i < g->nodes; i++)
            if (v->state[i] == 2)
                v->order[v->listed++] = i;
    }
    struct graph_node *sorted = calloc((size_t)v->listed + 1, sizeof *sorted);
    if (!sorted)
        return apex_fail(err, "no memory for %d nodes", v->listed);
    for (int i = 0; i < v->listed; i++) {
        sorted[i] = g->node[v->order[i]];
        g->node[v->order[i]] = (struct graph_node){0};
    }
    for (int i = 0; i < g->nodes; i++)
        graph_node_clear(&g->node[i]);
    g->nodes = 0;
    int rc = 0, moved = 0;
    for (; moved < v->listed && rc == 0; moved++)
        rc = graph_push_node(g, &sorted[moved], err);
    for (int i = 0; i < v->listed; i++)
        graph_node_clear(&sorted[i]);
    free(sorted);
    return rc;
}

int graph_sort(struct graph *g, struct apex_error *err)
{
    set_producers(g);
    int from = g->value[g->output].producer, rc = 0;
    if (from >= 0) {
        size_t n = (size_t)g->nodes;
        int *memory = calloc(4 * n, sizeof *memory);
        if (!memory)
            return apex_fail(err, "no memory for %d nodes", g->nodes);
        struct visit v = {
            .g = g, .state = memory, .next = memory + n, .stack = memory + 2 * n, .order = memory + 3 * n};
        rc = visit_all(&v, from, err);
        if (rc == 0)
            rc = rebuild(&v, err);
        free(memory);
    }
    set_producers(g);
    return rc;
}
