#include "core/onnx/expand_copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 24, MAX_NODES = 1 << 17, FREE_BYTES = 1 << 24, PER_BYTE = 16 };

static const char *text_of(const char *s)
{
    return s ? s : "";
}

static int is_call(struct expand *e, const Onnx__NodeProto *n, const Onnx__FunctionProto **f)
{
    *f = NULL;
    for (size_t k = 0; n->domain && *n->domain && k < e->model->n_functions && !*f; k++)
        if (strcmp(text_of(e->model->functions[k]->name), text_of(n->op_type)) == 0 &&
            strcmp(text_of(e->model->functions[k]->domain), n->domain) == 0)
            *f = e->model->functions[k];
    return *f != NULL;
}

static const Onnx__GraphProto *branch(const Onnx__NodeProto *n, const char *name)
{
    for (size_t k = 0; k < n->n_attribute; k++)
        if (strcmp(text_of(n->attribute[k]->name), name) == 0)
            return n->attribute[k]->g;
    return NULL;
}

static int is_if(const Onnx__NodeProto *n)
{
    return strcmp(text_of(n->op_type), "If") == 0 && !(n->domain && *n->domain) && branch(n, "then_branch") &&
           branch(n, "else_branch");
}

/* Takes the node over. */
static int push(struct expand *e, Onnx__NodeProto *n)
{
    if (n && e->nodes == e->room) {
        size_t room = e->room ? 2 * e->room : 64;
        Onnx__NodeProto **more = realloc(e->node, room * sizeof *more);
        if (more) {
            e->node = more;
            e->room = room;
        }
    }
    if (n && e->nodes < e->room && e->nodes < MAX_NODES) {
        e->node[e->nodes++] = n;
        return 0;
    }
    if (!n || e->nodes >= e->room)
        expand_no_memory(e);
    else
        apex_fail(e->err, "functions and branches make more than %d nodes", MAX_NODES);
    if (n)
        onnx__node_proto__free_unpacked(n, NULL);
    return -1;
}

/* Attributes that refer to those of the call get their values, or go where the call has none. */
static int bind_attributes(struct expand *e, const Onnx__NodeProto *call, Onnx__NodeProto *n)
{
    size_t kept = 0;
    int rc = 0;
    for (size_t k = 0; k < n->n_attribute; k++) {
        Onnx__AttributeProto *a = n->attribute[k], *value = a;
        const char *wanted = text_of(a->ref_attr_name);
        const int refers = *wanted != '\0';
        for (size_t c = 0; refers && value == a && c < call->n_attribute; c++)
            if (strcmp(text_of(call->attribute[c]->name), wanted) == 0)
                value = expand_copy(e, &call->attribute[c]->base);
        if (!value)
            rc = -1;
        if (value && value != a) {
            char *name = a->name;
            a->name = value->name;
            value->name = name;
        }
        if (value != a || refers)
            onnx__attribute_proto__free_unpacked(a, NULL);
        if (value && (value != a || !refers))
            n->attribute[kept++] = value;
    }
    n->n_attribute = kept;
    return rc;
}

/* Takes the node over, guarded, under a name of its own. */
static int push_guarded(struct expand *e, const Onnx__NodeProto *from, const char *prefix,
                        const char *condition, int taken, Onnx__NodeProto *n)
{
    if (n && expand_name_node(e, prefix, n) == 0 && expand_guard(e, from, condition, taken, n) == 0)
        return push(e, n);
    if (n)
        onnx__node_proto__free_unpacked(n, NULL);
    return -1;
}

static const char *prefix_of(const Onnx__NodeProto *n)
{
    if (n->name && *n->name)
        return n->name;
    for (size_t k = 0; k < n->n_output; k++)
        if (*n->output[k])
            return n->output[k];
    return "call";
}

static int check_opset(struct expand *e, const Onnx__FunctionProto *f)
{
    for (size_t k = 0; k < f->n_opset_import; k++)
        for (size_t m = 0; m < e->model->n_opset_import; m++) {
            const Onnx__OperatorSetIdProto *own = f->opset_import[k], *all = e->model->opset_import[m];
            if (!*text_of(own->domain) && !*text_of(all->domain) && own->version != all->version)
                return apex_fail(e->err, "function '%.200s' is written in opset %lld, the graph in %lld",
                                 text_of(f->name), (long long)own->version, (long long)all->version);
        }
    return 0;
}

