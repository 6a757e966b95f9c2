/* A dense layer behind a ReLU on a ray. Along clean + sigma direction each unit of the ReLU changes its side
 * at most once, at sigma = -a / d, so the layer's output is y = p + sigma q with p and q that change by one
 * row of the weights at each such place. They are followed from scale to scale: a scale costs the units that
 * changed since the one before, instead of a product.
 *
 * Changes are made in the order of (sigma, unit), from p and q of the clean side on: p and q at a scale do
 * not depend on which other scales are asked for. */
#include "core/engine/builder.h"
#include "core/engine/hot.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 8,
    BLOCK = 2 * WIDTH,   /* columns whose p and q stay in registers */
    MOST_UNITS = 256,    /* of the ReLU: they are sorted by comparing all with all */
    LEAST_COLUMNS = 32,  /* fewer are computed faster by the product */
    MOST_WEIGHTS = 65536 /* rows of them are read one by one: they must stay in cache */
};

typedef float vec __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t ints __attribute__((vector_size(32), aligned(4), may_alias));

/* From `sigma` on, a W_unit is added to p and d W_unit to q. */
struct change {
    float sigma, a, d;
    int32_t unit;
};

/* How far one draw has gone. Lies in a buffer of floats, followed by change[units] and q0, p, q, each
 * [columns]. */
struct walk {
    int32_t changes, done; /* done: those in p and q */
    float sigma;           /* where it stands */
    int32_t unused;
};

struct kink {
    int site, units, columns;
    int64_t walk;   /* floats of one draw */
    const float *w; /* [units][columns] */
};

static struct walk *walk_of(const struct kink *k, float *data, int64_t row)
{
    return (struct walk *)(void *)(data + row * k->walk);
}

static struct change *changes_of(struct walk *w)
{
    return (struct change *)(void *)(w + 1);
}

static float *start_of(const struct kink *k, struct walk *w)
{
    return (float *)(void *)(changes_of(w) + k->units);
}

static inline __attribute__((always_inline)) void follow_some(const struct kink *k, const struct change *c,
                                                              int count, const int both, float *p, float *q)
{
    int at = 0;
    for (; at + BLOCK <= k->columns; at += BLOCK) {
        vec p0 = *(vec *)(p + at), p1 = *(vec *)(p + at + WIDTH);
        vec q0 = *(vec *)(q + at), q1 = *(vec *)(q + at + WIDTH);
        for (int i = 0; i < count; i++) {
            const float *row = k->w + (size_t)c[i].unit * k->columns + at;
            vec w0 = *(const vec *)row, w1 = *(const vec *)(row + WIDTH);
            q0 += c[i].d * w0;
            q1 += c[i].d * w1;
            if (both) {
                p0 += c[i].a * w0;
                p1 += c[i].a * w1;
            }
        }
        *(vec *)(q + at) = q0;
        *(vec *)(q + at + WIDTH) = q1;
        if (both) {
            *(vec *)(p + at) = p0;
            *(vec *)(p + at + WIDTH) = p1;
        }
    }
    for (; at < k->columns; at++)
        for (int i = 0; i < count; i++) {
            float w = k->w[(size_t)c[i].unit * k->columns + at];
            q[at] += c[i].d * w;
            if (both)
                p[at] += c[i].a * w;
        }
}

HOT static void follow(const struct kink *k, const struct change *c, int count, float *p, float *q)
{
    follow_some(k, c, count, 1, p, q);
}

HOT static void follow_q(const struct kink *k, const struct change *c, int count, float *q)
{
    follow_some(k, c, count, 0, q, q);
}

/* One ray, unit by unit: the change it would make, and whether it does. */
struct units {
    float sigma[MOST_UNITS], a[MOST_UNITS], d[MOST_UNITS];
    int32_t changes[MOST_UNITS];
};

HOT static void look_at_units(int units, const float *a, const float *d, struct units *u)
{
    for (int j = 0; j < units; j++) {
        float sign = a[j] > 0 ? -1.0f : 1.0f;
        u->sigma[j] = fabsf(a[j]) / fabsf(d[j]);
        u->a[j] = sign * a[j];
        u->d[j] = sign * d[j];
        u->changes[j] = u->d[j] > 0;
    }
}

