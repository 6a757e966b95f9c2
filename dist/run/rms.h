/* Root mean square of every activation of a model over the data, for `scale: relative` (docs/grid.md). */
#ifndef APEX_DIST_RMS_H
#define APEX_DIST_RMS_H

#include "dist/run/sweep.h"

/* Collective: sets `scale` of every model of a relative grid; returns at once for an absolute one. Rank 0
 * looks into `journal` (a path; NULL: none) for values that an earlier run left, and adds what was computed
 * to *fresh as JOURNAL_RMS payloads, each put with bytes_put_text-like length u32 first. -1 with err, the
 * same everywhere. */
int rms_measure(struct sweep *s, struct team *t, const char *journal, struct bytes *fresh,
                struct apex_error *err);

#endif
