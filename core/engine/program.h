/* Internal to the engine: a program is a list of steps that computes a part of the graph for a fixed number
 * of rows. Programs are compiled once, bound to one common arena, and run with no allocation.
 *
 * Every step sees its tensors as operands: an ONNX shape whose dim[0] is the number of rows really held (1,
 * or the batch), and a layout that says how it lies in memory. A clean tensor, a constant or a zero under a
 * batched operand is therefore plain NumPy broadcasting, and is never copied. */
#ifndef APEX_CORE_ENGINE_PROGRAM_H
#define APEX_CORE_ENGINE_PROGRAM_H

#include "core/engine/kernels.h"
#include "core/model.h"
#include "core/noise.h"

enum layout { LAYOUT_ROW, LAYOUT_NHWC }; /* NHWC: rank 4 only, memory order of the axes is 0, 2, 3, 1 */

struct operand {
    struct apex_shape shape;
    enum layout layout;
    int dynamic; /* dim[0] is the batch; else a constant, aligned to the right when broadcast */
    int degree;  /* sigma = infinity: the power of sigma this tensor was divided by; 0: not perturbed, or
                    bounded */
    int buffer;  /* in the program's table */
    float *data; /* set by program_bind */
};

/* The xi of an activation site for one tile, kept because the site `all` uses the same. */
struct kept_xi {
    float *xi; /* [tile rows][elements]; NULL: not kept */
    uint32_t sample, draw0;
    int rows; /* that hold draws; 0: none yet */
};

/* What the first steps of two programs come to for one tile (start.c). */
struct kept_start {
    float *data; /* [count]; NULL: nothing is shared */
    int64_t count;
    int steps;
    uint32_t sample, draw0;
    int rows; /* that hold draws; 0: nothing is kept now */
};

/* What a run of a program needs beside its own steps. */
struct pass {
    const struct apex_noise *noise;
    int scales;          /* as many as the program computes at once */
    const double *sigma; /* [scales] */
    const float *scale;  /* as in apex_runner_perturb: one number, or one per site for `all`; NULL: 1 */
    int per_site;        /* scale is indexed by the site */
    uint32_t sample, draw0;
    int rows;        /* draws of the tile; the rest of its rows is padding */
    const float *xi; /* all xi of the tile, made by program_fill_noise; NULL: made row by row in row_xi */
    float *row_xi;   /* one row of the largest site */
    struct kept_xi *kept; /* [sites of the model], or NULL */
    void *scratch;
    double *seconds;          /* [APEX_TIMES], as in runner.h; NULL: not measured */
    float *const *difference; /* [probes] where differences go, [rows][elements] each; NULL: nowhere */
};

/* What fuse.c may join to the layer before it. */
enum step_kind { STEP_OTHER, STEP_RELU, STEP_ADD, STEP_NOISE, STEP_POOL, STEP_RAY, STEP_PAD };

struct step {
    enum step_kind kind;
    int once; /* depends on the draws and not on the scale: runs once for all scales */
    int relu; /* a ReLU follows in the same pass */
    int pool; /* and then the largest of each 2x2 pixels */
    int from_half,
        to_half; /* in[0], out is stored in bfloat16, in the front half of a float32 one's memory */
    void (*run)(const struct step *s, const struct pass *pass);
    const struct graph_node *node; /* NULL: noise, or a change of layout */
    struct operand in[2], out;
    int inputs;
    unsigned in_place;        /* bit k: out may overwrite in[k] when that dies here */
    void *state;              /* freed with the step, by free() */
    struct noise_step *noise; /* added in the same pass; freed with the step */
    const struct layer
        *layer; /* Conv, Gemm: the prepared weights, owned by the engine; a second input is added */
};

struct buffer {
    float *fixed;    /* not in the arena: a constant or a kept clean tensor */
    int64_t count;   /* floats */
    int first, last; /* steps between which it lives */
    int same_as;     /* merged into that buffer; -1 */
    size_t offset;   /* floats into the arena */
};

/* Row g * draws + d of a perturbed program is draw d at its g-th scale; steps with `once` have one row a
 * draw. */
