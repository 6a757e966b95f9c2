/* The two heavy operations behind one small table. Each set prepares its weights once for a fixed number of
 * rows, so that a result never depends on how work was cut: the same layer always runs the same instructions
 * on the same shape. Tensors are channels-last (NHWC) float32. */
#ifndef APEX_CORE_ENGINE_KERNELS_H
#define APEX_CORE_ENGINE_KERNELS_H

#include "core/error.h"

#include <stddef.h>

struct conv_shape {
    int batch; /* images in one call */
    int in_h, in_w, in_c, out_h, out_w, out_c;
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    int pad_top, pad_left, pad_bottom, pad_right;
    int groups;
};

/* What follows a layer in the same pass over its output: y = relu(y + add) + sigma xi, each part optional. */
struct epilogue {
    const float *add; /* in y's layout; NULL: none */
    size_t add_row;   /* floats from one image (row) of add to the next; 0: one for all */
    int relu;
    const float *xi; /* in y's layout and size; NULL: none */
    float sigma;
    const float *sigmas; /* not NULL: xi has `draws` rows, and row r is draw r % draws at scale r / draws, of
                            which there are as many; only where conv_scales */
    int draws;
    int pool;               /* then y is the largest of each 2x2 pixels; only where conv_pools */
    int from_half, to_half; /* x is, y shall be of bfloat16 instead of float32; only for a set with bf16 */
};

struct kernel_set {
    int fuses;        /* epilogues are part of the pass: y may be what is added */
    int rows_alone;   /* a row's bits depend on that row alone, but for grouped convolutions */
    int conv_scales;  /* ungrouped convolutions add noise at several scales */
    int bf16;         /* operands of products are rounded to bfloat16 (docs/precision.md) */
    const char *name; /* "naive", "openblas", "onednn", "native"; "emulated", "avx512-bf16", "amx" */

    /* `end` may be NULL in both runs: nothing follows.
     *
     * Convolution. weight: ONNX order [out_c][in_c / groups][kernel_h][kernel_w]; bias [out_c] or NULL. The
     * returned state copies what it needs; NULL with err. *scratch gets the bytes of work memory a run needs.
     */
    void *(*conv_new)(const struct conv_shape *s, const float *weight, const float *bias, size_t *scratch,
                      struct apex_error *err);
    void (*conv_run)(void *state, const float *x, float *y, const struct epilogue *end, void *scratch);
    void (*conv_free)(void *state);
    int (*conv_pools)(const struct conv_shape *s); /* whether epilogues may pool; NULL: never */
    const char *(*conv_algorithm)(void *state);    /* for inspect and the results' attributes */

    /* y[rows][n] = x[rows][k] w + bias, w given as [k][n]. */
    void *(*linear_new)(int rows, int k, int n, const float *weight, const float *bias, size_t *scratch,
                        struct apex_error *err);
    void (*linear_run)(void *state, const float *x, float *y, const struct epilogue *end, void *scratch);
    void (*linear_free)(void *state);
    const char *(*linear_algorithm)(void *state); /* NULL: the set has one */

    /* The same for another number of rows, with or without the bias: the prepared weights are those of
     * `like`, a state of the same layer that outlives the new one. NULL in the table: prepared anew. */
    void *(*conv_like)(const void *like, const struct conv_shape *s, const float *weight, const float *bias,
                       size_t *scratch, struct apex_error *err);
    void *(*linear_like)(const void *like, int rows, const float *bias, size_t *scratch,
                         struct apex_error *err);

    /* Bytes of weights and bias that the state owns; NULL in the table: as many as were given. */
    size_t (*conv_bytes)(const void *state);
    size_t (*linear_bytes)(const void *state);

    /* y[m][n] = a[m][k] b[k][n], all dense: products of two activations. */
    void (*matmul)(int m, int n, int k, const float *a, const float *b, float *y, void *scratch);
    size_t (*matmul_scratch)(int m, int n, int k); /* bytes; NULL: none */
};

/* "naive", "openblas", "onednn", "native", or "auto" (native where the processor has vector multiply-add,
 * else onednn where built in, else openblas); with operands in bfloat16 "emulated", "avx512-bf16" and "amx".
 * NULL with err for an unknown name, or a set that this build or this processor lacks. */
const struct kernel_set *kernel_set_find(const char *name, struct apex_error *err);

/* The same for a precision: "auto" is one of its own sets (amx, else avx512-bf16), and a set of the other
 * precision is refused. */
const struct kernel_set *kernel_set_choose(int bf16, const char *name, struct apex_error *err);
const char *kernel_set_precision(const struct kernel_set *set); /* "f32", "bf16" */

/* Nothing (0), or which instructions of the set are missing here: bits that any rank can put into words.
 * -1 with err: the words, which say whose processor it is ("rank 3"). */
unsigned kernel_set_missing(const char *name);
int kernel_set_refuse(const char *name, const char *where, unsigned missing, struct apex_error *err);

/* Versions of the libraries behind a set, for the results' attributes: "OpenBLAS 0.3.21; oneDNN 2.6.3". */
const char *kernel_set_libraries(const struct kernel_set *set, char *text, size_t size);

/* What the sets run on here: "avx512, OpenBLAS SkylakeX, oneDNN isa 0x7f". Where it differs, so do the last
 * bits of openblas and onednn; those of naive never do, nor those of native but for grouped convolutions. */
const char *kernel_set_processor(char *text, size_t size);

#endif
