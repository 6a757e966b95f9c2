/* Resize and Upsample, one axis after the other: each place of the output is a sum of one, two or four places
 * of the input, which are gathered. */
#include "core/onnx/lower.h"

#include <math.h>
#include <string.h>

enum { TAPS = 4, MAX_LENGTH = 1 << 20 };

struct resize {
    char mode; /* of "nearest", "linear", "cubic" */
    const char *coordinate, *nearest;
    double cubic;
    int excludes; /* what a cubic finds outside does not count */
    double scale[APEX_MAX_RANK];
    int64_t out[APEX_MAX_RANK];
};

/* Where place i of the output is in the input. */
static double place(const struct resize *r, int64_t i, double scale, int64_t size, int64_t out)
{
    double x = (double)i, half = (x + 0.5) / scale - 0.5, length = (double)size * scale; /* not rounded */
    if (strcmp(r->coordinate, "asymmetric") == 0)
        return x / scale;
    if (strcmp(r->coordinate, "align_corners") == 0)
        return length != 1 ? x * (double)(size - 1) / (length - 1) : 0;
    if (strcmp(r->coordinate, "pytorch_half_pixel") == 0)
        return out > 1 ? half : 0;
    if (strcmp(r->coordinate, "tf_half_pixel_for_nn") == 0)
        return half + 0.5;
    if (strcmp(r->coordinate, "half_pixel_symmetric") == 0) {
        double adjustment = (double)out / length;
        return half + (double)size / 2 * (1 - adjustment);
    }
    return half;
}

static double nearest(const struct resize *r, double x)
{
    double low = floor(x);
    if (strcmp(r->nearest, "floor") == 0)
        return low;
    if (strcmp(r->nearest, "ceil") == 0)
        return ceil(x);
    if (strcmp(r->nearest, "round_prefer_ceil") == 0)
        return x - low < 0.5 ? low : low + 1;
    return x - low <= 0.5 ? low : low + 1;
}

static double cubic(double a, double t) /* Keys' kernel */
{
    t = fabs(t);
    if (t <= 1)
        return (a + 2) * t * t * t - (a + 3) * t * t + 1;
    return t < 2 ? a * t * t * t - 5 * a * t * t + 8 * a * t - 4 * a : 0;
}

/* Place i as a sum: the first place, and a weight for each from there on. */
static double weights(const struct resize *r, double x, int64_t size, double weight[TAPS])
{
    double low = floor(x), t = x - low, sum = 0;
    if (r->mode == 'n') {
        weight[0] = 1;
        return nearest(r, x);
    }
    if (r->mode == 'l') {
        weight[0] = 1 - t;
        weight[1] = t;
        return low;
    }
    for (int k = 0; k < TAPS; k++) {
        double at = low - 1 + k;
        weight[k] = r->excludes && (at < 0 || at >= (double)size) ? 0 : cubic(r->cubic, t + 1 - k);
        sum += weight[k];
    }
    for (int k = 0; k < TAPS && r->excludes; k++)
        weight[k] /= sum;
    return low - 1;
}

/* The sum over taps on one axis of value a. */
static int resized(struct infer *in, const struct graph_node *n, const struct resize *r, int a, int axis,
                   const struct apex_shape *x)
{
    int taps = r->mode == 'n' ? 1 : r->mode == 'l' ? 2 : TAPS, sum = -1;
    struct apex_shape list = {.rank = 1, .dim = {r->out[axis]}},
                      line = {.rank = x->rank - axis, .dim = {r->out[axis]}};
    for (int d = 1; d < line.rank; d++)
        line.dim[d] = 1;
    for (int k = 0; k < taps; k++) {
        struct apex_tensor *index = infer_make_tensor(in, n, APEX_I64, &list);
        struct apex_tensor *weight = infer_make_tensor(in, n, APEX_F32, &line);
        for (int64_t i = 0; index && weight && i < r->out[axis]; i++) {
            double w[TAPS],
                first = weights(r, place(r, i, r->scale[axis], x->dim[axis], r->out[axis]), x->dim[axis], w);
            double at = fmin(fmax(first + k, 0), (double)(x->dim[axis] - 1));
            ((int64_t *)index->data)[i] = (int64_t)at;
            ((float *)weight->data)[i] = (float)w[k];
        }
        int places = lower_tensor(in, n, index), factors = lower_tensor(in, n, weight);
        struct graph_node made;
        if (places < 0 || factors < 0 || lower_begin(in, n, "Gather", a, places, &made) < 0)
            return -1;
        if (graph_node_add_int(&made, "axis", axis, in->err) < 0) {
            graph_node_clear(&made);
            return -1;
        }
        int v = infer_step(in, &made);
        v = v < 0 || taps == 1 ? v : lower_step(in, n, "Mul", v, factors);
        sum = k == 0 || v < 0 ? v : lower_step(in, n, "Add", sum, v);
        if (sum < 0)
            return -1;
    }
    return sum;
}

