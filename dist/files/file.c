#include "dist/files/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *read_open_file(int fd, const char *path, size_t *size, struct apex_error *err)
{
    struct stat st;
    if (fstat(fd, &st) || S_ISDIR(st.st_mode)) {
        apex_fail(err, "%s: %s", path, strerror(S_ISDIR(st.st_mode) ? EISDIR : errno));
        return NULL;
    }
    size_t room = st.st_size > 0 ? (size_t)st.st_size + 2 : 4096, used = 0;
    char *data = malloc(room);
    while (data) {
        ssize_t n = read(fd, data + used, room - used - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            apex_fail(err, "%s: %s", path, strerror(errno));
            free(data);
            return NULL;
        }
        used += (size_t)n;
        if (n == 0)
            break;
        if (used + 1 == room) { /* a pipe, or a file that grew */
            char *grown = realloc(data, room *= 2);
            if (!grown)
                free(data);
            data = grown;
        }
    }
    if (!data) {
        apex_fail(err, "%s: no memory for its %zu bytes", path, room);
        return NULL;
    }
    data[used] = '\0';
    *size = used;
    return data;
}

char *file_read(const char *path, size_t *size, struct apex_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        apex_fail(err, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char *data = read_open_file(fd, path, size, err);
    close(fd);
    return data;
}

int file_make_folder(const char *path, struct apex_error *err)
{
    char *copy = strdup(path);
    if (!copy)
        return apex_fail(err, "out of memory");
    int failed = 0;
    for (char *slash = copy + 1; !failed && *slash; slash++)
        if (*slash == '/') {
            *slash = '\0';
            failed = mkdir(copy, 0777) && errno != EEXIST;
            *slash = '/';
        }
    struct stat st;
    if (!failed)
        failed = mkdir(copy, 0777) && errno != EEXIST;
    if (!failed && (stat(copy, &st) || !S_ISDIR(st.st_mode))) {
        errno = ENOTDIR;
        failed = 1;
    }
    free(copy);
    return failed ? apex_fail(err, "%s: cannot be made: %s", path, strerror(errno)) : 0;
}

int file_replace(const char *path, const char *text, size_t size, struct apex_error *err)
{
    size_t room = strlen(path) + 2;
    char *temporary = malloc(room);
    if (!temporary)
        return apex_fail(err, "out of memory");
    snprintf(temporary, room, "%s~", path);
    FILE *f = fopen(temporary, "w");
    int failed = !f || fwrite(text, 1, size, f) != size;
    if (f)
        failed |= fclose(f) != 0;
    failed = failed || rename(temporary, path);
    if (failed) {
        apex_fail(err, "%s: cannot be written: %s", path, strerror(errno));
        unlink(temporary);
    }
    free(temporary);
    return failed ? -1 : 0;
}

char *file_join(const char *folder, const char *name, struct apex_error *err)
{
    size_t size = strlen(folder) + strlen(name) + 3;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s", folder, name);
    else
        apex_fail(err, "out of memory");
    return path;
}
