/* A trained network, loaded and ready to be perturbed. Immutable after load: any number of runners may share
 * it. */
#ifndef APEX_CORE_MODEL_H
#define APEX_CORE_MODEL_H

#include "core/graph.h"
#include "core/onnx/import.h"

/* A place where noise enters. Sites are numbered 0, 1, 2, ... over the activation outputs in topological
 * order. Two special ones exist in every model: APEX_SITE_INPUT (the network's input) and APEX_SITE_ALL
 * (every activation at once). Tensors that are no activations are sites if they are asked for when the model
 * is loaded: they follow the activations, and are never part of `all`. */
#define APEX_SITE_INPUT (-1)
#define APEX_SITE_ALL (-2)

struct apex_site {
    int index;       /* as above; the index in apex_model.site */
    char name[64];   /* "relu4": operator in lower case + index ("relu6_4" for ReLU6); unique. A tensor that
                        was asked for: "tensor:" and its name, which may be cut */
    const char *op;  /* "Relu", "Silu", "Gelu", ...; of such a tensor: the operator that makes it */
    uint32_t stream; /* of its noise: index + 1; of such a tensor: a hash of its name, top bit set */
    const char *tensor;      /* ONNX name of the tensor, owned by the graph */
    const char *node;        /* ONNX name of the node that makes it */
    int value;               /* graph value */
    struct apex_shape shape; /* ONNX shape, dim[0] == 1 */
    int64_t elements;        /* per sample */
    int64_t flops;           /* of everything downstream, for one sample and one draw */
};

struct apex_model {
    struct graph *graph;
    struct apex_shape input; /* dim[0] == 1 */
    int classes;
    int logits;  /* graph value that holds the class scores before a final Softmax, LogSoftmax or Sigmoid, if
                    any; [1, classes] or with dimensions of one more */
    int sites;   /* activations */
    int tensors; /* further sites that were asked for: site[sites .. sites + tensors - 1] */
    struct apex_site *site;    /* [sites + tensors] */
    int64_t parameters, flops; /* flops: one clean forward pass of one sample, 2 per multiply-add */
    int64_t flops_all;         /* of everything downstream of any site */
    unsigned char sha256[32];  /* of the file's bytes (and of its external data, in order of first use) */
};

/* Loads from memory; read and context as for onnx_import. NULL with err. Freed with apex_model_free (accepts
 * NULL). */
struct apex_model *apex_model_from_memory(const void *bytes, size_t size, const char *source,
                                          onnx_read_fn read, void *context, struct apex_error *err);

/* The same, with a site for every tensor that one of the patterns asks for ("tensor:NAME", with globs, or the
 * exact name of a tensor) and that is no activation. No optimisation removes such a tensor. Tensors that
 * import itself replaces (the output of an Identity or a Dropout) and constants cannot be asked for. */
struct apex_model *apex_model_with_tensors(const void *bytes, size_t size, const char *source,
                                           onnx_read_fn read, void *context, const char *const *pattern,
                                           int patterns, struct apex_error *err);

/* The same, and files->release (NULL: nobody) is told which of the bytes are not read again: large weights,
 * one after the other. The peak is then the file or the weights, whichever is larger, and no longer both. */
struct apex_model *apex_model_import(const void *bytes, size_t size, const char *source,
                                     const struct onnx_files *files, const char *const *pattern, int patterns,
                                     struct apex_error *err);

/* 1: somewhere two activations are multiplied as matrices, as in attention. */
int apex_model_multiplies(const struct apex_model *m);

/* Loads from a file; external data is looked for in its folder. */
struct apex_model *apex_model_load(const char *path, struct apex_error *err);
struct apex_model *apex_model_load_with_tensors(const char *path, const char *const *pattern, int patterns,
                                                struct apex_error *err);
void apex_model_free(struct apex_model *m);

/* Name of a site index, the special ones included ("input", "all", "relu4"). */
const char *apex_site_name(const struct apex_model *m, int site);

/* Which sites a pattern names: a name, a glob (fnmatch) over names, ONNX tensor names or node names, or a
 * plain index (a number beyond the last site is looked up as a name: old exports number their tensors).
 * "input" and "all" are named by these very words only: "*" is every activation and neither of them. A
 * tensor that was asked for at load is named as it was then, and by its exact site name. Marks
 * them in chosen[m->sites + m->tensors + 2]: position site + 2, so that all is 0, input 1 and site k is k
 * + 2. Returns how many it named (0: none). */
int apex_site_match(const struct apex_model *m, const char *pattern, unsigned char *chosen);

static inline int apex_site_count(const struct apex_model *m)
{
    return m->sites + m->tensors;
}

/* Whether a site keeps the model from an optimisation, so that the last bits of everything after it differ.
 */
int apex_site_changes_model(const struct apex_model *m, int site);

/* Flops per sample and draw of a site, the special ones included. */
int64_t apex_site_flops(const struct apex_model *m, int site);

#endif
