#include "dist/durable.h"

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

int durable_rename(const char *temporary, const char *path, struct apex_error *err)
{
    int fd = open(temporary, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return apex_fail(err, "%s: %s", temporary, strerror(errno));
    int failed = fsync(fd) != 0 ? errno : 0;
    if (close(fd) != 0 && !failed)
        failed = errno;
    if (failed)
        return apex_fail(err, "%s: cannot sync: %s", temporary, durable_reason(failed));
    if (rename(temporary, path) != 0)
        return apex_fail(err, "%s: cannot rename to %s: %s", temporary, path, strerror(errno));
    return durable_folder_of(path, err);
}
