/* What the ranks say to each other. Units and records are those of core/unit.h. */
#ifndef APEX_DIST_WIRE_H
#define APEX_DIST_WIRE_H

#include "core/unit.h"
#include "dist/run/crew.h"

enum wire_tag {
    WIRE_UNIT = 1, /* coordinator to worker: a unit */
    WIRE_END,      /* coordinator to worker: i32 exit code; end in good order */
    WIRE_ALIVE,    /* coordinator to worker: f32 seconds within which the next word will come; 0: not known */
    WIRE_STOP,     /* coordinator to worker: drop what you are doing and end with EXIT_INCOMPLETE */
    WIRE_RESULT,   /* worker to coordinator: see wire_put_result */
    WIRE_WISH,     /* worker to coordinator: u8 stop wish; a signal reached the worker */
    WIRE_BYE /* worker to coordinator: WIRE_END was obeyed; u32 KiB of memory that the rank had resident */
};

/* u32 unit; u8 failed; f32 CPU seconds; then the record's bytes, or the error text. */
struct wire_result {
    uint32_t unit;
    int failed;
    float seconds;
    const unsigned char *record; /* failed: NULL */
    size_t size;
    struct apex_error error;
};

void wire_put_result(struct bytes *out, const struct crew_result *r);
int wire_get_result(struct wire_result *r, const void *data,
                    size_t size); /* points into data; -1: not a result */

#endif
