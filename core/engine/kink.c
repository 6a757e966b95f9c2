/* A dense layer behind a ReLU on a ray. Along clean + sigma direction each unit of the ReLU changes its side
 * at most once, at sigma = -a / d, so the layer's output is y = p + sigma q with p and q that change by one
 * row of the weights at each such place. They are followed from scale to scale: a scale costs the units that
 * changed since the one before, instead of a product.
 *
 * Changes are made in the order of (sigma, unit), from p and q of the clean side on: p and q at a scale do
 * not depend on which other scales are asked for. */
#include "core/engine/builder.h"
#include "core/engine/hot.h"
#include "core/engine/vec.h"

#include <math.h>
#include <string.h>

enum {
    VECTORS = 4,
    BLOCK = VECTORS * WIDTH, /* columns whose p and q stay in registers; fewer would wait for each sum */
    MOST_UNITS = 256,        /* of the ReLU: they are sorted by comparing all with all */
    AHEAD = 16,              /* changes looked at together */
    LEAST_COLUMNS = 32,      /* fewer are computed faster by the product */
    MOST_WEIGHTS = 65536     /* rows of them are read one by one: they must stay in cache */
};

typedef int32_t ints __attribute__((vector_size(32), aligned(4), may_alias));
typedef float quad_float __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t quad __attribute__((vector_size(16)));

/* How far one draw has gone. Lies in a buffer of floats, followed by what path_of tells. */
struct walk {
    int32_t changes, done; /* done: those in p and q */
    float sigma;           /* where it stands */
    int32_t unused[5];     /* what follows is aligned to vectors */
};

struct kink {
    int site, units, columns;
    int padded;     /* columns, rounded up to whole blocks */
    int64_t walk;   /* floats of one draw */
    const float *w; /* [blocks][units][BLOCK], zeros beyond the columns, aligned to cache lines */
};

static struct walk *walk_of(const struct kink *k, float *data, int64_t row)
{
    return (struct walk *)(void *)(data + row * k->walk);
}

/* Of one draw. Change i is at sigma[i], where unit j = unit[i] adds a[j] W_j to p and d[j] W_j to q. */
struct path {
    float *q0, *p, *q; /* [padded]; q0: on the clean side */
    float *a, *d;      /* [units] */
    int32_t *unit;     /* [changes] */
    float *sigma;      /* [changes], then AHEAD times infinity */
};

static struct path path_of(const struct kink *k, struct walk *w)
{
    struct path path = {.q0 = (float *)(void *)(w + 1)};
    path.p = path.q0 + k->padded;
    path.q = path.p + k->padded;
    path.a = path.q + k->padded;
    path.d = path.a + k->units;
    path.unit = (int32_t *)(void *)(path.d + k->units);
    path.sigma = path.d + 2 * (size_t)k->units;
    return path;
}

static int64_t walk_floats(const struct kink *k)
{
    int64_t floats = (int64_t)(sizeof(struct walk) / sizeof(float)) + 3 * (int64_t)k->padded +
                     4 * (int64_t)k->units + AHEAD;
    return (floats + 15) / 16 * 16;
}

/* p and q of one block of columns beyond some changes, those of `unit`; w: the block's weights. */
static inline __attribute__((always_inline)) void follow_block(const float *w, const struct path *path,
                                                               const int32_t *unit, int count, vec p[VECTORS],
                                                               vec q[VECTORS])
{
    for (int i = 0; i < count; i++) {
        const float *row = w + (size_t)unit[i] * BLOCK;
        float a = path->a[unit[i]], d = path->d[unit[i]];
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; v++) {
            vec weight = *(const vec *)(row + v * WIDTH);
            p[v] += a * weight;
            q[v] += d * weight;
        }
    }
}

/* The first n columns of a block: p + sigma q, or its ReLU. */
static inline __attribute__((always_inline)) void put(const vec p[VECTORS], const vec q[VECTORS], float sigma,
                                                      int relu, int n, float *y)
{
    ints out[VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
        vec value = p[v] + sigma * q[v];
        out[v] = (ints)value & ~((value < 0) & -relu); /* NaN passes */
        if (n == BLOCK)
            *(ints *)(y + v * WIDTH) = out[v];
    }
    if (n < BLOCK)
        memcpy(y, out, (size_t)n * sizeof *y);
}

/* Brings p and q beyond some changes, to sigma; y: the layer's output there. */
static inline __attribute__((always_inline)) void follow(const struct kink *k, const struct path *path,
                                                         const int32_t *unit, int count, float sigma,
                                                         int relu, float *y)
{
    for (int at = 0; at < k->padded; at += BLOCK) {
        vec *p_at = (vec *)(path->p + at), *q_at = (vec *)(path->q + at), p_end[VECTORS], q_end[VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; v++) {
            p_end[v] = p_at[v];
            q_end[v] = q_at[v];
        }
        follow_block(k->w + (size_t)at * k->units, path, unit, count, p_end, q_end);
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; v++) {
            p_at[v] = p_end[v];
            q_at[v] = q_end[v];
        }
        put(p_end, q_end, sigma, relu, k->columns - at < BLOCK ? k->columns - at : BLOCK, y + at);
    }
}

