/* What all programs of a runner share: layouts, kept clean tensors, prepared layers. */
#include "core/engine/builder.h"
#include "core/engine/pages.h"

#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { GIVE_BACK = 16 * 1024 * 1024 }; /* bytes that are worth a walk through the heap */

float *engine_alloc(int64_t count, struct apex_error *err)
{
    if (count < 0 || count > INT64_MAX / 8) {
        apex_fail(err, "a tensor of this model is too large");
        return NULL;
    }
    size_t size = ((size_t)count * sizeof(float) + 63) / 64 * 64;
    float *p = pages_alloc(size ? size : 64);
    if (!p) {
        apex_fail(err, "no memory for %zu bytes", size);
        return NULL;
    }
    memset(p, 0, size ? size : 64);
    return p;
}

void engine_give_back(size_t freed)
{
#ifdef __GLIBC__
    if (freed >= GIVE_BACK)
        malloc_trim(0);
#else
    (void)freed;
#endif
}

int engine_init(struct engine *e, const struct apex_model *m, const struct kernel_set *kernels,
                struct apex_error *err)
{
    memset(e, 0, sizeof *e);
    e->model = m;
    e->graph = m->graph;
    e->kernels = kernels;
    e->layout = calloc((size_t)m->graph->values, sizeof *e->layout);
    e->clean = calloc((size_t)m->graph->values, sizeof *e->clean);
    if (!e->layout || !e->clean)
        return apex_fail(err, "no memory");
    layout_assign(m->graph, e->layout);
    return 0;
}

void engine_free(struct engine *e)
{
    for (int i = 0; i < e->layers; i++) {
        struct layer *l = e->layer[i];
        if (l->state && l->is_conv)
            e->kernels->conv_free(l->state);
        else if (l->state)
            e->kernels->linear_free(l->state);
        free(l);
    }
    if (e->clean)
        for (int v = 0; v < e->graph->values; v++)
            free(e->clean[v]);
    free(e->clean);
    free(e->layout);
    free(e->layer);
    memset(e, 0, sizeof *e);
}

float *engine_keep(struct engine *e, int value, struct apex_error *err)
{
    if (!e->clean[value]) {
        int64_t count = apex_shape_count(&e->graph->value[value].shape);
        e->clean[value] = engine_alloc(count, err);
        if (e->clean[value])
            e->bytes += (size_t)count * sizeof(float);
    }
    return e->clean[value];
}
