/* Every start of a sweep on one output folder, from its journal. */
#ifndef APEX_DIST_ATTEMPTS_H
#define APEX_DIST_ATTEMPTS_H

#include "core/error.h"

#include <stdio.h>

/* A line for each attempt, oldest first: what the journal says of it (time host= pid= ranks= job= restart=
 * version=), then records=N, the records that it added. -1 with err. */
int attempts_print(const char *folder, FILE *out, struct apex_error *err);

#endif
