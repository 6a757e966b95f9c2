/* Inside core only: finding the output and the sites of an imported graph. */
#ifndef APEX_CORE_SITE_H
#define APEX_CORE_SITE_H

#include "core/model.h"

/* Fills everything of a model that follows from m->graph: input, classes, logits, sites, parameters, flops.
 * -1 with err; what is filled by then is freed with the model. */
int apex_model_analyse(struct apex_model *m, struct apex_error *err);

/* Adds the sites of tensors that are asked for, as apex_model_with_tensors describes. (tensor_site.c) */
int apex_model_add_tensors(struct apex_model *m, const char *const *pattern, int patterns,
                           struct apex_error *err);

/* needed[node] = 1: the logits depend on it. */
void site_mark_needed(const struct graph *g, int logits, unsigned char *needed);

#endif
