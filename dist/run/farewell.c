#include "dist/run/farewell.h"

#include "dist/run/wire.h"

#include <stdlib.h>
#include <time.h>

static void tell_workers(struct team *t, int tag, int code)
{
    unsigned char payload[4] = {(unsigned char)code, 0, 0, 0};
    for (int rank = 1; rank < team_size(t); rank++)
        team_send(t, rank, tag, payload, sizeof payload, NULL);
}

void farewell_stop(struct team *t)
{
    tell_workers(t, WIRE_STOP, 0);
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int farewell_end(struct team *t, int code, double seconds, int *missing)
{
    const struct timespec pause = {0, 1000000};
    int size = team_size(t), left = size - 1;
    struct bytes message = {0};
    unsigned char *gone = calloc((size_t)size, 1);
    tell_workers(t, WIRE_END, code);
    for (double until = seconds_now() + seconds; gone && left && seconds_now() < until;) {
        int from, tag, got = team_receive(t, &message, &from, &tag);
        if (got > 0 && tag == WIRE_BYE && !gone[from]) {
            gone[from] = 1;
            left--;
        } else if (got <= 0) {
            nanosleep(&pause, NULL);
        }
    }
    *missing = 1;
    while (gone && *missing < size && gone[*missing])
        ++*missing;
    bytes_free(&message);
    free(gone);
    return left;
}
