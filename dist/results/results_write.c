#include "core/sha256.h"
#include "dist/files/durable.h"
#include "dist/results/results_file.h"
#include "dist/results/results_response.h"

#include <netcdf.h>
#include <netcdf_mem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Over everything the file is made of. Values that are not there are zero in memory, so nothing undefined
 * enters. */
static int digest_of(const struct results *r, char text[65], struct apex_error *err)
{
    const struct context *c = r->context;
    const size_t samples = c->samples, cells = (size_t)c->sites * c->sigmas, values = cells * samples;
    struct bytes b = {0};
    bytes_put_u32(&b, RESULTS_FORMAT);
    context_encode(c, &b);
    struct sha256 *h = b.failed ? NULL : sha256_new();
    if (!h) {
        bytes_free(&b);
        return apex_fail(err, "model '%s': no memory for its digest", c->name);
    }
    sha256_add(h, b.data, b.size);
    bytes_free(&b);
    sha256_add(h, r->done, values);
    sha256_add(h, r->clean_done, samples);
    const uint32_t *of_sample[] = {r->clean_class, r->clean_second};
    for (int i = 0; i < 2; i++)
        sha256_add(h, of_sample[i], samples * sizeof(uint32_t));
    sha256_add(h, r->clean_margin, samples * sizeof(float));
    sha256_add(h, r->clean_loss, samples * sizeof(float));
    const uint32_t *of_cell[] = {r->stay_count, r->mode_class, r->mode_count, r->second_class,
                                 r->second_count};
    for (int i = 0; i < 5; i++)
        sha256_add(h, of_cell[i], values * sizeof(uint32_t));
    sha256_add(h, r->mean_margin, values * sizeof(float));
    if (r->class_count)
        sha256_add(h, r->class_count, values * c->classes * sizeof(uint32_t));
    sha256_add(h, r->class_total, cells * c->classes * sizeof(uint64_t));
    if (r->rank_total)
        sha256_add(h, r->rank_total, cells * c->classes * sizeof(uint64_t));
    if (r->transition_count)
        sha256_add(h, r->transition_count, cells * c->classes * c->classes * sizeof(uint64_t));
    sha256_add(h, r->stay, values * ((c->draws + 7) / 8));
    results_response_digest(r, h);
    unsigned char digest[32];
    sha256_end(h, digest);
    sha256_hex(digest, text);
    return 0;
}

/* Whether the file is there and was made from the same content. A damaged one is not: it is written anew. */
static int is_there(const char *path, const char *digest)
{
    int nc, same = 0;
    size_t size = 0;
    char found[65] = "";
    if (access(path, R_OK) != 0 || nc_open(path, NC_NOWRITE, &nc) != NC_NOERR)
        return 0;
    if (nc_inq_attlen(nc, NC_GLOBAL, "content_sha256", &size) == NC_NOERR && size == 64 &&
        nc_get_att_text(nc, NC_GLOBAL, "content_sha256", found) == NC_NOERR)
        same = memcmp(found, digest, 64) == 0;
    nc_close(nc);
    return same;
}

/* The file as bytes in memory; compressed, it is a small part of what the results take. HDF5 never sees a
 * disk that is full (it crashes at the program's end after a failed close) nor a file system without locks.
 */
static int make_image(const struct results *r, const char *path, const char *digest, NC_memio *image,
                      struct apex_error *err)
{
    struct results_file f = {.results = r, .path = path};
    int rc = nc_create_mem(path, NC_NETCDF4, 0, &f.nc);
    if (results_file_check(&f, rc, "a new file", err) != 0)
        return -1;
    int failed = results_file_define(&f, digest, err) != 0 || results_file_fill(&f, err) != 0;
    rc = nc_close_memio(f.nc, image);
    return failed ? -1 : results_file_check(&f, rc, "the last values", err);
}

int results_write(const struct results *r, const char *path, int *written, struct apex_error *err)
{
    char digest[65];
    if (written)
        *written = 0;
    if (digest_of(r, digest, err) != 0)
        return -1;
    if (is_there(path, digest))
        return 0;
    NC_memio image = {0};
    int rc = make_image(r, path, digest, &image, err);
    if (rc == 0)
        rc = durable_replace(path, image.memory, image.size, err);
    free(image.memory);
    if (rc == 0 && written)
        *written = 1;
    return rc;
}