static int expand_call(struct expand *e, const Onnx__NodeProto *call, const Onnx__FunctionProto *f)
{
    struct scope s = {.prefix = prefix_of(call), .all = 1};
    size_t formals = f->n_input + f->n_output;
    int rc = check_opset(e, f);
    s.to = calloc(formals + 1, sizeof *s.to);
    if (!s.to)
        rc = expand_no_memory(e);
    static char nothing[] = "";
    for (size_t k = 0; k < formals && rc == 0; k++) {
        int is_output = k >= f->n_input;
        size_t at = is_output ? k - f->n_input : k;
        char **list = is_output ? call->output : call->input;
        int given = at < (is_output ? call->n_output : call->n_input - expand_guards(call)) &&
                    (!is_output || *list[at]);
        s.to[k] = given ? list[at] : is_output ? NULL : nothing; /* an output that is not wanted is local */
        const char *name = is_output ? f->output[at] : f->input[at];
        if (names_find(&s.known, name) < 0)
            rc = names_add(&s.known, name, (int)k, e->err);
        else
            rc = apex_fail(e->err, "function '%.200s': '%.200s' is named twice", text_of(f->name), name);
    }
    for (size_t k = 0; k < f->n_node && rc == 0; k++) {
        Onnx__NodeProto *n = expand_copy(e, &f->node[k]->base);
        rc = n && bind_attributes(e, call, n) == 0 ? expand_rename_node(e, &s, n) : -1;
        if (rc == 0)
            rc = push_guarded(e, call, s.prefix, NULL, 0, n);
        else if (n)
            onnx__node_proto__free_unpacked(n, NULL);
    }
    names_clear(&s.known);
    free(s.to);
    return rc;
}

/* An initializer of a branch becomes one of the graph. */
static int lift_initializer(struct expand *e, const struct scope *s, const Onnx__TensorProto *t)
{
    Onnx__GraphProto *g = e->model->graph;
    Onnx__TensorProto **more = realloc(g->initializer, (g->n_initializer + 1) * sizeof *more);
    if (!more)
        return expand_no_memory(e);
    g->initializer = more;
    Onnx__TensorProto *copy = expand_copy(e, &t->base);
    if (!copy)
        return -1;
    more[g->n_initializer++] = copy;
    return copy->name ? expand_rename(e, s, &copy->name) : 0;
}

static int know(struct expand *e, struct scope *s, const char *name)
{
    return !*name || names_find(&s->known, name) >= 0 ? 0 : names_add(&s->known, name, 0, e->err);
}

/* The nodes of one branch. out[k]: the name that its output k has in the graph, freed by the caller. */
static int expand_branch(struct expand *e, const Onnx__NodeProto *from, const Onnx__GraphProto *g,
                         const char *prefix, int taken, char **out, size_t outs)
{
    struct scope s = {.prefix = prefix};
    int rc = g->n_output == outs
                 ? 0
                 : apex_fail(e->err, "If '%.200s': a branch of %zu outputs", prefix, g->n_output);
    for (size_t k = 0; k < g->n_node && rc == 0; k++)
        for (size_t o = 0; o < g->node[k]->n_output && rc == 0; o++)
            rc = know(e, &s, g->node[k]->output[o]);
    for (size_t k = 0; k < g->n_initializer && rc == 0; k++)
        rc = know(e, &s, text_of(g->initializer[k]->name));
    for (size_t k = 0; k < g->n_initializer && rc == 0; k++)
        rc = lift_initializer(e, &s, g->initializer[k]);
    for (size_t k = 0; k < g->n_node && rc == 0; k++) {
        Onnx__NodeProto *n = expand_copy(e, &g->node[k]->base);
        rc = n ? expand_rename_node(e, &s, n) : -1;
        if (rc == 0)
            rc = push_guarded(e, from, prefix, from->input[0], taken, n);
        else if (n)
            onnx__node_proto__free_unpacked(n, NULL);
    }
    for (size_t k = 0; k < outs && rc == 0; k++) {
        out[k] = strdup(text_of(g->output[k]->name));
        rc = out[k] ? expand_rename(e, &s, &out[k]) : expand_no_memory(e);
    }
    names_clear(&s.known);
    return rc;
}

