#include "dist/run/team.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A message on its way; its bytes must stay until MPI has taken them. */
struct outgoing {
    struct outgoing *next;
    MPI_Request request;
    unsigned char bytes[];
};

/* A message that is arriving. */
struct incoming {
    struct incoming *next;
    MPI_Request request;
    int from, tag, size;
    unsigned char bytes[];
};

/* Node-shared bytes. */
struct window {
    size_t size;
    struct window *next;
    MPI_Win win; /* MPI_WIN_NULL for a team of one: then memory is malloc'ed */
    void *memory;
};

struct team {
    int rank, size, uses_mpi;
    MPI_Comm world, node, leaders; /* leaders: rank 0 of each node; MPI_COMM_NULL on the others */
    int node_rank, node_count;
    struct outgoing *outgoing;
    struct incoming *incoming; /* oldest first */
    struct window *windows;
    struct team_traffic traffic;
};

/* Only a launcher sets these; without one MPI_Init would start a daemon for nothing, or fail where MPI is not
 * set up. */
static int was_launched(void)
{
    static const char *const sign[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK",          "PMI_RANK", "PMI_SIZE",
                                       "PALS_RANKID",          "MV2_COMM_WORLD_SIZE"};
    for (size_t i = 0; i < sizeof sign / sizeof *sign; i++)
        if (getenv(sign[i]))
            return 1;
    return 0;
}

static void join_communicators(struct team *t)
{
    MPI_Comm_dup(MPI_COMM_WORLD, &t->world);
    MPI_Comm_rank(t->world, &t->rank);
    MPI_Comm_size(t->world, &t->size);
    MPI_Comm_split_type(t->world, MPI_COMM_TYPE_SHARED, t->rank, MPI_INFO_NULL, &t->node);
    MPI_Comm_rank(t->node, &t->node_rank);
    MPI_Comm_split(t->world, t->node_rank == 0 ? 0 : MPI_UNDEFINED, t->rank, &t->leaders);
    int leader = t->node_rank == 0;
    MPI_Allreduce(&leader, &t->node_count, 1, MPI_INT, MPI_SUM, t->world);
}

struct team *team_start(struct apex_error *err)
{
    struct team *t = calloc(1, sizeof *t);
    if (!t) {
        apex_fail(err, "out of memory");
        return NULL;
    }
    t->size = 1;
    t->uses_mpi = was_launched();
    if (!t->uses_mpi)
        return t;
    int provided = 0;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS ||
        provided < MPI_THREAD_FUNNELED) {
        apex_fail(err, "MPI does not start with MPI_THREAD_FUNNELED");
        free(t);
        return NULL;
    }
    join_communicators(t);
    return t;
}

int team_rank(const struct team *t)
{
    return t->rank;
}

int team_size(const struct team *t)
{
    return t->size;
}

struct team_traffic team_traffic(const struct team *t)
{
    return t->traffic;
}

/* MPI counts are ints, so large data go in pieces. */
static void broadcast(MPI_Comm comm, void *data, size_t size)
{
    const size_t piece = 64u << 20;
    for (size_t at = 0; at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        MPI_Bcast((char *)data + at, (int)n, MPI_BYTE, 0, comm);
    }
}

static void *window_memory(struct team *t, struct window *w, size_t size)
{
    if (!t->uses_mpi)
        return malloc(size ? size : 1);
    void *mine = NULL;
    MPI_Aint bytes = t->node_rank == 0 ? (MPI_Aint)(size ? size : 1) : 0;
    if (MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, t->node, &mine, &w->win) != MPI_SUCCESS)
        return NULL;
    MPI_Aint found = 0;
    int unit = 0;
    void *memory = NULL;
    MPI_Win_shared_query(w->win, 0, &found, &unit, &memory);
    return memory;
}

const void *team_share(struct team *t, const void *data, size_t size, size_t *shared_size,
                       struct apex_error *err)
{
    unsigned long long bytes = size;
    if (t->uses_mpi)
        MPI_Bcast(&bytes, 1, MPI_UNSIGNED_LONG_LONG, 0, t->world);
    struct window *w = calloc(1, sizeof *w);
    if (!w) {
        apex_fail(err, "out of memory");
        return NULL;
    }
    w->win = MPI_WIN_NULL;
    w->memory = window_memory(t, w, bytes);
    if (!w->memory) {
        free(w);
        apex_fail(err, "no memory for %llu shared bytes", bytes);
        return NULL;
    }
    w->next = t->windows;
    t->windows = w;
    if (t->rank == 0) {
        if (bytes)
            memcpy(w->memory, data, bytes);
        t->traffic.read += bytes;
    }
    if (t->leaders != MPI_COMM_NULL && t->uses_mpi)
        broadcast(t->leaders, w->memory, bytes);
    if (t->uses_mpi)
        MPI_Barrier(t->node);
    t->traffic.shared += w->size = bytes;
    t->traffic.broadcast += t->uses_mpi ? bytes * (unsigned)(t->node_count - 1) : 0;
    *shared_size = bytes;
    return w->memory;
}