/* rank[i]: how many of the others are smaller. No branches: which they are, nobody can guess. Room for a
 * whole vector beyond `count`. */
HOT static void rank_all(const float *sigma, int count, int32_t *rank)
{
    for (int i = 0; i < count; i += WIDTH) {
        vec own = *(const vec *)(sigma + i);
        ints smaller = {0};
        for (int j = 0; j < count; j++)
            smaller -= (vec){0} + sigma[j] < own;
        *(ints *)(rank + i) = smaller;
    }
}

/* Equal ones share a rank and leave holes after it: they are put there by number. */
static void fill_holes(const int32_t *rank, int count, int32_t *sorted)
{
    for (int i = 0; i < count; i++)
        sorted[i] = -1;
    for (int i = 0; i < count; i++) {
        int at = rank[i];
        while (sorted[at] >= 0)
            at++;
        sorted[at] = i;
    }
}

/* The units that change, by sigma, equal ones by number. */
static int sort_units(int units, const struct units *u, int32_t *sorted)
{
    int32_t some[MOST_UNITS + 1], rank[MOST_UNITS + WIDTH], taken[MOST_UNITS + WIDTH] = {0};
    float sigma[MOST_UNITS + WIDTH];
    int count = 0, ties = 0;
    for (int j = 0; j < units; j++) {
        some[count] = j;
        sigma[count] = u->sigma[j];
        count += u->changes[j];
    }
    for (int i = count; i < count + WIDTH; i++)
        sigma[i] = INFINITY;
    rank_all(sigma, count, rank);
    for (int i = 0; i < count; i++) {
        ties |= taken[rank[i]];
        taken[rank[i]] = 1;
        sorted[rank[i]] = i;
    }
    if (ties)
        fill_holes(rank, count, sorted);
    for (int i = 0; i < count; i++)
        sorted[i] = some[sorted[i]];
    return count;
}

static void start_walk(const struct kink *k, const float *a, const float *d, struct walk *w)
{
    struct units u;
    int32_t sorted[MOST_UNITS];
    struct change *c = changes_of(w);
    look_at_units(k->units, a, d, &u);
    w->changes = sort_units(k->units, &u, sorted);
    w->done = -1; /* p and q are not set */
    for (int i = 0; i < w->changes; i++) {
        int j = sorted[i];
        c[i] = (struct change){u.sigma[j], u.a[j], u.d[j], j};
    }
}

/* in[0]: the direction before the ReLU, all rows; in[1]: the clean tensor there. */
static void run_start(const struct step *s, const struct pass *pass)
{
    const struct kink *k = s->state;
    const float *a = s->in[1].data;
    struct change open[MOST_UNITS + 1];
    int opens = 0;
    (void)pass;
    for (int j = 0; j < k->units; j++) {
        open[opens].unit = j;
        opens += a[j] > 0;
    }
    for (int64_t row = 0; row < s->in[0].shape.dim[0]; row++) {
        struct walk *w = walk_of(k, s->out.data, row);
        const float *d = s->in[0].data + row * k->units;
        float *q0 = start_of(k, w);
        start_walk(k, a, d, w);
        for (int i = 0; i < opens; i++)
            open[i].d = d[open[i].unit];
        memset(q0, 0, (size_t)k->columns * sizeof *q0);
        follow_q(k, open, opens, q0);
    }
}

/* Brings p and q to a scale; z: the layer's clean output. */
static void walk_to(const struct kink *k, struct walk *w, const float *z, float sigma)
{
    float *q0 = start_of(k, w), *p = q0 + k->columns, *q = p + k->columns;
    const struct change *c = changes_of(w);
    if (w->done < 0 || sigma < w->sigma) {
        memcpy(p, z, (size_t)k->columns * sizeof *p);
        memcpy(q, q0, (size_t)k->columns * sizeof *q);
        w->done = 0;
    }
    int to = w->done;
    while (to < w->changes && c[to].sigma < sigma)
        to++;
    follow(k, c + w->done, to - w->done, p, q);
    w->done = to;
    w->sigma = sigma;
}

