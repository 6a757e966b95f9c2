/* Making a file's name and bytes survive a power cut. */
#ifndef APEX_DIST_DURABLE_H
#define APEX_DIST_DURABLE_H

#include "core/error.h"

/* fsync of the folder that holds path, so that the file's name in it is on disk. File systems that cannot
 * sync a folder are not an error. */
int durable_folder_of(const char *path, struct apex_error *err);

/* fsync of the file, rename to its final name, fsync of the folder. -1 with err; the temporary is left. */
int durable_rename(const char *temporary, const char *path, struct apex_error *err);

/* "disk full" and the like in a user's words, from an errno value. */
const char *durable_reason(int error);

#endif
