#include "dist/files/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *durable_reason(int error)
{
    switch (error) {
    case ENOSPC:
        return "disk full";
    case EDQUOT:
        return "disk quota used up";
    case EFBIG:
        return "disk full for this process: its file size limit (ulimit -f) is reached";
    default:
        return strerror(error);
    }
}

int durable_folder_of(const char *path, struct apex_error *err)
{
    char *copy = strdup(path);
    if (!copy)
        return apex_fail(err, "%s: no memory", path);
    int rc = 0, fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        rc = apex_fail(err, "%s: cannot open its folder: %s", path, strerror(errno));
    else if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS)
        rc = apex_fail(err, "%s: cannot sync its folder: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(copy);
    return rc;
}

/* 0 or an errno value. */
static int write_synced(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        data += n;
        size -= (size_t)n;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

static int write_new(const char *temporary, const char *path, const void *data, size_t size,
                     struct apex_error *err)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return apex_fail(err, "%s: cannot create: %s", temporary, durable_reason(errno));
    int failed = write_synced(fd, data, size);
    if (close(fd) != 0 && !failed)
        failed = errno;
    if (failed)
        return apex_fail(err, "%s: cannot write its %zu bytes: %s", path, size, durable_reason(failed));
    if (rename(temporary, path) != 0)
        return apex_fail(err, "%s: cannot rename to %s: %s", temporary, path, strerror(errno));
    return 0;
}

int durable_replace(const char *path, const void *data, size_t size, struct apex_error *err)
{
    size_t room = strlen(path) + 32;
    char *temporary = malloc(room);
    if (!temporary)
        return apex_fail(err, "%s: no memory", path);
    snprintf(temporary, room, "%s.tmp.%ld", path, (long)getpid());
    int rc = write_new(temporary, path, data, size, err);
    if (rc != 0)
        unlink(temporary);
    free(temporary);
    return rc == 0 ? durable_folder_of(path, err) : -1;
}