/* The same block of q0 for two draws, which share what they read: the sum of d W_unit. */
HOT static void sum_open(const float *w, const int32_t *unit, int count, const float *d0, const float *d1,
                         float *q0, float *q1)
{
    vec s0[VECTORS] = {0}, s1[VECTORS] = {0};
    for (int i = 0; i < count; i++) {
        const float *row = w + (size_t)unit[i] * BLOCK;
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; v++) {
            vec weight = *(const vec *)(row + v * WIDTH);
            s0[v] += d0[unit[i]] * weight;
            s1[v] += d1[unit[i]] * weight;
        }
    }
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
        *(vec *)(q0 + v * WIDTH) = s0[v];
        *(vec *)(q1 + v * WIDTH) = s1[v];
    }
}

/* One ray, unit by unit: the change it would make, where, and whether it does. */
HOT static void look_at_units(int units, const float *restrict from, const float *restrict direction,
                              float *restrict a, float *restrict d, float *restrict sigma,
                              int32_t *restrict happens)
{
    for (int j = 0; j < units; j++) {
        float sign = from[j] > 0 ? -1.0f : 1.0f;
        sigma[j] = fabsf(from[j]) / fabsf(direction[j]);
        a[j] = sign * from[j];
        d[j] = sign * direction[j];
        happens[j] = sign * direction[j] > 0;
    }
}

/* What keys i to i + 15 count among themselves. */
static inline __attribute__((always_inline)) void rank_within(const int32_t *key, ints before[2])
{
    const ints lane = {0, 1, 2, 3, 4, 5, 6, 7}, low = *(const ints *)key, high = *(const ints *)(key + WIDTH);
    ints at = {0};
    for (int j = 0; j < WIDTH; j++, at += 1) {
        ints later = lane > at;
        before[0] -= (low > key[j]) | ((low == key[j]) & later);
        before[1] -= (high > key[j + WIDTH]) | ((high == key[j + WIDTH]) & later);
        before[0] -= low > key[j + WIDTH];
        before[1] += (high < key[j]) + 1;
    }
}

/* rank[i]: how many keys are before key i, equal ones by number. No branches: which is smaller, nobody can
 * guess. The two vectors beyond `count` hold the largest numbers. */
HOT static void rank_all(const int32_t *key, int count, int32_t *rank)
{
    for (int i = 0; i < count; i += 2 * WIDTH) {
        const ints low = *(const ints *)(key + i), high = *(const ints *)(key + i + WIDTH);
        ints before[2] = {(ints){0} + i, (ints){0} + i};
        for (int j = 0; j < i; j++) {
            before[0] += low < key[j];
            before[1] += high < key[j];
        }
        rank_within(key + i, before);
        for (int j = i + 2 * WIDTH; j < count; j++) {
            before[0] -= low > key[j];
            before[1] -= high > key[j];
        }
        *(ints *)(rank + i) = before[0];
        *(ints *)(rank + i + WIDTH) = before[1];
    }
}

/* The units that change, by sigma, equal ones by number. Sigmas are not negative, so that their bits order as
 * they do. */
static int sort_changes(int units, const float *sigma, const int32_t *happens, const struct path *path)
{
    int32_t some[MOST_UNITS + 1], key[MOST_UNITS + 2 * WIDTH], rank[MOST_UNITS + 2 * WIDTH];
    int count = 0;
    for (int j = 0; j < units; j++) {
        some[count] = j;
        memcpy(&key[count], &sigma[j], sizeof *key);
        count += happens[j];
    }
    for (int i = count; i < count + 2 * WIDTH; i++)
        key[i] = INT32_MAX;
    rank_all(key, count, rank);
    for (int i = 0; i < count; i++) {
        path->unit[rank[i]] = some[i];
        memcpy(&path->sigma[rank[i]], &key[i], sizeof *key);
    }
    for (int i = count; i < count + AHEAD; i++)
        path->sigma[i] = INFINITY;
    return count;
}

static void start_walk(const struct kink *k, const float *a, const float *d, struct walk *w)
{
    float sigma[MOST_UNITS];
    int32_t happens[MOST_UNITS];
    const struct path path = path_of(k, w);
    look_at_units(k->units, a, d, path.a, path.d, sigma, happens);
    w->changes = sort_changes(k->units, sigma, happens, &path);
    w->done = -1; /* p and q are not set */
}

/* q0 of all rows. */
static void start_sums(const struct kink *k, const float *a, const float *d, int64_t rows, float *walks)
{
    int32_t open[MOST_UNITS + 1];
    int count = 0;
    for (int j = 0; j < k->units; j++) {
        open[count] = j;
        count += a[j] > 0;
    }
    for (int at = 0; at < k->padded; at += BLOCK)
        for (int64_t row = 0; row < rows; row += 2) {
            int64_t other = row + 1 < rows ? row + 1 : row;
            sum_open(k->w + (size_t)at * k->units, open, count, d + row * k->units, d + other * k->units,
                     path_of(k, walk_of(k, walks, row)).q0 + at,
                     path_of(k, walk_of(k, walks, other)).q0 + at);
        }
}

