/* The lock file is never removed: whoever unlinked it could unlink a new owner's. It is rewritten in place by
 * the owner alone, and emptied on release. */
#include "dist/journal/lock.h"
#include "dist/journal/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct lock {
    int fd;
    struct lease lease;
};

enum flock_result { FLOCK_GOT, FLOCK_BUSY, FLOCK_ABSENT };

static enum flock_result try_flock(int fd, int how)
{
    int rc;
    do
        rc = flock(fd, how | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if (rc == 0)
        return FLOCK_GOT;
    return errno == EWOULDBLOCK ? FLOCK_BUSY : FLOCK_ABSENT; /* ENOLCK, EOPNOTSUPP, ENOSYS, ... */
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* The lease in the file, if there is one, and when the file was written. */
static int read_lease(int fd, struct lease *l, long long *touched)
{
    char text[LEASE_SIZE];
    struct stat st;
    ssize_t n = pread(fd, text, sizeof text, 0);
    if (n <= 0 || fstat(fd, &st) != 0)
        return -1;
    *touched = (long long)st.st_mtime;
    return lease_parse(l, text, (size_t)n);
}

static int write_lease(int fd, const struct lease *l)
{
    char text[LEASE_SIZE];
    lease_format(l, text);
    return pwrite(fd, text, sizeof text, 0) == LEASE_SIZE ? 0 : -1;
}

/* Whether somebody living holds the lock; owner describes him. A peek by lock_held may hold the flock for an
 * instant, so one busy answer is not believed. */
static int is_taken(int fd, int how, const struct lease *self, char *owner, size_t size,
                    enum flock_result *flocked)
{
    *flocked = try_flock(fd, how);
    for (int i = 0; i < 5 && *flocked == FLOCK_BUSY && how == LOCK_EX; i++) {
        pause_ms(20);
        *flocked = try_flock(fd, how);
    }
    struct lease l;
    long long touched = 0, now = (long long)time(NULL);
    int found = read_lease(fd, &l, &touched) == 0;
    int alive =
        *flocked == FLOCK_BUSY || (found && lease_is_alive(&l, self, now, touched, *flocked == FLOCK_GOT));
    if (alive && found)
        lease_describe(&l, now, owner, size);
    else if (alive)
        snprintf(owner, size, "a process that has only just started");
    return alive;
}

/* Without flock two takers may both have seen a free lease: the last to write it wins, the other one leaves.
 */
static int won_race(const char *path, const struct lease *mine)
{
    struct lease l;
    long long touched;
    pause_ms(1000);
    int fd = open(path, O_RDONLY | O_CLOEXEC); /* opened anew: network file systems refresh on open */
    int won = fd >= 0 && read_lease(fd, &l, &touched) == 0 && lease_same_owner(&l, mine);
    if (fd >= 0)
        close(fd);
    return won;
}

static int take(struct lock *l, const char *folder, const char *path, struct apex_error *err)
{
    char owner[256];
    enum flock_result flocked;
    if (is_taken(l->fd, LOCK_EX, &l->lease, owner, sizeof owner, &flocked))
        return apex_fail(err,
                         "%s: another run uses this folder: %s; if it is dead, its lock ends %d s after its "
                         "last heartbeat",
                         folder, owner, LOCK_LEASE_SECONDS);
    if (write_lease(l->fd, &l->lease) != 0)
        return apex_fail(err, "%s: cannot write: %s", path, strerror(errno));
    if (flocked == FLOCK_ABSENT && !won_race(path, &l->lease))
        return apex_fail(err, "%s: another run took this folder at the same moment", folder);
    return 0;
}

struct lock *lock_take(const char *folder, struct apex_error *err)
{
    size_t size = strlen(folder) + sizeof "/" LOCK_FILE;
    char *path = malloc(size);
    struct lock *l = calloc(1, sizeof *l);
    if (!path || !l) {
        apex_fail(err, "%s: no memory", folder);
        goto fail;
    }
    snprintf(path, size, "%s/%s", folder, LOCK_FILE);
    lease_of_self(&l->lease, (long long)time(NULL));
    l->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (l->fd < 0) {
        apex_fail(err, "%s: cannot open: %s", path, strerror(errno));
        goto fail;
    }
    if (take(l, folder, path, err) == 0) {
        free(path);
        return l;
    }
    close(l->fd);
fail:
    free(path);
    free(l);
    return NULL;
}

int lock_beat(struct lock *l)
{
    struct lease now;
    long long touched;
    int read = read_lease(l->fd, &now, &touched);
    if (read == 0 && !lease_same_owner(&now, &l->lease))
        return -1;
    l->lease.beat = (long long)time(NULL);
    write_lease(l->fd, &l->lease); /* a beat lost to a full disk: the next one may succeed */
    return 0;
}

void lock_release(struct lock *l)
{
    if (!l)
        return;
    struct lease now;
    long long touched;
    /* Emptied while the flock is still held; closing drops it. Should emptying fail, an old beat says as
     * much.
     */
    if (read_lease(l->fd, &now, &touched) == 0 && lease_same_owner(&now, &l->lease) &&
        ftruncate(l->fd, 0) != 0) {
        l->lease.beat = 0;
        write_lease(l->fd, &l->lease);
    }
    close(l->fd);
    free(l);
}

int lock_held(const char *folder, char *owner, int size)
{
    size_t room = strlen(folder) + sizeof "/" LOCK_FILE;
    char *path = malloc(room);
    if (size > 0)
        owner[0] = '\0';
    if (!path)
        return 0;
    snprintf(path, room, "%s/%s", folder, LOCK_FILE);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd < 0)
        return 0;
    struct lease self;
    lease_of_self(&self, (long long)time(NULL));
    self.restart = 0; /* a look from inside a requeued job must not declare its own run dead */
    enum flock_result flocked;
    int held = is_taken(fd, LOCK_SH, &self, owner, (size_t)(size > 0 ? size : 0), &flocked);
    close(fd);
    return held;
}
