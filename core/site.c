#include "core/site.h"

#include "core/flops.h"
#include "core/pattern.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is(const struct graph_node *n, const char *op)
{
    return n && !strcmp(n->op, op);
}

/* Up through operators that only give the same numbers another shape. */
static int above_reshapes(const struct graph *g, int value)
{
    const struct graph_node *n;
    while (is(n = pattern_producer(g, value), "Reshape") || is(n, "Flatten") || is(n, "Squeeze"))
        value = n->input[0];
    return value;
}

/* The class scores: the output, or what goes into a final Softmax, LogSoftmax or Sigmoid. A Softmax counts
 * only if it goes over all classes. */
static int find_logits(const struct graph *g)
{
    const struct graph_node *n = pattern_producer(g, above_reshapes(g, g->output));
    if (!is(n, "Softmax") && !is(n, "LogSoftmax") && !is(n, "Sigmoid"))
        return g->output;
    int before = n->input[0];
    if (before < 0 || g->value[before].constant)
        return g->output;
    const struct apex_shape *s = &g->value[before].shape;
    int64_t axis = graph_attr_int(n, "axis", -1);
    axis += axis < 0 ? s->rank : 0;
    if (!is(n, "Sigmoid") && (axis < 0 || axis >= s->rank || s->dim[axis] != apex_shape_count(s)))
        return g->output;
    return before;
}

/* needed[node]: the logits depend on it. */
void site_mark_needed(const struct graph *g, int logits, unsigned char *needed)
{
    if (g->value[logits].producer >= 0)
        needed[g->value[logits].producer] = 1;
    for (int i = g->nodes - 1; i >= 0; i--)
        for (int k = 0; needed[i] && k < g->node[i].inputs; k++) {
            int value = g->node[i].input[k];
            if (value >= 0 && g->value[value].producer >= 0)
                needed[g->value[value].producer] = 1;
        }
}

static void fill_site(struct apex_model *m, const char *kind, int node)
{
    const struct graph *g = m->graph;
    struct apex_site *s = &m->site[m->sites];
    s->index = m->sites++;
    s->stream = (uint32_t)s->index + 1;
    s->op = kind;
    s->value = g->node[node].output[0];
    s->node = g->node[node].name;
    s->tensor = g->value[s->value].name;
    s->shape = g->value[s->value].shape;
    s->elements = apex_shape_count(&s->shape);
    /* "relu6_0": otherwise ReLU6 number 0 would have the name of ReLU number 60. */
    int digit = isdigit((unsigned char)kind[strlen(kind) - 1]);
    int length = snprintf(s->name, sizeof s->name, "%s%s%d", kind, digit ? "_" : "", s->index);
    for (int i = 0; i < length; i++)
        s->name[i] = (char)tolower((unsigned char)s->name[i]);
}

/* Activations in topological order. The scores themselves are not hidden: an activation that makes them is no
 * site. */
static int find_sites(struct apex_model *m, const unsigned char *needed, struct apex_error *err)
{
    const struct graph *g = m->graph;
    size_t room = g->nodes ? (size_t)g->nodes : 1;
    const char **kind = calloc(room, sizeof *kind);
    m->site = calloc(room, sizeof *m->site);
    int rc = -1;
    if (!kind || !m->site) {
        apex_fail(err, "%s: no memory for the sites", g->source);
        goto done;
    }
    if (pattern_find(g, kind, err))
        goto done;
    int scores = above_reshapes(g, m->logits);
    for (int i = 0; i < g->nodes; i++)
        if (kind[i] && needed[i] && g->node[i].output[0] != scores)
            fill_site(m, kind[i], i);
    rc = 0;
done:
    free(kind);
    return rc;
}

static void count_flops(struct apex_model *m, const unsigned char *needed, unsigned char *changed)
{
    const struct graph *g = m->graph;
    for (int k = 0; k < m->sites; k++) {
        memset(changed, 0, (size_t)g->values);
        changed[m->site[k].value] = 1;
        m->site[k].flops = flops_downstream(g, needed, changed);
    }
    memset(changed, 0, (size_t)g->values);
    changed[g->input] = 1;
    m->flops = flops_downstream(g, needed, changed);
    memset(changed, 0, (size_t)g->values);
    for (int k = 0; k < m->sites; k++)
        changed[m->site[k].value] = 1;
    m->flops_all = flops_downstream(g, needed, changed);
}