/* in[0]: the direction before the ReLU, all rows; in[1]: the clean tensor there. */
static void run_start(const struct step *s, const struct pass *pass)
{
    const struct kink *k = s->state;
    const float *d = s->in[0].data, *a = s->in[1].data;
    int64_t rows = s->in[0].shape.dim[0];
    (void)pass;
    for (int64_t row = 0; row < rows; row++)
        start_walk(k, a, d + row * k->units, walk_of(k, s->out.data, row));
    start_sums(k, a, d, rows, s->out.data);
}

/* The first change from `done` on that is not before sigma. Where it is nobody can guess, so several are
 * looked at together. */
static inline __attribute__((always_inline)) int find_change(const float *at, int done, float sigma)
{
    int some;
    do {
        quad before = {0};
#pragma GCC unroll 4
        for (int i = 0; i < AHEAD; i += 4)
            before += *(const quad_float *)(at + done + i) < sigma; /* -1 for each */
        some = -(before[0] + before[1] + before[2] + before[3]);
        done += some;
    } while (some == AHEAD);
    return done;
}

/* Goes on to a scale, where the layer's output is y; z: its clean output. */
static inline __attribute__((always_inline)) void walk_to(const struct kink *k, struct walk *w,
                                                          const float *z, float sigma, int relu, float *y)
{
    const struct path path = path_of(k, w);
    if (w->done < 0 || sigma < w->sigma) {
        memcpy(path.p, z, (size_t)k->columns * sizeof *z);
        memcpy(path.q, path.q0, (size_t)k->padded * sizeof *z);
        w->done = 0;
    }
    int from = w->done;
    w->done = find_change(path.sigma, from, sigma);
    w->sigma = sigma;
    follow(k, &path, path.unit + from, w->done - from, sigma, relu, y);
}

HOT static void walk_all(const struct kink *k, float *walks, const float *z, float sigma, int relu,
                         int64_t rows, float *y)
{
    for (int64_t row = 0; row < rows; row++)
        walk_to(k, walk_of(k, walks, row), z, sigma, relu, y + row * k->columns);
}

/* in[0]: the walks; in[1]: the layer's clean output. */
static void run_kink(const struct step *s, const struct pass *pass)
{
    const struct kink *k = s->state;
    const int64_t draws = s->in[0].shape.dim[0];
    for (int g = 0; g < pass->scales; g++)
        walk_all(k, s->in[0].data, s->in[1].data, (float)noise_factor(pass, k->site, g), s->relu, draws,
                 s->out.data + g * draws * k->columns);
    if (s->noise)
        noise_add(s->noise, pass, &s->out);
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

/* The weights as walks read them, aligned to cache lines. */
static void pack(struct kink *k, const float *w, float *room)
{
    float *to = room + (64 - (uintptr_t)room % 64) % 64 / sizeof *room;
    for (int j = 0; j < k->units; j++)
        for (int c = 0; c < k->columns; c++)
            to[(size_t)(c / BLOCK * k->units + j) * BLOCK + c % BLOCK] = w[(size_t)j * k->columns + c];
    k->w = to;
}

static struct step *kink_step(struct builder *b, const struct graph_node *n,
                              void (*run)(const struct step *, const struct pass *), const struct kink *k,
                              size_t room, const struct operand *in, int clean, struct operand *out)
{
    struct operand beside = builder_clean(b, clean);
    struct step *s = beside.buffer < 0 || out->buffer < 0
                         ? NULL
                         : builder_step(b, n, run, sizeof *k + room * sizeof(float));
    if (!s)
        return NULL;
    *(struct kink *)s->state = *k;
    step_input(s, in);
    step_input(s, &beside);
    s->out = *out;
    s->once = run == run_start;
    s->kind = s->once ? STEP_OTHER : STEP_RAY; /* a ReLU may join it */
    return s;
}

int kink_emit(struct builder *b, const struct graph_node *n, int before)
{
    const struct apex_tensor *w = weights_of(b, n);
    struct operand walks = b->ray[before], out;
    struct kink k = {.site = b->ray_site, .units = (int)w->shape.dim[0], .columns = (int)w->shape.dim[1]};
    k.padded = (k.columns + BLOCK - 1) / BLOCK * BLOCK;
    k.walk = walk_floats(&k);
    walks.shape = (struct apex_shape){.rank = 2, .dim = {b->p->draws, k.walk}};
    walks.degree = 0;
    walks.buffer = builder_buffer(b, apex_shape_count(&walks.shape), NULL);
    b->degree = 0;
    size_t room = (size_t)k.units * (size_t)k.padded + 16; /* the first step holds the weights of both */
    struct step *start = kink_step(b, NULL, run_start, &k, room, &b->ray[before], before, &walks);
    if (!start)
        return -1;
    struct kink *first = start->state;
    pack(first, w->data, (float *)(void *)(first + 1));
    b->e->bytes += room * sizeof(float);
    if (builder_output(b, n, 0, &out) < 0)
        return -1;
    return kink_step(b, n, run_kink, first, 0, &walks, n->output[0], &out) ? 0 : -1;
}
