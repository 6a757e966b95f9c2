#include "core/flops.h"
#include "core/pattern.h"
#include "core/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a of the name, with the top bit set: activations have the streams below. The same tensor has the same
 * noise whatever else is asked for. */
static uint32_t stream_of(const char *tensor)
{
    uint32_t hash = 2166136261u;
    for (const unsigned char *c = (const unsigned char *)tensor; *c; c++)
        hash = (hash ^ *c) * 16777619u;
    return hash | 0x80000000u;
}

static int is_asked(const char *const *pattern, int patterns, const char *tensor)
{
    for (int k = 0; k < patterns; k++)
        if (graph_tensor_asked(pattern[k], tensor))
            return 1;
    return 0;
}

static int is_activation(const struct apex_model *m, int value)
{
    for (int k = 0; k < m->sites; k++)
        if (m->site[k].value == value)
            return 1;
    return 0;
}

/* "tensor:NAME"; a long name is cut in front, where exporters repeat the path of modules. */
static void site_name(struct apex_site *s)
{
    size_t length = strlen(s->tensor), room = sizeof s->name - sizeof "tensor:";
    if (length <= room)
        snprintf(s->name, sizeof s->name, "tensor:%s", s->tensor);
    else
        snprintf(s->name, sizeof s->name, "tensor:%08x..%s", s->stream, s->tensor + length - (room - 10));
}

static int add_site(struct apex_model *m, const struct graph_node *n, int value, struct apex_error *err)
{
    const struct graph *g = m->graph;
    struct apex_site *more = realloc(m->site, ((size_t)apex_site_count(m) + 1) * sizeof *more);
    if (!more)
        return apex_fail(err, "%s: no memory for the sites", g->source);
    m->site = more;
    struct apex_site *s = &m->site[apex_site_count(m)];
    *s = (struct apex_site){.index = apex_site_count(m), .op = n->op, .value = value};
    s->tensor = g->value[value].name;
    s->node = n->name;
    s->shape = g->value[value].shape;
    s->elements = apex_shape_count(&s->shape);
    s->stream = stream_of(s->tensor);
    site_name(s);
    for (int k = m->sites; k < apex_site_count(m); k++)
        if (m->site[k].stream == s->stream)
            return apex_fail(
                err, "%s: the tensors '%.200s' and '%.200s' would have the same noise; ask for one of them",
                g->source, m->site[k].tensor, s->tensor);
    m->tensors++;
    return 0;
}

static void count_flops(struct apex_model *m, const unsigned char *needed, unsigned char *changed)
{
    for (int k = m->sites; k < apex_site_count(m); k++) {
        memset(changed, 0, (size_t)m->graph->values);
        changed[m->site[k].value] = 1;
        m->site[k].flops = flops_downstream(m->graph, needed, changed);
    }
}

int apex_model_add_tensors(struct apex_model *m, const char *const *pattern, int patterns,
                           struct apex_error *err)
{
    const struct graph *g = m->graph;
    unsigned char *needed = calloc((size_t)g->nodes + 1, 1), *changed = calloc((size_t)g->values + 1, 1);
    int rc = needed && changed ? 0 : apex_fail(err, "%s: no memory for the sites", g->source);
    if (rc == 0)
        site_mark_needed(g, m->logits, needed);
    for (int i = 0; i < g->nodes && rc == 0; i++)
        for (int k = 0; k < g->node[i].outputs && needed[i] && rc == 0; k++) {
            int v = g->node[i].output[k];
            if (v >= 0 && v != m->logits && v != g->output && !is_activation(m, v) &&
                is_asked(pattern, patterns, g->value[v].name))
                rc = add_site(m, &g->node[i], v, err);
        }
    if (rc == 0)
        count_flops(m, needed, changed);
    free(needed);
    free(changed);
    return rc;
}

int apex_site_changes_model(const struct apex_model *m, int site)
{
    const struct graph *g = m->graph;
    if (site < m->sites || (strcmp(m->site[site].op, "Conv") != 0 && strcmp(m->site[site].op, "Gemm") != 0))
        return 0;
    for (int i = 0; i < g->nodes; i++)
        if (strcmp(g->node[i].op, "BatchNormalization") == 0 && g->node[i].input[0] == m->site[site].value)
            return 1;
    return 0;
}
