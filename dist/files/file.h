/* Whole files. */
#ifndef APEX_DIST_FILE_H
#define APEX_DIST_FILE_H

#include "core/error.h"

#include <stddef.h>

/* The file's bytes, malloc'ed, with a terminating zero that *size does not count. NULL with err: missing, a
 * folder, unreadable. */
char *file_read(const char *path, size_t *size, struct apex_error *err);

/* Makes the folder and those above it; -1 with err. */
int file_make_folder(const char *path, struct apex_error *err);

/* Writes text under a temporary name and renames it: a reader sees the old or the new file, never half of
 * one. */
int file_replace(const char *path, const char *text, size_t size, struct apex_error *err);

/* "<folder>/<name>" malloc'ed, NULL with err. */
char *file_join(const char *folder, const char *name, struct apex_error *err);

#endif
