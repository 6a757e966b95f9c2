#include "dist/run/farewell.h"

#include "dist/run/wire.h"

#include <stdlib.h>
#include <sys/resource.h>
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

static uint32_t resident_kib(void)
{
    struct rusage use;
    return getrusage(RUSAGE_SELF, &use) ? 0 : (uint32_t)use.ru_maxrss;
}

int farewell_bye(struct team *t, struct apex_error *err)
{
    struct bytes message = {0};
    bytes_put_u32(&message, resident_kib());
    int outcome = message.failed ? apex_fail(err, "out of memory")
                                 : team_send(t, 0, WIRE_BYE, message.data, message.size, err);
    bytes_free(&message);
    return outcome;
}

struct farewell farewell_end(struct team *t, int code, double seconds)
{
    const struct timespec pause = {0, 1000000};
    int size = team_size(t);
    struct farewell f = {.missing = size - 1, .first_missing = 1, .most_kib = resident_kib()};
    struct bytes message = {0};
    unsigned char *gone = calloc((size_t)size, 1);
    tell_workers(t, WIRE_END, code);
    for (double until = seconds_now() + seconds; gone && f.missing && seconds_now() < until;) {
        int from, tag, got = team_receive(t, &message, &from, &tag);
        if (got > 0 && tag == WIRE_BYE && !gone[from]) {
            struct cursor c = {message.data, message.data + message.size, 0};
            uint64_t kib = cursor_u32(&c);
            f.most_kib = kib > f.most_kib ? kib : f.most_kib;
            gone[from] = 1;
            f.missing--;
        } else if (got <= 0) {
            nanosleep(&pause, NULL);
        }
    }
    while (gone && f.first_missing < size && gone[f.first_missing])
        f.first_missing++;
    bytes_free(&message);
    free(gone);
    return f;
}
