#include "dist/run/sweep_grid.h"

#include "dist/files/file.h"

#include <stdlib.h>
#include <string.h>

/* "NAME" 0 "value" 0 for every ${NAME} in the text that is set here. */
static void collect_variables(const char *text, struct bytes *out)
{
    for (const char *at = text; (at = strstr(at, "${")); at += 2) {
        char name[256];
        size_t length = strcspn(at + 2, "}\n");
        if (length == 0 || length >= sizeof name || at[2 + length] != '}')
            continue;
        memcpy(name, at + 2, length);
        name[length] = '\0';
        const char *value = getenv(name);
        if (value) {
            bytes_put(out, name, length + 1);
            bytes_put(out, value, strlen(value) + 1);
        }
    }
}

static void set_variables(const char *at, size_t size)
{
    for (const char *end = at + size; at < end;) {
        const char *value = at + strlen(at) + 1;
        setenv(at, value, 1);
        at = value + strlen(value) + 1;
    }
}

/* A launcher need not carry the environment to other nodes, so rank 0's is what ${NAME} means. */
static int share_variables(const char *text, struct team *team, struct apex_error *err)
{
    struct bytes mine = {0};
    size_t size = 0;
    if (team_rank(team) == 0)
        collect_variables(text, &mine);
    const char *all = team_share(team, mine.data, mine.size, &size, err);
    if (all && team_rank(team) != 0)
        set_variables(all, size);
    bytes_free(&mine);
    return all ? 0 : -1;
}

struct grid *sweep_load_grid(const char *path, struct team *team, struct apex_error *err)
{
    char *text = NULL;
    size_t size = 0;
    int outcome = 0;
    if (team_rank(team) == 0 && !(text = file_read(path, &size, err)))
        outcome = -1;
    outcome = team_agree(team, outcome, err);
    const char *shared = outcome ? NULL : team_share(team, text, size + 1, &size, err);
    free(text);
    if (!shared || share_variables(shared, team, err))
        return NULL;
    return grid_parse(shared, size - 1, path, err);
}
