/* Root mean square of every activation of a model over the data: stored in every result file, and the unit of
 * sigma for `scale: relative` (docs/grid.md). */
#ifndef APEX_DIST_RMS_H
#define APEX_DIST_RMS_H

#include "dist/run/sweep.h"

/* Collective: sets `rms` of every model, and its `scale` if the grid is relative. Rank 0 looks into `journal`
 * (a path; NULL: none) for values that an earlier run left, and adds what was computed to *fresh as
 * JOURNAL_RMS payloads, each put with bytes_put_text-like length u32 first. -1 with err, the same everywhere;
 * a signal ends it so too. */
int rms_measure(struct sweep *s, struct team *t, const char *journal, struct bytes *fresh,
                struct apex_error *err);

/* Bytes of work memory that this takes for one model on any rank. 0 with err. */
size_t rms_bytes(const struct sweep *s, const struct sweep_model *m, struct apex_error *err);

#endif
