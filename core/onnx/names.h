/* From tensor names to value indices while a file is decoded. */
#ifndef APEX_CORE_ONNX_NAMES_H
#define APEX_CORE_ONNX_NAMES_H

#include "core/error.h"

#include <stddef.h>

struct names {
    size_t slots, used;
    struct name_slot {
        const char *name; /* borrowed; NULL: free */
        int index;
    } * slot;
};

/* Adds a name that is not there yet (look it up first). The text must outlive the table. */
int names_add(struct names *t, const char *name, int index, struct apex_error *err);
int names_find(const struct names *t, const char *name); /* -1: unknown */
void names_clear(struct names *t);

#endif
