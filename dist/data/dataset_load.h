/* The stages of dataset_load, internal to dist/dataset_*.c: rows that are kept (dataset_rows.c), what samples
 * look like (dataset_shape.c), labels (dataset_labels.c). */
#ifndef APEX_DIST_DATASET_LOAD_H
#define APEX_DIST_DATASET_LOAD_H

#include "dist/data/dataset.h"
#include "dist/data/dataset_read.h"

struct label_source {
    const char *name, *path, *variable; /* as in struct grid_labels */
    struct grid_mark mark;
    int by_itself; /* not asked for by the grid: taken where the first file has it */
};

struct load {
    const struct grid_data *spec;
    struct dataset *d; /* d->total and d->samples grow file by file */
    struct sha256 *disk;
    raw_read_fn *read;           /* of the file at hand */
    enum raw_type type;          /* of the first file */
    struct grid_mark mark;       /* what an error is about: the data's entry, or one of its labels */
    struct label_source *source; /* [d->label_sets] */
};

/* Everything below returns 0, or -1 with err; messages begin with the path. */

/* Copies the selected rows of a file whose first sample is number d->total to the end of the set. */
int load_keep_rows(struct load *l, const char *path, const struct raw_array *images, struct apex_error *err);

/* Every range must lie inside the d->total samples that there are. */
int load_check_ranges(const struct load *l, struct apex_error *err);

/* The first file sets shape, type and normalisation of the set; the others must agree. */
int load_check_images(struct load *l, const char *path, const struct raw_array *images,
                      struct apex_error *err);

/* Makes the list of label sets: the grid's, and those that a file may offer by itself. */
int load_list_labels(struct load *l, struct apex_error *err);

/* Labels that lie in the data file itself, for the samples kept from position `first` on. */
int load_own_labels(struct load *l, const struct gzfile *f, const struct raw_array *images, int64_t first,
                    struct apex_error *err);

/* Labels in files of their own, for all samples kept. */
int load_label_files(struct load *l, struct apex_error *err);

#endif