HOT static void put(const float *p, const float *q, float sigma, int relu, int64_t n, float *y)
{
    for (int64_t i = 0; i < n; i++) {
        float v = p[i] + sigma * q[i];
        y[i] = relu && v < 0 ? 0 : v; /* NaN passes */
    }
}

/* in[0]: the walks; in[1]: the layer's clean output. */
static void run_kink(const struct step *s, const struct pass *pass)
{
    const struct kink *k = s->state;
    float sigma = (float)noise_factor(pass, k->site);
    for (int64_t row = 0; row < s->out.shape.dim[0]; row++) {
        struct walk *w = walk_of(k, s->in[0].data, row);
        walk_to(k, w, s->in[1].data, sigma);
        const float *p = start_of(k, w) + k->columns;
        put(p, p + k->columns, sigma, s->relu, k->columns, s->out.data + row * k->columns);
    }
}

/* The weights of a dense layer that suits; NULL: it does not. */
static const struct apex_tensor *weights_of(const struct builder *b, const struct graph_node *n)
{
    const struct apex_tensor *w = strcmp(n->op, "Gemm") == 0 ? graph_constant(b->e->graph, n, 1) : NULL;
    if (!w || w->type != APEX_F32 || w->shape.rank != 2 || w->shape.dim[0] > MOST_UNITS ||
        w->shape.dim[1] < LEAST_COLUMNS || apex_shape_count(&w->shape) > MOST_WEIGHTS)
        return NULL;
    return w;
}

/* Only in the sets that join steps: the others are what they are held to. A value that is probed must be
 * there. */
int kink_suits(const struct builder *b, const struct graph_node *relu)
{
    const struct graph *g = b->e->graph;
    int readers = 0, value = relu->output[0];
    if (strcmp(relu->op, "Relu") != 0 || !b->e->kernels->fuses || builder_is_probed(b, value) ||
        b->ray[relu->input[0]].buffer < 0 || g->value[value].shape.rank != 2 || value == g->output ||
        value == b->e->model->logits)
        return 0;
    for (int i = 0; i < g->nodes; i++)
        for (int k = 0; k < g->node[i].inputs; k++)
            if (g->node[i].input[k] == value) {
                const struct apex_tensor *w = k == 0 ? weights_of(b, &g->node[i]) : NULL;
                if (!w || w->shape.dim[0] != g->value[value].shape.dim[1])
                    return 0;
                readers++;
            }
    return readers > 0;
}

static int kink_step(struct builder *b, const struct graph_node *n,
                     void (*run)(const struct step *, const struct pass *), const struct kink *k,
                     const struct operand *in, int clean, struct operand *out)
{
    struct operand beside = builder_clean(b, clean);
    struct step *s = beside.buffer < 0 || out->buffer < 0 ? NULL : builder_step(b, n, run, sizeof *k);
    if (!s)
        return -1;
    *(struct kink *)s->state = *k;
    step_input(s, in);
    step_input(s, &beside);
    s->out = *out;
    s->once = run == run_start;
    s->kind = s->once ? STEP_OTHER : STEP_RAY; /* a ReLU may join it */
    return 0;
}

int kink_emit(struct builder *b, const struct graph_node *n, int before)
{
    const struct apex_tensor *w = weights_of(b, n);
    struct operand walks = b->ray[before], out;
    struct kink k = {.site = b->ray_site, .units = (int)w->shape.dim[0], .columns = (int)w->shape.dim[1]};
    k.w = w->data;
    k.walk =
        (int64_t)(sizeof(struct walk) + (size_t)k.units * sizeof(struct change)) / (int64_t)sizeof(float) +
        3 * (int64_t)k.columns;
    k.walk = (k.walk + 15) / 16 * 16;
    walks.shape = (struct apex_shape){.rank = 2, .dim = {b->p->batch, k.walk}};
    walks.degree = 0;
    walks.buffer = builder_buffer(b, apex_shape_count(&walks.shape), NULL);
    b->degree = 0;
    if (kink_step(b, NULL, run_start, &k, &b->ray[before], before, &walks) < 0 ||
        builder_output(b, n, 0, &out) < 0)
        return -1;
    return kink_step(b, n, run_kink, &k, &walks, n->output[0], &out);
}
