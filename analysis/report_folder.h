/* The folder of a report: everything is written into a temporary folder inside it and moved into place file
 * by file at the end, the page last. What an earlier report wrote and this one does not is removed; nothing
 * else is touched. */
#ifndef APEX_ANALYSIS_REPORT_FOLDER_H
#define APEX_ANALYSIS_REPORT_FOLDER_H

#include "core/bytes.h"
#include "core/error.h"

#define REPORT_FILES "files.txt" /* the list of what a report wrote */

struct report_folder {
    char path[3072];
    char temporary[3200]; /* write figures/ and tables/ and report.html here */
};

/* Makes the folder and the temporary one with figures/ and tables/ in it. */
int report_folder_begin(struct report_folder *f, const char *path, struct apex_error *err);

/* Moves the files named in the list (one to a line, the page last) into place; NULL: throws everything away.
 * Removes the temporary folder in any case. -1 with err. */
int report_folder_end(struct report_folder *f, struct bytes *files, struct apex_error *err);

#endif
