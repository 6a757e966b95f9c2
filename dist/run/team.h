/* The ranks of one run, and the only file that knows MPI. Started without a launcher a program is a team of
 * one, and MPI is never touched. All calls belong to the thread that called team_start. */
#ifndef APEX_DIST_TEAM_H
#define APEX_DIST_TEAM_H

#include "core/bytes.h"
#include "core/error.h"

struct team;

/* Joins the team that mpirun or srun started, or makes a team of one. NULL with err. */
struct team *team_start(struct apex_error *err);
int team_rank(const struct team *t);
int team_size(const struct team *t);

/* Collective: bytes of rank 0 (data, size; ignored elsewhere) become readable on every rank: sent once to
 * each node, kept once per node in shared memory. Valid until team_unshare_since or team_end. NULL with err
 * on every rank if there is no memory for it. */
const void *team_share(struct team *t, const void *data, size_t size, size_t *shared_size,
                       struct apex_error *err);

/* What is shared now, and, collective: whatever came after that is not needed any more, on any rank. */
const void *team_shared(const struct team *t);
void team_unshare_since(struct team *t, const void *shared);

/* Collective: rank 0's outcome (0 or -1 and the text in err) becomes everybody's. Returns it. */
int team_agree(struct team *t, int outcome, struct apex_error *err);

/* Collective: sums n numbers over the ranks, in place. Exact where at most one rank has a non-zero in each
 * place. */
void team_sum(struct team *t, double *value, int n);

/* Messages. A send copies its bytes and returns at once; what is on its way makes progress inside
 * team_receive. */
int team_send(struct team *t, int to, int tag, const void *data, size_t size, struct apex_error *err);
/* 1: a message is in *message, from *from with *tag; 0: none has arrived whole; -1: no memory. Never blocks,
 * even when a sender dies. Messages of one rank may change places. */
int team_receive(struct team *t, struct bytes *message, int *from, int *tag);

/* Bytes that rank 0 put in (read from disk), that crossed nodes, and that lie in shared memory on this node.
 */
struct team_traffic {
    uint64_t read, broadcast, shared;
};
struct team_traffic team_traffic(const struct team *t);

/* Ends every rank at once with this exit code. Does not return. */
void team_abort(struct team *t, int code);

/* Ends the team in good order: every rank must call it (accepts NULL). Returns what the process should exit
 * with: rank 0's code on rank 0, and 0 elsewhere, because a launcher that sees a rank fail spends a second on
 * killing the others. */
int team_end(struct team *t, int code);

#endif
