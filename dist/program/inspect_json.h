/* What `apex inspect --json` prints. */
#ifndef APEX_DIST_INSPECT_JSON_H
#define APEX_DIST_INSPECT_JSON_H

#include "core/model.h"

/* One JSON object on stdout: the model, its sites (and tensors that were asked for), and with layers != 0
 * what each layer runs. -1 with err, before anything is printed. */
int inspect_json(const struct apex_model *m, const char *path, const char *kernels, int layers,
                 struct apex_error *err);

#endif
