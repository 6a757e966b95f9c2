/* Everything about one model's part of a sweep that its result file needs, kept in the journal, so that
 * results can be built from the journal alone: names, sites, scales, samples, labels, which cells the grid
 * wants, and the attributes. */
#ifndef APEX_DIST_CONTEXT_H
#define APEX_DIST_CONTEXT_H

#include "core/bytes.h"
#include "core/error.h"

struct context_site {
    int index;  /* core/model.h */
    char *name; /* "relu4", "input", "all" */
    char *op, *tensor;
    uint64_t key; /* content key of the site; records refer to it */
    int64_t elements;
    double rms; /* scale factor of sigma: root mean square of the clean activation for `relative` (0 for
                   `all`: one per site), else 1 */
    double activation_rms; /* root mean square of the clean activation; NaN for `all`, or not measured */
};

/* What the grid's `response` asks for of this model; samples 0: nothing. */
struct context_place {
    int index; /* core/model.h */
    char *name;
    int64_t elements;
    double rms; /* root mean square of the clean activation over the data */
};

struct context_response {
    uint32_t samples, sigmas, places, draws;
    unsigned char key[16]; /* hash of everything that its numbers depend on, but samples and scales */
    double factor;         /* of sigma at the source */
    uint32_t *sample,
        *partner; /* [samples] index in the data set, ascending; whose clean activation is compared */
    double *sigma;
    struct context_place *place; /* the source, then the sites after it */
};

struct context {
    char *name;            /* the model's name in the grid; result file <output>/<name>.nc */
    unsigned char key[16]; /* hash of model, data, noise, seed, draws, kernels, numerics version */
    uint32_t draws, classes;
    int class_count; /* write class_count */
    int class_rank;  /* records have reciprocal ranks; write class_reciprocal_rank */
    uint32_t samples, sites, sigmas;
    uint32_t *sample; /* [samples] index in the data set, ascending */
    int32_t *label;   /* [samples]; -1: none */
    struct context_site *site;
    double *sigma;
    unsigned char *wanted; /* [sites * sigmas], site-major: inside the grid after include and exclude */
    struct context_response response;
    uint32_t attributes;
    char **attribute_name, **attribute_text; /* global attributes of the result file, in order */
};

void context_encode(const struct context *c, struct bytes *out);
struct context *context_decode(const void *data, size_t size, struct apex_error *err); /* NULL with err */
void context_free(struct context *c);                                                  /* accepts NULL */

/* Positions by identity; -1: not in this grid. */
int64_t context_find_sample(const struct context *c, uint32_t index);
int context_find_site(const struct context *c, uint64_t key);
int context_find_sigma(const struct context *c, double sigma);

/* The same within the response. */
int64_t context_find_response_sample(const struct context *c, uint32_t index);
int context_find_response_sigma(const struct context *c, double sigma);

#endif