/* Elements of the float constants that nodes read, each counted once. */
static int64_t count_parameters(const struct graph *g, unsigned char *seen)
{
    int64_t total = 0;
    memset(seen, 0, (size_t)g->values);
    for (int i = 0; i < g->nodes; i++)
        for (int k = 0; k < g->node[i].inputs; k++) {
            const struct apex_tensor *t = graph_constant(g, &g->node[i], k);
            if (!t || t->type != APEX_F32 || seen[g->node[i].input[k]]++)
                continue;
            total += apex_shape_count(&t->shape);
        }
    return total;
}

int apex_model_analyse(struct apex_model *m, struct apex_error *err)
{
    const struct graph *g = m->graph;
    m->input = g->value[g->input].shape;
    m->logits = find_logits(g);
    int64_t classes = apex_shape_count(&g->value[m->logits].shape);
    if (classes < 1 || classes > INT32_MAX)
        return apex_fail(err, "%s: the output '%s' has %lld classes", g->source, g->value[m->logits].name,
                         (long long)classes);
    m->classes = (int)classes;
    unsigned char *needed = calloc(g->nodes ? (size_t)g->nodes : 1, 1);
    unsigned char *mark = calloc((size_t)g->values, 1);
    int rc = -1;
    if (!needed || !mark) {
        apex_fail(err, "%s: no memory for %d nodes", g->source, g->nodes);
        goto done;
    }
    site_mark_needed(g, m->logits, needed);
    if (find_sites(m, needed, err))
        goto done;
    count_flops(m, needed, mark);
    m->parameters = count_parameters(g, mark);
    rc = 0;
done:
    free(needed);
    free(mark);
    return rc;
}

const char *apex_site_name(const struct apex_model *m, int site)
{
    if (site == APEX_SITE_INPUT)
        return "input";
    return site == APEX_SITE_ALL ? "all" : m->site[site].name;
}

int64_t apex_site_flops(const struct apex_model *m, int site)
{
    if (site == APEX_SITE_INPUT)
        return m->flops;
    return site == APEX_SITE_ALL ? m->flops_all : m->site[site].flops;
}

static int asks_for(const struct apex_site *s, const char *pattern)
{
    return !strcmp(pattern, s->name) || graph_tensor_asked(pattern, s->tensor);
}

static int names_site(const struct apex_site *s, const char *pattern)
{
    if (graph_tensor_asked(pattern, s->tensor))
        return 1;
    const char *const name[] = {s->name, s->tensor, s->node};
    for (int i = 0; i < 3; i++)
        if (!strcmp(pattern, name[i]) || !fnmatch(pattern, name[i], 0))
            return 1;
    return 0;
}

static int match_names(const struct apex_model *m, const char *pattern, unsigned char *chosen)
{
    int named = 0;
    for (int k = 0; k < apex_site_count(m); k++)
        if (k < m->sites ? names_site(&m->site[k], pattern) : asks_for(&m->site[k], pattern)) {
            chosen[k + 2] = 1;
            named++;
        }
    return named;
}

/* A plain index of a site; -1: not one. */
static int plain_index(const struct apex_model *m, const char *pattern)
{
    size_t digits = strspn(pattern, "0123456789");
    if (!digits || digits > 9 || pattern[digits])
        return -1;
    int index = atoi(pattern);
    return index < m->sites ? index : -1;
}

int apex_site_match(const struct apex_model *m, const char *pattern, unsigned char *chosen)
{
    int index = plain_index(m, pattern);
    if (!strcmp(pattern, "all"))
        chosen[APEX_SITE_ALL + 2] = 1;
    else if (!strcmp(pattern, "input"))
        chosen[APEX_SITE_INPUT + 2] = 1;
    else if (index >= 0)
        chosen[index + 2] = 1;
    else
        return match_names(m, pattern, chosen);
    return 1;
}