struct program {
    int draws, scales, batch; /* batch: draws * scales; clean: 1 */
    int limit;
    int once; /* that many leading steps are those with `once` */
    int steps, step_room, buffers, buffer_room;
    struct step *step;
    struct buffer *buffer;
    struct operand input, logits, output; /* input and output: clean program only; buffer -1 otherwise */
    size_t arena;                         /* floats */
    size_t scratch;                       /* bytes */
    int64_t xi, row_xi;                   /* floats: of all sites for all draws; of one draw of the largest */
    int ray_site;                         /* where its noise enters as a ray; APEX_SITE_ALL: nowhere */
    struct kept_start *start;             /* shared with another program; NULL: none */
    int xi_ahead;                         /* a pass needs its xi made by program_fill_noise */
};

/* One prepared Conv or linear layer: a node for a number of rows, with or without its bias. */
struct layer {
    const struct graph_node *node;
    int rows, biased, is_conv;
    int fuses;  /* its kernel reads what is added before it writes over it */
    int pools;  /* and takes the largest of 2x2 pixels */
    int scales; /* and adds noise at several scales */
    int half;   /* its operands are rounded to bfloat16 */
    void *state;
    size_t scratch; /* bytes */
    int64_t flops;  /* of one row */
};

/* Shared by all programs of a runner. */
struct engine {
    const struct apex_model *model;
    const struct graph *graph;
    const struct kernel_set *kernels;
    enum layout *layout; /* per value */
    float **clean;       /* per value: where the clean pass keeps it, owned; NULL: not kept */
    struct layer **layer;
    int layers, layer_room;
    const int *probe; /* [probes] values whose difference from the clean pass is asked for; borrowed */
    int probes;
    int settles;  /* a program for the limit was given up at an operator that is no power of sigma (ops.c) */
    size_t bytes; /* of clean tensors and weights */
};

int engine_init(struct engine *e, const struct apex_model *m, const struct kernel_set *kernels,
                struct apex_error *err);
void engine_free(struct engine *e); /* releases what the struct owns */

/* The storage of a clean tensor, made on first request; NULL with err. Compile the clean program last. */
float *engine_keep(struct engine *e, int value, struct apex_error *err);

/* site: an index, APEX_SITE_INPUT or APEX_SITE_ALL. NULL with err; also where several scales at once would
 * not give the bits that each gives alone: for kernels whose rows depend on their neighbours, for the limit,
 * for probes. */
struct program *program_perturbed(struct engine *e, int site, int draws, int scales, int limit,
                                  enum apex_noise_kind kind, struct apex_error *err);
struct program *program_clean(struct engine *e, struct apex_error *err);
void program_free(struct program *p); /* accepts NULL */

/* Liveness, in-place steps and offsets; sets p->arena. -1: no memory. */
int program_plan(struct program *p, struct apex_error *err);
void program_bind(struct program *p, float *arena);
double engine_clock(void); /* seconds */

/* start.c: the steps that both programs begin with, if they are worth it, are from now on run by one of them
 * for both; start lives as long as they do, start->data is freed by the caller. -1: no memory. */
int program_share_start(struct program *a, struct program *b, struct kept_start *start,
                        struct apex_error *err);
/* How many of the first steps are done, run just now or by the other program. */
int program_start(const struct program *p, const struct pass *pass,
                  void (*run)(const struct program *, const struct pass *, int from, int to));

/* program_begin once for a tile of draws, then program_run for each scale. */
void program_begin(const struct program *p, const struct pass *pass);
void program_run(const struct program *p, const struct pass *pass);

/* Joins additions, ReLUs and noise to the layers before them, stores in bfloat16 what only products in
 * bfloat16 read, and puts the steps with `once` first. */
void program_fuse(struct program *p);

/* Whether the xi of a whole tile are few enough to be kept; runner.c makes room for them. */
int program_xi_fits(const struct program *p);

/* The most memory that noise made ahead, or kept for `all`, may take. */
enum { PROGRAM_XI_BYTES = 64 * 1024 * 1024 };

/* Makes the xi of every site of the program: xi[p->xi]. */
void program_fill_noise(const struct program *p, const struct pass *pass, float *xi);

/* 64-byte aligned, zeroed; freed with free(). */
float *engine_alloc(int64_t count, struct apex_error *err);

/* After so many bytes were freed: where that is much, the C library passes them on to the system. The next
 * runner may be made on another thread, which has another part of the heap. */
void engine_give_back(size_t freed);

#endif
