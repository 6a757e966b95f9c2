/* Shapes, tensors in plain row-major order, and the strided copy that every data movement is made of. */
#ifndef APEX_CORE_TENSOR_H
#define APEX_CORE_TENSOR_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

#define APEX_MAX_RANK 8

/* Element types after import: half, bfloat16 and double become F32; every integer type becomes I64. */
enum apex_type { APEX_F32, APEX_I64, APEX_BOOL };

struct apex_shape {
    int rank; /* 0 (a scalar) to APEX_MAX_RANK */
    int64_t dim[APEX_MAX_RANK];
};

struct apex_tensor {
    enum apex_type type;
    struct apex_shape shape;
    void *data; /* row-major, owned; size apex_shape_count * apex_type_size; never NULL, not even for 0
                   elements */
    int bits;   /* of integers that a file holds, negative if unsigned (uint8: -8); 0: no matter */
};

size_t apex_type_size(enum apex_type type); /* bytes of one element: 4, 8, 1 */

/* Product of the dimensions (1 for rank 0); -1 if a dimension is negative or the product overflows. */
int64_t apex_shape_count(const struct apex_shape *shape);
int apex_shape_equal(const struct apex_shape *a, const struct apex_shape *b);

/* "[1,3,32,32]" into text, which is returned. */
#define APEX_SHAPE_TEXT 192
const char *apex_shape_text(const struct apex_shape *shape, char text[APEX_SHAPE_TEXT]);

/* A new zeroed tensor; NULL with err on a bad shape or no memory. Freed by apex_tensor_free (accepts NULL).
 */
struct apex_tensor *apex_tensor_new(enum apex_type type, const struct apex_shape *shape,
                                    struct apex_error *err);
struct apex_tensor *apex_tensor_copy(const struct apex_tensor *t, struct apex_error *err);
void apex_tensor_free(struct apex_tensor *t);

/* Row-major strides in elements, stride[rank]. */
void apex_shape_strides(const struct apex_shape *shape, int64_t stride[APEX_MAX_RANK]);

/* to[i . to_stride] = from[i . from_stride] for every index i inside shape; strides in elements, any sign, 0
 * repeats; size is bytes of one element. Transpose, Slice, Expand, Concat, Pad and the change between NCHW
 * and NHWC are each one call. The two regions must not overlap. */
void apex_strided_copy(const struct apex_shape *shape, size_t size, void *to, const int64_t *to_stride,
                       const void *from, const int64_t *from_stride);

/* NumPy broadcasting of a and b into out; -1 with err if they do not fit. */
int apex_shape_broadcast(const struct apex_shape *a, const struct apex_shape *b, struct apex_shape *out,
                         struct apex_error *err);

#endif
