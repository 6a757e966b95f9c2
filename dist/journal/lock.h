/* One run at a time on an output folder. flock on <output>/apex.lock is the lock; the lease inside the file
 * (host, pid, job, heartbeat second) guards where flock does not reach other hosts. A dead owner's lock is
 * taken over without asking. */
#ifndef APEX_DIST_LOCK_H
#define APEX_DIST_LOCK_H

#include "core/error.h"

#define LOCK_FILE "apex.lock"
#define LOCK_LEASE_SECONDS 60 /* a heartbeat older than this is dead */

struct lock;

/* Takes the lock; the folder exists. NULL with err, which names host, pid and job of the owner. */
struct lock *lock_take(const char *folder, struct apex_error *err);
/* Refreshes the heartbeat; cheap, call every few seconds. -1: the lock is another's by now (this process was
 * stopped for longer than the lease): write nothing more. */
int lock_beat(struct lock *l);
void lock_release(struct lock *l); /* accepts NULL */

/* For `apex status`: 1 held by a living owner (described in owner), 0 free. */
int lock_held(const char *folder, char *owner, int size);

#endif
