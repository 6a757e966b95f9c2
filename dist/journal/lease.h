/* The text inside a lock file: who holds it, and since when he was last heard of. Not for others than lock.c.
 */
#ifndef APEX_DIST_LEASE_H
#define APEX_DIST_LEASE_H

#include "core/error.h"

#include <stddef.h>

#define LEASE_SIZE 512 /* always written whole, padded with spaces: a reader sees the old or the new one */

struct lease {
    char host[65];
    long pid;
    char job[65]; /* "slurm 123", "pbs 45.head", or "" */
    int restart;  /* how often the scheduler has restarted this job */
    long long beat;
};

/* Of this process, beat = now. */
void lease_of_self(struct lease *l, long long now);
void lease_format(const struct lease *l, char text[LEASE_SIZE]);
int lease_parse(struct lease *l, const char *text, size_t size); /* -1: none in it (free, or damaged) */
int lease_same_owner(const struct lease *a, const struct lease *b);

/* What the lease says about its owner, seen from self. touched: when the file was last written (its host's
 * clock may be wrong); have_flock: flock was obtained, which proves that no process of this host holds it. */
int lease_is_alive(const struct lease *l, const struct lease *self, long long now, long long touched,
                   int have_flock);

/* "host n1, pid 123, slurm 77 (heartbeat 3 s ago)" */
void lease_describe(const struct lease *l, long long now, char *text, size_t size);

#endif
