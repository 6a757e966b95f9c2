/* What lies between a file on disk and a data set: the file's bytes, and arrays found in them. An array is a
 * view of those bytes wherever the format allows it (element type, byte order and strides as in the file), so
 * reading costs one copy: the conversion of the samples that were selected. Internal to dist/dataset*.c and
 * dist/read_*.c. */
#ifndef APEX_DIST_DATASET_READ_H
#define APEX_DIST_DATASET_READ_H

#include "core/error.h"
#include "core/sha256.h"
#include "core/tensor.h"

/* A compressed stream never says more than this many bytes per byte (deflate's limit is 1032): a header that
 * promises more is wrong, and is refused before anything is allocated. */
#define RAW_MAX_RATIO 1040

/* A whole file, gunzipped where it begins with gzip's magic. */
struct gzfile {
    const char *path;    /* the caller's, for messages */
    unsigned char *data; /* owned; one zero byte follows the last */
    size_t size;
};

/* Adds the bytes as they lie on disk to `disk` (may be NULL). A directory, an empty file and a damaged or cut
 * gzip stream are errors. -1 with err; else freed with gzfile_free. */
int gzfile_read(const char *path, struct sha256 *disk, struct gzfile *f, struct apex_error *err);
void gzfile_free(struct gzfile *f);

enum raw_type {
    RAW_BOOL,
    RAW_U8,
    RAW_I8,
    RAW_U16,
    RAW_I16,
    RAW_U32,
    RAW_I32,
    RAW_U64,
    RAW_I64,
    RAW_F16,
    RAW_F32,
    RAW_F64
};

size_t raw_size(enum raw_type type); /* bytes of one element */
int raw_is_integer(enum raw_type type);
int raw_host_is_big(void); /* byte order of this machine */

#define RAW_NAME 256

struct raw_array {
    char name[RAW_NAME]; /* variable or archive member; "" where the format has no names */
    enum raw_type type;
    int big_endian;
    struct apex_shape shape;       /* dim[0] counts samples */
    int64_t stride[APEX_MAX_RANK]; /* in elements */
    const unsigned char *data;     /* the first element, inside the file's bytes or in owned */
    void *owned;                   /* NULL, or freed with raw_free */
    int has_missing;               /* elements with exactly the bytes of `missing` read as NaN */
    unsigned char missing[8];
    double scale, offset; /* value = stored * scale + offset */
};

void raw_free(struct raw_array *a); /* the struct itself is the caller's; accepts a zeroed one */

/* Sets type, order and shape, row-major strides, no scaling. The data pointer is the caller's to set. */
void raw_init(struct raw_array *a, enum raw_type type, int big_endian, const struct apex_shape *shape);

/* Bytes of shape in that type; -1 if a dimension is negative or the product overflows. */
int64_t raw_bytes(enum raw_type type, const struct apex_shape *shape);

/* Elements of one row (everything but dim[0]). */
int64_t raw_row_elements(const struct raw_array *a);

/* The bytes of row i in row-major order: in place where they lie so, else gathered into scratch
 * [raw_row_elements * raw_size]. */
const unsigned char *raw_row(const struct raw_array *a, int64_t i, unsigned char *scratch);

/* Converts count elements that lie one after the other. The second is for integer types; values beyond int64
 * become INT64_MAX. */
void raw_floats(const struct raw_array *a, const unsigned char *from, int64_t count, float *to);
int64_t raw_integer(const struct raw_array *a, const unsigned char *from);

/* What is looked for in a file. */
enum raw_role {
    RAW_IMAGES,     /* the samples */
    RAW_OWN_LABELS, /* labels that lie beside the samples in the same file */
    RAW_LABEL_FILE, /* labels in a file of their own */
    RAW_ANY         /* the only array there is */
};

struct raw_query {
    enum raw_role role;
    const char *variable; /* NULL: found by the rules of read_choose.c */
    const char *images;   /* RAW_OWN_LABELS: name of the array that holds the samples, or NULL */
};

/* A reader finds the asked-for array in the file's bytes, which must outlive it. 0, -1 with err, or 1: there
 * is none (only for RAW_OWN_LABELS without a variable). */
typedef int raw_read_fn(const struct gzfile *f, const struct raw_query *q, struct raw_array *a,
                        struct apex_error *err);

raw_read_fn read_cifar10, read_cifar100, read_idx, read_npy, read_npz, read_netcdf, read_text;

/* The reader for this file: by name ("cifar10", "cifar100", "idx", "netcdf", "npy", "npz", "text"), or from
 * the content where format is NULL. NULL with err. */
raw_read_fn *raw_reader(const struct gzfile *f, const char *format, struct apex_error *err);

/* Parses an NPY header: a's type and shape are set, *start is where the elements begin. `size` may be less
 * than the file's as long as it covers the header. Errors begin with the name. */
int npy_header(const unsigned char *bytes, size_t size, const char *name, struct raw_array *a, size_t *start,
               struct apex_error *err);

/* The array in a whole NPY file held in memory. */
int npy_array(const unsigned char *bytes, size_t size, const char *name, struct raw_array *a,
              struct apex_error *err);

/* One of the arrays of a file that holds several, as read_choose.c sees it. */
struct raw_choice {
    char name[RAW_NAME];
    int usable; /* of a numeric type that apex reads */
    int integer;
    struct apex_shape shape;
};

/* Position of the array that the query means; -1 with err (which lists what is there), -2: none (as 1 above).
 */
int raw_choose(const struct raw_choice *c, int n, const struct raw_query *q, const char *path,
               struct apex_error *err);

#endif