/* If(condition, then, else) for output k. */
static int join(struct expand *e, const Onnx__NodeProto *from, size_t k, const char *a, const char *b)
{
    Onnx__NodeProto *n = malloc(sizeof *n);
    if (!n)
        return expand_no_memory(e);
    onnx__node_proto__init(n);
    n->op_type = strdup("If");
    n->output = calloc(1, sizeof *n->output);
    if (n->output && (n->output[0] = strdup(from->output[k])))
        n->n_output = 1;
    if (n->op_type && n->n_output && expand_append(e, n, from->input[0]) == 0 &&
        expand_append(e, n, a) == 0 && expand_append(e, n, b) == 0)
        return push_guarded(e, from, prefix_of(from), NULL, 0, n);
    onnx__node_proto__free_unpacked(n, NULL);
    return expand_no_memory(e);
}

static int expand_if(struct expand *e, const Onnx__NodeProto *n)
{
    static const char *const names[] = {"then_branch", "else_branch"};
    char **out = calloc(2 * n->n_output + 1, sizeof *out), prefix[512];
    int rc = out ? 0 : expand_no_memory(e);
    if (n->n_input < 1)
        rc = apex_fail(e->err, "If '%.200s' has no condition", prefix_of(n));
    for (int side = 0; side < 2 && rc == 0; side++) {
        snprintf(prefix, sizeof prefix, "%.400s/%.4s", prefix_of(n), names[side]);
        rc = expand_branch(e, n, branch(n, names[side]), prefix, !side, out + (size_t)side * n->n_output,
                           n->n_output);
    }
    for (size_t k = 0; k < n->n_output && rc == 0; k++)
        rc = *n->output[k] ? join(e, n, k, out[k], out[n->n_output + k]) : 0;
    for (size_t k = 0; out && k < 2 * n->n_output; k++)
        free(out[k]);
    free(out);
    return rc;
}

/* One level. 1: there was something; 0: nothing is left; -1 */
static int expand_level(struct expand *e)
{
    Onnx__GraphProto *g = e->model->graph;
    const Onnx__FunctionProto *f;
    int found = 0, rc = 0;
    for (size_t k = 0; k < g->n_node && !found; k++)
        found = is_if(g->node[k]) || is_call(e, g->node[k], &f);
    if (found && e->most == 0)
        e->most = FREE_BYTES + PER_BYTE * onnx__model_proto__get_packed_size(e->model);
    for (size_t k = 0; found && k < g->n_node && rc == 0; k++) {
        Onnx__NodeProto *n = g->node[k];
        int goes = 1;
        if (is_call(e, n, &f))
            rc = expand_call(e, n, f);
        else if (is_if(n))
            rc = expand_if(e, n);
        else
            goes = 0;
        g->node[k] = NULL;
        if (goes)
            onnx__node_proto__free_unpacked(n, NULL);
        else
            rc = push(e, n);
    }
    if (!found)
        return 0;
    size_t left = 0; /* after a failure, the list holds what is still owned */
    for (size_t k = 0; k < g->n_node; k++)
        if (g->node[k])
            g->node[left++] = g->node[k];
    g->n_node = left;
    for (size_t k = 0; rc < 0 && k < e->nodes; k++)
        onnx__node_proto__free_unpacked(e->node[k], NULL);
    if (rc == 0) {
        free(g->node);
        g->node = e->node;
        g->n_node = e->nodes;
    } else {
        free(e->node);
    }
    e->node = NULL;
    e->nodes = e->room = 0;
    return rc < 0 ? -1 : 1;
}

int onnx_expand(Onnx__ModelProto *model, struct apex_error *err)
{
    struct expand e = {.model = model, .err = err};
    int rc = 1;
    for (int depth = 0; depth < MAX_DEPTH && rc == 1; depth++)
        rc = expand_level(&e);
    return rc == 1 ? apex_fail(err, "functions call each other without end, or deeper than %d", MAX_DEPTH)
                   : rc;
}
