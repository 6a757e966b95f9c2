#include "dist/grid/grid_yaml.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int out_of_memory(struct grid_reader *r)
{
    return apex_fail(r->err, "%s: out of memory", r->grid->path);
}

/* Length of a name [A-Za-z_][A-Za-z0-9_]* at s, 0: none. */
static size_t name_length(const char *s)
{
    size_t n = 0;
    if (isalpha((unsigned char)*s) || *s == '_')
        while (isalnum((unsigned char)s[n]) || s[n] == '_')
            n++;
    return n;
}

/* The value of ${NAME} at s, which starts with "${"; *next is what follows. NULL with err. */
static const char *variable(struct grid_reader *r, const char *key, const yaml_node_t *node, const char *s,
                            const char **next)
{
    size_t n = name_length(s + 2);
    if (n == 0 || n > 200 || s[2 + n] != '}') {
        grid_fail_at(r, node, "%s: '%.80s' is not a variable; they are written ${NAME}", key, s);
        return NULL;
    }
    char name[201];
    memcpy(name, s + 2, n);
    name[n] = '\0';
    const char *value = getenv(name);
    if (!value)
        grid_fail_at(r, node, "%s: ${%s} is not set in the environment", key, name);
    *next = s + n + 3;
    return value;
}

static int append(char **text, size_t *used, const char *more, size_t n)
{
    char *grown = realloc(*text, *used + n + 1);
    if (!grown)
        return -1;
    memcpy(grown + *used, more, n);
    *used += n;
    grown[*used] = '\0';
    *text = grown;
    return 0;
}

char *grid_expand(struct grid_reader *r, const char *key, const yaml_node_t *node, const char *text)
{
    char *out = NULL;
    size_t used = 0;
    const char *s = text;
    do {
        const char *dollar = strstr(s, "${");
        size_t n = dollar ? (size_t)(dollar - s) : strlen(s);
        if (append(&out, &used, s, n)) {
            out_of_memory(r);
            goto error;
        }
        s += n;
        if (dollar) {
            const char *value = variable(r, key, node, dollar, &s);
            if (!value)
                goto error;
            if (append(&out, &used, value, strlen(value))) {
                out_of_memory(r);
                goto error;
            }
        }
    } while (*s);
    return out;
error:
    free(out);
    return NULL;
}

char *grid_absolute(struct grid_reader *r, const char *path)
{
    while (!strncmp(path, "./", 2))
        path += 2;
    size_t size = strlen(r->folder) + strlen(path) + 2;
    char *out = malloc(size);
    if (!out)
        out_of_memory(r);
    else if (*path == '/')
        memcpy(out, path, strlen(path) + 1);
    else
        snprintf(out, size, "%s/%s", strcmp(r->folder, "/") ? r->folder : "", path);
    return out;
}

/* On another host the folder may be absent: an absolute name of it then stays as it is. */
char *grid_folder(const char *path, struct apex_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!folder) {
        apex_fail(err, "%s: out of memory", path);
        return NULL;
    }
    char *real = realpath(folder, NULL);
    if (!real && *folder == '/')
        return folder;
    if (!real)
        apex_fail(err, "%s: folder '%s': %s", path, folder, strerror(errno));
    free(folder);
    return real;
}

static int read_file_name(struct grid_reader *r, const char *key, const yaml_node_t *node, const char *text,
                          char **out)
{
    if (!strncmp(text, "~/", 2))
        return grid_fail_at(r, node, "%s: '~' is not expanded here; write ${HOME}%.80s", key, text + 1);
    *out = grid_absolute(r, text);
    return *out ? 0 : -1;
}

int grid_read_path(struct grid_reader *r, const char *key, yaml_node_t *node, void *field)
{
    if (grid_check_text(r, key, node))
        return -1;
    char *text = grid_expand(r, key, node, grid_scalar(node));
    if (!text)
        return -1;
    int failed = *text ? read_file_name(r, key, node, text, field)
                       : grid_fail_at(r, node, "%s: '%.80s' expands to nothing", key, grid_scalar(node));
    free(text);
    return failed;
}

/* FILE, FILE:VARIABLE or :VARIABLE; a ':' inside a file name is kept unless a plain name follows the last. */
int grid_read_source(struct grid_reader *r, yaml_node_t *node, struct grid_labels *labels)
{
    labels->mark = grid_mark_of(node);
    if (grid_check_text(r, "labels", node))
        return -1;
    char *text = grid_expand(r, "labels", node, grid_scalar(node));
    if (!text)
        return -1;
    int failed = 0;
    char *colon = strrchr(text, ':');
    if (*text == ':')
        colon = text;
    if (colon && (colon == text || (colon[1] && !colon[1 + name_length(colon + 1)]))) {
        *colon = '\0';
        labels->variable = strdup(colon + 1);
        if (!labels->variable)
            failed = out_of_memory(r);
        else if (!*labels->variable)
            failed = grid_fail_at(r, node, "labels: ':' is not followed by a variable's name");
    }
    if (!failed && *text)
        failed = read_file_name(r, "labels", node, text, &labels->path);
    else if (!failed && !labels->variable)
        failed = grid_fail_at(r, node, "labels: '%.80s' expands to nothing", grid_scalar(node));
    free(text);
    return failed;
}
