/* Making a file's name and bytes survive a power cut. */
#ifndef APEX_DIST_DURABLE_H
#define APEX_DIST_DURABLE_H

#include "core/error.h"

#include <stddef.h>

/* fsync of the folder that holds path, so that the file's name in it is on disk. File systems that cannot
 * sync a folder are not an error. */
int durable_folder_of(const char *path, struct apex_error *err);

/* Makes path hold these bytes: written under a temporary name beside it, synced, renamed, folder synced. A
 * reader sees the old file or the new one. -1 with err: the old file is as it was and the temporary is gone.
 */
int durable_replace(const char *path, const void *data, size_t size, struct apex_error *err);

/* "disk full" and the like in a user's words, from an errno value. */
const char *durable_reason(int error);

#endif
