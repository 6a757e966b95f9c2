/* Files one after the other: read, find the samples, keep the selected ones, free, next. So the most memory
 * ever held is the kept samples and one file. */
#include "dist/data/dataset_load.h"

#include <stdlib.h>

static int load_file(struct load *l, const char *path, struct apex_error *err)
{
    struct gzfile f;
    struct raw_array images = {0};
    struct raw_query q = {RAW_IMAGES, l->spec->variable, NULL};
    int64_t first = l->d->samples;
    if (gzfile_read(path, l->disk, &f, err))
        return -1;
    l->read = raw_reader(&f, l->spec->format, err);
    int rc = l->read ? l->read(&f, &q, &images, err) : -1;
    if (rc == 0)
        rc = load_check_images(l, path, &images, err);
    if (rc == 0)
        rc = load_keep_rows(l, path, &images, err);
    if (rc == 0)
        rc = load_own_labels(l, &f, &images, first, err);
    if (rc == 0)
        l->d->total += images.shape.dim[0];
    raw_free(&images);
    gzfile_free(&f);
    return rc;
}

static int load_all(struct load *l, struct apex_error *err)
{
    if (load_list_labels(l, err))
        return -1;
    for (int k = 0; k < l->spec->paths; k++)
        if (load_file(l, l->spec->path[k], err))
            return -1;
    return load_check_ranges(l, err) || load_label_files(l, err) ? -1 : 0;
}

struct dataset *dataset_load(const struct grid *g, const struct grid_data *spec, struct apex_error *err)
{
    struct load l = {.spec = spec, .mark = spec->mark, .disk = sha256_new(), .d = calloc(1, sizeof *l.d)};
    struct apex_error why;
    int rc = l.d && l.disk ? 0 : apex_fail(&why, "no memory");
    if (rc == 0) {
        l.d->owns = 1;
        rc = load_all(&l, &why);
    }
    unsigned char digest[32];
    if (l.disk)
        sha256_end(l.disk, rc ? digest : l.d->sha256);
    free(l.source);
    if (rc == 0)
        return l.d;
    grid_fail(g, l.mark, err, "data '%s': %s", spec->name, why.text);
    dataset_free(l.d);
    return NULL;
}
