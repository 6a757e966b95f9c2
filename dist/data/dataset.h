/* Data sets: CIFAR-10/100 binary, IDX, NetCDF, NPY and NPZ, each gzipped or not. Samples are kept as they are
 * in the file (bytes stay bytes) and are normalised when one is asked for. */
#ifndef APEX_DIST_DATASET_H
#define APEX_DIST_DATASET_H

#include "core/tensor.h"
#include "dist/grid/grid.h"

struct dataset {
    int64_t total;  /* samples in the files */
    char *variable; /* array that holds the samples, as found in the first file: part of what the data are; ""
                       where the format has no names */
    int64_t samples;         /* selected, kept here */
    uint32_t *index;         /* [samples] ascending: number of each in the files */
    struct apex_shape shape; /* of one sample as stored, without the sample dimension, e.g. [3,32,32] */
    int is_bytes;            /* elements are unsigned bytes, else float32 */
    int nhwc;                /* stored [height,width,channel] */
    int64_t elements;        /* per sample */
    void *values;            /* [samples][elements]; see owns */
    int owns;                /* values is freed with the set; 0 where it lies in shared memory */
    double divide;
    int channels; /* of mean and std; 0: no normalisation, 1: one for all */
    double *mean, *std;
    int label_sets;
    char **label_name;
    int32_t **label;          /* [label_sets][samples]; -1 never appears */
    unsigned char sha256[32]; /* of the data files' bytes as they lie on disk, one after the other */
};

/* Reads the selected samples (ranges of the grid entry; out of range is an error that names the line) and all
 * label sets. NULL with err. Freed with dataset_free (accepts NULL). Infinite or NaN values are an error that
 * names the sample. */
struct dataset *dataset_load(const struct grid *g, const struct grid_data *spec, struct apex_error *err);
void dataset_free(struct dataset *d);

/* Whether a model with this input shape ([1,C,H,W], [1,N], ...) can take these samples: same dimensions, or
 * the same elements with dimensions of one dropped or flattened. -1 with err, which suggests `layout: nhwc`
 * where that would fit. */
int dataset_fits(const struct dataset *d, const struct apex_shape *input, struct apex_error *err);

/* Sample number i (position among the selected), normalised, in ONNX order, into out[elements]. */
void dataset_sample(const struct dataset *d, int64_t i, float *out);

/* Label set by name, NULL if there is none. Values [samples]. */
const int32_t *dataset_labels(const struct dataset *d, const char *name);

/* A float32 array file (NPY, NPZ, TensorProto .pb or NetCDF) for `apex check`: shape [N, ...]. NULL with err.
 * Freed with apex_tensor_free. */
struct apex_tensor *dataset_array(const char *path, const char *variable, struct apex_error *err);

/* Everything but `values` as bytes, for sending to other ranks, and back. */
struct bytes;
void dataset_encode(const struct dataset *d, struct bytes *out);
struct dataset *dataset_decode(const void *data, size_t size, struct apex_error *err);

#endif