static void free_window(struct window *w)
{
    if (w->win != MPI_WIN_NULL)
        MPI_Win_free(&w->win);
    else
        free(w->memory);
    free(w);
}

const void *team_shared(const struct team *t)
{
    return t->windows;
}

void team_unshare_since(struct team *t, const void *shared)
{
    while (t->windows && t->windows != shared) {
        struct window *w = t->windows;
        t->windows = w->next;
        t->traffic.shared -= w->size;
        free_window(w);
    }
}

int team_agree(struct team *t, int outcome, struct apex_error *err)
{
    struct apex_error text = {{0}};
    if (outcome && err)
        text = *err;
    if (t->uses_mpi) {
        MPI_Bcast(&outcome, 1, MPI_INT, 0, t->world);
        if (outcome)
            MPI_Bcast(text.text, (int)sizeof text.text, MPI_CHAR, 0, t->world);
    }
    if (outcome && err)
        *err = text;
    return outcome;
}

void team_sum(struct team *t, double *value, int n)
{
    if (t->uses_mpi)
        MPI_Allreduce(MPI_IN_PLACE, value, n, MPI_DOUBLE, MPI_SUM, t->world);
}

/* Frees what MPI has finished with. */
static void sweep_outgoing(struct team *t)
{
    for (struct outgoing **at = &t->outgoing; *at;) {
        struct outgoing *o = *at;
        int done = 0;
        MPI_Test(&o->request, &done, MPI_STATUS_IGNORE);
        if (done) {
            *at = o->next;
            free(o);
        } else {
            at = &o->next;
        }
    }
}

int team_send(struct team *t, int to, int tag, const void *data, size_t size, struct apex_error *err)
{
    struct outgoing *o = size <= INT32_MAX ? malloc(sizeof *o + size) : NULL;
    if (!o)
        return apex_fail(err, "no memory for a message of %zu bytes to rank %d", size, to);
    if (size)
        memcpy(o->bytes, data, size);
    MPI_Isend(o->bytes, (int)size, MPI_BYTE, to, tag, t->world, &o->request);
    o->next = t->outgoing;
    t->outgoing = o;
    return 0;
}

/* Begins to receive every message that has been announced. Never waits for one: its sender may die in the
 * middle of it. */
static int begin_receiving(struct team *t)
{
    struct incoming **last = &t->incoming;
    while (*last)
        last = &(*last)->next;
    for (;;) {
        int waiting = 0, size = 0;
        MPI_Status status;
        MPI_Message message;
        MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, t->world, &waiting, &message, &status);
        if (!waiting)
            return 0;
        MPI_Get_count(&status, MPI_BYTE, &size);
        struct incoming *in = malloc(sizeof *in + (size_t)size);
        if (!in)
            return -1;
        *in = (struct incoming){NULL, MPI_REQUEST_NULL, status.MPI_SOURCE, status.MPI_TAG, size};
        MPI_Imrecv(in->bytes, size, MPI_BYTE, &message, &in->request);
        *last = in;
        last = &in->next;
    }
}

int team_receive(struct team *t, struct bytes *message, int *from, int *tag)
{
    if (!t->uses_mpi)
        return 0;
    sweep_outgoing(t);
    if (begin_receiving(t))
        return -1;
    for (struct incoming **at = &t->incoming; *at; at = &(*at)->next) {
        struct incoming *in = *at;
        int done = 0;
        MPI_Test(&in->request, &done, MPI_STATUS_IGNORE);
        if (!done)
            continue;
        bytes_clear(message);
        bytes_put(message, in->bytes, (size_t)in->size);
        *from = in->from;
        *tag = in->tag;
        *at = in->next;
        free(in);
        return message->failed ? -1 : 1;
    }
    return 0;
}

void team_abort(struct team *t, int code)
{
    if (t->uses_mpi)
        MPI_Abort(t->world, code);
    _exit(code);
}

int team_end(struct team *t, int code)
{
    if (!t)
        return code;
    while (t->outgoing)
        sweep_outgoing(t);
    team_unshare_since(t, NULL);
    if (t->uses_mpi) {
        MPI_Finalize();
        const struct timespec others_leave_first = {0, 50000000};
        if (t->rank == 0 && code)
            nanosleep(&others_leave_first, NULL);
        code = t->rank == 0 ? code : 0;
    }
    for (struct incoming *in = t->incoming, *next; in; in = next) {
        next = in->next;
        free(in);
    }
    free(t);
    return code;
}
