#include "core/onnx/expand_copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const char *s)
{
    return s ? s : "";
}

int expand_no_memory(struct expand *e)
{
    return apex_fail(e->err, "no memory to expand the graph");
}

/* Counts bytes that are about to be made: a small file must not ask for much. */
static int charge(struct expand *e, size_t size)
{
    e->bytes += size;
    return e->bytes <= e->most
               ? 0
               : apex_fail(e->err, "functions and branches expand to more than %zu bytes", e->most);
}

void *expand_copy(struct expand *e, const ProtobufCMessage *m)
{
    size_t size = protobuf_c_message_get_packed_size(m);
    if (charge(e, size) < 0)
        return NULL;
    uint8_t *bytes = malloc(size + 1);
    void *copy = NULL;
    if (bytes) {
        protobuf_c_message_pack(m, bytes);
        copy = protobuf_c_message_unpack(m->descriptor, NULL, size, bytes);
    }
    free(bytes);
    if (!copy)
        expand_no_memory(e);
    return copy;
}

int expand_rename(struct expand *e, const struct scope *s, char **name)
{
    int k = **name ? names_find(&s->known, *name) : -1;
    int found = **name && k >= 0, prefixed = **name && !found && s->all;
    if (!found && !prefixed)
        return 0;
    const char *given = found && s->to ? s->to[k] : NULL;
    size_t size = given ? strlen(given) + 1 : strlen(s->prefix) + strlen(*name) + 2;
    if (charge(e, size) < 0)
        return -1;
    char *to = malloc(size);
    if (!to)
        return expand_no_memory(e);
    if (given)
        memcpy(to, given, size);
    else
        snprintf(to, size, "%s/%s", s->prefix, *name);
    free(*name);
    *name = to;
    return 0;
}

static int rename_list(struct expand *e, const struct scope *s, char **name, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (expand_rename(e, s, &name[k]) < 0)
            return -1;
    return 0;
}

static int rename_graph(struct expand *e, const struct scope *s, Onnx__GraphProto *g);

int expand_rename_node(struct expand *e, const struct scope *s, Onnx__NodeProto *n)
{
    if (rename_list(e, s, n->input, n->n_input) < 0 || rename_list(e, s, n->output, n->n_output) < 0)
        return -1;
    for (size_t k = 0; k < n->n_attribute; k++)
        if (n->attribute[k]->g && rename_graph(e, s, n->attribute[k]->g) < 0)
            return -1;
    return 0;
}

static int rename_graph(struct expand *e, const struct scope *s, Onnx__GraphProto *g)
{
    for (size_t k = 0; k < g->n_node; k++)
        if (expand_rename_node(e, s, g->node[k]) < 0)
            return -1;
    for (size_t k = 0; k < g->n_initializer; k++)
        if (g->initializer[k]->name && expand_rename(e, s, &g->initializer[k]->name) < 0)
            return -1;
    for (size_t k = 0; k < g->n_output; k++)
        if (g->output[k]->name && expand_rename(e, s, &g->output[k]->name) < 0)
            return -1;
    return 0;
}

int expand_name_node(struct expand *e, const char *prefix, Onnx__NodeProto *n)
{
    const char *own = n->name && *n->name ? n->name : text_of(n->op_type);
    size_t size = strlen(prefix) + strlen(own) + 2;
    if (charge(e, size) < 0)
        return -1;
    char *name = malloc(size);
    if (!name)
        return expand_no_memory(e);
    snprintf(name, size, "%s/%s", prefix, own);
    free(n->name);
    n->name = name;
    return 0;
}

static const Onnx__AttributeProto *guard_of(const Onnx__NodeProto *n)
{
    for (size_t k = 0; k < n->n_attribute; k++)
        if (strcmp(text_of(n->attribute[k]->name), EXPAND_GUARD) == 0)
            return n->attribute[k];
    return NULL;
}

size_t expand_guards(const Onnx__NodeProto *n)
{
    const Onnx__AttributeProto *a = guard_of(n);
    return !a ? 0 : a->n_ints < n->n_input ? a->n_ints : n->n_input;
}

int expand_append(struct expand *e, Onnx__NodeProto *n, const char *name)
{
    if (charge(e, strlen(name) + 1) < 0)
        return -1;
    char **more = realloc(n->input, (n->n_input + 1) * sizeof *more);
    if (!more)
        return expand_no_memory(e);
    n->input = more;
    if (!(more[n->n_input] = strdup(name)))
        return expand_no_memory(e);
    n->n_input++;
    return 0;
}

int expand_guard(struct expand *e, const Onnx__NodeProto *from, const char *condition, int taken,
                 Onnx__NodeProto *n)
{
    size_t count = expand_guards(from), all = count + (condition != NULL);
    if (all == 0)
        return 0;
    Onnx__AttributeProto **more = realloc(n->attribute, (n->n_attribute + 1) * sizeof *more);
    Onnx__AttributeProto *a = more ? malloc(sizeof *a) : NULL;
    n->attribute = more ? more : n->attribute;
    if (!a)
        return expand_no_memory(e);
    onnx__attribute_proto__init(a);
    n->attribute[n->n_attribute++] = a;
    a->has_type = 1;
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    a->name = strdup(EXPAND_GUARD);
    a->ints = malloc(all * sizeof *a->ints);
    if (!a->name || !a->ints)
        return expand_no_memory(e);
    a->n_ints = all;
    for (size_t k = 0; k < count; k++) {
        a->ints[k] = guard_of(from)->ints[k];
        if (expand_append(e, n, from->input[from->n_input - count + k]) < 0)
            return -1;
    }
    if (condition)
        a->ints[count] = taken;
    return condition ? expand_append(e, n, condition) : 0;
}