static int read_mode(struct infer *in, const struct graph_node *n, const struct op *op, struct resize *r)
{
    static const char *const known[] = {"half_pixel",         "asymmetric",           "align_corners",
                                        "pytorch_half_pixel", "tf_half_pixel_for_nn", "half_pixel_symmetric"};
    int is_old = in->g->opset < 11 || op->name[0] == 'U', ok = 0;
    const char *mode = graph_attr_string(n, "mode", "nearest");
    r->coordinate =
        is_old ? "asymmetric" : graph_attr_string(n, "coordinate_transformation_mode", "half_pixel");
    r->nearest = is_old ? "floor" : graph_attr_string(n, "nearest_mode", "round_prefer_floor");
    r->cubic = graph_attr_float(n, "cubic_coeff_a", -0.75f);
    r->excludes = graph_attr_int(n, "exclude_outside", 0) != 0;
    r->mode = strcmp(mode, "bilinear") == 0 ? 'l' : mode[0];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        ok = ok || strcmp(r->coordinate, known[i]) == 0;
    if (!ok || (r->mode != 'n' && r->mode != 'l' && r->mode != 'c'))
        return graph_fail(in->g, n, in->err, "mode '%.40s' with coordinates '%.60s' is not supported", mode,
                          r->coordinate);
    if (graph_attr_int(n, "antialias", 0) ||
        strcmp(graph_attr_string(n, "keep_aspect_ratio_policy", "stretch"), "stretch") != 0)
        return graph_fail(in->g, n, in->err, "antialias and keep_aspect_ratio_policy are not supported");
    return 0;
}

/* What the file says of axis d: a size, or a factor. */
static int set_axis(struct infer *in, const struct graph_node *n, const struct apex_shape *x, int d,
                    double factor, int64_t size, struct resize *r)
{
    double out = size >= 0 ? (double)size : floor((double)x->dim[d] * factor);
    if (!(out >= 1 && out <= MAX_LENGTH) || x->dim[d] < 1)
        return graph_fail(in->g, n, in->err, "axis %d of %lld entries becomes %g", d, (long long)x->dim[d],
                          out);
    r->out[d] = (int64_t)out;
    r->scale[d] = size >= 0 ? out / (double)x->dim[d] : factor;
    return 0;
}

static int read_sizes(struct infer *in, const struct graph_node *n, const struct apex_shape *x,
                      struct resize *r)
{
    int last = n->inputs > 2 ? 2 : 1;
    const struct graph_attr *old = graph_attr(n, "scales");
    const struct apex_tensor *scales = arg_given(n, last) ? arg_constant(in, n, last, APEX_F32) : NULL;
    struct int_list sizes = {0}, axes;
    if (arg_given(n, last) && !scales)
        return -1;
    const float *factor = scales ? scales->data : old && old->type == ATTR_FLOATS ? old->floats : NULL;
    int64_t count = scales ? apex_shape_count(&scales->shape) : factor ? (int64_t)old->count : 0;
    if (count == 0 && arg_ints(in, n, "", 3, &sizes) < 0)
        return -1;
    count = count ? count : sizes.count;
    int has_axes = arg_ints(in, n, "axes", -1, &axes);
    if (has_axes < 0 || count != (has_axes ? axes.count : x->rank))
        return graph_fail(in->g, n, in->err, "%lld scales or sizes for %d dimensions", (long long)count,
                          x->rank);
    for (int64_t i = 0; i < count; i++) {
        int d = (int)i;
        if (has_axes && arg_axis(in, n, axes.v[i], x->rank, &d) < 0)
            return -1;
        int64_t size = sizes.count ? sizes.v[i] : -1;
        if (d == 0 && arg_batched(in, n, 0) && size == in->batch)
            size = 1;
        if (sizes.count && size < 0)
            return graph_fail(in->g, n, in->err, "a size of %lld", (long long)size);
        if (set_axis(in, n, x, d, sizes.count ? 0 : factor[i], size, r) < 0)
            return -1;
    }
    return 0;
}

int lower_resize(struct infer *in, const struct op *op, struct graph_node *n)
{
    struct apex_shape x = *arg_shape(in, n, 0);
    struct resize r;
    int a = n->input[0];
    for (int d = 0; d < x.rank; d++) {
        r.out[d] = x.dim[d];
        r.scale[d] = 1;
    }
    if (read_mode(in, n, op, &r) < 0 || read_sizes(in, n, &x, &r) < 0)
        return -1;
    if (r.out[0] != x.dim[0] && arg_dynamic(in, n, 0))
        return graph_fail(in->g, n, in->err, "mixes the samples of a batch: it resizes the first dimension");
    for (int d = 0; d < x.rank && a >= 0; d++) {
        if (r.out[d] != x.dim[d] || r.scale[d] != 1)
            a = resized(in, n, &r, a, d, &x);
        x.dim[d] = r.out[d];
    }
    return a < 0 ? -1 : lower_become(in, n, "Identity", a, -1);
}
